"""Word vectors with n-grams: vectors of unseen words, and the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pmt_core import DataError, SettingsError, ShapeError, save_archive
from pmt_text import (
    CharacterNgrams,
    SubwordVectors,
    WordVectors,
    load_subword_vectors,
    save_subword_vectors,
)

NGRAMS = CharacterNgrams(2, 3, 40)


@pytest.fixture
def vectors() -> SubwordVectors:
    rng = np.random.default_rng(0)
    known = WordVectors(["the", "Katze"], rng.normal(size=(2, 4)))
    return SubwordVectors(known, rng.normal(size=(40, 4)), NGRAMS)


def test_an_unseen_word_has_the_mean_of_its_ngrams(vectors: SubwordVectors) -> None:
    of = vectors.of(["Katze", "ab", "the", ""])
    np.testing.assert_array_equal(of[0], vectors.vectors["Katze"])
    np.testing.assert_array_equal(of[2], vectors.vectors["the"])
    grams = ["<a", "ab", "b>", "<ab", "ab>"]
    numbers = [NGRAMS.numbers("ab")[NGRAMS.texts("ab").index(gram)] for gram in grams]
    mean = sum(vectors.buckets[number] for number in numbers) / len(grams)
    np.testing.assert_allclose(of[1], mean, rtol=1e-5)
    np.testing.assert_allclose(of[3], vectors.buckets[NGRAMS.numbers("")[0]])
    assert (
        not SubwordVectors(vectors.vectors, vectors.buckets, CharacterNgrams(9, 9, 40))
        .of(["a"])
        .any()
    )


def test_the_file_restores_everything(vectors: SubwordVectors, tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    save_subword_vectors(path, vectors)
    loaded = load_subword_vectors(path)
    assert (loaded.vectors.words, loaded.ngrams) == (vectors.vectors.words, NGRAMS)
    words = ["Katze", "unseen", "ü"]
    np.testing.assert_array_equal(loaded.of(words), vectors.of(words))
    first = load_subword_vectors(path, limit=1)
    assert first.vectors.words == ("the",)
    assert not np.allclose(first.of(["Katze"]), loaded.of(["Katze"]))
    with pytest.raises(SettingsError, match="limit"):
        load_subword_vectors(path, limit=0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "other"}, "holds no word vectors with n-grams"),
        ({"min_n": 5}, "damaged.*min_n = 5"),
        ({"min_n": "x"}, "damaged.*min_n"),
        ({"words": ["the"]}, "damaged: 1 words have 2 vectors"),
        ({"words": ["the", "the"]}, "damaged.*twice"),
        ({"buckets": np.ones((40, 3), np.float32)}, "damaged.*40, 4"),
        ({"buckets": np.ones((40, 4), np.int32)}, "damaged: expected two matrices"),
        ({"buckets": np.full((40, 4), np.nan, np.float32)}, "damaged.*not finite"),
        ({"vectors": np.ones(2, np.float32)}, "damaged: expected two matrices"),
    ],
)
def test_a_damaged_file_is_named(
    vectors: SubwordVectors, tmp_path: Path, change: dict, message: str
) -> None:
    arrays = {"vectors": vectors.vectors.matrix, "buckets": vectors.buckets}
    meta = {"format": "pmt subword vectors", "words": ["the", "Katze"], "min_n": 2, "max_n": 3}
    save_archive(tmp_path / "a.npz", arrays, meta)
    load_subword_vectors(tmp_path / "a.npz")
    for name, value in change.items():
        (arrays if name in arrays else meta)[name] = value
    save_archive(tmp_path / "a.npz", arrays, meta)
    with pytest.raises(DataError, match=f"(?s)a.npz.*{message}"):
        load_subword_vectors(tmp_path / "a.npz")


def test_arrays_must_fit_together() -> None:
    with pytest.raises(ShapeError, match="40 buckets"):
        SubwordVectors(WordVectors(["a"], np.ones((1, 2))), np.ones((39, 2)), NGRAMS)
