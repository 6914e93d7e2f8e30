"""Split the lines of a CoNLL file into blocks, one for each sentence, and into columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pmt_text.ner.tagged_sentence import DOCUMENT

_BLANKS = re.compile(r"[ \t]+")  # not str.split(): a word may contain a no-break space

Row = tuple[str, ...]


@dataclass(slots=True)
class Block:
    """The lines between two empty ones.

    Attributes:
        document: number of their document, from 1; 0 if unknown.
        start: number of the first line.
        lines: None for bytes that are not text; see also `complete_rows`.
    """

    document: int
    start: int = 0
    lines: list[str | None] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        """The lines that are text, and not like comments."""
        return [text for text in self.lines if text is not None and text[0] != "#"]


def is_comment_like(line: str) -> bool:
    """Return whether a line begins with "#": it is a comment, or a word like "#" or "#1"."""
    return line[:1] == "#"


def read_blocks(lines: Iterable[tuple[int, str | None]]) -> tuple[list[Block], int]:
    """Return the blocks of the numbered lines of a file, and the number of -DOCSTART- lines."""
    blocks: list[Block] = []
    block = Block(0)
    for number, text in lines:
        if text is not None and (text[-1:] == "\r" or text[:1] == "\ufeff"):
            text = _cleaned(text)
        if text is not None and (not text or text.isspace()):
            if block.lines:
                block = Block(block.document)
        elif text is not None and _begins_document(text):
            block = Block(block.document + 1)
        else:
            if not block.lines:
                block.start = number
                blocks.append(block)
            block.lines.append(text)
    return blocks, block.document


def _cleaned(line: str) -> str:
    """Return a line without the CR of a line end CR CR LF, and a byte-order mark.

    Files that were concatenated have a mark in the middle. One alone in its cell is a word.
    """
    line = line.rstrip("\r")
    return line[1:] if line[:1] == "\ufeff" and not line[1:2].isspace() else line


def _begins_document(line: str) -> bool:
    return DOCUMENT in line and any(cell.startswith(DOCUMENT) for cell in line.split())


@dataclass(frozen=True, slots=True)
class Layout:
    """The separator of the columns of a file, single tabs or runs of blanks, and their number."""

    tabs: bool
    count: int

    def cells(self, line: str) -> Row:
        """Return the cells of a line. Empty ones at its end are dropped, down to `count`."""
        if not self.tabs:
            cells = line.split(" ")
            if "" in cells or "\t" in line:
                cells = _BLANKS.split(line.strip(" \t"))
            return tuple(cells)
        cells = line.split("\t")
        if " " in line:
            cells = [cell.strip(" ") for cell in cells]
        while len(cells) > self.count and not cells[-1]:
            cells.pop()
        return tuple(cells)


def detect_layout(lines: Sequence[str]) -> Layout:
    """Return the layout that fits most of the lines; in a tie, tabs before blanks."""
    with_tabs = [line for line in lines if "\t" in line and "\t" in line.rstrip(" \t")]
    fits, tabs = _best_tab_count(with_tabs, len(lines))
    if fits == len(lines) and tabs > 1:
        return Layout(tabs=True, count=tabs)
    blanks, fits_blanks = Counter(map(_blank_count, lines)).most_common(1)[0]
    if tabs > 1 and fits >= fits_blanks:
        return Layout(tabs=True, count=tabs)
    return Layout(tabs=False, count=blanks)


def _best_tab_count(with_tabs: Sequence[str], lines: int) -> tuple[int, int]:
    """Return the largest number of lines that have one number of columns, and that number.

    A line "word TAB tag TAB" has two columns or three.
    """
    counts = Counter(
        (line.rstrip(" \t").count("\t") + 1, line.count("\t") + 1) for line in with_tabs
    )
    counts[1, 1] += lines - len(with_tabs)
    fits = {
        count: sum(n for (low, high), n in counts.items() if low <= count <= high)
        for count, _ in counts
    }
    return max((n, count) for count, n in fits.items() if n == max(fits.values()))


def _blank_count(line: str) -> int:
    """Return the number of columns between runs of blanks."""
    if "\t" in line or "  " in line or line[0] == " " or line[-1] == " ":
        return len(_BLANKS.split(line.strip(" \t")))
    return line.count(" ") + 1


def complete_rows(blocks: Sequence[Block], layout: Layout) -> list[tuple[Row, ...]]:
    """Return the rows of each block that have all columns, without what is like a comment.

    The lines of blocks that have no other rows are dropped, as they would double the memory.
    """
    split, count = layout.cells, layout.count
    result: list[tuple[Row, ...]] = []
    for block in blocks:
        rows = tuple([row for row in map(split, block.texts) if len(row) == count])
        if len(rows) == len(block.lines):
            block.lines = []
        result.append(rows)
    return result
