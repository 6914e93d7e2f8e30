"""The ways of writing entities as one tag a word: IOB1, IOB2 and IOBES; told apart and converted.

IOB1 (Ramshaw & Marcus 1995; CoNLL-2003): I everywhere, B only where an entity follows one of its
type at once. IOB2 (Tjong Kim Sang & Veenstra 1999): every entity begins with B. IOBES: its last
word is E, and an entity of a single word is S.

Which tag may follow which.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError, Span, tag_spans

__all__ = [
    "TAG_SCHEMES",
    "TagScheme",
    "convert_tags",
    "detect_scheme",
    "scheme_breaks",
    "spans_to_tags",
    "forbidden_transitions",
]

TagScheme = Literal["IOB1", "IOB2", "IOBES"]
TAG_SCHEMES: tuple[TagScheme, ...] = get_args(TagScheme)


def convert_tags(tags: Sequence[str], scheme: TagScheme) -> list[str]:
    """The tags of the same entities, written in `scheme`.

    The entities of `tags`, whatever their scheme, are those that conlleval finds, see `tag_spans`.
    Unbroken tags come back from any other scheme as they were; broken ones come out unbroken.
    Raises DataError for what is not a tag.
    """
    return spans_to_tags(tag_spans(tags), len(tags), scheme)


def spans_to_tags(spans: Iterable[Span], n: int, scheme: TagScheme) -> list[str]:
    """Tags (n,) of n words, in `scheme`, of entities that do not overlap, in their order.

    Raises SettingsError where entities overlap or lie outside of the n words, or for another name
    of a scheme.
    """
    if scheme not in TAG_SCHEMES:
        raise SettingsError(f"a scheme of tags is one of {', '.join(TAG_SCHEMES)}, not {scheme!r}")
    tags = ["O"] * n
    free = 0
    before: Span | None = None
    for span in spans:
        if not free <= span.start < span.stop <= n:
            raise SettingsError(
                f"entities of {n} words lie in order and apart, but {span} comes after {before}"
            )
        tags[span.start : span.stop] = _written(span, before, scheme)
        free, before = span.stop, span
    return tags


def _written(span: Span, before: Span | None, scheme: TagScheme) -> list[str]:
    length = span.stop - span.start
    kinds = ["I"] * length
    follows = before is not None and (before.type, before.stop) == (span.type, span.start)
    if scheme != "IOB1" or follows:
        kinds[0] = "B"
    if scheme == "IOBES":
        kinds[-1] = "E" if length > 1 else "S"
    return [f"{kind}-{span.type}" for kind in kinds]


def scheme_breaks(tags: Sequence[str], scheme: TagScheme) -> list[int]:
    """The places whose tag the scheme would have written differently, from 0."""
    return [
        i for i, (a, b) in enumerate(zip(tags, convert_tags(tags, scheme), strict=True)) if a != b
    ]


def detect_scheme(sentences: Iterable[Sequence[str]]) -> TagScheme:
    """The scheme in which the fewest tags of these sentences are wrong; IOB2 where it is a tie.

    A tie is text without entities. E and S are of no other scheme than IOBES.
    """
    wrong = dict.fromkeys(TAG_SCHEMES, 0)
    for tags in sentences:
        if all(tag == "O" for tag in tags):
            continue
        for scheme in TAG_SCHEMES:
            wrong[scheme] += len(scheme_breaks(tags, scheme))
    return min(("IOB2", "IOB1", "IOBES"), key=lambda scheme: wrong[scheme])


def forbidden_transitions(
    tags: Sequence[str], scheme: TagScheme
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """What no unbroken sequence of n tags in `scheme` holds, as `LinearChainCRF` wants it.

    Returns (n, n), True where the tag of the column never follows that of the row, and (n,), True
    for a tag that never comes first. An entity still open at the end is let pass: it ends there.
    """
    start = np.array([not _possible((tag,), scheme) for tag in tags])
    follows = [[not _possible((row, column), scheme) for column in tags] for row in tags]
    return np.array(follows, np.bool_).reshape(len(tags), len(tags)), start


def _possible(part: tuple[str, ...], scheme: TagScheme) -> bool:
    """Whether a sentence may begin with these tags (one), or hold them side by side (two)."""
    # What stands before the two must be right by itself, and what comes after is added.
    before = _opening(part[0], scheme) if len(part) == 2 else ()
    last = part[-1]
    after = (f"E-{last[2:]}",) if scheme == "IOBES" and last[0] in "BI" else ()
    whole = [*before, *part, *after]
    return spans_to_tags(tag_spans(whole), len(whole), scheme) == whole


def _opening(tag: str, scheme: TagScheme) -> tuple[str, ...]:
    """What has to stand before a tag that does not begin an entity by itself."""
    kind, type_ = tag[0], tag[2:]
    if scheme == "IOB1":
        return (f"I-{type_}",) if kind == "B" else ()
    return (f"B-{type_}",) if kind in "IE" else ()
