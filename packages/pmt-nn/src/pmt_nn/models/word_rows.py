"""`WordRows`: the words or tokens of a batch as rows without padding, for inference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import Array
from pmt_core import as_rows
from pmt_nn.attention.unpadded import RaggedLayout, SequenceGroup
from pmt_nn.masks import Ids, Mask


@dataclass(frozen=True, slots=True)
class WordRows:
    """The order of a batch's words in rows, the shortest sentences first.

    Attributes:
        mask: (b, t), True at words.
        groups: the sentences by length.
        index: (n,), the index of each row's word in the flattened batch; None if the rows are the
            flattened batch, as it has no padding.
    """

    mask: Mask
    groups: Sequence[SequenceGroup]
    index: NDArray[np.intp] | None

    @classmethod
    def of(cls, mask: Mask) -> WordRows | None:
        """Return the rows for a mask; None if it is no boolean (b, t) with padding at the ends."""
        if np.ndim(mask) != 2 or mask.dtype != np.bool_:
            return None
        b, t = mask.shape
        if mask.all():
            return cls(mask, [SequenceGroup(0, b, t)], None)
        if (mask[:, 1:] > mask[:, :-1]).any():
            return None
        layout = RaggedLayout.of(mask)
        return cls(mask, layout.groups, layout.index)

    def take(self, ids: Ids) -> Ids:
        """Return the ids (n,) of the rows, of ids (b, t)."""
        flat = np.asarray(ids).reshape(-1)
        return flat if self.index is None else flat.take(self.index)

    def positions(self) -> NDArray[np.intp]:
        """Return the position (n,) of each row in its sentence."""
        b, t = self.mask.shape
        return np.tile(np.arange(t), b) if self.index is None else self.index % max(t, 1)

    def padded(self, rows: Array, padding: Array | None) -> Array:
        """Return rows (n, d) as a batch (b, t, d), with a vector, or zeros, at padding."""
        shape = (*self.mask.shape, rows.shape[1])
        if self.index is None:
            return rows.reshape(shape)
        batch = np.empty(shape, rows.dtype)
        batch[...] = 0 if padding is None else padding
        as_rows(batch)[self.index] = rows
        return batch
