"""Labels of words, carried over to the subwords that a model reads, and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError, ShapeError, Span, tag_spans
from pmt_text.ner.tag_scheme import TagScheme, spans_to_tags

__all__ = ["SubwordAlignment", "encode_words"]

_NO_LABEL = -100


@dataclass(frozen=True, slots=True, eq=False)
class SubwordAlignment:
    """w words, of which each is one or more of t subwords, in their order, without gaps.

    pieces: (w,), how many subwords each word has; 0 for a word that a tokenizer leaves out, which
    can have no label then. before, after: subwords at the ends that belong to no word, as <cls>.
    """

    pieces: NDArray[np.int64]
    before: int = 0
    after: int = 0

    def __post_init__(self) -> None:
        if self.pieces.ndim != 1 or self.pieces.dtype.kind not in "iu":
            raise ShapeError(f"pieces are integers (w,), got {self.pieces.shape}")
        if self.pieces.min(initial=0) < 0 or self.before < 0 or self.after < 0:
            raise SettingsError("a word has 0 or more subwords, and so have the ends")

    def __len__(self) -> int:
        """t, the subwords of all, those at the ends included."""
        return self.before + int(self.pieces.sum()) + self.after

    @property
    def starts(self) -> NDArray[np.int64]:
        """The place of the first subword of each word, (w,); of the next one for a word of none."""
        return self.before + np.cumsum(self.pieces) - self.pieces

    @property
    def words(self) -> NDArray[np.int64]:
        """The word to which each subword belongs, (t,); -1 at the ends."""
        inside = np.repeat(np.arange(len(self.pieces)), self.pieces)
        return np.concatenate([np.full(self.before, -1), inside, np.full(self.after, -1)])

    def first_only(
        self, labels: NDArray[np.integer], no_label: int = _NO_LABEL
    ) -> NDArray[np.int64]:
        """Labels (w,) of the words, as labels (t,): at the first subword of each, else `no_label`.

        So they were trained on in BERT (Devlin et al. 2018, section 5.3).
        """
        if labels.shape != self.pieces.shape:
            raise ShapeError(f"{len(self.pieces)} words need labels (w,), got {labels.shape}")
        found = np.full(len(self), no_label, np.int64)
        some = self.pieces > 0
        found[self.starts[some]] = labels[some]
        return found

    def of_words(self, labels: NDArray[np.integer], no_label: int = 0) -> NDArray[np.int64]:
        """Labels (t,) of the subwords, as labels (w,): that of the first; else `no_label`."""
        if labels.shape != (len(self),):
            raise ShapeError(f"{len(self)} subwords need labels (t,), got {labels.shape}")
        found = np.full(len(self.pieces), no_label, np.int64)
        some = self.pieces > 0
        found[some] = labels[self.starts[some]]
        return found

    def spread_tags(self, tags: Sequence[str], scheme: TagScheme) -> list[str]:
        """The entities that the words' tags tell, told by tags of all the subwords, in `scheme`.

        An entity covers all subwords of its words; what belongs to no word is "O".
        """
        if len(tags) != len(self.pieces):
            raise ShapeError(f"{len(self.pieces)} words need as many tags, got {len(tags)}")
        edges = np.append(self.starts, len(self) - self.after)
        spans = (
            Span(span.type, int(edges[span.start]), int(edges[span.stop]))
            for span in tag_spans(tags)
        )
        return spans_to_tags((span for span in spans if span.start < span.stop), len(self), scheme)

    def gather_tags(self, tags: Sequence[str], scheme: TagScheme) -> list[str]:
        """The entities that the subwords' tags tell, told by tags of the words, in `scheme`.

        An entity covers every word of which it covers the first subword, and is left out where
        there is none; `spread_tags` comes back as it was.
        """
        if len(tags) != len(self):
            raise ShapeError(f"{len(self)} subwords need as many tags, got {len(tags)}")
        spans = []
        for span in tag_spans(tags):
            inside = (self.starts >= span.start) & (self.starts < span.stop) & (self.pieces > 0)
            covered = np.flatnonzero(inside)
            if covered.size:
                spans.append(Span(span.type, int(covered[0]), int(covered[-1]) + 1))
        return spans_to_tags(spans, len(self.pieces), scheme)


def encode_words(
    words: Sequence[str], encode: Callable[[str], Sequence[int] | NDArray[np.integer]]
) -> tuple[NDArray[np.int64], SubwordAlignment]:
    """The ids (t,) of the subwords of w words, and which belong to which.

    encode: a word -> its ids, e.g. of `BytePairEncoding`. Every word but the first is given to it
    with a space before it, as it stands in a text.
    """
    parts = [
        np.asarray(encode(word if i == 0 else f" {word}"), np.int64) for i, word in enumerate(words)
    ]
    ids = np.concatenate([np.empty(0, np.int64), *parts])
    return ids, SubwordAlignment(np.array([len(part) for part in parts], np.int64))
