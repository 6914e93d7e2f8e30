"""`UpdateTerms`: the terms of the loss of an update of word2vec, summed by distinct rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class OutputRows(NamedTuple):
    """The distinct output rows of an update.

    Attributes:
        rows: (o,) indices of the rows.
        of_center: Index into `rows` of the center word at each position of the update.
        noise: (o,) how much each row counts as noise for a prediction.
    """

    rows: NDArray[np.integer]
    of_center: NDArray[np.integer]
    noise: NDArray[np.float32]


class ContextPairs(NamedTuple):
    """The pairs of center word and context word of an update, each array (p,).

    Attributes:
        centers: Position of the center word in the update.
        inputs: Index of the context word into the distinct input rows.
    """

    centers: NDArray[np.integer]
    inputs: NDArray[np.integer]


@dataclass(frozen=True, slots=True, eq=False)
class UpdateTerms:
    """The terms of the loss of an update, by distinct rows.

    n predictors have scores with o output rows. With skip-gram the predictors are the i input
    vectors; with CBOW they are context means of them.

    Attributes:
        inputs, outputs: (i,), (o,) distinct rows of the two tables.
        positive: (o, n) how often the predictor predicts the word of the output row.
        weights: (o, n) the same, plus how much the row counts as noise for the predictor.
        mean: (n, i) the predictors are mean @ input vectors; None: they are the input vectors.
        spread: (i, n) the gradient of the inputs is spread @ gradient of the predictors.
        predictions: Number of predictions.
    """

    inputs: NDArray[np.integer]
    outputs: NDArray[np.integer]
    positive: NDArray[np.float32]
    weights: NDArray[np.float32]
    mean: NDArray[np.float32] | None
    spread: NDArray[np.float32] | None
    predictions: int

    @staticmethod
    def skipgram(
        inputs: NDArray[np.integer], outputs: OutputRows, pairs: ContextPairs
    ) -> UpdateTerms:
        """Sum the terms of skip-gram: each input predicts the centers in whose context it is."""
        shape = (len(outputs.rows), len(inputs))
        positive = _counts(outputs.of_center[pairs.centers], pairs.inputs, shape)
        # A noise word that is the predicted word itself counts nothing.
        weights = outputs.noise[:, np.newaxis] * (positive.sum(axis=0) - positive)
        weights += positive
        n = len(pairs.centers)
        return UpdateTerms(inputs, outputs.rows, positive, weights, None, None, n)

    @staticmethod
    def cbow(
        inputs: NDArray[np.integer],
        outputs: OutputRows,
        pairs: ContextPairs,
        *,
        share_error: bool,
    ) -> UpdateTerms:
        """Sum the terms of CBOW: the context mean of each word predicts it.

        share_error: See `ContextMeans`.
        """
        sizes = np.bincount(pairs.centers, minlength=len(outputs.of_center))
        predicted = np.flatnonzero(sizes)
        n = len(predicted)
        number = np.cumsum(sizes > 0) - 1
        counts = _counts(number[pairs.centers], pairs.inputs, (n, len(inputs)))
        mean = counts * np.reciprocal(sizes[predicted].astype(np.float32))[:, np.newaxis]
        spread = np.ascontiguousarray((mean if share_error else counts).T)
        positive = np.zeros((len(outputs.rows), n), np.float32)
        positive[outputs.of_center[predicted], np.arange(n)] = 1
        weights = outputs.noise[:, np.newaxis] * (1 - positive)
        weights += positive
        return UpdateTerms(inputs, outputs.rows, positive, weights, mean, spread, n)

    def predictors(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the predictors (n, d) of input vectors (i, d)."""
        return inputs if self.mean is None else self.mean @ inputs

    def by_input(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Sum values of the predictors (n, ...) over those that each input is part of, (i, ...)."""
        return values if self.spread is None else self.spread @ values


def _counts(
    rows: NDArray[np.integer], columns: NDArray[np.integer], shape: tuple[int, int]
) -> NDArray[np.float32]:
    """Return how often each (row, column) occurs in the pairs, as a matrix."""
    flat = np.bincount(rows * shape[1] + columns, minlength=shape[0] * shape[1])
    return flat.reshape(shape).astype(np.float32)
