"""The linear-chain conditional random field (Lafferty et al. 2001)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import (
    Array,
    Gradients,
    Result,
    Sample,
    Tensor,
    composed_form,
    getitem,
    logsumexp,
    no_grad,
    primitive,
    samples,
    where,
)
from pmt_core import DtypeError, ShapeError
from pmt_nn.crf.forward_backward import (
    backward_sums,
    best_path,
    forward_sums,
    left_packed,
    tag_probabilities,
    transition_counts,
)
from pmt_nn.crf.scaled_forward_backward import scaled_chain
from pmt_nn.losses.cross_entropy import IGNORE
from pmt_nn.losses.reduction import reduce_loss
from pmt_nn.masks import Mask
from pmt_nn.module.initializers import normal
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter

_FORBIDDEN = -1e4


@primitive
def crf_log_partition(
    emissions: Array, transitions: Array, start: Array, end: Array, *, lengths: Array
) -> Result:
    """Log of the sum of e^score over all tag sequences of each row -> (b,).

    emissions: (b, t, n), transitions: (n, n) from row to column, start and end: (n,), lengths:
    (b,) up to t; an empty row gives 0. The gradients are the expected counts under the model:
    d / d emissions = p(tag), d / d transitions = expected number of transitions.
    """
    lengths = np.asarray(lengths)
    scaled = scaled_chain(emissions, transitions, start, end, lengths)
    if scaled is not None:

        def backward_scaled(grad: Array) -> Gradients:
            found = scaled.gradients(lengths, grad)
            return tuple(x.astype(emissions.dtype) for x in found)

        return scaled.partition.astype(emissions.dtype), backward_scaled
    sums = forward_sums(emissions, transitions, start, end, lengths)

    def backward(grad: Array) -> Gradients:
        after = backward_sums(emissions, transitions, end, lengths)
        chances = tag_probabilities(sums, after, lengths)
        chances *= grad[:, np.newaxis, np.newaxis]
        b, t, n = emissions.shape
        last = chances[np.arange(b), np.maximum(lengths - 1, 0)] if t else np.zeros((b, n))
        first = chances[:, 0] if t else last
        counts = transition_counts(emissions, transitions, sums, after, lengths, grad)
        by_end = (last * (lengths > 0)[:, np.newaxis]).sum(axis=0)
        return chances, counts, first.sum(axis=0), by_end.astype(emissions.dtype)

    return sums.partition, backward


@composed_form(crf_log_partition)
def crf_log_partition_composed(
    emissions: Tensor, transitions: Tensor, start: Tensor, end: Tensor, *, lengths: Array
) -> Tensor:
    """The same as `crf_log_partition` in plain operations: the forward recursion on the tape."""
    t, n = emissions.shape[1], emissions.shape[2]
    total = start + emissions[:, 0]  # (b, n)
    for i in range(1, t):
        steps = total.reshape(-1, n, 1) + transitions
        going_on = logsumexp(steps, axis=1) + emissions[:, i]
        total = where((i < lengths)[:, np.newaxis], going_on, total)
    return logsumexp(total + end, axis=1)


class LinearChainCRF(Module):
    """Scores whole tag sequences: what a place says (emissions) and which tag follows which.

    n: number of tags. forbidden: (n, n) booleans, True = the column's tag may not follow the row's
    (e.g. I-PER after B-LOC); forbidden_start: (n,) tags that may not come first.
    """

    def __init__(
        self,
        n: int,
        rng: np.random.Generator,
        *,
        forbidden: NDArray[np.bool_] | None = None,
        forbidden_start: NDArray[np.bool_] | None = None,
        std: float = 0.02,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.transitions = Parameter(normal(rng, (n, n), std, dtype=dtype))
        self.start = Parameter(normal(rng, (n,), std, dtype=dtype))
        self.end = Parameter(normal(rng, (n,), std, dtype=dtype))
        self.forbidden = _booleans(forbidden, (n, n), "forbidden")
        self.forbidden_start = _booleans(forbidden_start, (n,), "forbidden_start")

    def forward(
        self,
        emissions: Tensor,
        tags: NDArray[np.integer],
        mask: Mask | None = None,
        *,
        reduction: str = "mean",
    ) -> Tensor:
        """-log p(tags) per sequence, summed, averaged over sequences, or each (b,).

        emissions: (b, t, n); tags: (b, t) 0 ... n-1, anything where masked; mask: (b, t), True =
        a place that has a tag, in any pattern: the places in between are skipped.
        Raises ShapeError, DtypeError.
        """
        places, lengths = self._packed(emissions, mask)
        b, t, _ = emissions.shape
        inside = np.arange(t) < lengths[:, np.newaxis]
        tags = np.where(inside, self._checked(tags, places, inside), 0)
        rows = np.arange(b)[:, np.newaxis]
        emissions = getitem(emissions, index=(rows, places))
        transitions, start = self._allowed()
        partition = crf_log_partition(emissions, transitions, start, self.end, lengths=lengths)
        own = (getitem(emissions, index=(rows, np.arange(t), tags)) * inside).sum(axis=1)
        steps = getitem(transitions, index=(tags[:, :-1], tags[:, 1:])) * inside[:, 1:]
        any_ = (lengths > 0).astype(emissions.dtype)
        last = tags[np.arange(b), np.maximum(lengths - 1, 0)] if t else np.zeros(b, np.int64)
        first = tags[:, 0] if t else last
        ends = getitem(start, index=first) + getitem(self.end, index=last)
        return reduce_loss(partition - (own + steps.sum(axis=1) + ends * any_), reduction)

    def decode(self, emissions: Tensor | Array, mask: Mask | None = None) -> NDArray[np.int64]:
        """The likeliest tag sequence of each row: (b, t), -100 where masked (Viterbi 1967)."""
        return self.decode_with_scores(emissions, mask)[0]

    def decode_with_scores(
        self, emissions: Tensor | Array, mask: Mask | None = None
    ) -> tuple[NDArray[np.int64], Array]:
        """As `decode`, and the score of each row's tags (b,)."""
        values, places, lengths = self._values(emissions, mask)
        with no_grad():
            transitions, start = (x.data for x in self._allowed())
        packed, scores = best_path(values, transitions, start, self.end.data, lengths)
        if mask is None:
            return packed, scores
        inside = np.arange(values.shape[1]) < lengths[:, np.newaxis]
        tags = np.full(packed.shape, IGNORE, np.int64)
        np.put_along_axis(tags, places, np.where(inside, packed, IGNORE), axis=1)
        return tags, scores

    def probabilities(self, emissions: Tensor | Array, mask: Mask | None = None) -> Array:
        """p(tag) of every place under all sequences: (b, t, n), zeros where masked."""
        values, places, lengths = self._values(emissions, mask)
        transitions, start = (x.data for x in self._allowed())
        sums = forward_sums(values, transitions, start, self.end.data, lengths)
        after = backward_sums(values, transitions, self.end.data, lengths)
        packed = tag_probabilities(sums, after, lengths)
        chances = np.zeros_like(packed)
        np.put_along_axis(chances, places[..., np.newaxis], packed, axis=1)
        return chances

    def _allowed(self) -> tuple[Tensor, Tensor]:
        """Transitions and start with a very low score where forbidden."""
        transitions: Tensor = self.transitions
        start: Tensor = self.start
        if self.forbidden is not None:
            low = np.asarray(_FORBIDDEN, transitions.dtype)
            transitions = where(self.forbidden, low, transitions)
        if self.forbidden_start is not None:
            start = where(self.forbidden_start, np.asarray(_FORBIDDEN, start.dtype), start)
        return transitions, start

    def _packed(self, emissions: Tensor, mask: Mask | None) -> tuple[Array, Array]:
        n = self.start.size
        if emissions.ndim != 3 or emissions.shape[2] != n:
            raise ShapeError(f"{n} tags want emissions (b, t, {n}), got {emissions.shape}")
        if mask is None:
            b, t = emissions.shape[:2]
            return np.broadcast_to(np.arange(t), (b, t)), np.full(b, t)
        if mask.dtype != np.bool_:
            raise DtypeError(f"a mask is boolean, True = has a tag, got dtype {mask.dtype}")
        if mask.shape != emissions.shape[:2]:
            raise ShapeError(f"emissions {emissions.shape} want a mask (b, t), got {mask.shape}")
        return left_packed(mask)

    def _values(self, emissions: Tensor | Array, mask: Mask | None) -> tuple[Array, Array, Array]:
        given = emissions if isinstance(emissions, Tensor) else Tensor(emissions)
        places, lengths = self._packed(given, mask)
        if mask is None:
            return given.data, places, lengths
        return np.take_along_axis(given.data, places[..., np.newaxis], axis=1), places, lengths

    def _checked(self, tags: Array, places: Array, inside: Array) -> Array:
        tags = np.asarray(tags)
        if tags.dtype.kind not in "iu":
            raise DtypeError(f"tags are integers, got dtype {tags.dtype}")
        if tags.shape != inside.shape:
            raise ShapeError(f"tags have the shape (b, t) = {inside.shape}, got {tags.shape}")
        packed = np.take_along_axis(tags, places, axis=1)
        wrong = inside & ((packed < 0) | (packed >= self.start.size))
        if wrong.any():
            raise ShapeError(
                f"tags lie in 0 ... {self.start.size - 1}, got {packed[wrong][0]}; mask places "
                "without a tag"
            )
        return packed


def _booleans(
    given: NDArray[np.bool_] | None, shape: tuple[int, ...], name: str
) -> NDArray[np.bool_] | None:
    if given is None:
        return None
    if given.dtype != np.bool_ or given.shape != shape:
        raise ShapeError(f"{name} is boolean of shape {shape}, got {given.dtype} {given.shape}")
    return given


@samples(crf_log_partition)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    def numbers(n: int) -> tuple[Array, Array, Array]:
        return rng.normal(size=(n, n)), rng.normal(size=n), rng.normal(size=n)

    yield Sample((rng.normal(size=(2, 4, 3)), *numbers(3)), {"lengths": np.array([4, 4])})
    yield Sample(
        (rng.normal(size=(4, 4, 3)), *numbers(3)),
        {"lengths": np.array([4, 2, 1, 0])},
        "padded, and an empty row",
    )
    yield Sample((rng.normal(size=(2, 1, 3)), *numbers(3)), {"lengths": np.array([1, 1])}, "t = 1")
    yield Sample((rng.normal(size=(2, 3, 1)), *numbers(1)), {"lengths": np.array([3, 2])}, "1 tag")
    far = np.array([[[1000.0, -1000.0], [0.0, 1000.0], [-1000.0, 0.5]]])
    yield Sample((far, *numbers(2)), {"lengths": np.array([3])}, "scores of +-1000")
