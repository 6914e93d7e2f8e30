"""Tag schemes IOB1, IOB2 and IOBES: detection, conversion and forbidden transitions.

IOB1 (Ramshaw & Marcus 1995; CoNLL-2003): I everywhere, B only if an entity directly follows one of
its type. IOB2 (Tjong Kim Sang & Veenstra 1999): each entity begins with B. IOBES: its last word is
E, and an entity of a single word is S.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError, Span, tag_spans

TagScheme = Literal["IOB1", "IOB2", "IOBES"]
"""Name of a tag scheme."""

TAG_SCHEMES: tuple[TagScheme, ...] = get_args(TagScheme)
_BY_PREFERENCE: tuple[TagScheme, ...] = ("IOB2", "IOB1", "IOBES")


def convert_tags(tags: Sequence[str], scheme: TagScheme) -> list[str]:
    """Convert tags of any scheme to `scheme`.

    The entities of `tags` are those that `tag_spans` finds. Valid tags are restored exactly by
    converting back; broken ones become valid.

    Args:
        tags: of a sentence, (n,).
        scheme: "IOB1", "IOB2" or "IOBES".

    Raises:
        DataError: if a string is not a tag.
        SettingsError: if the scheme is unknown.

    Examples:
        >>> from pmt_text import convert_tags
        >>> convert_tags(["I-PER", "I-PER", "O", "I-LOC"], "IOB2")
        ['B-PER', 'I-PER', 'O', 'B-LOC']
        >>> convert_tags(["I-PER", "I-PER", "O", "I-LOC"], "IOBES")
        ['B-PER', 'E-PER', 'O', 'S-LOC']
    """
    return spans_to_tags(tag_spans(tags), len(tags), scheme)


def spans_to_tags(spans: Iterable[Span], n: int, scheme: TagScheme) -> list[str]:
    """Return the tags (n,) of n words with these entities.

    Args:
        spans: the entities, in order; they do not overlap.
        n: number of words.
        scheme: "IOB1", "IOB2" or "IOBES".

    Raises:
        SettingsError: if entities overlap or lie outside the words, or the scheme is unknown.

    Examples:
        >>> from pmt_core import Span
        >>> from pmt_text import spans_to_tags
        >>> spans_to_tags([Span("PER", 0, 2), Span("LOC", 3, 4)], 5, "IOB2")
        ['B-PER', 'I-PER', 'O', 'B-LOC', 'O']
    """
    if scheme not in TAG_SCHEMES:
        raise SettingsError(f"scheme must be one of {', '.join(TAG_SCHEMES)}, not {scheme!r}")
    tags = ["O"] * n
    previous: Span | None = None
    for span in spans:
        end = previous.stop if previous is not None else 0
        if not end <= span.start < span.stop <= n:
            raise SettingsError(
                f"entities of {n} words must be in order and apart, but {span} follows {previous}"
            )
        tags[span.start : span.stop] = _span_tags(span, previous, scheme)
        previous = span
    return tags


def _span_tags(span: Span, previous: Span | None, scheme: TagScheme) -> list[str]:
    length = span.stop - span.start
    prefixes = ["I"] * length
    adjacent = previous is not None and (previous.type, previous.stop) == (span.type, span.start)
    if scheme != "IOB1" or adjacent:
        prefixes[0] = "B"
    if scheme == "IOBES":
        prefixes[-1] = "E" if length > 1 else "S"
    return [_tag(prefix, span.type) for prefix in prefixes]


@functools.lru_cache(1024)
def _tag(prefix: str, type_: str) -> str:
    """Return a tag; equal ones are one string, as a text has many words and few tags."""
    return f"{prefix}-{type_}"


def concatenate_tags(parts: Iterable[Sequence[str]], scheme: TagScheme) -> list[str]:
    """Return the tags of a sentence from the tags of the parts that it was cut into.

    Entities of one type that meet at a cut are one entity: the words of a part do not show whether
    an entity at its first word begins there.

    Args:
        parts: tags of each part.
        scheme: of the result, "IOB1", "IOB2" or "IOBES".

    Raises:
        DataError: if a string is not a tag.

    Examples:
        >>> from pmt_text import concatenate_tags
        >>> concatenate_tags([["O", "B-ORG"], ["B-ORG", "O"]], "IOB2")  # one entity, cut in two
        ['O', 'B-ORG', 'I-ORG', 'O']
    """
    spans: list[Span] = []
    end = 0
    for part in parts:
        for i, (type_, start, stop) in enumerate(tag_spans(part)):
            if i == start == 0 and spans and (spans[-1].type, spans[-1].stop) == (type_, end):
                spans[-1] = spans[-1]._replace(stop=end + stop)
            else:
                spans.append(Span(type_, end + start, end + stop))
        end += len(part)
    return spans_to_tags(spans, end, scheme)


def scheme_breaks(tags: Sequence[str], scheme: TagScheme) -> list[int]:
    """Return the indices of the tags that the scheme would write differently."""
    converted = convert_tags(tags, scheme)
    return [i for i, (a, b) in enumerate(zip(tags, converted, strict=True)) if a != b]


def detect_scheme(sentences: Iterable[Sequence[str]]) -> TagScheme:
    """Return the scheme with the fewest wrong tags in these sentences; IOB2 in a tie.

    Text without entities is a tie. E and S exist only in IOBES.

    Examples:
        >>> from pmt_text import detect_scheme
        >>> detect_scheme([["I-PER", "I-PER", "O"], ["O", "I-LOC"]])
        'IOB1'
        >>> detect_scheme([["B-PER", "E-PER", "O"], ["O", "S-LOC"]])
        'IOBES'
    """
    return best_scheme(sentences)[0]


def best_scheme(sentences: Iterable[Sequence[str]]) -> tuple[TagScheme, int]:
    """Return the scheme of `detect_scheme`, and the number of its wrong tags."""
    # How a scheme writes a tag depends on the tags before and after it alone.
    contexts: Counter[tuple[str, str, str]] = Counter()
    for tags in sentences:
        contexts.update(zip(("O", *tags), tags, (*tags[1:], "O"), strict=False))
    wrong = {
        scheme: sum(n for tags, n in contexts.items() if convert_tags(tags, scheme)[1] != tags[1])
        for scheme in TAG_SCHEMES
    }
    scheme = min(_BY_PREFERENCE, key=wrong.__getitem__)
    return scheme, wrong[scheme]


def forbidden_transitions(
    tags: Sequence[str], scheme: TagScheme
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the transitions that no valid sequence contains, for `LinearChainCRF`.

    See also `forbidden_ends`.

    Args:
        tags: names of the n tags, in the order of their ids.
        scheme: "IOB1", "IOB2" or "IOBES".

    Returns:
        (n, n) bool, True if the tag of the column never follows that of the row; and (n,) bool,
        True if a tag never comes first.

    Examples:
        >>> from pmt_text import forbidden_transitions
        >>> follows, start = forbidden_transitions(["O", "B-PER", "I-PER"], "IOB2")
        >>> follows  # I-PER never follows O
        array([[False, False,  True],
               [False, False, False],
               [False, False, False]])
        >>> start
        array([False, False,  True])
    """
    start = np.array([not _possible((tag,), scheme) for tag in tags])
    follows = [[not _possible((row, column), scheme) for column in tags] for row in tags]
    return np.array(follows, np.bool_).reshape(len(tags), len(tags)), start


def forbidden_ends(tags: Sequence[str], scheme: TagScheme) -> NDArray[np.bool_]:
    """Return (n,), True if a tag never comes last in a valid sequence, for `LinearChainCRF`.

    These are B and I of IOBES, whose entities end in E or S. IOB1 and IOB2 forbid none.

    Examples:
        >>> from pmt_text import forbidden_ends
        >>> forbidden_ends(["O", "B-PER", "I-PER", "E-PER", "S-PER"], "IOBES")
        array([False,  True,  True, False, False])
    """

    def may_end(tag: str) -> bool:
        whole = [*_opening(tag, scheme), tag]
        return spans_to_tags(tag_spans(whole), len(whole), scheme) == whole

    return np.array([not may_end(tag) for tag in tags], np.bool_)


def _possible(part: tuple[str, ...], scheme: TagScheme) -> bool:
    """Return whether a sentence may begin with this tag, or contain these two in a row."""
    # Tags that make the sequence before and after the part valid are added.
    before = _opening(part[0], scheme) if len(part) == 2 else ()
    last = part[-1]
    after = (f"E-{last[2:]}",) if scheme == "IOBES" and last[0] in "BI" else ()
    whole = [*before, *part, *after]
    return spans_to_tags(tag_spans(whole), len(whole), scheme) == whole


def _opening(tag: str, scheme: TagScheme) -> tuple[str, ...]:
    """Return the tags required before a tag that does not begin an entity."""
    prefix, type_ = tag[0], tag[2:]
    if scheme == "IOB1":
        return (f"I-{type_}",) if prefix == "B" else ()
    return (f"B-{type_}",) if prefix in "IE" else ()
