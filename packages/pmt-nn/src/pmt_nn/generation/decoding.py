"""`Decoding`: rows of tokens that a decoder writes, one token after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import Array, Tensor, no_grad
from pmt_core import SettingsError
from pmt_nn.attention.kv_cache import DecoderCache
from pmt_nn.masks import Mask

Rows = NDArray[np.integer] | Sequence[int]
Read = Callable[[NDArray[np.integer], Tensor | None, Mask | None, DecoderCache | None], Tensor]
"""(ids (n, t), memory, its mask, cache) -> logits (n, t, v): a decoder's forward pass."""


class Decoding:
    """What a decoder has written so far, and the keys and values it needs to go on.

    Greedy decoding, sampling and beam search are written on its two methods, so that they serve
    every decoder. With a cache a step reads the new tokens alone, so n tokens cost n steps of
    work (and n^2 / 2 in the attention alone); without one every step reads all tokens anew.

    read: the decoder, in evaluation mode. layers: of the decoder.
    memory, memory_mask: what an encoder made, (m, s, d) and (m, s), for a decoder that looks at it.
    cached: whether to keep keys and values; the tokens that come out are the same.
    window: most tokens that the decoder may see; where they become more, it begins anew with the
        newest half of them, so that this happens only every window / 2 steps. None: no end.

    Attributes:
        tokens_read: number of tokens that went through the decoder, all rows and steps together.
    """

    def __init__(
        self,
        read: Read,
        layers: int,
        *,
        memory: Tensor | None = None,
        memory_mask: Mask | None = None,
        cached: bool = True,
        window: int | None = None,
    ) -> None:
        if window is not None and window < 1:
            raise SettingsError(f"a window is a number of tokens, 1 or more, got {window}")
        self.window = window
        self.tokens_read = 0
        self._read = read
        self._layers = layers
        self._memory, self._memory_mask = memory, memory_mask
        self._cache = DecoderCache(layers) if cached else None
        self._ids: NDArray[np.integer] | None = None  # (n, tokens so far)
        self._start = 0  # of the window

    def step(self, ids: NDArray[np.integer]) -> Array:
        """Go on by ids (n, t) -> logits of the token after them (n, v)."""
        self._ids = ids if self._ids is None else np.concatenate([self._ids, ids], axis=1)
        new = ids if self._cache is not None else self._ids[:, self._start :]
        if self.window is not None and self._ids.shape[1] - self._start > self.window:
            self._start = self._ids.shape[1] - max(self.window // 2, 1)
            self._cache = None if self._cache is None else DecoderCache(self._layers)
            new = self._ids[:, self._start :]
        self.tokens_read += new.size
        with no_grad():
            logits: Array = self._read(new, *self._memory_of(len(new)), self._cache).data[:, -1]
        return logits

    def select(self, rows: Rows, sources: Rows | None = None) -> None:
        """Keep these rows, in this order, repeats allowed.

        sources: the rows of the memory to keep; the selected rows then belong to them in equal
        groups, one behind the other (a beam's rows look at one sentence). None: the same as rows.
        """
        if self._ids is not None:
            self._ids = self._ids[np.asarray(rows)]
        if self._cache is not None:
            self._cache.select(rows, sources)
        if self._memory is not None:
            kept = np.asarray(rows if sources is None else sources)
            if not np.array_equal(kept, np.arange(len(self._memory))):
                self._memory = Tensor(self._memory.data[kept])
                if self._memory_mask is not None:
                    self._memory_mask = self._memory_mask[kept]

    def _memory_of(self, n: int) -> tuple[Tensor | None, Mask | None]:
        """The memory for n rows: repeated by the group where no cache does without that."""
        if self._memory is None:
            return None, None
        times = n // len(self._memory) if len(self._memory) else 1
        if self._cache is not None or times == 1:
            return self._memory, self._memory_mask
        mask = None if self._memory_mask is None else self._memory_mask.repeat(times, axis=0)
        return Tensor(self._memory.data.repeat(times, axis=0)), mask
