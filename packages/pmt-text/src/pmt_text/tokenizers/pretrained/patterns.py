"""Regular expressions of a tokenizer.json (Oniguruma's syntax) as those of Python."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator

from pmt_core import DataError, JsonObject, field, value_text
from pmt_text.tokenizers.pretrained.character_classes import (
    class_body,
    class_ranges,
    complement,
)

_MOST = 10_000  # characters of an expression
_PROPERTY = re.compile(r"\{(\^?)([A-Za-z_]+)\}")
_UNKNOWN = ("&&", "[:", "\\X", "\\R", "\\K", "\\G", "\\h", "\\H")
Finder = Callable[[str], Iterator[tuple[int, int]]]


def length_limit(length: int) -> int:
    """Return the longest text that stages may make of one, so that no file fills the memory."""
    return 64 * length + 4096


class Pattern:
    """A regular expression; that for ASCII texts, which is faster to make and to use, is its own.

    Raises DataError for an expression that is not known here.
    """

    def __init__(self, source: str, where: str = "") -> None:
        self.source, self.where = source, where
        self._ascii = _compiled(source, True, where)

    def of(self, text: str) -> re.Pattern[str]:
        """Return the compiled expression for a text."""
        if text.isascii():
            return self._ascii
        return _compiled(self.source, False, self.where)

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield start and end of each match that is not empty."""
        return (m.span() for m in self.of(text).finditer(text) if m.start() < m.end())


def read_pattern(entry: JsonObject, key: str = "pattern") -> Pattern:
    """Return the pattern {"String": text} or {"Regex": expression} of an entry."""
    pattern = field(entry, key, dict)
    where = f"{entry.where}[{key!r}]"
    if "String" in pattern:
        return Pattern(re.escape(field(pattern, "String", str, minimum=1)), where)
    return Pattern(field(pattern, "Regex", str, minimum=1, maximum=_MOST), where)


@functools.lru_cache(maxsize=64)
def _compiled(source: str, ascii_only: bool, where: str) -> re.Pattern[str]:
    unknown = [part for part in _UNKNOWN if part in source]
    try:
        if unknown:
            raise DataError(f"{value_text(unknown[0])} is not known")
        return re.compile("".join(_translated(source, ascii_only)))
    except (re.error, DataError, OverflowError, RecursionError) as error:
        raise DataError(
            f"{where or 'pattern'}: cannot use the regular expression {source[:60]!r}: {error}"
        ) from error


def _translated(source: str, ascii_only: bool) -> Iterator[str]:
    """Yield the parts of the expression in Python's syntax."""
    i, in_class = 0, False
    while i < len(source):
        c = source[i]
        i += 1
        if c == "\\" and i < len(source):
            letter = source[i]
            i += 1
            name, negated = letter, letter.isupper()
            if letter in "pP":
                match = _PROPERTY.match(source, i)
                if match is None:
                    raise DataError(f"expected \\{letter}{{NAME}}")
                i, name = match.end(), match[2]
                negated = (letter == "P") != bool(match[1])
            elif letter in "sSdDwW":
                name = letter.lower()
            else:
                yield _escape(letter)
                continue
            yield _class(name, negated, in_class, ascii_only)
        elif in_class:
            in_class = c != "]"
            yield "\\[" if c == "[" else c
        elif c == "[":
            in_class = True
            negation = "^" if source[i : i + 1] == "^" else ""
            i += len(negation)
            first = source[i : i + 1] == "]"  # a bracket at the beginning is itself
            i += first
            yield f"[{negation}" + ("\\]" if first else "")
        else:
            yield c


def _escape(letter: str) -> str:
    if letter in "zZ":
        return "\\Z"
    return f"\\{letter}"


def _class(name: str, negated: bool, in_class: bool, ascii_only: bool) -> str:
    ranges = class_ranges(name, ascii_only)
    if in_class:
        return class_body(complement(ranges) if negated else ranges)
    if not ranges:
        return "(?s:.)" if negated else "(?!)"
    return f"[{'^' if negated else ''}{class_body(ranges)}]"
