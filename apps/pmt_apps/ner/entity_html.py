"""Sentences as HTML with their entities in color: correct, missed, spurious, wrong."""

from __future__ import annotations

import html
from collections.abc import Sequence

from pmt_core import ShapeError, Span, tag_spans

ENTITY_STYLE = """<style>
.sentence { line-height: 2.1; margin: .35rem 0; max-width: none; }
.sentence mark { color: inherit; padding: .12em .3em; border-radius: .3em; }
.sentence mark b { font-size: .68em; font-weight: 600; margin-left: .35em; opacity: .8; }
mark.correct { background: #3f9a5533; }
mark.missed { background: #e0a02038; border-bottom: 2px dashed #c98a10; }
mark.spurious { background: #d6454533; border-bottom: 2px solid #d64545; }
mark.wrong { background: #8a5cc033; border-bottom: 2px solid #8a5cc0; }
</style>"""

_LEGEND = {
    "correct": "correct: predicted as labeled",
    "missed": "missed: labeled, not predicted",
    "spurious": "spurious: predicted, not labeled",
    "wrong": "wrong: labeled → predicted",
}


def entity_legend() -> str:
    """Return the style of `entity_html` and a legend of its colors, for the top of a page."""
    legend = " ".join(
        f'<mark class="{name}">{html.escape(text)}</mark>' for name, text in _LEGEND.items()
    )
    return f'{ENTITY_STYLE}\n<p class="sentence">{legend}</p>'


def entity_html(words: Sequence[str], predicted: Sequence[str], labels: Sequence[str]) -> str:
    """Return a sentence as a paragraph with its entities in color; all text is escaped.

    If entities overlap but differ, their types and words are shown as "labeled → predicted".

    Args:
        words: (t,).
        predicted: (t,) predicted tags, see `tag_spans`.
        labels: (t,) labeled tags.

    Raises:
        ShapeError: the lengths differ.
    """
    if not len(words) == len(predicted) == len(labels):
        raise ShapeError(
            f"expected {len(words)} tags for {len(words)} words, got {len(predicted)} predicted "
            f"and {len(labels)} labeled"
        )
    parts: list[str] = []
    end = 0
    for start, stop, predicted_spans, labeled_spans in _groups(
        tag_spans(predicted), tag_spans(labels)
    ):
        parts += [html.escape(word) for word in words[end:start]]
        parts.append(_group_html(words, start, stop, predicted_spans, labeled_spans))
        end = stop
    parts += [html.escape(word) for word in words[end:]]
    return f'<p class="sentence">{" ".join(parts)}</p>'


Group = tuple[int, int, list[Span], list[Span]]
"""Start, stop, predicted spans and labeled spans of entities that overlap."""


def _groups(predicted: Sequence[Span], labeled: Sequence[Span]) -> list[Group]:
    """Group the entities that overlap, directly or through others."""
    groups: list[Group] = []
    spans = sorted(
        [(s.start, s.stop, 0, s) for s in predicted] + [(s.start, s.stop, 1, s) for s in labeled]
    )
    for start, stop, is_label, span in spans:
        if groups and start < groups[-1][1]:
            first, last, *lists = groups.pop()
            groups.append((first, max(last, stop), lists[0], lists[1]))
        else:
            groups.append((start, stop, [], []))
        (groups[-1][3] if is_label else groups[-1][2]).append(span)
    return groups


def _group_html(
    words: Sequence[str], start: int, stop: int, predicted: list[Span], labeled: list[Span]
) -> str:
    text = html.escape(" ".join(words[start:stop]))
    if predicted == labeled:
        name, note = "correct", predicted[0].type
    elif not predicted:
        name, note = "missed", labeled[0].type
    elif not labeled:
        name, note = "spurious", predicted[0].type
    else:
        name = "wrong"
        note = " → ".join(_types(words, spans, start, stop) for spans in (labeled, predicted))
    return f'<mark class="{name}">{text}<b>{html.escape(note)}</b></mark>'


def _types(words: Sequence[str], spans: list[Span], start: int, stop: int) -> str:
    """Return the types, each with its words if they differ from words[start:stop]."""
    return ", ".join(
        span.type
        if (span.start, span.stop) == (start, stop)
        else f"{span.type} “{' '.join(words[span.start : span.stop])}”"
        for span in spans
    )
