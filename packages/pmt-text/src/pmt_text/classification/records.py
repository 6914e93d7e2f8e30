"""Records of CSV, TSV and JSON lines, with the number of their first line."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pmt_core import DataError, parse_json
from pmt_text.files.csv_record import QuotedRecord, unquote
from pmt_text.files.line_numbers import LineNumbers

_MAX_RECORD = 500  # lines of a record: a review of many paragraphs
_MAX_FIELDS = 1000  # of a record
_SEPARATORS = {"\t": "TSV", ",": "CSV", ";": "CSV with semicolons", "|": "CSV with bars"}

NOT_JSON = "not a JSON object"
WRONG_FIELDS = "wrong number of fields"
UNCLOSED_QUOTE = "quotes that do not close"

Line = tuple[int, str | None]
Fields = list[str]
Row = Fields | dict[str, Any]


@dataclass(frozen=True, slots=True)
class RowFormat:
    """How rows are written.

    Attributes:
        name: for people: "CSV", "TSV", "JSON lines".
        separator: of the fields; empty for JSON lines.
        width: number of fields; 0 for JSON lines.
    """

    name: str
    separator: str = ""
    width: int = 0


def detect_rows(lines: Sequence[str]) -> RowFormat | None:
    """Return the format of the first lines of a file; None if no separator fits most of them.

    A separator fits if the header, or else most lines, have the same number of fields, 2 to 1,000.
    """
    if lines and sum(line.lstrip().startswith("{") for line in lines) * 2 > len(lines):
        return RowFormat("JSON lines")
    best, best_share = None, 0.0
    for separator, name in _SEPARATORS.items():
        width, share = _width(lines, separator)
        if width > 1 and share > best_share + 0.1:
            best, best_share = RowFormat(name, separator, width), share
    return best


def _width(lines: Sequence[str], separator: str) -> tuple[int, float]:
    """Return the number of fields of most lines, or of the first, and the share of such lines.

    The share is 0 if it is small. Most lines of a CSV file whose texts have line breaks are parts
    of records, so a small share is enough if there are fields in quotes.
    """
    counts = Counter(_count_fields(line, separator) for line in lines)
    counts.pop(1, None)
    if not counts:
        return 1, 0.0
    first = _count_fields(lines[0], separator)
    counts[first] += first > 1  # decides between equal numbers
    width = max(counts, key=lambda n: counts[n])
    share = min(counts[width] / len(lines), 1.0)
    fits = share > 0.5 or (width == first and _looks_quoted(lines, separator))
    return width, share if fits and width <= _MAX_FIELDS else 0.0


def _count_fields(line: str, separator: str) -> int:
    """Return the number of fields of a line; separators between quotes do not count."""
    if '"' in line and separator != "\t":
        part = re.escape(separator)
        line = re.sub(rf'(?:(?<=^)|(?<={part}))"(?:[^"]++|"")*+"(?={part}|$)', "q", line)
    return line.count(separator) + 1


def _looks_quoted(lines: Sequence[str], separator: str) -> bool:
    opened = sum(f'{separator}"' in line or line.startswith('"') for line in lines)
    return opened * 20 >= len(lines)


@dataclass(slots=True)
class RecordReader:
    """Yields (line, row) of a source of lines, and counts the lines it cannot use.

    Attributes:
        format: of the rows.
        bad_bytes: the reason to drop a line that is None.
        ahead: lines that were read but not used yet.
        source: further lines.
        dropped: reason -> lines.
    """

    format: RowFormat
    bad_bytes: str
    ahead: deque[Line]
    source: Iterator[Line]
    dropped: dict[str, LineNumbers] = field(default_factory=dict)
    _record: QuotedRecord = field(init=False)

    def __post_init__(self) -> None:
        self._record = QuotedRecord(self.format.separator or ",", max(self.format.width, 1))

    def drop(self, reason: str, line: int) -> None:
        """Count a row that cannot be used."""
        self.dropped.setdefault(reason, LineNumbers()).append(line)

    def __iter__(self) -> Iterator[tuple[int, Row]]:
        while self.ahead or self._read_ahead():
            number, line = self.ahead.popleft()
            if line is None:
                self.drop(self.bad_bytes, number)
                continue
            if not line.strip():
                continue
            row = self._json(line) if not self.format.separator else self._fields(line)
            if isinstance(row, str):
                self.drop(row, number)
            else:
                yield number, row

    def _json(self, line: str) -> dict[str, Any] | str:
        try:
            return parse_json(line.encode("utf-8", "surrogatepass"), "line")
        except DataError:
            return NOT_JSON

    def _fields(self, line: str) -> Fields | str:
        separator, width = self.format.separator, self.format.width
        plain = line.split(separator)
        if '"' not in line:
            return plain if len(plain) == width else WRONG_FIELDS
        record = self._record
        fields = record.fields(line)
        if fields is not None:
            return fields
        if len(plain) == width and (separator == "\t" or not record.is_open(line)):
            return [_unquoted(text) for text in plain]  # quotes of the text itself
        if not record.is_open(line):
            return WRONG_FIELDS
        return self._longer_record(line, record) or UNCLOSED_QUOTE

    def _longer_record(self, line: str, record: QuotedRecord) -> Fields | None:
        """Return the fields of a record of several lines; None if the quotes do not close."""
        text, used = line, 0
        while used < _MAX_RECORD:
            if len(self.ahead) <= used and not self._read_ahead():
                return None
            following = self.ahead[used][1]
            used += 1
            if following is None:
                return None
            text = f"{text}\n{following}"
            if '"' not in following:
                continue
            fields = record.fields(text)
            if fields is not None:
                for _ in range(used):
                    self.ahead.popleft()
                return fields
            if not record.is_open(text):
                return None
        return None

    def _read_ahead(self) -> bool:
        line = next(self.source, None)
        if line is not None:
            self.ahead.append(line)
        return line is not None


def _unquoted(text: str) -> str:
    """Return a field without the quotes around it, if those inside are doubled."""
    inside = text[1:-1]
    if len(text) > 1 and text[0] == '"' == text[-1] and 2 * inside.count('""') == inside.count('"'):
        return unquote(text)
    return text
