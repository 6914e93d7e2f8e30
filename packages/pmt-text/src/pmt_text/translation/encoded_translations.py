"""Pairs of encoded sentences and translations, and their batches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_core import ShapeError
from pmt_text.batching.ragged import IndexedBatch, TokenSequences, shard_rows, trimmed
from pmt_text.tokenizers.vocabulary import CLS, PAD, SEP


@dataclass(frozen=True, slots=True, eq=False)
class TranslationBatch(IndexedBatch):
    """b sentences and their translations, padded on the right.

    Attributes:
        source: input of the encoder, ``x1 ... xn <sep>``, (b, s) int64.
        source_mask: True at each token, (b, s) bool.
        target: input of the decoder, ``<cls> y1 ... ym``, (b, t) int64.
        target_mask: True at each token, (b, t) bool.
        labels: output of the decoder, ``y1 ... ym <sep>``, (b, t) int64; undefined where
            target_mask is False.

    Examples:
        >>> import numpy as np
        >>> from pmt_text import EncodedTranslations
        >>> data = EncodedTranslations.of([np.array([7, 8])], [np.array([20, 21, 22])])
        >>> batch = data.batch(np.array([0]))
        >>> batch.source  # 3 is <sep>
        array([[7, 8, 3]])
        >>> batch.target, batch.labels  # shifted by one: 2 is <cls>
        (array([[ 2, 20, 21, 22]]), array([[20, 21, 22,  3]]))
    """

    source: NDArray[np.int64]
    source_mask: NDArray[np.bool_]
    target: NDArray[np.int64]
    target_mask: NDArray[np.bool_]
    labels: NDArray[np.int64]

    def shard(self, i: int, n: int) -> TranslationBatch:
        """Return views of rows i, i + n, ..., without needless padding; see `shard_rows`."""
        rows = shard_rows(i, n)
        source_mask, source = trimmed(rows, self.source_mask, self.source)
        target_mask, target, labels = trimmed(rows, self.target_mask, self.target, self.labels)
        index = self.index[rows]
        return TranslationBatch(source, source_mask, target, target_mask, labels, index=index)


@dataclass(frozen=True, slots=True, eq=False)
class EncodedTranslations:
    """n sentences and their translations, without special tokens; `batch` adds those.

    Examples:
        >>> import numpy as np
        >>> from pmt_text import EncodedTranslations
        >>> sources = [np.array([7, 8]), np.array([9])]
        >>> data = EncodedTranslations.of(sources, [np.array([20, 21, 22]), np.array([23])])
        >>> data.lengths  # of source and target, with the special token
        array([[3, 4],
               [2, 2]])
        >>> data.batch(np.array([0, 1])).source_mask
        array([[ True,  True,  True],
               [ True,  True, False]])
    """

    sources: TokenSequences
    targets: TokenSequences

    def __post_init__(self) -> None:
        if len(self.sources) != len(self.targets):
            raise ShapeError(
                f"expected one translation per sentence, got {len(self.sources)} sentences and "
                f"{len(self.targets)} translations"
            )

    @classmethod
    def of(
        cls,
        sources: Iterable[NDArray[np.integer]],
        targets: Iterable[NDArray[np.integer]] | None = None,
    ) -> EncodedTranslations:
        """Store sequences of ids; the translations are empty if targets is None."""
        encoded = TokenSequences.of(sources)
        if targets is None:
            targets = [np.empty(0, np.int32)] * len(encoded)
        return cls(encoded, TokenSequences.of(targets))

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Widths of source and target of each pair in a batch, (n, 2)."""
        return np.stack([self.sources.lengths, self.targets.lengths], axis=1) + 1

    def batch(self, indices: NDArray[np.integer]) -> TranslationBatch:
        """Return the pairs at `indices` (b,), in that order."""
        source, source_mask = _with_end(*self.sources.padded(indices, PAD))
        labels, target_mask = _with_end(*self.targets.padded(indices, PAD))
        target = np.empty_like(labels)
        target[:, :1] = CLS
        target[:, 1:] = labels[:, :-1]
        target[~target_mask] = PAD
        index = np.asarray(indices, np.int64)
        return TranslationBatch(source, source_mask, target, target_mask, labels, index=index)


def _with_end(
    ids: NDArray[np.int64], mask: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Append ``<sep>`` to each row: ids and mask (b, t) -> (b, t + 1)."""
    b, t = ids.shape
    longer = np.full((b, t + 1), PAD, np.int64)
    longer[:, :t] = ids
    longer[np.arange(b), mask.sum(axis=1)] = SEP
    return longer, np.pad(mask, ((0, 0), (1, 0)), constant_values=True)
