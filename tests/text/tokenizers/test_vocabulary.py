from __future__ import annotations

import json

import numpy as np
import pytest

from pmt_core import DataError, SettingsError, ShapeError
from pmt_text import CLS, MASK, PAD, SEP, SPECIAL_TOKENS, UNK, Vocabulary

TEXTS = [["b", "a", "c"], ["a", "b"], ["a", "d", "<mask>"]]


def test_order_is_by_count_then_alphabet() -> None:
    vocabulary = Vocabulary.build(TEXTS)
    assert vocabulary.to_json() == [*SPECIAL_TOKENS, "a", "b", "c", "d"]
    assert Vocabulary.build(reversed(TEXTS)) == vocabulary


def test_special_ids() -> None:
    assert [PAD, UNK, CLS, SEP, MASK] == [0, 1, 2, 3, 4]
    assert Vocabulary.build([]).ids(SPECIAL_TOKENS).tolist() == [0, 1, 2, 3, 4]


def test_min_count_and_max_size() -> None:
    assert Vocabulary.build(TEXTS, min_count=2).to_json()[5:] == ["a", "b"]
    assert Vocabulary.build(TEXTS, max_size=8).to_json()[5:] == ["a", "b", "c"]
    assert len(Vocabulary.build(TEXTS, max_size=5)) == 5


def test_ids_and_tokens() -> None:
    vocabulary = Vocabulary.build(TEXTS)
    ids = vocabulary.ids(["a", "zebra", "d"])
    assert ids.dtype == np.int64
    assert ids.tolist() == [5, UNK, 8]
    assert vocabulary.tokens(ids) == ["a", "<unk>", "d"]
    assert vocabulary.id_of("b") == 6
    assert "b" in vocabulary
    assert "zebra" not in vocabulary
    assert vocabulary.ids([]).shape == (0,)
    assert vocabulary.tokens([]) == []


@pytest.mark.parametrize("bad", [[-1], [9], [0, 100]])
def test_an_id_of_another_vocabulary_is_an_error(bad: list[int]) -> None:
    with pytest.raises(ShapeError, match="0 to 8"):
        Vocabulary.build(TEXTS).tokens(bad)


def test_json_round_trip() -> None:
    vocabulary = Vocabulary.build([["naïve", "日本", "🙂"]])
    assert Vocabulary.from_json(json.loads(json.dumps(vocabulary.to_json()))) == vocabulary


@pytest.mark.parametrize(
    "bad", [[], ["a"], ["<pad>", "<unk>"], [*SPECIAL_TOKENS, "a", "a"], [*SPECIAL_TOKENS, 3], "abc"]
)
def test_a_list_that_is_no_vocabulary_is_an_error(bad: object) -> None:
    with pytest.raises(DataError):
        Vocabulary.from_json(bad)  # type: ignore[arg-type]


def test_wrong_settings() -> None:
    with pytest.raises(SettingsError, match="min_count"):
        Vocabulary.build(TEXTS, min_count=0)
    with pytest.raises(SettingsError, match="max_size"):
        Vocabulary.build(TEXTS, max_size=4)


def test_equality_is_by_content() -> None:
    assert Vocabulary.build(TEXTS) != Vocabulary.build(TEXTS, min_count=2)
    assert Vocabulary.build(TEXTS) != TEXTS
