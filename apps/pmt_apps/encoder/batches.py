"""Batches of encoded texts, and the alignment of their tokens with words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError, pad_sequences
from pmt_text import EncodedText, SubwordAlignment


@dataclass(frozen=True, slots=True, eq=False)
class TokenBatch:
    """b texts as token ids, padded on the right.

    Attributes:
        ids: (b, t) int64.
        mask: True at tokens, (b, t).
        token_types: which text of a pair a token belongs to, (b, t) int64.
    """

    ids: NDArray[np.int64]
    mask: NDArray[np.bool_]
    token_types: NDArray[np.int64]

    @staticmethod
    def of(texts: Sequence[EncodedText], padding_id: int = 0) -> TokenBatch:
        """Return the batch of encoded texts."""
        ids, mask = pad_sequences([text.ids for text in texts], padding_id)
        types = np.zeros_like(ids)
        if any(text.token_types and text.token_types[-1] for text in texts):
            types, _ = pad_sequences([text.token_types for text in texts])
        return TokenBatch(ids, mask, types)

    def __len__(self) -> int:
        return len(self.ids)

    def shard(self, i: int, n: int) -> TokenBatch:
        """Return rows i, i + n, i + 2n, ... without columns that are only padding."""
        if not 0 <= i < n:
            raise SettingsError(f"shard {i} of {n}: expected 0 <= i < n")
        mask = self.mask[i::n]
        width = int(mask.sum(axis=1).max(initial=0))
        return TokenBatch(self.ids[i::n, :width], mask[:, :width], self.token_types[i::n, :width])


@dataclass(frozen=True, slots=True, eq=False)
class EncodedWords:
    """A text of words as token ids, with special tokens.

    Attributes:
        text: ids and token types (t).
        alignment: of the w words with the t tokens. A word that was cut off has 0 tokens.
    """

    text: EncodedText
    alignment: SubwordAlignment
