"""Rarity, spelling, marks and features of pairs, by hand."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest

from pmt_core import DataError, SettingsError, ShapeError
from pmt_text import (
    PAIR_FEATURES,
    EncodedPairs,
    InverseDocumentFrequency,
    PairEncoder,
    Vocabulary,
    match_types,
    pair_features,
    tokenize,
)
from pmt_text.qqp.word_matches import N_MATCH_TYPES, spelled_alike

TEXTS = [["a", "b"], ["a", "c"], ["a", "b", "b"], ["a", "d"], ["a", "d"]]  # 4 different ones


def rarity(**nats: float) -> InverseDocumentFrequency:
    """Words as rare as said: log(n / (1 + d)) with n = e^12, d chosen so."""
    n = round(math.exp(12))
    return InverseDocumentFrequency(
        n, {word: round(n / math.exp(value)) - 1 for word, value in nats.items()}
    )


def test_rarity_counts_each_text_once() -> None:
    found = InverseDocumentFrequency.build(TEXTS)
    assert found("a") == 0.0  # in all 4: log(4 / 5) would be below 0
    assert found("b") == pytest.approx(math.log(4 / 3))
    assert found("d") == pytest.approx(math.log(4))  # in one: as one never seen
    assert found("d") == found("never") == found.maximum
    again = InverseDocumentFrequency.from_json(json.loads(json.dumps(found.to_json())))
    assert [again(word) for word in "abcd"] == [found(word) for word in "abcd"]
    with pytest.raises(DataError, match="counts"):
        InverseDocumentFrequency.from_json({"texts": 3})
    with pytest.raises(SettingsError, match="1 or more"):
        InverseDocumentFrequency(0, {})


@pytest.mark.parametrize(
    ("a", "b", "alike"),
    [
        ("engineer", "engineering", True),  # 7 of 8 and 11 trigrams: 14 / 19
        ("learn", "learned", True),
        ("necessary", "neccessary", True),
        ("cat", "cats", False),  # too short to tell
        ("house", "mouse", True),  # "use" at the end, 3 of 5 and 5: 6 / 10
        ("phone", "computer", False),
        ("interest", "internet", True),  # 4 of 8 and 8: alike, though not akin
    ],
)
def test_spelled_alike(a: str, b: str, alike: bool) -> None:
    def grams(word: str) -> set[str]:
        return {f"<{word}>"[i : i + 3] for i in range(len(word))}

    dice = 2 * len(grams(a) & grams(b)) / (len(grams(a)) + len(grams(b)))
    ends = a[:3] == b[:3] or a[-3:] == b[-3:]
    assert alike == (dice >= 0.5 and ends and min(len(a), len(b)) >= 4)
    assert spelled_alike(a, b) == spelled_alike(b, a) == alike
    assert spelled_alike(a, a) == (len(a) >= 4)


def test_marks_tell_how_and_how_rare() -> None:
    told = rarity(how=1.0, swim=5.0, swimming=7.0)
    marks = match_types(["how", "swim", "zyx", "swim"], ["how", "swimming", "zyx"], told)
    # the same and frequent; spelled alike, common; the same, rarest; spelled alike again
    assert marks == [1 + 8 + 0, 1 + 4 + 1, 1 + 8 + 3, 1 + 4 + 1]
    assert match_types(["swimming"], ["run"], told) == [1 + 0 + 2]
    assert match_types([], ["run"], told) == []
    every = match_types(["how", "swim", "swimming", "zyx"], [], told)
    assert every == [1, 2, 3, 4]
    assert max(marks) < N_MATCH_TYPES


def of(a: str, b: str, told: InverseDocumentFrequency) -> dict[str, float]:
    return dict(zip(PAIR_FEATURES, pair_features(a.split(), b.split(), told), strict=True))


def test_features_by_hand() -> None:
    told = rarity(how=1.0, do=1.0, i=1.0, swim=5.0, run=6.0)
    found = of("how do i swim", "how do i run fast 9", told)
    assert found["words shared: Jaccard"] == pytest.approx(3 / 7)
    union = 3 + 5 + 6 + 2 * told.maximum
    assert found["words shared: Jaccard, by rarity"] == pytest.approx(3 / union, rel=1e-4)
    assert found["bigrams shared: Dice"] == pytest.approx(2 * 2 / (3 + 5))
    assert found["longest common subsequence, by the shorter text"] == pytest.approx(3 / 4)
    assert found["longest common subsequence, by the longer text"] == pytest.approx(3 / 6)
    assert found["the first two words are the same"] == 1
    assert found["the last two words are the same"] == 0
    assert found["numbers in one alone"] == 1
    assert found["the same numbers"] == found["no numbers in either"] == 0
    assert found["missing words: how many, in the text with fewer"] == pytest.approx(math.log(2))
    assert found["missing words: how many, in the text with more"] == pytest.approx(math.log(4))
    assert found["missing words: how many carry content"] == pytest.approx(math.log1p(3), rel=0.3)
    assert found["shared words: the rarest"] == pytest.approx(1 / told.maximum, rel=1e-4)
    assert found["the same question words"] == 1
    assert found["the same words"] == 0
    other = of("why not swim", "how do i swim or run", told)
    assert other["a negation in one alone"] == 1
    assert other["a comparison in one alone"] == 1
    assert other["the same question words"] == 0
    same = of("how do i swim", "how do i swim", told)
    assert all(same[name] == pytest.approx(1) for name in PAIR_FEATURES if "shared:" in name[:14])
    assert same["the same words"] == 1


def test_features_are_finite_and_the_same_either_way() -> None:
    rng = np.random.default_rng(1)
    words = [
        "how",
        "do",
        "i",
        "swim",
        "swimming",
        "run",
        "not",
        "or",
        "3",
        "14",
        "best",
        "india",
        "zyx",
    ]
    told = InverseDocumentFrequency.build([rng.choice(words, 5).tolist() for _ in range(50)])
    for _ in range(300):
        a, b = (rng.choice(words, rng.integers(0, 9)).tolist() for _ in range(2))
        forth, back = pair_features(a, b, told), pair_features(b, a, told)
        assert forth == back
        assert len(forth) == len(PAIR_FEATURES)
        assert np.isfinite(forth).all()
        assert 0 <= min(forth) <= max(forth) < 5


def test_features_do_not_depend_on_the_order_of_sets() -> None:
    """Python orders a set of strings anew in every process; a resumed run needs the same bits."""
    program = (
        "from pmt_text import *\n"
        "t = [f'a{i} b{i * i} c{i % 7} d'.split() for i in range(99)]\n"
        "r = InverseDocumentFrequency.build(t)\n"
        "a, b = sum(t[:9], []), sum(t[5:19], [])\n"
        "print([x.hex() for x in pair_features(a, b, r)], r.to_json())\n"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in (1, 2, 3)
    }
    assert len(answers) == 1


def test_an_encoder_with_rarity() -> None:
    texts = ["How do I swim?", "What is swimming?", "How do I run?", "How do I swim fast?"]
    tokens = [tokenize(text) for text in texts]
    told = InverseDocumentFrequency.build(tokens)
    encoder = PairEncoder(Vocabulary.build(tokens), 64, told)
    assert (encoder.n_match_types, encoder.features) == (N_MATCH_TYPES, len(PAIR_FEATURES))
    pairs = [(texts[0], texts[1]), (texts[2], texts[3])]
    encoded = encoder.encode(pairs)
    assert encoded.features is not None
    assert encoded.features.dtype == np.float32
    expected = [pair_features(tokenize(a), tokenize(b), told) for a, b in pairs]
    np.testing.assert_array_equal(encoded.features, np.array(expected, np.float32))
    a, b = tokens[0], tokens[1]
    marks = [0, *match_types(a, b, told), 0, *match_types(b, a, told), 0]
    assert encoded.match_types[: encoded.offsets[1]].tolist() == marks
    batch = encoded.batch(np.array([1, 0]))
    assert batch.features is not None
    np.testing.assert_array_equal(batch.features, encoded.features[[1, 0]])
    shard = batch.shard(1, 2)
    assert shard.features is not None
    np.testing.assert_array_equal(shard.features, encoded.features[:1])
    again = PairEncoder.from_json(json.loads(json.dumps(encoder.to_json()))).encode(pairs)
    assert again.features is not None
    np.testing.assert_array_equal(again.features, encoded.features)
    np.testing.assert_array_equal(again.match_types, encoded.match_types)


def test_swapped_is_what_the_encoder_makes_of_the_other_order() -> None:
    texts = ["How do I swim?", "What is swimming?", "How?", "", "How do I swim fast and far?"]
    tokens = [tokenize(text) for text in texts]
    for told in (None, InverseDocumentFrequency.build(tokens)):
        encoder = PairEncoder(Vocabulary.build(tokens), 64, told)
        pairs = [(a, b) for a in texts for b in texts]
        everything = np.arange(len(pairs))
        found = encoder.encode(pairs).batch(everything).swapped()
        wanted = encoder.encode([(b, a) for a, b in pairs]).batch(everything)
        for name in ("ids", "segments", "match_types", "mask", "index", "features"):
            np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name), name)


def test_joined_data_sets_are_one() -> None:
    texts = ["How do I swim?", "What is swimming?", "How?", ""]
    pairs = [(a, b) for a in texts for b in texts]
    told = InverseDocumentFrequency.build([tokenize(text) for text in texts])
    for encoder in (PairEncoder(Vocabulary.build([])), PairEncoder(Vocabulary.build([]), 64, told)):
        whole = encoder.encode(pairs, np.arange(16) % 2)
        parts = [(0, 5), (5, 5), (5, 16)]
        found = EncodedPairs.joined(
            [encoder.encode(pairs[a:b], np.arange(a, b) % 2) for a, b in parts]
        )
        for name in ("ids", "segments", "match_types", "offsets", "labels", "features"):
            np.testing.assert_array_equal(getattr(found, name), getattr(whole, name), name)
            wanted = getattr(whole, name)
            assert wanted is None or getattr(found, name).dtype == wanted.dtype
    assert EncodedPairs.joined([whole, encoder.encode(pairs)]).labels is None
    with pytest.raises(ShapeError, match="at least one"):
        EncodedPairs.joined([])
