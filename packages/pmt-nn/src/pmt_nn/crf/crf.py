"""The linear-chain conditional random field (Lafferty et al. 2001)."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import (
    Array,
    Tensor,
    where,
)
from pmt_core import (
    IGNORE_LABEL,
    DtypeError,
    SettingsError,
    ShapeError,
    check_sizes,
    cut,
)
from pmt_nn.crf.forward_backward import (
    backward_messages,
    forward_messages,
    left_packed,
    neighbor_marginals,
    tag_marginals,
)
from pmt_nn.crf.sequence_losses import crf_losses
from pmt_nn.crf.viterbi import viterbi_decode, viterbi_n_best
from pmt_nn.losses.regression import reduce_loss
from pmt_nn.masks import Ids, Mask, token_mask
from pmt_nn.module.initializers import normal
from pmt_nn.module.inputs import float_tensor
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter

_FORBIDDEN = -1e4


class LinearChainCRF(Module):
    """Linear-chain CRF: scores tag sequences by emissions and by learned transitions.

    n: number of tags. forbidden: (n, n) booleans, True if the tag of the column may not follow that
    of the row (e.g. I-PER after B-LOC). forbidden_start: (n,) booleans, True if a tag may not come
    first. forbidden_end: (n,) booleans, True if a tag may not come last (B and I in IOBES). std:
    standard deviation of the initial scores.

    What is forbidden is never decoded, as long as any sequence is allowed. In the loss and the
    marginals it has a score of -10,000.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import LinearChainCRF
        >>> forbidden = np.zeros((3, 3), bool)  # tags O, B, I
        >>> forbidden[0, 2] = True  # I does not follow O,
        >>> start = np.array([False, False, True])  # and does not come first
        >>> rng = np.random.default_rng(0)
        >>> crf = LinearChainCRF(3, rng, forbidden=forbidden, forbidden_start=start)
        >>> emissions = np.array([[[3, 2, 0], [1, 0, 5]]], np.float32)  # best for each word: O, I
        >>> crf.decode(emissions)  # best sequence: B, I
        array([[1, 2]])
        >>> crf.marginals(emissions)[0].round(1)
        array([[0.1, 0.9, 0. ],
               [0.1, 0. , 0.9]], dtype=float32)
        >>> loss = crf(emissions, np.array([[1, 2]]))  # -log p(B, I)
        >>> loss.shape, bool(loss.data > 0)
        ((), True)
    """

    def __init__(
        self,
        n: int,
        rng: np.random.Generator,
        *,
        forbidden: NDArray[np.bool_] | None = None,
        forbidden_start: NDArray[np.bool_] | None = None,
        forbidden_end: NDArray[np.bool_] | None = None,
        std: float = 0.02,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_sizes("LinearChainCRF", n=n)
        self.transitions = Parameter(normal(rng, (n, n), std, dtype=dtype))
        self.start = Parameter(normal(rng, (n,), std, dtype=dtype))
        self.end = Parameter(normal(rng, (n,), std, dtype=dtype))
        self.forbidden = _booleans(forbidden, (n, n), "forbidden")
        self.forbidden_start = _booleans(forbidden_start, (n,), "forbidden_start")
        self.forbidden_end = _booleans(forbidden_end, (n,), "forbidden_end")

    def forward(
        self, emissions: Tensor, tags: Ids, mask: Mask | None = None, *, reduction: str = "mean"
    ) -> Tensor:
        """Return the loss -log p(tags) of each sequence, averaged by default.

        emissions: (b, t, n), tags: (b, t), 0 ... n-1, mask: (b, t), True = the position has a tag.
        Positions without a tag, also those in between, are skipped. reduction: "mean" over the
        sequences, "sum", or "none" for (b,). Raises ShapeError or DtypeError.
        """
        emissions = float_tensor(emissions, self.start)
        positions, lengths = self._packed(emissions, mask)
        b, t, _ = emissions.shape
        inside = np.arange(t) < lengths[:, np.newaxis]
        tags = np.where(inside, self._checked(tags, positions, inside), 0)
        if positions is not None:
            emissions = emissions[np.arange(b)[:, np.newaxis], positions]
        losses = crf_losses(emissions, *self._allowed(), tags=tags, lengths=lengths)
        return reduce_loss(losses, reduction)

    def decode(self, emissions: Tensor | Array, mask: Mask | None = None) -> NDArray[np.int64]:
        """Return the likeliest tags (b, t), `IGNORE_LABEL` where masked (Viterbi 1967)."""
        return self.decode_with_scores(emissions, mask)[0]

    def decode_with_scores(
        self, emissions: Tensor | Array, mask: Mask | None = None
    ) -> tuple[NDArray[np.int64], Array]:
        """Return the tags of `decode` and the score of each row (b,).

        Raises SettingsError for scores of nan.
        """
        values, positions, lengths = self._values(emissions, mask)
        tags, scores = viterbi_decode(values, *self._allowed_arrays(-np.inf), lengths)
        if not np.isfinite(scores).all():
            if np.isneginf(scores).any():  # every sequence of a row is forbidden, or scored so
                tags, scores = viterbi_decode(values, *self._allowed_arrays(_FORBIDDEN), lengths)
            _check_scores(scores)
        return (tags if mask is None else _spread(tags, positions, lengths)), scores

    def decode_n_best(
        self, emissions: Tensor | Array, k: int, mask: Mask | None = None
    ) -> tuple[NDArray[np.int64], Array]:
        """Return the k likeliest tag sequences (b, k, t), best first, and their scores (b, k).

        exp(score - log-partition) is the probability of a sequence, see `crf_log_partition`. The
        sequences of a row differ; if fewer than k are allowed, the others have the score -inf and
        `IGNORE_LABEL` everywhere, as masked positions have. Raises SettingsError for scores of nan.
        """
        values, positions, lengths = self._values(emissions, mask)
        tags, scores = viterbi_n_best(values, *self._allowed_arrays(-np.inf), lengths, k)
        _check_scores(scores)
        if mask is not None:
            each = [_spread(tags[:, i], positions, lengths) for i in range(k)]
            tags = np.stack(each, axis=1)
        return np.where(np.isneginf(scores)[..., np.newaxis], IGNORE_LABEL, tags), scores

    def marginals(self, emissions: Tensor | Array, mask: Mask | None = None) -> Array:
        """Return p(tag) of every position (b, t, n), zeros where masked."""
        values, positions, lengths = self._values(emissions, mask)
        transitions, start, end = self._allowed_arrays(_FORBIDDEN)
        messages = forward_messages(values, transitions, start, end, lengths)
        beta = backward_messages(values, transitions, end, lengths)
        packed = tag_marginals(messages, beta, lengths)
        if positions is None:
            return packed
        marginals = np.zeros_like(packed)
        np.put_along_axis(marginals, positions[..., np.newaxis], packed, axis=1)
        return marginals

    def pair_marginals(self, emissions: Tensor | Array, mask: Mask | None = None) -> Array:
        """Return p(tag, next tag) of each pair of neighbors (b, t - 1, n, n).

        The neighbors are the positions with a tag; beyond the last pair of a row are zeros.
        """
        values, _, lengths = self._values(emissions, mask)
        transitions, start, end = self._allowed_arrays(_FORBIDDEN)
        messages = forward_messages(values, transitions, start, end, lengths)
        beta = backward_messages(values, transitions, end, lengths)
        return neighbor_marginals(values, transitions, messages, beta, lengths)

    def _allowed(self, low: float = _FORBIDDEN) -> tuple[Tensor, Tensor, Tensor]:
        """Return transitions, start and end, with the score `low` where forbidden."""
        scores: list[Tensor] = [self.transitions, self.start, self.end]
        forbidden = self.forbidden, self.forbidden_start, self.forbidden_end
        transitions, start, end = (
            score if mask is None else where(mask, np.asarray(low, score.dtype), score)
            for score, mask in zip(scores, forbidden, strict=True)
        )
        return transitions, start, end

    def _allowed_arrays(self, low: float) -> tuple[Array, Array, Array]:
        scores: list[Array] = [x.data for x in (self.transitions, self.start, self.end)]
        forbidden = self.forbidden, self.forbidden_start, self.forbidden_end
        transitions, start, end = (
            score if mask is None else np.where(mask, score.dtype.type(low), score)
            for score, mask in zip(scores, forbidden, strict=True)
        )
        return transitions, start, end

    def _packed(self, emissions: Tensor, mask: Mask | None) -> tuple[Array | None, Array]:
        """The positions with a tag, moved to the left, and their number in each row.

        None for the positions if all of them are on the left already.
        """
        n = self.start.size
        if emissions.ndim != 3 or emissions.shape[2] != n:
            raise ShapeError(f"{n} tags need emissions (b, t, {n}), got {emissions.shape}")
        b, t = emissions.shape[:2]
        if mask is None:
            return None, np.full(b, t)
        tokens = token_mask(mask, b, t)
        if (tokens[:, 1:] <= tokens[:, :-1]).all():
            return None, tokens.sum(axis=1)
        return left_packed(tokens)

    def _values(
        self, emissions: Tensor | Array, mask: Mask | None
    ) -> tuple[Array, Array | None, Array]:
        scores = float_tensor(emissions, self.start)
        positions, lengths = self._packed(scores, mask)
        packed = scores.data
        if _is_full(lengths, scores.shape[1]):
            return packed, positions, lengths
        if positions is not None:
            packed = np.take_along_axis(packed, positions[..., np.newaxis], axis=1)
        inside = np.arange(packed.shape[1]) < lengths[:, np.newaxis]
        return cut(packed, inside[..., np.newaxis]), positions, lengths

    def _checked(self, tags: Array, positions: Array | None, inside: Array) -> Array:
        tags = np.asarray(tags)
        if tags.dtype.kind not in "iu":
            raise DtypeError(f"tags are integers, got dtype {tags.dtype}")
        if tags.shape != inside.shape:
            raise ShapeError(f"tags have the shape (b, t) = {inside.shape}, got {tags.shape}")
        packed = tags if positions is None else np.take_along_axis(tags, positions, axis=1)
        wrong = inside & ((packed < 0) | (packed >= self.start.size))
        if wrong.any():
            raise ShapeError(
                f"tags lie in 0 ... {self.start.size - 1}, got {packed[wrong][0]}; mask "
                "positions without a tag"
            )
        return packed


def _check_scores(scores: Array) -> None:
    if np.isnan(scores).any():
        raise SettingsError("the best tags are not defined: emissions or transitions hold nan")


def _is_full(lengths: Array, t: int) -> bool:
    """Return whether all rows have t tags, as a single sentence has: then nothing is moved."""
    return bool(lengths.min(initial=t) == t)


def _spread(packed: Array, positions: Array | None, lengths: Array) -> NDArray[np.int64]:
    """Return tags (b, t) at their positions, `IGNORE_LABEL` at the others."""
    if _is_full(lengths, packed.shape[1]):
        return packed
    inside = np.arange(packed.shape[1]) < lengths[:, np.newaxis]
    left = np.where(inside, packed, IGNORE_LABEL)
    if positions is None:
        return left
    tags = np.full(packed.shape, IGNORE_LABEL, np.int64)
    np.put_along_axis(tags, positions, left, axis=1)
    return tags


def _booleans(
    given: NDArray[np.bool_] | None, shape: tuple[int, ...], name: str
) -> NDArray[np.bool_] | None:
    if given is None:
        return None
    if given.dtype != np.bool_ or given.shape != shape:
        raise ShapeError(f"{name} is boolean of shape {shape}, got {given.dtype} {given.shape}")
    return given
