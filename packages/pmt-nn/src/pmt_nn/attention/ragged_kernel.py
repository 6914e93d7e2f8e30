"""The kernel of attention within ragged batches: few calls for many short sequences.

Letters: n tokens, c sequences of a length t, h heads, k head width, d = h k model width.

The exponentials E of the scores lie one group of sequences after the other in flat memory. What is
the same for each length is one call for many groups: scaling, exponentials, dropout. E is never
divided by its sums. The factor of a query, z = 1 / sum_s E, is applied to its output and to the
gradient of that, which are smaller: with the dropout mask M and its scale f, O = f z (M E) V.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from pmt_autograd import Array
from pmt_core import ShapeError, cut
from pmt_nn.attention.kernel import times_transposed
from pmt_nn.attention.score_softmax import LARGE, SMALL, softmax_written
from pmt_nn.attention.unpadded import SequenceGroup
from pmt_nn.layers.dropout import DropoutMask
from pmt_nn.layers.memory_layout import BLOCK_ELEMENTS, cache_blocks


@dataclass(frozen=True, slots=True)
class Part:
    """`count` sequences of one length: the rows of their tokens, and their weights in a block."""

    count: int
    length: int
    heads: int
    rows: slice
    weights: slice

    def by_head(self, rows: Array) -> Array:
        """Return the rows (n, d) of this part as (c, h, t, k), a view."""
        shape = (self.count, self.length, self.heads, rows.shape[1] // self.heads)
        return rows[self.rows].reshape(shape).swapaxes(1, 2)

    def packed_by_head(self, rows: Array) -> Array:
        """Return queries, keys and values of the rows (n, 3d) as (3, c, h, t, k), a view."""
        shape = (self.count, self.length, 3, self.heads, rows.shape[1] // (3 * self.heads))
        return rows[self.rows].reshape(shape).transpose(2, 0, 3, 1, 4)

    def matrices(self, flat: Array) -> Array:
        """Return the weights of this part, of a flat array of the block, as (c, h, t, t)."""
        return flat[self.weights].reshape(self.count, self.heads, self.length, self.length)


@dataclass(frozen=True, slots=True)
class PartBlock:
    """Parts whose weights fit in the level-2 cache together; `weights`: of those of the batch."""

    parts: Sequence[Part]
    weights: slice

    @property
    def rows(self) -> slice:
        """The rows of all parts."""
        return slice(self.parts[0].rows.start, self.parts[-1].rows.stop)

    def masked(self, weights: Array, dropout_mask: DropoutMask | None) -> Array:
        """Return the weights of this block, 0 where dropout drops them."""
        return weights if dropout_mask is None else cut(weights, dropout_mask.keep[self.weights])


def blocks_of_parts(groups: Sequence[SequenceGroup], heads: int) -> list[PartBlock]:
    """Return the sequences of all groups, in the order of the rows, in blocks."""
    blocks: list[PartBlock] = []
    parts: list[Part] = []
    start = size = 0
    for group in groups:
        of_sequence = heads * group.length**2
        for some in cache_blocks(group.count, of_sequence):
            count = some.stop - some.start
            if parts and size + count * of_sequence > BLOCK_ELEMENTS:
                blocks.append(PartBlock(parts, slice(start, start + size)))
                parts, start, size = [], start + size, 0
            row, end = group.start + some.start * group.length, size + count * of_sequence
            rows = slice(row, row + count * group.length)
            parts.append(Part(count, group.length, heads, rows, slice(size, end)))
            size = end
    return [*blocks, PartBlock(parts, slice(start, start + size))] if parts else blocks


def attend_ragged(
    qkv: Array, groups: Sequence[SequenceGroup], heads: int, dropout_mask: DropoutMask | None
) -> tuple[Array, Callable[[Array], Array]]:
    """Return attention (n, d) within the sequences of qkv (n, 3d), and the backward."""
    n, d = len(qkv), qkv.shape[1] // 3
    if d % heads:
        raise ShapeError(f"the width {d} is not a multiple of the {heads} heads")
    by_head = (n, heads, d // heads)
    scale = qkv.dtype.type(max(d // heads, 1) ** -0.5)
    queries, blocks = qkv[:, :d] * scale, blocks_of_parts(groups, heads)
    exponentials = np.empty(blocks[-1].weights.stop if blocks else 0, qkv.dtype)
    sums, output = np.ones((n, heads), qkv.dtype), np.empty((n, d), qkv.dtype)
    with np.errstate(invalid="ignore"):  # of vectors that are not finite
        for block in blocks:
            weights = exponentials[block.weights]
            _write_exponentials(block, weights, sums, queries, qkv)
            weights = block.masked(weights, dropout_mask)
            for part in block.parts:
                values = part.packed_by_head(qkv)[2]
                np.matmul(part.matrices(weights), values, out=part.by_head(output))
    inverse = np.reciprocal(sums, out=sums)
    factor = inverse if dropout_mask is None else inverse * qkv.dtype.type(dropout_mask.scale)
    output.reshape(by_head)[...] *= factor[..., np.newaxis]

    def backward(grad: Array) -> Array:
        """With G = f z dO: dV = (M E)^T G, dS = (M E) (G V^T) - c E, c = z sum_k dO O.

        The sum in the gradient of a softmax equals sum_k dO O (Dao et al. 2022, eq. 4).
        """
        grad, by_qkv = grad.reshape(by_head), np.empty(qkv.shape, qkv.dtype)
        correction = np.einsum("nhk,nhk->nh", grad, output.reshape(by_head)) * inverse
        grad = (grad * factor[..., np.newaxis]).reshape(n, d)
        for block in blocks:
            weights = exponentials[block.weights]
            masked = block.masked(weights, dropout_mask)
            by_scores = np.empty_like(weights)
            shifts = None if masked is weights else np.empty_like(weights)
            for part in block.parts:
                by_v, values = part.packed_by_head(by_qkv)[2], part.packed_by_head(qkv)[2]
                by_output = part.by_head(grad)
                np.matmul(part.matrices(masked).swapaxes(-1, -2), by_output, out=by_v)
                times_transposed(by_output, values, part.matrices(by_scores))
                if shifts is None:
                    part.matrices(by_scores)[...] -= part.by_head(correction)
                else:
                    shift, out = part.by_head(correction), part.matrices(shifts)
                    np.multiply(part.matrices(weights), shift, out=out)
            by_scores *= masked
            if shifts is not None:
                by_scores -= shifts
            for part in block.parts:
                by_q, by_k, _ = part.packed_by_head(by_qkv)
                by_part, keys = part.matrices(by_scores), part.packed_by_head(qkv)[1]
                np.matmul(by_part, keys, out=by_q)
                np.matmul(by_part.swapaxes(-1, -2), part.by_head(queries), out=by_k)
        by_qkv[:, :d] *= scale
        return by_qkv

    return output, backward


def _write_exponentials(
    block: PartBlock, weights: Array, sums: Array, queries: Array, qkv: Array
) -> None:
    """Write the exponentials of a block's scores to its flat weights, and their sums (n, h).

    Where scores are large, the weights are the softmax, and the sums 1.
    """
    ones = np.ones(block.parts[-1].length, weights.dtype)
    for part in block.parts:
        _score_writer(part, weights, queries, qkv)()
    if weights.max(initial=0) < SMALL:
        np.exp(weights, out=weights)
        for part in block.parts:
            rows = weights[part.weights].reshape(-1, part.length)
            part.by_head(sums)[..., 0] = (rows @ ones[: part.length]).reshape(
                part.count, part.heads, part.length
            )
        if sums[block.rows].min(initial=1) > 1 / LARGE:
            return
    sums[block.rows] = 1
    for part in block.parts:
        softmax_written(_score_writer(part, weights, queries, qkv), part.matrices(weights))


def _score_writer(part: Part, weights: Array, queries: Array, qkv: Array) -> Callable[[], None]:
    """Return the function that writes the scores of a part, of scaled queries, to its weights."""
    keys, scores = part.packed_by_head(qkv)[1], part.matrices(weights)
    return partial(times_transposed, part.by_head(queries), keys, scores)
