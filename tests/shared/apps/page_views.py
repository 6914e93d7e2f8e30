"""Views of the page, and how to open one in the browser."""

from __future__ import annotations

from browser import Browser

VIEWS = {
    "": ".card h3",  # the list of runs
    "classify": ".word.for4, .word.against4",
    "lm": "button",
    "mnist": "canvas.picture",
    "ner": "td.best",
    "qqp": "svg.attention line",
    "tape": ".tape .node",
    "translation": ".beams .best",
    "word2vec": "main .answer p",
}
"""Run, or tape -> an element that is there when its view is complete."""


def opened(page: Browser, address: str, run: str) -> Browser:
    """Open the view of a run and wait until it has answered."""
    page.open(f"{address}/#/{'tape' if run == 'tape' else f'runs/{run}' if run else ''}")
    page.wait_for(VIEWS[run])
    page.wait_until_answered()
    assert page.texts(".error") == [run for run in page.texts(".error") if "broken" in run]
    return page
