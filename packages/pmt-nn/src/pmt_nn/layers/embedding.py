"""Embedding: a table of learned vectors, read by id."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Tensor, masked, take_rows
from pmt_core import SettingsError, ShapeError, check_sizes
from pmt_nn.module.initializers import normal
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter


class Embedding(Module):
    """Embedding of the ids 0 ... v-1 as vectors of width d.

    It equals a linear layer on one-hot vectors, without building them. rng, std: stream and
    standard deviation of the initial vectors. sparse: the gradient is a `RowSparse` of the rows
    read, or else a dense array, which is faster for tables of a few hundred rows. padding: an id
    whose vector is zero and stays zero, as it receives no gradient.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Embedding
        >>> embedding = Embedding(100, 8, np.random.default_rng(0), padding=0)
        >>> vectors = embedding(np.array([[5, 7, 0], [7, 7, 7]]))
        >>> vectors.shape
        (2, 3, 8)
        >>> vectors.sum().backward()
        >>> gradient = embedding.weight.grad.coalesce()  # rows of the table, not the table
        >>> gradient.rows, gradient.values[:, 0]  # 0, the padding, stays as it is
        (array([0, 5, 7]), GradientArray([0., 1., 4.], dtype=float32))
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
        check_sizes("Embedding", v=v, d=d)
        _check_padding(padding, v)
        self._set(Parameter(normal(rng, (v, d), std, dtype=dtype)), sparse, padding)

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
        """Return an embedding initialized with a copy of `vectors` (v, d), e.g. of word2vec.

        trainable: if False the vectors are frozen (but in `state_dict`), see `Module.freeze`.
        """
        if vectors.ndim != 2:
            raise ShapeError(f"an embedding needs vectors (v, d), got shape {vectors.shape}")
        _check_padding(padding, len(vectors))
        embedding = cls.__new__(cls)
        embedding._set(Parameter(np.array(vectors, dtype)), sparse, padding)
        embedding._arguments = {"v": len(vectors), "d": vectors.shape[1]}
        embedding._sealed = True
        return embedding.freeze(not trainable)

    def _set(self, weight: Parameter, sparse: bool, padding: int | None) -> None:
        self.weight, self.sparse, self.padding = weight, sparse, padding
        if padding is not None:
            weight.data[padding] = 0

    def forward(self, ids: NDArray[np.integer]) -> Tensor:
        """Look up ids of any shape: (*ids.shape, d)."""
        vectors = take_rows(self.weight, ids, sparse=self.sparse)
        if self.padding is None:
            return vectors
        is_token = (np.asarray(ids) != self.padding)[..., np.newaxis]
        return masked(vectors, mask=is_token)


def _check_padding(padding: int | None, v: int) -> None:
    if padding is None:
        return
    check_sizes("Embedding", least=0, padding=padding)
    if padding >= v:
        raise SettingsError(f"padding is an id in 0 ... {v - 1}, got {padding}")
