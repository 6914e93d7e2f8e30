"""A text as HTML, with the words that decided in color."""

from __future__ import annotations

import html

import numpy as np

from pmt_apps.classification.attribution import WordScores

_STYLE = """<style>
.text { line-height: 1.9; margin: .5rem 0; max-width: none; }
.text span { padding: .1em .15em; border-radius: .25em; }
.text b { font-size: .8em; margin-right: .6em; }
</style>"""
_FOR, _AGAINST = "63, 154, 85", "214, 69, 69"
_MOST_WORDS = 150


def word_legend() -> str:
    """Return the style of `word_html` and a legend of its colors, for the top of a page."""
    return (
        f'{_STYLE}\n<p class="text"><span style="background: rgba({_FOR}, .45)">for the predicted '
        f'class</span> <span style="background: rgba({_AGAINST}, .45)">against it</span></p>'
    )


def word_html(scores: WordScores, predicted: str, actual: str, confidence: float) -> str:
    """Return a text as a paragraph; the depth of a color is that of a word's contribution.

    All text is escaped. Of a longer text the first 150 words are shown.
    """
    largest = max(float(np.abs(scores.scores).max(initial=0)), 1e-12)
    parts = []
    for word, score in zip(scores.words[:_MOST_WORDS], scores.scores.tolist(), strict=False):
        depth = abs(score) / largest * 0.6
        color = _FOR if score > 0 else _AGAINST
        text = html.escape(word)
        colored = f'<span style="background: rgba({color}, {depth:.2f})">{text}</span>'
        parts.append(colored if depth >= 0.03 else text)
    if len(scores.words) > _MOST_WORDS:
        parts.append("…")
    verdict = f"{actual}" if actual == predicted else f"{actual} → {predicted}"
    return f'<p class="text"><b>{html.escape(verdict)} ({confidence:.3f})</b>{" ".join(parts)}</p>'
