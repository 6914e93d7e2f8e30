"""Checks in a real browser: what it asks for, what it shows in both themes, what a search finds."""

from __future__ import annotations

import functools
import http.server
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT / "tests" / "shared" / "apps"))

from browser import MISSING, Browser, browser  # noqa: E402

SCRIPT = (HERE / "page_script.js").read_text(encoding="utf-8")
WITHOUT_TRANSITIONS = """
const style = document.createElement("style");
style.textContent = "* { transition: none !important; }";
document.head.append(style);
"""
WIDTHS = (1280, 390)
THEMES = ("light", "dark")
# What is searched, and a page that has to be among the results.
SEARCHES = {
    "label smoothing": "log/02-softmax-and-cross-entropy.html",
    "viterbi": "log/16-crf-and-ner.html",
    "rotary": "cards/rotary.html",
}

__all__ = ["MISSING", "address_of", "browser", "page_problems", "search_problems", "term_problems"]


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *values: object) -> None:
        """Print nothing."""


@contextmanager
def address_of(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine until the end of the block; yield its address."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def page_problems(window: Browser, site: str, page: str) -> list[str]:
    """Return what is wrong with a page in both widths and both themes."""
    window.resize(WIDTHS[0])
    window.requests()
    window.open(f"{site}/{page}")
    problems = []
    window.run(WITHOUT_TRANSITIONS)
    for theme in THEMES:
        window.run("document.documentElement.dataset.theme = arguments[0]", theme)
        lines = window.run(f"{SCRIPT}\nreturn contrastProblems();")
        problems += [f"{theme}: contrast {line}" for line in lines]
    for width in WIDTHS:
        window.resize(width)
        lines = window.run(f"{SCRIPT}\nreturn widthProblems();")
        problems += [f"{width} pixels: {line}" for line in lines]
    problems += [f"console: {line}" for line in window.console()]
    host = urlsplit(site).netloc
    for address in window.requests():
        parts = urlsplit(address)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != host:
            problems.append(f"asks for {address}")
    return [f"{page}: {problem}" for problem in problems]


def search_problems(window: Browser, site: str) -> list[str]:
    """Return the searches that do not find what they have to, by the dialog of the home page."""
    problems = []
    for words, page in SEARCHES.items():
        window.resize(WIDTHS[0])
        window.open(f"{site}/index.html")
        window.click(".search-button__button, .search-button")
        window.wait("document.querySelector('#pst-search-dialog').open")
        window.type("#pst-search-dialog input[type=search]", words)
        window.press("Enter")
        window.wait("document.querySelector('#search-results .search-summary')")
        window.wait(
            "!/Searching|Preparing/.test(document.querySelector('#search-results').innerText)"
        )
        script = (
            "return [...document.querySelectorAll('#search-results li > a')].map((a) => a.href)"
        )
        results = [urlsplit(address).path.lstrip("/") for address in window.run(script)]
        if page not in results:
            problems.append(f"{words!r} finds {len(results)} pages, not {page}: {results[:5]}")
    return problems


def term_problems(window: Browser, site: str, page: str) -> list[str]:
    """Return an error if a term of the glossary does not show its definition under the pointer."""
    window.resize(WIDTHS[0])
    window.open(f"{site}/{page}")
    window.hover("a.term")
    window.wait("document.querySelector('.term-definition')")
    (text,) = window.texts(".term-definition")
    return [] if ": " in text else [f"{page}: a term shows {text!r}"]
