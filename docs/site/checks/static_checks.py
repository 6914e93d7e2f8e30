"""Checks of the files of the site: links and anchors, headings, pictures, names of the API."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

from docs.site.checks.html_page import CSS_ADDRESS, HtmlPage, read_page
from docs.site.pages import PACKAGES

# Made by Sphinx: without a main heading, and no page of ours.
GENERATED = {"genindex.html", "py-modindex.html", "search.html"}


class Site:
    """All pages of a built site.

    Args:
        folder: the folder of `index.html`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        paths = sorted(self.folder.rglob("*.html"))
        self.pages = {path: read_page(path) for path in paths if "_static" not in path.parts}

    def problems(self) -> list[str]:
        """Return what is wrong with the files, a line each."""
        results: list[str] = []
        for page in self.pages.values():
            name = page.path.relative_to(self.folder).as_posix()
            checks = [*self.dead_links(page), *external_resources(page), *structure(page, name)]
            results += [f"{name}: {problem}" for problem in checks]
        for path in sorted(self.folder.rglob("*.css")):
            for address in CSS_ADDRESS.findall(path.read_text(encoding="utf-8")):
                if urlsplit(address).scheme in ("http", "https"):
                    results.append(f"{path.name}: loads {address}")
        return results

    def dead_links(self, page: HtmlPage) -> Iterator[str]:
        """Yield the links and resources of a page that lead nowhere within the site."""
        for address in dict.fromkeys([*page.links, *page.resources]):
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = page.path
            if parts.path:
                target = (page.path.parent / unquote(parts.path)).resolve()
            if target.is_dir():
                target /= "index.html"
            if not target.is_file():
                yield f"{address} is not there"
            elif parts.fragment and target in self.pages:
                anchors = self.pages[target].anchors
                if unquote(parts.fragment) not in anchors:
                    yield f"{address} has no such anchor"

    def missing_names(self, lists: Path) -> list[str]:
        """Return the public names, listed in files `PACKAGE.txt`, that no page of the API has."""
        anchors: set[str] = set()
        for path, page in self.pages.items():
            if "api" in path.relative_to(self.folder).parts[:1]:
                anchors |= page.anchors
        missing = []
        for package in PACKAGES:
            names = (lists / f"{package}.txt").read_text(encoding="utf-8").split()
            missing += [f"{package}.{each}" for each in names if f"{package}.{each}" not in anchors]
        return missing


def external_resources(page: HtmlPage) -> Iterator[str]:
    """Yield what a browser would load from elsewhere."""
    for address in page.resources:
        parts = urlsplit(address)
        if parts.netloc or parts.scheme in ("http", "https"):
            yield f"loads {address}"


def structure(page: HtmlPage, name: str) -> Iterator[str]:
    """Yield what a screen reader would stumble over: headings, alternative texts, language."""
    if not page.language:
        yield "has no language"
    if not page.title.strip():
        yield "has no title"
    levels = [level for level, _ in page.headings]
    if name not in GENERATED and not name.startswith("source/"):
        if levels.count(1) != 1:
            yield f"has {levels.count(1)} headings of level 1"
        if levels and levels[0] != 1:
            yield "does not begin with its main heading"
    for (before, _), (after, text) in pairwise(page.headings):
        if after > before + 1:
            yield f"heading {text.strip('# ')!r} is of level {after} below level {before}"
    for address, alternative in page.pictures:
        if not (alternative or "").strip():
            yield f"picture {address} has no alternative text"
