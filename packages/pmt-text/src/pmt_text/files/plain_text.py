"""A text file read as one string."""

from __future__ import annotations

import os
from dataclasses import dataclass

from pmt_core import DataError
from pmt_text.files.errors import dropped_warning
from pmt_text.files.text_lines import TextLines

__all__ = ["CorpusText", "load_text"]


@dataclass(frozen=True, slots=True)
class CorpusText:
    """A text and how it was read.

    Attributes:
        text: all lines, each with a line feed at its end.
        lines: number of them. sha256: of the file as it is stored.
        warning: which lines were dropped and why; empty where none was.
    """

    text: str
    lines: int
    sha256: str
    warning: str


def load_text(path: str | os.PathLike[str], encoding: str = "utf-8") -> CorpusText:
    """Read a text file, plain or gzip; CRLF becomes LF.

    A line may be of any length: text8 is a single one. Lines that are not in the encoding are
    dropped and counted. Raises what `TextLines` does, and
    DataError where no text is left.
    """
    kept: list[str] = []
    dropped: list[int] = []
    with TextLines(path, encoding, longest=None) as lines:
        for number, line in lines:
            if line is None:
                dropped.append(number)
            else:
                kept.append(line)
        digest = lines.sha256()
    if not any(line.strip() for line in kept):
        raise DataError(_no_text(os.fspath(path), encoding, dropped))
    warning = ""
    if dropped:
        reason = f"not text in {encoding.upper()}"
        warning = dropped_warning(os.fspath(path), reason, dropped, "line")
    return CorpusText("".join(f"{line}\n" for line in kept), len(kept), digest, warning)


def _no_text(path: str, encoding: str, dropped: list[int]) -> str:
    if not dropped:
        return f"{path} has nothing but blank lines: give a file with text in it"
    return (
        f"{path}:{dropped[0]}: none of the lines that are not blank is text in {encoding.upper()}: "
        "save it as UTF-8, or name its encoding"
    )
