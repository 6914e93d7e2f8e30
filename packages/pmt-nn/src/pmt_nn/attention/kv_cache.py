"""Keys and values of the tokens that stand already, for decoding step by step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import Array, Tensor, is_recording
from pmt_core import StateError


class KeyValueCache:
    """The keys and values of one attention layer: what a step appends, later steps look up.

    The caller owns it and hands it in; the module keeps nothing. It holds plain arrays, so it is
    for decoding under `no_grad()`: a gradient would end here.
    """

    def __init__(self) -> None:
        self._keys: Array | None = None
        self._values: Array | None = None
        self.length = 0

    def append(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Add (b, n, d) twice; returns all there are, (b, s, d) twice."""
        if is_recording():
            raise StateError(
                "a key-value cache cuts off gradients; decode under no_grad(), or train on whole "
                "sequences without a cache"
            )
        end = self.length + keys.shape[1]
        self._keys = self._with_room(self._keys, keys.data, end)
        self._values = self._with_room(self._values, values.data, end)
        self._keys[:, self.length : end] = keys.data
        self._values[:, self.length : end] = values.data
        self.length = end
        return self.held()

    @property
    def rows(self) -> int:
        """Number of rows of the batch; 0 while the cache is empty."""
        return 0 if self._keys is None else len(self._keys)

    def held(self) -> tuple[Tensor, Tensor]:
        """All keys and values there are, (b, s, d) twice. Raises StateError where none are."""
        if self._keys is None or self._values is None:
            raise StateError("the cache is empty; append to it first")
        return Tensor(self._keys[:, : self.length]), Tensor(self._values[:, : self.length])

    def select(self, rows: NDArray[np.integer] | Sequence[int]) -> None:
        """Keep these rows of the batch, in this order, repeats allowed (beam search)."""
        if self._keys is not None and self._values is not None:
            self._keys, self._values = (
                self._chosen(self._keys, rows),
                self._chosen(self._values, rows),
            )

    def _chosen(self, held: Array, rows: NDArray[np.integer] | Sequence[int]) -> Array:
        """Rows of `held` with its room; what is not filled yet is not copied."""
        chosen = np.empty((len(rows), *held.shape[1:]), held.dtype)
        chosen[:, : self.length] = held[rows, : self.length]
        return chosen

    def _with_room(self, held: Array | None, like: Array, length: int) -> Array:
        """`held` with room for `length` tokens. Doubles, so that n steps copy each token twice."""
        if held is not None and length <= held.shape[1]:
            return held
        larger = np.empty((like.shape[0], max(16, 2 * length), like.shape[2]), like.dtype)
        if held is not None:
            larger[:, : self.length] = held[:, : self.length]
        return larger


class DecoderCache:
    """A cache for every layer of a decoder: of its own tokens, and of the memory it looks at."""

    def __init__(self, layers: int) -> None:
        self.tokens = [KeyValueCache() for _ in range(layers)]
        self.memory = [KeyValueCache() for _ in range(layers)]

    @property
    def length(self) -> int:
        """Number of tokens decoded so far."""
        return self.tokens[0].length if self.tokens else 0

    def select(
        self,
        rows: NDArray[np.integer] | Sequence[int],
        sources: NDArray[np.integer] | Sequence[int] | None = None,
    ) -> None:
        """Keep these rows of the batch, in this order, in every layer.

        sources: rows of the memory to keep, where several rows share one: see `CrossAttention`.
        """
        for cache in self.tokens:
            cache.select(rows)
        kept = np.asarray(rows if sources is None else sources)
        for cache in self.memory:
            if not np.array_equal(kept, np.arange(cache.rows)):
                cache.select(kept)
