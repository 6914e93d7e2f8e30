"""A page of the site as the checks read it: anchors, links, resources, headings, pictures."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

CSS_ADDRESS = re.compile(r"url\(\s*['\"]?([^'\")]+)")


@dataclass
class HtmlPage:
    """What one page has.

    Attributes:
        path: the file.
        anchors: the ids and names of its elements.
        links: the targets of its links.
        resources: the addresses that a browser loads with it.
        headings: (level, text) in the main part.
        pictures: (address, alternative text or None) in the main part.
    """

    path: Path
    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)
    headings: list[tuple[int, str]] = field(default_factory=list)
    pictures: list[tuple[str, str | None]] = field(default_factory=list)
    title: str = ""
    language: str = ""


def read_page(path: Path, text: str | None = None) -> HtmlPage:
    """Read a page from its file, or from a text."""
    parser = _Parser(HtmlPage(path))
    parser.feed(path.read_text(encoding="utf-8") if text is None else text)
    return parser.page


class _Parser(HTMLParser):
    """Collects the parts of a page; the main part is <main>, or <article> in it."""

    def __init__(self, page: HtmlPage) -> None:
        super().__init__()
        self.page = page
        self.main = 0
        self.heading = 0
        self.in_title = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        self.page.anchors |= {value for key in ("id", "name") if (value := values.get(key))}
        if tag == "html":
            self.page.language = values.get("lang") or ""
        if tag == "main":
            self.main += 1
        if tag == "a" and values.get("href") is not None:
            self.page.links.append(values["href"] or "")
        if tag == "title":
            self.in_title = True
        self._resources(tag, values)
        if re.fullmatch(r"h[1-6]", tag) and self.main:
            self.heading = int(tag[1])
            self.page.headings.append((self.heading, ""))
        if tag == "img" and self.main:
            self.page.pictures.append((values.get("src") or "", values.get("alt")))

    def _resources(self, tag: str, values: dict[str, str | None]) -> None:
        loads = {"script": "src", "img": "src", "iframe": "src", "source": "src", "embed": "src"}
        address = values.get(loads[tag]) if tag in loads else None
        relation = (values.get("rel") or "").split()
        if tag == "link" and {"stylesheet", "icon", "preload", "preconnect"}.intersection(relation):
            address = values.get("href")
        if address:
            self.page.resources.append(address)
        self.page.resources += CSS_ADDRESS.findall(values.get("style") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "main":
            self.main -= 1
        if tag == "title":
            self.in_title = False
        if re.fullmatch(r"h[1-6]", tag):
            self.heading = 0

    def handle_data(self, data: str) -> None:
        if self.heading:
            level, text = self.page.headings[-1]
            self.page.headings[-1] = level, text + data
        if self.in_title:
            self.page.title += data
