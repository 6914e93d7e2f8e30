"""Align words with their subwords, and convert labels of one into labels of the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_core import IGNORE_LABEL, SettingsError, ShapeError, Span, tag_spans
from pmt_text.ner.tag_scheme import TagScheme, spans_to_tags


@dataclass(frozen=True, slots=True, eq=False)
class SubwordAlignment:
    """The alignment of w words with t subwords, in order and without gaps.

    Attributes:
        pieces: number of subwords of each word, (w,); a word of 0 subwords cannot have a label.
        before, after: number of subwords at the ends that belong to no word, such as <cls>.

    Examples:
        >>> import numpy as np
        >>> from pmt_text import SubwordAlignment
        >>> pieces = np.array([1, 3])
        >>> alignment = SubwordAlignment(pieces, before=1, after=1)  # <cls> a b b b <sep>
        >>> alignment.words
        array([-1,  0,  1,  1,  1, -1])
        >>> alignment.first_only(np.array([7, 0]))  # labels of words as labels of subwords
        array([-100,    7,    0, -100, -100, -100])
        >>> alignment.spread_tags(["O", "B-LOC"], "IOB2")
        ['O', 'O', 'B-LOC', 'I-LOC', 'I-LOC', 'O']
    """

    pieces: NDArray[np.int64]
    before: int = 0
    after: int = 0

    def __post_init__(self) -> None:
        if self.pieces.ndim != 1 or self.pieces.dtype.kind not in "iu":
            raise ShapeError(f"pieces must be integers (w,), got {self.pieces.shape}")
        if self.pieces.min(initial=0) < 0 or self.before < 0 or self.after < 0:
            raise SettingsError("numbers of subwords of words and ends must be 0 or more")

    def __len__(self) -> int:
        """Return t, the number of subwords, those at the ends included."""
        return self.before + int(self.pieces.sum()) + self.after

    @property
    def starts(self) -> NDArray[np.int64]:
        """Index of the first subword of each word, (w,); of the next one for an empty word."""
        return self.before + np.cumsum(self.pieces) - self.pieces

    @property
    def words(self) -> NDArray[np.int64]:
        """Index of the word of each subword, (t,); -1 at the ends."""
        inside = np.repeat(np.arange(len(self.pieces)), self.pieces)
        return np.concatenate([np.full(self.before, -1), inside, np.full(self.after, -1)])

    def first_only(
        self, labels: NDArray[np.integer], no_label: int = IGNORE_LABEL
    ) -> NDArray[np.int64]:
        """Convert labels (w,) of words into labels (t,) of subwords.

        The first subword of a word has its label, all others have `no_label`, as in the training
        of BERT (Devlin et al. 2018, section 5.3).
        """
        if labels.shape != self.pieces.shape:
            raise ShapeError(f"{len(self.pieces)} words need labels (w,), got {labels.shape}")
        result = np.full(len(self), no_label, np.int64)
        result[self.starts[self.pieces > 0]] = labels[self.pieces > 0]
        return result

    def of_words(self, labels: NDArray[np.integer], no_label: int = 0) -> NDArray[np.int64]:
        """Convert labels (t,) of subwords into labels (w,) of words: those of the first subwords.

        A word without subwords has `no_label`.
        """
        if labels.shape != (len(self),):
            raise ShapeError(f"{len(self)} subwords need labels (t,), got {labels.shape}")
        result = np.full(len(self.pieces), no_label, np.int64)
        result[self.pieces > 0] = labels[self.starts[self.pieces > 0]]
        return result

    def spread_tags(self, tags: Sequence[str], scheme: TagScheme) -> list[str]:
        """Convert tags of words into tags of subwords, in `scheme`.

        An entity covers all subwords of its words; subwords that belong to no word are "O".
        """
        if len(tags) != len(self.pieces):
            raise ShapeError(f"{len(self.pieces)} words need as many tags, got {len(tags)}")
        edges = [*self.starts.tolist(), len(self) - self.after]
        spans = (Span(type_, edges[start], edges[stop]) for type_, start, stop in tag_spans(tags))
        return spans_to_tags((span for span in spans if span.start < span.stop), len(self), scheme)

    def gather_tags(self, tags: Sequence[str], scheme: TagScheme) -> list[str]:
        """Convert tags of subwords into tags of words, in `scheme`: the inverse of `spread_tags`.

        An entity covers each word of which it covers the first subword; without one it is dropped.
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
    """Encode w words as t subwords.

    Args:
        words: (w,).
        encode: returns the ids of a word, e.g. `BytePairEncoding.encode`. Each word but the first
            is given with a space before it, as in a text.

    Returns:
        The ids (t,) int64, and the alignment of words and subwords.

    Examples:
        >>> from pmt_text import BytePairEncoding, encode_words
        >>> bpe = BytePairEncoding.train(["low lower"] * 5, merges=2)
        >>> ids, alignment = encode_words(["low", "lower"], bpe.encode)
        >>> alignment.pieces
        array([1, 4])
        >>> bpe.tokens(ids)
        ['low', ' ', 'low', 'e', 'r']
    """
    spaced = (word if i == 0 else f" {word}" for i, word in enumerate(words))
    parts = [np.asarray(encode(word), np.int64) for word in spaced]
    ids = np.concatenate([np.empty(0, np.int64), *parts])
    return ids, SubwordAlignment(np.array([len(part) for part in parts], np.int64))
