"""A table of learnt vectors, read by number."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Tensor, take_rows
from pmt_core import SettingsError
from pmt_nn.initialize import normal
from pmt_nn.module import Module
from pmt_nn.parameter import Parameter


class Embedding(Module):
    """Vectors of `d` numbers for the ids 0 ... v-1.

    Equal to a linear layer on one-hot vectors, without ever making them. The gradient is a
    `RowSparse` of the rows read, or with `sparse=False` a dense array, which is faster for
    tables of a few hundred rows.

    v, d: number of rows and their length; std: spread of the first values. padding: an id whose
    vector is zeros and stays so, as no gradient reaches it.
    """

    def __init__(
        self,
        v: int,
        d: int,
        rng: np.random.Generator,
        *,
        std: float = 0.02,
        sparse: bool = True,
        padding: int | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        if padding is not None and not 0 <= padding < v:
            raise SettingsError(f"padding is an id in 0 ... {v - 1}, got {padding}")
        self.weight = Parameter(normal(rng, (v, d), std, dtype))
        self.sparse = sparse
        self.padding = padding
        if padding is not None:
            self.weight.data[padding] = 0

    def forward(self, ids: NDArray[np.integer]) -> Tensor:
        """ids: integers of any shape -> (*ids.shape, d)."""
        vectors = take_rows(self.weight, ids, sparse=self.sparse)
        if self.padding is None:
            return vectors
        counted = (np.asarray(ids) != self.padding)[..., np.newaxis]
        kept: Tensor = vectors * counted.astype(vectors.dtype)
        return kept
