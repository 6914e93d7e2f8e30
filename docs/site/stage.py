"""Writes the documents of the repository as the pages that Sphinx reads.

The documents are read on GitHub, too, so they stay in its Markdown. What Sphinx needs otherwise is
changed on the way: targets of links, captions of listings, lists of pages (toctrees).
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path, PurePosixPath

from docs.site.markdown import FENCE, map_targets
from docs.site.notebooks import notebook_name
from docs.site.pages import Pages, normalized
from docs.slides import deck_file

COPIED = {".pdf", ".svg", ".png"}  # files that a browser shows as they are
LISTING = re.compile(r"^python (?P<path>\S+?):(?P<name>\S+)$")
DOOR = re.compile(
    r"^- \[(?P<title>[^\]]+)\]\((?P<target>[^)]+)\): (?P<text>.+?)(?=^- |^$)", re.M | re.S
)


class Stage:
    """Writes pages to a folder. A file that would not change is left as it is.

    Args:
        root: the clone.
        folder: where the pages are written.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self.root = root
        self.folder = folder
        self.pages = Pages(root)
        self.written: set[Path] = set()

    def write(self, others: dict[str, str]) -> None:
        """Write all pages and pictures, and remove what earlier runs left.

        Args:
            others: further pages (those of the API): file name -> text.
        """
        for path, name in self.pages.names.items():
            self.write_text(f"{name}.md", self.page(path))
        for name, text in others.items():
            self.write_text(name, text)
        for file in sorted(self.folder.rglob("*")):
            if file.is_file() and file not in self.written:
                file.unlink()

    def write_text(self, name: str, text: str) -> None:
        """Write a page if it is new or has changed."""
        path = self.folder / name
        self.written.add(path)
        if path.exists() and path.read_text(encoding="utf-8") == text:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def page(self, path: str) -> str:
        """Return a document as a page."""
        name = self.pages.names[path]
        text = self.pages.text(path)
        text = map_targets(text, lambda target, picture: self.target(path, target, picture))
        text = FENCE.sub(_with_caption, text)
        if name == "index":
            text = _with_doors(text)
        others = {
            "Notebook": notebook_name(path) and f"site:notebooks/{notebook_name(path)}",
            "Slides": deck_file(path) and f"site:slides/{deck_file(path)}",
        }
        links = [f"[{title}]({target})" for title, target in others.items() if target]
        if links:
            text = _below_title(text, " · ".join(links), "other-formats")
        return text + "".join(
            _toctree(caption, names) for caption, names in self.pages.children(path) if names
        )

    def target(self, path: str, target: str, picture: bool) -> str:
        """Return the target of a link of a document as Sphinx needs it."""
        where, hash_sign, anchor = target.partition("#")
        document = normalized(PurePosixPath(path).parent / where)
        if document == "README.md":
            document = "docs/README.md"
        if picture:
            return self._picture(path, document)
        if document in self.pages.names:
            folder = PurePosixPath(self.pages.names[path]).parent
            page = os.path.relpath(f"{self.pages.names[document]}.md", folder)
            return f"{page}{hash_sign}{anchor}"
        if not (self.root / document).exists():
            return target
        if PurePosixPath(document).suffix in COPIED:
            return f"site:source/{document}"
        return f"site:source/{document}.html{hash_sign}{anchor}"

    def _picture(self, path: str, picture: str) -> str:
        """Copy a picture of the repository; return the way to it from a page."""
        copy = self.folder / "pictures" / picture.removeprefix("docs/")
        self.written.add(copy)
        source = self.root / picture
        if not copy.exists() or copy.stat().st_mtime < source.stat().st_mtime:
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
        page = self.folder / f"{self.pages.names[path]}.md"
        return Path(os.path.relpath(copy, page.parent)).as_posix()


def _with_caption(fence: re.Match[str]) -> str:
    """Put the source of a listing above it: a block `python PATH:NAME`."""
    info = fence["info"].strip()
    listing = LISTING.match(info)
    if listing is None:  # a word behind the language says what a block of the course is
        return fence[0].replace(info, info.split()[0], 1) if " " in info else fence[0]
    path, name, indent = listing["path"], listing["name"], fence["indent"]
    block = fence[0].replace(fence["info"], "python", 1)
    last = path.rpartition("/")[2]
    link = f"[`{last}: {name}`](site:source/{path}.html#{name})"
    return f"{indent}{{.listing-source}}\n{indent}{link}\n\n{block}"


API_CARD = """\
:::{grid-item-card} Reference
:link: /api/index
:link-type: doc
Every public name of the packages, with its signature, its docstring and its source.
:::
"""


def _with_doors(page: str) -> str:
    """Turn the list of sections on the home page into cards."""
    cards = [
        f":::{{grid-item-card}} {door['title']}\n:link: {door['target'].removesuffix('.md')}\n"
        f":link-type: doc\n{text[0].upper()}{text[1:]}\n:::\n"
        for door in DOOR.finditer(page)
        for text in [door["text"].strip()]
    ]
    first = DOOR.search(page)
    if first is None:
        return page
    rest = DOOR.sub("", page)
    grid = "::::{grid} 1 2 2 3\n:gutter: 3\n\n" + "".join([*cards, API_CARD]) + "::::\n"
    return rest[: first.start()] + grid + rest[first.start() :]


def _below_title(text: str, line: str, css_class: str) -> str:
    """Insert a paragraph below the title of a page."""
    return re.sub(r"^(# .*)$", rf"\1\n\n{{.{css_class}}}\n{line}", text, count=1, flags=re.M)


def _toctree(caption: str, names: list[str]) -> str:
    lines = ["", "```{toctree}", ":hidden:"]
    lines += [f":caption: {caption}"] if caption else []
    return "\n".join([*lines, "", *(f"/{name}" for name in names), "```", ""])
