"""Analogies: a is to b as c is to what? (Mikolov et al. 2013; Levy & Goldberg 2014)"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError
from pmt_text.word_vectors.word_vectors import Neighbor, WordVectors, best_rows

__all__ = ["AnalogyMethod", "analogy", "analogy_scores"]

AnalogyMethod = Literal["add", "mul"]

_METHODS = ("add", "mul")
_EPSILON = 1e-6  # keeps 3CosMul from dividing by 0; gensim has the same


def analogy(
    vectors: WordVectors,
    a: str,
    b: str,
    c: str,
    n: int = 5,
    *,
    method: AnalogyMethod = "add",
    restrict: int | None = None,
) -> list[Neighbor]:
    """The n best answers to "a is to b as c is to ...", best first: ("man", "king", "woman").

    method: see `analogy_scores`, whose scores the answers carry. restrict: look among the first
    so many words alone. None of the three words is an answer.
    Raises `DataError` for a word without a vector.
    """
    if n < 1:
        raise SettingsError(f"the number of answers is 1 or more, got {n}")
    rows = [vectors.row_of(word) for word in (a, b, c)]
    cosines = vectors.unit[rows] @ vectors.unit[:restrict].T  # (3, v)
    scores = analogy_scores(cosines[0], cosines[1], cosines[2], method)
    return [Neighbor(vectors.words[i], float(scores[i])) for i in best_rows(scores, n, set(rows))]


def analogy_scores(
    a: NDArray[np.float32],
    b: NDArray[np.float32],
    c: NDArray[np.float32],
    method: AnalogyMethod,
) -> NDArray[np.float32]:
    """How good every word w is as an answer, of the cosines cos(w, a), cos(w, b), cos(w, c).

    add: cos(w, b) - cos(w, a) + cos(w, c), up to a factor the cosine with b - a + c (3CosAdd,
    Mikolov et al. 2013c). mul: cos'(w, b) cos'(w, c) / (cos'(w, a) + 1e-6) with cos' = (1 + cos)/2,
    so that no one term outweighs the others (3CosMul, Levy & Goldberg 2014, eq. 4).
    """
    check_method(method)
    if method == "add":
        return b - a + c
    shifted = [(1 + cosines) / 2 for cosines in (a, b, c)]
    return np.asarray(shifted[1] * shifted[2] / (shifted[0] + _EPSILON), np.float32)


def check_method(method: str, known: Collection[str] = _METHODS) -> None:
    """Raises `SettingsError` for an unknown method."""
    if method not in known:
        raise SettingsError(f"method is one of {', '.join(known)}, got {method!r}")
