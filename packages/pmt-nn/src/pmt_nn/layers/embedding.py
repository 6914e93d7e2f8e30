"""A table of learned vectors, read by number."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Tensor, take_rows
from pmt_core import SettingsError, ShapeError
from pmt_nn.module.initializers import normal
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter


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
        _check_padding(padding, v)
        self.weight = Parameter(normal(rng, (v, d), std, dtype=dtype))
        self.sparse = sparse
        self.padding = padding
        if padding is not None:
            self.weight.data[padding] = 0

    @classmethod
    def from_vectors(
        cls,
        vectors: NDArray[np.floating],
        *,
        trainable: bool = True,
        sparse: bool = True,
        padding: int | None = None,
        dtype: DTypeLike = np.float32,
    ) -> Self:
        """An embedding that begins with `vectors` (v, d), e.g. those of word2vec; they are copied.

        trainable: whether training changes them; False is `freeze()`: no gradient is computed, no
        optimizer touches them, and the state still holds them.
        """
        if vectors.ndim != 2:
            raise ShapeError(f"an embedding is made of vectors (v, d), got shape {vectors.shape}")
        _check_padding(padding, len(vectors))
        made = cls.__new__(cls)
        made.weight = Parameter(np.array(vectors, dtype))
        made.sparse = sparse
        made.padding = padding
        if padding is not None:
            made.weight.data[padding] = 0
        made._sealed = True
        return made.freeze(not trainable)

    def forward(self, ids: NDArray[np.integer]) -> Tensor:
        """ids: integers of any shape -> (*ids.shape, d)."""
        vectors = take_rows(self.weight, ids, sparse=self.sparse)
        if self.padding is None:
            return vectors
        counted = (np.asarray(ids) != self.padding)[..., np.newaxis]
        kept: Tensor = vectors * counted.astype(vectors.dtype)
        return kept


def _check_padding(padding: int | None, v: int) -> None:
    if padding is not None and not 0 <= padding < v:
        raise SettingsError(f"padding is an id in 0 ... {v - 1}, got {padding}")
