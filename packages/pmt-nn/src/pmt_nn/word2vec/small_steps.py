"""`SmallStepKernel`: skip-gram and CBOW with negative sampling, each update in stable steps."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError, check_sizes
from pmt_nn.word2vec.kernel import WindowArrays, Word2VecKernel, logistic_loss, scaled_sigmoid
from pmt_nn.word2vec.update_terms import ContextPairs, OutputRows, UpdateTerms

_MAX_STEPS = 64  # of an update
_MAX_CURVATURE = 2.0  # times the length of a step, see `SmallStepKernel`
_MAX_GROWTH = 0.25
_POWER_STEPS = 6


class SmallStepKernel(Word2VecKernel):
    """Skip-gram and CBOW with negative sampling, with as many steps for an update as it needs.

    Words that are evenly frequent, texts that stay with few words for long (walks on a graph), and
    wide windows give every row of an update many terms. One step of the full learning rate adds
    them all at the same weights, overshoots, further every time, and training diverges. Terms that
    are added one by one, each with new scores, converge. This kernel approximates that: it sums the
    terms by distinct rows, of which such texts have few, and makes several steps, each with new
    scores, whose lengths add up to the learning rate.

    With scores S = C H^T of output vectors c and predictors h, counts P of predictions and W of
    predictions and noise together, the loss of an update is sum(W softplus(S) - P S). Its negative
    derivative by S is G = P - W sigmoid(S), and with K = W sigmoid(S) (1 - sigmoid(S)) its second
    derivative in a direction (dC, dH) is

        sum_oh K_oh (c_o . dh_h + dc_o . h_h)^2 - 2 sum_oh G_oh dc_o . dh_h.

    The first part is at most L (|dC|^2 + |dH|^2) with

        L = max_h sum_o K_oh |c_o|^2 + max_o sum_h K_oh |h_h|^2:

    the curvature of the busiest row of either side, noise included. Steps of up to 2 / L do not
    overshoot. The second part makes vectors that are still short grow exponentially, at a rate of
    at most g = sqrt(max_h sum_o |G_oh| max_o sum_h |G_oh|); steps of up to 1 / (4 g) follow that
    growth within 3 %, longer ones delay the beginning of learning. A step is as long as both allow,
    and bounds are computed anew for each step. After 64 steps the rest of the learning rate is
    dropped, so the vectors stay finite at any rate.

    With CBOW an input counts for all predictors that it is part of.

    Args:
        v, d, window: See `Word2VecKernel`.
        negatives: Noise words of a prediction.
        noise_weights: (v,) unnormalized noise distribution.
        shared_noise: Noise words drawn for an update; each counts negatives / shared_noise for each
            of its predictions. If v is not much larger, every word counts by its probability.
        is_cbow: Whether the context mean predicts the word, or each input its centers.
        share_error: Whether to use the exact gradient of the mean, see `ContextMeans`.
        processes: Processes that update the tables at the same time. Their steps add up, so each
            makes steps that are shorter by this factor, and writes every one of them.

    Examples:
        A learning rate of 100 does not diverge:

        >>> from types import SimpleNamespace
        >>> import numpy as np
        >>> from pmt_nn import SmallStepKernel
        >>> settings = {"negatives": 1, "shared_noise": 2, "is_cbow": False, "share_error": False}
        >>> kernel = SmallStepKernel(3, 2, 1, noise_weights=np.array([1.0, 1.0, 1.0]), **settings)
        >>> windows = SimpleNamespace(
        ...     centers=np.array([[[0, 1]]], np.int32),
        ...     contexts=np.array([[3, 0, 1, 3]], np.int32),  # 3, the number of words, is padding
        ...     context_mask=np.array([[[[0, 0, 1, 0], [0, 1, 0, 0]]]], np.float32),
        ...     context_counts=np.ones((1, 1, 2), np.float32),
        ...     noise=None,
        ... )
        >>> inputs = np.array([[1, 0], [0, 1], [0, 0], [0, 0]], np.float32)
        >>> outputs = np.zeros((4, 2), np.float32)
        >>> for _ in range(3):
        ...     loss, predictions = kernel.train(windows, 100.0, inputs, outputs)
        ...     print(round(loss, 2), predictions)
        2.31 2.0
        0.0 2.0
        0.0 2.0
    """

    def __init__(
        self,
        v: int,
        d: int,
        window: int,
        negatives: int,
        noise_weights: NDArray[np.floating],
        shared_noise: int,
        *,
        is_cbow: bool,
        share_error: bool,
        processes: int = 1,
    ) -> None:
        check_sizes(
            type(self).__name__,
            negatives=negatives,
            shared_noise=shared_noise,
            processes=processes,
        )
        super().__init__(v, d, window)
        self.targets_per_prediction = 1.0 + negatives
        self._is_cbow, self._share_error, self._processes = is_cbow, share_error, processes
        self._negatives = negatives
        self._expected: NDArray[np.float32] | None = None
        if v <= 2 * shared_noise:
            share = noise_weights / noise_weights.sum()
            self._expected = (negatives * share).astype(np.float32)
        self.noise_shape = None if self._expected is not None else (shared_noise,)

    def reserve(self, size: tuple[int, int]) -> None:
        """Do nothing: memory is allocated for each update."""

    def train(
        self,
        windows: WindowArrays,
        rate: float,
        inputs: NDArray[np.float32],
        outputs: NDArray[np.float32],
    ) -> tuple[float, float]:
        """Update both tables in place, see `Word2VecKernel.train`."""
        loss = predictions = 0.0
        with np.errstate(all="ignore"):  # overflow shows in the loss
            for i in range(len(windows.centers)):
                terms = self._terms(windows, i)
                if terms.predictions:
                    loss += self._descend(terms, rate, inputs, outputs)
                    predictions += terms.predictions
        return loss, predictions

    def curvature(
        self,
        windows: WindowArrays,
        i: int,
        inputs: NDArray[np.float32],
        outputs: NDArray[np.float32],
    ) -> float:
        """Return the curvature of update i at the present weights, times the number of processes.

        It is that of the busiest row of either side, like L, but of each only in the direction
        where it is greatest. The update may have any number of blocks.
        """
        terms = self._terms(windows, i)
        with np.errstate(all="ignore"):
            point = _Point.of(terms, self._read(terms, inputs), outputs[terms.outputs])
            return self._processes * point.busiest_curvature(terms)

    def _terms(self, windows: WindowArrays, i: int) -> UpdateTerms:
        """Sum the terms of update i by distinct rows."""
        b = windows.centers.shape[2]
        block, word, near = np.nonzero(windows.context_mask[i])
        inputs, index = np.unique(windows.contexts[i], return_inverse=True)
        pairs = ContextPairs(block * b + word, index[block * b + near])
        noise = None if windows.noise is None else windows.noise[i].reshape(-1)
        outputs = self._output_rows(windows.centers[i].reshape(-1), noise)
        if self._is_cbow:
            return UpdateTerms.cbow(inputs, outputs, pairs, share_error=self._share_error)
        return UpdateTerms.skipgram(inputs, outputs, pairs)

    def _output_rows(
        self, centers: NDArray[np.int32], noise: NDArray[np.int32] | None
    ) -> OutputRows:
        if self._expected is not None:
            return OutputRows(np.arange(self._v), centers, self._expected)
        if noise is None:
            raise SettingsError("negative sampling needs noise words, got none")
        rows, index = np.unique(np.concatenate([centers, noise]), return_inverse=True)
        times = np.bincount(index[len(centers) :], minlength=len(rows))
        weights = (times * (self._negatives / len(noise))).astype(np.float32)
        return OutputRows(rows, index[: len(centers)], weights)

    def _descend(
        self,
        terms: UpdateTerms,
        rate: float,
        inputs: NDArray[np.float32],
        outputs: NDArray[np.float32],
    ) -> float:
        """Make the steps of an update; return its loss before the first."""
        loss, left = math.nan, rate
        x, c = self._read(terms, inputs), outputs[terms.outputs]
        first_x, first_c = x, c
        for number in range(_MAX_STEPS):
            point = _Point.of(terms, x, c)
            step = min(left, point.longest_step(terms) / self._processes)
            if number == 0:
                loss = point.loss(terms)
            gradient = point.gradient * np.float32(step)
            c = c + gradient @ point.predictors
            x = x + terms.by_input(gradient.T @ point.outputs)
            left -= step
            is_last = not left > 0 or number == _MAX_STEPS - 1
            if is_last or self._processes > 1:
                self._write(terms, inputs, x - first_x)
                outputs[terms.outputs] += c - first_c
            if is_last:
                break
            if self._processes > 1:  # see what the others wrote
                x, c = self._read(terms, inputs), outputs[terms.outputs]
                first_x, first_c = x, c
        return loss

    def _read(self, terms: UpdateTerms, table: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the input vectors (i, d) of the distinct words."""
        subwords = self.subwords
        vectors: NDArray[np.float32] = (
            table[terms.inputs] if subwords is None else subwords.compose(table, terms.inputs)
        )
        return vectors

    def _write(
        self, terms: UpdateTerms, table: NDArray[np.float32], changes: NDArray[np.float32]
    ) -> None:
        """Add changes (i, d) of the input vectors to the table."""
        if self.subwords is None:
            table[terms.inputs] += changes
        else:
            self.subwords.groups([terms.inputs])[0].add(table, changes)


@dataclass(frozen=True, slots=True, eq=False)
class _Point:
    """The scores of an update at given vectors, and the derivatives of its loss by them.

    Attributes:
        predictors, outputs: (n, d), (o, d).
        scores, tanh: (o, n) S and tanh(S / 2).
        second: (o, n) K, the second derivative of the loss by each score.
        gradient: (o, n) G, the negative first derivative.
    """

    predictors: NDArray[np.float32]
    outputs: NDArray[np.float32]
    scores: NDArray[np.float32]
    tanh: NDArray[np.float32]
    second: NDArray[np.float32]
    gradient: NDArray[np.float32]

    @staticmethod
    def of(terms: UpdateTerms, x: NDArray[np.float32], c: NDArray[np.float32]) -> _Point:
        predictors = terms.predictors(x)
        scores = c @ predictors.T
        tanh = np.empty_like(scores)
        half = np.float32(0.5)
        drawn = scaled_sigmoid(scores, terms.weights * half, tanh)  # W sigmoid(S)
        second = half - half * tanh
        second *= drawn
        return _Point(predictors, c, scores, tanh, second, terms.positive - drawn)

    def loss(self, terms: UpdateTerms) -> float:
        positive = float(np.vdot(terms.positive, self.scores))
        return logistic_loss(self.scores, self.tanh.copy(), terms.weights) - positive

    def _row_curvatures(
        self, terms: UpdateTerms
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the curvature of each input row (i,) and output row (o,), of all directions."""
        of_predictors: NDArray[np.float32] = _squares(self.outputs) @ self.second
        return terms.by_input(of_predictors), self.second @ _squares(self.predictors)

    def busiest_curvature(self, terms: UpdateTerms) -> float:
        of_inputs, of_outputs = self._row_curvatures(terms)
        busiest = int(of_inputs.argmax())
        weights = self.second if terms.spread is None else self.second @ terms.spread.T
        of_input = _greatest_eigenvalue(self.outputs, weights[:, busiest])
        busiest = int(of_outputs.argmax())
        return of_input + _greatest_eigenvalue(self.predictors, self.second[busiest])

    def longest_step(self, terms: UpdateTerms) -> float:
        slopes: NDArray[np.float32] = np.abs(self.gradient)
        of_predictors: NDArray[np.float32] = slopes.sum(axis=0)
        growth = float(terms.by_input(of_predictors).max() * slopes.sum(axis=1).max())
        of_inputs, of_outputs = self._row_curvatures(terms)
        curvature = float(of_inputs.max() + of_outputs.max())
        return 1 / max(curvature / _MAX_CURVATURE, math.sqrt(growth) / _MAX_GROWTH, 1e-30)


def _squares(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the squared lengths (n,) of vectors (n, d)."""
    squares: NDArray[np.float32] = np.einsum("nd,nd->n", vectors, vectors)
    return squares


def _greatest_eigenvalue(vectors: NDArray[np.float32], weights: NDArray[np.float32]) -> float:
    """Return the greatest eigenvalue of sum_n w_n v_n v_n^T by power iteration."""
    direction = weights @ vectors
    value = 0.0
    for _ in range(_POWER_STEPS):
        direction /= np.linalg.norm(direction) + np.float32(1e-30)
        direction = (weights * (vectors @ direction)) @ vectors
        value = float(np.linalg.norm(direction))
    return value
