"""`Decoding`: token-by-token decoding of a batch, with a key-value cache."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from pmt_autograd import Array, Tensor, no_grad
from pmt_core import SettingsError, check_sizes
from pmt_nn.attention.kv_cache import DecoderCache, Rows
from pmt_nn.masks import Ids, Mask

Read = Callable[[Ids, Tensor | None, Mask | None, DecoderCache | None], Tensor]
"""(ids (n, t), memory, its mask, cache) -> logits (n, t, v): a decoder's forward pass."""


class StepwiseDecoding(Protocol):
    """What decoding token by token needs: a `Decoding`, or another object with these methods."""

    def step(self, ids: Ids) -> Array:
        """Append ids (n, t) and return the logits of the token after them, (n, v)."""

    def select(self, rows: Rows, sources: Rows | None = None) -> None:
        """Keep these rows of the tokens, in this order; see `Decoding.select`."""


def check_numbers(logits: Array) -> Array:
    """Return the largest logit of each row of (..., v). Raises SettingsError if it is nan."""
    top = np.asarray(logits.max(axis=-1, initial=-np.inf))
    if np.isnan(top).any():
        raise SettingsError(
            f"logits are numbers, got nan in {int(np.isnan(top).sum())} of {top.size} rows; the "
            "model's weights or its input hold nan or infinities"
        )
    return top


class Decoding:
    """The tokens decoded so far, with the keys and values that are needed to continue.

    Greedy decoding, sampling and beam search are written on `step` and `select`, so they work with
    every decoder. With a cache a step reads the new tokens only, so n tokens cost n steps of work
    (and n^2 / 2 in the attention); without one every step reads all tokens again.

    Args:
        read: the decoder's forward pass, in evaluation mode, with this number of layers.
        memory: the encoder's output (m, s, d), for cross-attention, with its mask (m, s).
        cached: whether to cache keys and values; the tokens are the same either way.
        max_length: most tokens that the decoder may read. If there are more, decoding restarts
            with the newest half of them, every max_length / 2 steps. None: no limit.

    Attributes:
        tokens_read: number of tokens that went through the decoder, over all rows and steps.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import LanguageModel, LanguageModelConfig
        >>> config = LanguageModelConfig(vocabulary=50, width=8, heads=2, hidden=16, layers=2)
        >>> model = LanguageModel(config, np.random.default_rng(0)).eval()
        >>> decoding = model.decoding()
        >>> logits = decoding.step(np.array([[4, 8, 15], [16, 23, 42]]))
        >>> logits.shape
        (2, 50)
        >>> decoding.select([1])  # go on with the second row
        >>> decoding.step(np.array([[7]])).shape, decoding.tokens_read
        ((1, 50), 7)
    """

    def __init__(
        self,
        read: Read,
        layers: int,
        *,
        memory: Tensor | None = None,
        memory_mask: Mask | None = None,
        cached: bool = True,
        max_length: int | None = None,
    ) -> None:
        check_sizes("Decoding", least=0, layers=layers)
        if max_length is not None:
            check_sizes("Decoding", max_length=max_length)
        self.max_length = max_length
        self.tokens_read = 0
        self._read = read
        self._layers = layers
        self._memory, self._memory_mask = memory, memory_mask
        self._cache = DecoderCache(layers) if cached else None
        self._ids: Ids | None = None  # (n, tokens so far)
        self._start = 0  # of the tokens that the decoder reads

    def step(self, ids: Ids) -> Array:
        """Append ids (n, t) and return the logits of the token after them, (n, v)."""
        self._ids = ids if self._ids is None else np.concatenate([self._ids, ids], axis=1)
        new = ids if self._cache is not None else self._ids[:, self._start :]
        if self.max_length is not None and self._ids.shape[1] - self._start > self.max_length:
            self._start = self._ids.shape[1] - max(self.max_length // 2, 1)
            self._cache = None if self._cache is None else DecoderCache(self._layers)
            new = self._ids[:, self._start :]
        self.tokens_read += new.size
        with no_grad():
            logits: Array = self._read(new, *self._memory_of(len(new)), self._cache).data[:, -1]
        return logits

    def select(self, rows: Rows, sources: Rows | None = None) -> None:
        """Keep these rows of the tokens, in this order, repeats allowed.

        sources: rows of the memory, to which the rows belong in equal, consecutive groups (the
        rows of a beam attend to one sentence); by default the same rows.
        """
        if self._ids is not None:
            self._ids = self._ids[np.asarray(rows)]
        if self._cache is not None:
            self._cache.select(rows, sources)
        if self._memory is not None:
            memory_rows = np.asarray(rows if sources is None else sources)
            if not np.array_equal(memory_rows, np.arange(len(self._memory))):
                self._memory = Tensor(self._memory.data[memory_rows])
                if self._memory_mask is not None:
                    self._memory_mask = self._memory_mask[memory_rows]

    def _memory_of(self, n: int) -> tuple[Tensor | None, Mask | None]:
        """Return the memory for n rows and its mask, repeated if there is no cache."""
        if self._memory is None:
            return None, None
        times = n // len(self._memory) if len(self._memory) else 1
        if self._cache is not None or times == 1:
            return self._memory, self._memory_mask
        mask = None if self._memory_mask is None else self._memory_mask.repeat(times, axis=0)
        return Tensor(self._memory.data.repeat(times, axis=0)), mask
