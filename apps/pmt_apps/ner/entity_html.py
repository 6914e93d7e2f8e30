"""Sentences with their entities in color, as HTML: what was found, missed, and invented."""

from __future__ import annotations

import html
from collections.abc import Sequence

from pmt_core import ShapeError, Span, tag_spans

ENTITY_STYLE = """<style>
.sentence { line-height: 2.1; margin: .35rem 0; max-width: none; }
.sentence mark { color: inherit; padding: .12em .3em; border-radius: .3em; }
.sentence mark b { font-size: .68em; font-weight: 600; margin-left: .35em; opacity: .8; }
mark.found { background: #3f9a5533; }
mark.missed { background: #e0a02038; border-bottom: 2px dashed #c98a10; }
mark.invented { background: #d6454533; border-bottom: 2px solid #d64545; }
mark.wrong { background: #8a5cc033; border-bottom: 2px solid #8a5cc0; }
</style>"""

_LEGEND = {
    "found": "found, as it is there",
    "missed": "missed: there, and not found",
    "invented": "invented: found, and not there",
    "wrong": "otherwise: what is there → what was found",
}


def entity_legend() -> str:
    """What the colors of `entity_markup` mean; its style goes before it, once a page."""
    marks = " ".join(
        f'<mark class="{name}">{html.escape(text)}</mark>' for name, text in _LEGEND.items()
    )
    return f'{ENTITY_STYLE}\n<p class="sentence">{marks}</p>'


def entity_markup(words: Sequence[str], predicted: Sequence[str], labels: Sequence[str]) -> str:
    """A sentence as a paragraph, its entities marked; all text is escaped.

    words: (t,). predicted, labels: the tags found and the right ones, (t,), see `tag_spans`.
    Where both know of an entity but not the same one, what is there and what was found are told
    beside its words. Raises ShapeError where lengths differ.
    """
    if not len(words) == len(predicted) == len(labels):
        raise ShapeError(
            f"{len(words)} words need as many tags, got {len(predicted)} and {len(labels)}"
        )
    parts: list[str] = []
    place = 0
    for start, stop, found, there in _groups(tag_spans(predicted), tag_spans(labels)):
        parts += [html.escape(word) for word in words[place:start]]
        parts.append(_mark(words, start, stop, found, there))
        place = stop
    parts += [html.escape(word) for word in words[place:]]
    return f'<p class="sentence">{" ".join(parts)}</p>'


Group = tuple[int, int, list[Span], list[Span]]


def _groups(found: Sequence[Span], there: Sequence[Span]) -> list[Group]:
    """Entities that share words, directly or by way of others: where, and which of either kind."""
    groups: list[Group] = []
    marked = sorted(
        [(s.start, s.stop, 0, s) for s in found] + [(s.start, s.stop, 1, s) for s in there]
    )
    for start, stop, kind, span in marked:
        if groups and start < groups[-1][1]:
            first, last, *both = groups.pop()
            groups.append((first, max(last, stop), both[0], both[1]))
        else:
            groups.append((start, stop, [], []))
        (groups[-1][3] if kind else groups[-1][2]).append(span)
    return groups


def _mark(words: Sequence[str], start: int, stop: int, found: list[Span], there: list[Span]) -> str:
    text = html.escape(" ".join(words[start:stop]))
    if found == there:
        kind, note = "found", found[0].type
    elif not found:
        kind, note = "missed", there[0].type
    elif not there:
        kind, note = "invented", found[0].type
    else:
        kind = "wrong"
        note = f"{_named(words, there, start, stop)} → {_named(words, found, start, stop)}"
    return f'<mark class="{kind}">{text}<b>{html.escape(note)}</b></mark>'


def _named(words: Sequence[str], spans: list[Span], start: int, stop: int) -> str:
    """The types, each with its words where they are not all of the marked ones."""
    return ", ".join(
        span.type
        if (span.start, span.stop) == (start, stop)
        else f"{span.type} “{' '.join(words[span.start : span.stop])}”"
        for span in spans
    )
