"""A data set of sentences and their translations as ids."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_core import ShapeError
from pmt_text.batching.ragged import TokenSequences
from pmt_text.tokenizers.vocabulary import CLS, PAD, SEP
from pmt_text.translation.translation_batch import TranslationBatch

__all__ = ["EncodedTranslations"]


@dataclass(frozen=True, slots=True, eq=False)
class EncodedTranslations:
    """n sentences and their translations; `batch` adds the marks of beginning and end.

    sources, targets: n sequences each, without special tokens.
    """

    sources: TokenSequences
    targets: TokenSequences

    def __post_init__(self) -> None:
        if len(self.sources) != len(self.targets):
            raise ShapeError(
                f"a translation for each sentence: got {len(self.sources)} sentences and "
                f"{len(self.targets)} translations"
            )

    @classmethod
    def of(
        cls,
        sources: Iterable[NDArray[np.integer]],
        targets: Iterable[NDArray[np.integer]] | None = None,
    ) -> EncodedTranslations:
        """targets: None: not known; they are empty then."""
        read = TokenSequences.of(sources)
        if targets is None:
            targets = [np.empty(0, np.int32)] * len(read)
        return cls(read, TokenSequences.of(targets))

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(n, 2): the widths that a pair takes in a batch, of its source and of its target."""
        return np.stack([self.sources.lengths, self.targets.lengths], axis=1) + 1

    def batch(self, indices: NDArray[np.integer]) -> TranslationBatch:
        """The pairs at `indices` (b,), in that order, as wide as the longest of them."""
        source, source_mask = _with_end(*self.sources.padded(indices, PAD))
        labels, target_mask = _with_end(*self.targets.padded(indices, PAD))
        target = np.empty_like(labels)
        target[:, :1] = CLS
        target[:, 1:] = labels[:, :-1]
        target[~target_mask] = PAD
        return TranslationBatch(
            source=source,
            source_mask=source_mask,
            target=target,
            target_mask=target_mask,
            labels=labels,
            index=np.asarray(indices, np.int64),
        )


def _with_end(
    ids: NDArray[np.int64], mask: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Ids and mask (b, t) -> (b, t + 1), with ``<sep>`` behind the last id of each row."""
    b, t = ids.shape
    longer, longer_mask = np.full((b, t + 1), PAD, np.int64), np.zeros((b, t + 1), np.bool_)
    longer[:, :t] = ids
    longer_mask[:, 1:] = mask
    longer_mask[:, 0] = True
    longer[np.arange(b), mask.sum(axis=1)] = SEP
    return longer, longer_mask
