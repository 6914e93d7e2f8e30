"""Read a parallel corpus: two files, line by line each other's translation."""

from __future__ import annotations

import os
from dataclasses import dataclass

from pmt_core import DataError
from pmt_text.files.errors import dropped_warning
from pmt_text.files.text_lines import TextLines, unusable_line

__all__ = ["ParallelCorpus", "load_parallel"]

_BAD_BYTES = unusable_line()
_EMPTY = "empty line"

Line = tuple[int, str | None]


@dataclass(frozen=True, slots=True)
class ParallelCorpus:
    """What `load_parallel` read.

    sources, targets: the sentences kept, without spaces around them, in the order of the files.
    paths: of both files. lines: lines of each file; kept + dropped. dropped: the reason why pairs
    were dropped and the file it lies in -> the lines.
    """

    sources: list[str]
    targets: list[str]
    paths: tuple[str, str]
    lines: int
    dropped: dict[tuple[str, str], list[int]]

    def __len__(self) -> int:
        """The number of pairs kept."""
        return len(self.sources)

    def warnings(self) -> list[str]:
        """One line for each reason for which pairs were dropped, naming file and lines."""
        return [
            dropped_warning(path, reason, lines, "pair")
            for (path, reason), lines in self.dropped.items()
        ]


def load_parallel(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> ParallelCorpus:
    """Read two files of UTF-8 text, plain or gzip, of which line n of one translates line n of the
    other.

    A pair of which one side is empty or not UTF-8 is dropped, counted and named by its line: it
    cannot be learned from, and cannot be scored. Raises `DataError` where the numbers of lines
    differ, naming both, where a file is no text or no pair is left; `FileProblem`.
    """
    with TextLines(source) as first, TextLines(target) as second:
        paths = first.path, second.path
        both = list(first), list(second)
    if len(both[0]) != len(both[1]):
        raise DataError(
            f"{paths[0]} has {len(both[0]):,} lines and {paths[1]} has {len(both[1]):,}: line n of "
            "one file is the translation of line n of the other, so both have as many; give the "
            "two halves of one corpus, as they were delivered"
        )
    kept: tuple[list[str], list[str]] = [], []
    dropped: dict[tuple[str, str], list[int]] = {}
    for pair in zip(*both, strict=True):
        problem = _problem(pair, paths)
        if problem is not None:
            dropped.setdefault(problem, []).append(pair[0][0])
            continue
        for side, (_, text) in zip(kept, pair, strict=True):
            side.append((text or "").strip())
    result = ParallelCorpus(*kept, paths, len(both[0]), dropped)
    if not len(result):
        reasons = "; ".join(f"{path}: {reason}" for path, reason in dropped)
        raise DataError(f"{paths[0]} and {paths[1]}: none of {len(both[0])} pairs left ({reasons})")
    return result


def _problem(pair: tuple[Line, Line], paths: tuple[str, str]) -> tuple[str, str] | None:
    """Why a pair cannot be used: the file and the reason."""
    for path, (_, text) in zip(paths, pair, strict=True):
        if text is None:
            return path, _BAD_BYTES
    for path, (_, text) in zip(paths, pair, strict=True):
        if text is not None and not text.strip():
            return path, _EMPTY
    return None
