"""Key-value caches for decoding token by token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from pmt_autograd import Array, Tensor, is_recording
from pmt_core import StateError, check_sizes
from pmt_nn.masks import Ids

Rows = Ids | Sequence[int]
"""Indices of rows of a batch."""


class KeyValueCache:
    """Keys and values of the tokens that one attention layer has processed.

    The caller owns the cache and passes it to the layer; the module keeps nothing. It holds plain
    arrays, so it is for decoding under `no_grad()`.

    Attributes:
        length: number of tokens in the cache.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import no_grad
        >>> from pmt_nn import KeyValueCache, SelfAttention
        >>> rng = np.random.default_rng(0)
        >>> attend = SelfAttention(8, 2, rng, causal=True)
        >>> x = rng.normal(size=(1, 5, 8)).astype(np.float32)
        >>> cache = KeyValueCache()
        >>> with no_grad():
        ...     first = attend(x[:, :4], cache=cache)
        ...     last = attend(x[:, 4:], cache=cache)  # reads one token, attends to five
        ...     whole = attend(x)
        >>> cache.length, np.allclose(last.data, whole.data[:, 4:], atol=1e-6)
        (5, True)
    """

    def __init__(self) -> None:
        self._keys: Array | None = None
        self._values: Array | None = None
        self.length = 0

    def append(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Append keys and values (b, n, d) and return all, (b, s, d) each.

        Raises:
            StateError: if the tape is recording, as gradients would end here.
        """
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
        """Return all keys and values, (b, s, d) each. Raises StateError if the cache is empty."""
        if self._keys is None or self._values is None:
            raise StateError("the cache is empty; append to it first")
        return Tensor(self._keys[:, : self.length]), Tensor(self._values[:, : self.length])

    def select(self, rows: Rows) -> None:
        """Keep these rows of the batch, in this order, repeats allowed (beam search)."""
        if self._keys is not None and self._values is not None:
            self._keys = self._selected(self._keys, rows)
            self._values = self._selected(self._values, rows)

    def _selected(self, held: Array, rows: Rows) -> Array:
        """Return rows of `held` with its spare room, which is not copied."""
        selected = np.empty((len(rows), *held.shape[1:]), held.dtype)
        selected[:, : self.length] = held[rows, : self.length]
        return selected

    def _with_room(self, held: Array | None, like: Array, length: int) -> Array:
        """Return `held` with room for `length` tokens.

        The room doubles, so that n steps copy each token twice at most.
        """
        if held is not None and length <= held.shape[1]:
            return held
        larger = np.empty((like.shape[0], max(16, 2 * length), like.shape[2]), like.dtype)
        if held is not None:
            larger[:, : self.length] = held[:, : self.length]
        return larger


@dataclass(frozen=True, slots=True)
class LayerCache:
    """Caches of one decoder layer.

    Attributes:
        tokens: keys and values of the decoded tokens.
        memory: keys and values of the memory.
    """

    tokens: KeyValueCache = field(default_factory=KeyValueCache)
    memory: KeyValueCache = field(default_factory=KeyValueCache)


class DecoderCache:
    """Caches of all layers of a decoder.

    Args:
        layers: number of layers.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import no_grad
        >>> from pmt_nn import LanguageModel, LanguageModelConfig
        >>> config = LanguageModelConfig(vocabulary=50, width=8, heads=2, hidden=16, layers=3)
        >>> model = LanguageModel(config, np.random.default_rng(0)).eval()
        >>> cache = model.new_cache()
        >>> with no_grad():
        ...     logits = model(np.array([[4, 8, 15]]), cache=cache)
        >>> cache.length, len(cache.layers)
        (3, 3)
    """

    def __init__(self, layers: int) -> None:
        check_sizes("DecoderCache", least=0, layers=layers)
        self.layers = [LayerCache() for _ in range(layers)]

    @property
    def length(self) -> int:
        """Number of tokens decoded so far."""
        return self.layers[0].tokens.length if self.layers else 0

    def select(self, rows: Rows, sources: Rows | None = None) -> None:
        """Keep these rows of the batch, in this order, in every layer.

        Args:
            rows: rows of the tokens.
            sources: rows of the memory, if several rows share one (see `CrossAttention`); by
                default equal to `rows`.
        """
        memory_rows = np.asarray(rows if sources is None else sources)
        for cache in self.layers:
            cache.tokens.select(rows)
            if not np.array_equal(memory_rows, np.arange(cache.memory.rows)):
                cache.memory.select(memory_rows)
