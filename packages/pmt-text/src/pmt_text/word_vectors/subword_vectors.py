"""`SubwordVectors`: word vectors with those of character n-grams, for words that were not seen."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import DataError, SettingsError, ShapeError, field, load_archive, save_archive
from pmt_text.tokenizers.character_ngrams import CharacterNgrams
from pmt_text.word_vectors.word_vectors import WordVectors

_FORMAT = "pmt subword vectors"


class SubwordVectors:
    """Vectors of known words, and a vector for any other word: the mean of its n-grams.

    As in fastText, the vector of a known word is the mean of a vector of its own and those of its
    n-grams, and that of any other word is the mean of its n-grams alone.

    Args:
        vectors: The vectors of the known words.
        buckets: (buckets, d), the vectors of the n-grams by their numbers.
        ngrams: Which n-grams a word has.

    Raises:
        ShapeError: The arguments do not fit together.

    Examples:
        >>> import numpy as np
        >>> from pmt_text import CharacterNgrams, SubwordVectors, WordVectors
        >>> ngrams = CharacterNgrams(min_n=3, max_n=3, buckets=50)
        >>> known = WordVectors(["cat", "cats"], np.array([[1.0, 0.0], [0.0, 1.0]]))
        >>> vectors = SubwordVectors(known, np.ones((50, 2)), ngrams)
        >>> vectors.of(["cat", "dog"])
        array([[1., 0.],
               [1., 1.]], dtype=float32)
    """

    def __init__(
        self, vectors: WordVectors, buckets: NDArray[Any], ngrams: CharacterNgrams
    ) -> None:
        if buckets.shape != (ngrams.buckets, vectors.width):
            raise ShapeError(
                f"{ngrams.buckets} buckets of {vectors.width} numbers need an array "
                f"({ngrams.buckets}, {vectors.width}), got {buckets.shape}"
            )
        if not np.isfinite(buckets).all():
            raise DataError("a vector of an n-gram has a number that is not finite")
        self.vectors = vectors
        self.buckets: NDArray[np.float32] = buckets.astype(np.float32, copy=False)
        self.ngrams = ngrams

    def of(self, words: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors (n, d) of any words; zeros for one that is too short for n-grams."""
        rows = np.zeros((len(words), self.vectors.width), np.float32)
        for row, word in zip(rows, words, strict=True):
            known = self.vectors.find(word)
            if known is not None:
                row[:] = self.vectors.matrix[known]
                continue
            numbers = self.ngrams.numbers(word)
            if len(numbers):
                row[:] = self.buckets[numbers].mean(axis=0)
        return rows


def save_subword_vectors(path: str | os.PathLike[str], vectors: SubwordVectors) -> None:
    """Save word vectors and n-grams to an archive, .npz or .safetensors.

    Examples:
        >>> import numpy as np
        >>> from pmt_text import CharacterNgrams, SubwordVectors, WordVectors
        >>> from pmt_text import load_subword_vectors, save_subword_vectors
        >>> known = WordVectors(["cat"], np.ones((1, 2)))
        >>> ngrams = CharacterNgrams(min_n=3, max_n=4, buckets=9)
        >>> save_subword_vectors("cats.npz", SubwordVectors(known, np.ones((9, 2)), ngrams))
        >>> load_subword_vectors("cats.npz").of(["cat", "kitten"]).shape
        (2, 2)
    """
    ngrams = vectors.ngrams
    arrays = {"vectors": vectors.vectors.matrix, "buckets": vectors.buckets}
    meta = {
        "format": _FORMAT,
        "words": list(vectors.vectors.words),
        "min_n": ngrams.min_n,
        "max_n": ngrams.max_n,
    }
    save_archive(path, arrays, meta)


def load_subword_vectors(
    path: str | os.PathLike[str], *, limit: int | None = None
) -> SubwordVectors:
    """Load what `save_subword_vectors` saved.

    Args:
        path: The archive.
        limit: Number of known words to load, the first ones; None: all.

    Raises:
        DataError: The file is damaged, or not of this kind.
        FileProblem: It cannot be read.
        SettingsError: The limit is below 1.

    Examples:
        >>> import numpy as np
        >>> from pmt_text import CharacterNgrams, SubwordVectors, WordVectors
        >>> from pmt_text import load_subword_vectors, save_subword_vectors
        >>> known = WordVectors(["cat", "dog"], np.eye(2))
        >>> ngrams = CharacterNgrams(min_n=3, max_n=3, buckets=5)
        >>> save_subword_vectors("animals.npz", SubwordVectors(known, np.zeros((5, 2)), ngrams))
        >>> load_subword_vectors("animals.npz", limit=1).vectors.words
        ('cat',)
    """
    if limit is not None and limit < 1:
        raise SettingsError(f"limit is a number of words, 1 or more, got {limit}")
    arrays, meta = load_archive(path)
    where = os.fspath(path)
    if meta.get("format") != _FORMAT or not {"vectors", "buckets"} <= arrays.keys():
        raise DataError(
            f"{where} holds no word vectors with n-grams: give the subwords.npz of a run of the "
            "word2vec app with --max-n"
        )
    try:
        return _checked(arrays, meta, limit)
    except (DataError, SettingsError, ShapeError) as error:
        raise DataError(f"{where} is damaged: {error}") from error


def _checked(
    arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any], limit: int | None
) -> SubwordVectors:
    matrix, buckets = arrays["vectors"], arrays["buckets"]
    if {(array.ndim, array.dtype.kind) for array in (matrix, buckets)} != {(2, "f")}:
        raise DataError(
            f"expected two matrices of floating-point numbers, got {matrix.dtype} {matrix.shape} "
            f"and {buckets.dtype} {buckets.shape}"
        )
    words = field(meta, "words", list[str])
    if len(words) != len(matrix):
        raise DataError(f"{len(words)} words have {len(matrix)} vectors")
    ngrams = CharacterNgrams(field(meta, "min_n", int), field(meta, "max_n", int), len(buckets))
    return SubwordVectors(WordVectors(words[:limit], matrix[:limit]), buckets, ngrams)
