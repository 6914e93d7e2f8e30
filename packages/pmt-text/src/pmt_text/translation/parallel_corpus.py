"""Load a parallel corpus: two files, line n of one the translation of line n of the other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from pmt_core import TEXT_LIMITS, DataError, FileLimits
from pmt_text.files.errors import dropped_warning
from pmt_text.files.line_numbers import LineNumbers
from pmt_text.files.text_lines import TextLines, unusable_line

_EMPTY = "empty line"

Line = tuple[int, str | None]


@dataclass(frozen=True, slots=True)
class ParallelCorpus:
    r"""The sentences of `load_parallel`.

    Attributes:
        sources, targets: the sentences without surrounding spaces, in the order of the files.
        paths: of both files.
        lines: number of lines of each file, dropped ones included.
        dropped: (path, reason) -> the lines of the pairs dropped for this reason.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_text import load_parallel
        >>> _ = Path("train.de").write_text("Ja.\n\nNein.\n")
        >>> _ = Path("train.en").write_text("Yes.\nOh.\nNo.\n")
        >>> corpus = load_parallel("train.de", "train.en")
        >>> len(corpus), corpus.lines
        (2, 3)
        >>> corpus.warnings()
        ['train.de:2: empty line; pair dropped']
    """

    sources: list[str]
    targets: list[str]
    paths: tuple[str, str]
    lines: int
    dropped: dict[tuple[str, str], LineNumbers]

    def __len__(self) -> int:
        return len(self.sources)

    def warnings(self) -> list[str]:
        """Return one line per reason for which pairs were dropped, with file and lines."""
        return [dropped_warning(*where, lines, "pair") for where, lines in self.dropped.items()]


def load_parallel(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    limits: FileLimits = TEXT_LIMITS,
) -> ParallelCorpus:
    r"""Load two files of UTF-8 text, plain, gzip or a zip of one file, aligned line by line.

    A pair is dropped, counted and reported by its line if one of its lines is empty or not UTF-8.

    Args:
        source: the file of the sentences.
        target: the file of their translations.
        limits: of a line and of a compressed file.

    Raises:
        DataError: if the numbers of lines differ, a file is not text, or no pair is left.
        FileProblem: if a file cannot be read.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_text import load_parallel
        >>> _ = Path("train.de").write_text("Ja.\nNein.\n")
        >>> _ = Path("train.en").write_text("Yes.\nNo.\n")
        >>> corpus = load_parallel("train.de", "train.en")
        >>> corpus.sources, corpus.targets
        (['Ja.', 'Nein.'], ['Yes.', 'No.'])
    """
    texts: tuple[list[str], list[str]] = [], []
    dropped: dict[tuple[str, str], LineNumbers] = {}
    with TextLines(source, limits=limits) as first, TextLines(target, limits=limits) as second:
        paths = first.path, second.path
        bad_bytes = unusable_line(limits=limits)
        pairs = _Pairs(iter(first), iter(second))
        for pair in pairs:
            if problem := _problem(pair, paths, bad_bytes):
                dropped.setdefault(problem, LineNumbers()).append(pair[0][0])
                continue
            for column, (_, text) in zip(texts, pair, strict=True):
                column.append((text or "").strip())
    if pairs.counts[0] != pairs.counts[1]:
        raise DataError(
            f"{paths[0]} has {pairs.counts[0]:,} lines and {paths[1]} has {pairs.counts[1]:,}: "
            "line n of one file is the translation of line n of the other, so both have equally "
            "many lines; give the two halves of one corpus, as they were delivered"
        )
    count = pairs.counts[0]
    if not texts[0]:
        reasons = "; ".join(f"{path}: {reason}" for path, reason in dropped)
        raise DataError(f"{' and '.join(paths)}: none of {count:,} pairs left ({reasons})")
    return ParallelCorpus(*texts, paths, count, dropped)


class _Pairs:
    """The pairs of lines of two files; after the last pair, `counts` are their numbers of lines."""

    def __init__(self, first: Iterator[Line], second: Iterator[Line]) -> None:
        self._sides = first, second
        self.counts = (0, 0)

    def __iter__(self) -> Iterator[tuple[Line, Line]]:
        first, second = self._sides
        count = 0
        for line in first:
            other = next(second, None)
            if other is None:
                self.counts = count + 1 + sum(1 for _ in first), count
                return
            yield line, other
            count += 1
        self.counts = count, count + sum(1 for _ in second)


def _problem(
    pair: tuple[Line, Line], paths: tuple[str, str], bad_bytes: str
) -> tuple[str, str] | None:
    """Return (path, reason) if the pair cannot be used; bad bytes come before empty lines."""
    texts = [text for _, text in pair]
    if None in texts:
        return paths[texts.index(None)], bad_bytes
    empty = [path for path, text in zip(paths, texts, strict=True) if not (text or "").strip()]
    return (empty[0], _EMPTY) if empty else None
