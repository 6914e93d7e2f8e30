"""Rows of a file of question pairs: plain ones by the block, all others one at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pmt_text.files.csv_record import QuotedRecord, unquote, unwrap
from pmt_text.files.line_numbers import LineNumbers
from pmt_text.qqp.formats import QqpFormat, QuestionPair, label_of, pairs_of_columns

_PLAIN = {"0": 0, "1": 1}  # labels
_MAX_RECORD = 20  # lines; a quote that stays open longer is not the beginning of a field

_UNCLOSED_QUOTE = "unclosed quote"
_WRONG_FIELDS = "missing or extra field"
WRONG_LABEL = "label is neither 0 nor 1"
_EMPTY_QUESTION = "empty question"


@dataclass(slots=True)
class RowReader:
    """Makes pairs of lines and counts those it cannot use."""

    format: QqpFormat
    bad_bytes: str  # the reason to drop a line that cannot be used
    lines: list[str | None]  # that were read; those before index `_next` are used up
    number: int  # of the first of them in the file
    source: Iterator[list[str | None]]  # blocks of the lines after them
    dropped: dict[str, LineNumbers] = field(default_factory=dict)
    wrong_label: str | None = None  # the first one
    _next: int = 0  # index of the next line

    def pairs(self) -> Iterator[QuestionPair]:
        """Yield the pair of each row that is not broken."""
        record = QuotedRecord(self.format.separator, self.format.columns)
        header = self.format.header
        while self._read_block():
            plain = plain_pairs(self.lines, self.number, self.format)
            while self._next < len(plain):  # a long record may use lines of the next block, too
                pair = plain[self._next]
                number, line = self.number + self._next, self.lines[self._next]
                self._next += 1
                if pair is None or header:
                    if line is not None and (header or not line.strip()):
                        header = header and not line.strip()
                        continue
                    pair = self._exact(number, line, record)
                if pair is not None:
                    yield pair

    def _exact(self, number: int, line: str | None, record: QuotedRecord) -> QuestionPair | None:
        """Return the pair of a row that begins with a line, or None if the row is broken."""
        fields = self.bad_bytes if line is None else self._fields(line, record)
        pair = fields if isinstance(fields, str) else self._pair(fields, number)
        if not isinstance(pair, str):
            return pair
        self.dropped.setdefault(pair, LineNumbers()).append(number)
        if pair == WRONG_LABEL and self.wrong_label is None:
            self.wrong_label = fields[self.format.label or 0].strip()
        return None

    def _read_block(self) -> bool:
        """Forget the used lines, and read more if none is left; return False at the end."""
        del self.lines[: self._next]
        self.number += self._next
        self._next = 0
        return bool(self.lines) or self._read_ahead()

    def _read_ahead(self) -> bool:
        """Read one more block; return False at the end of the file."""
        block = next(self.source, [])
        self.lines += block
        return bool(block)

    def _fields(self, line: str, record: QuotedRecord) -> list[str] | str:
        """Return the fields of the record that begins with `line`, or the reason to drop it."""
        format = self.format
        if not format.quoted or '"' not in line:
            fields = line.split(format.separator)
            return fields if len(fields) == format.columns else _WRONG_FIELDS
        if quoted := record.fields(line) or self._fields_by_tabs(line):
            return quoted
        if not record.is_open(line):
            return _UNCLOSED_QUOTE if line.count('"') % 2 else _WRONG_FIELDS
        return self._longer_record(line, record) or _UNCLOSED_QUOTE

    def _fields_by_tabs(self, line: str) -> list[str] | None:
        """Return the fields of a TSV line of which some begin with a quotation, or None.

        ``"Yes" or "no"?`` is not a quoted field although it begins with a quote; the number of
        quotes of such a field is even.
        """
        fields = line.split(self.format.separator)
        if self.format.separator != "\t" or len(fields) != self.format.columns:
            return None
        if any(text.startswith('"') and text.count('"') % 2 for text in fields):
            return None
        return [unquote(text) if _is_quoted(text) else text for text in fields]

    def _longer_record(self, line: str, record: QuotedRecord) -> list[str] | None:
        """Return the fields of a record of several lines, of which `line` is the first.

        Returns None, so that only the first line is lost, if `_MAX_RECORD` lines do not make a
        valid record, or if a line that is a record by itself follows earlier.
        """
        text = line
        for count in range(1, _MAX_RECORD):
            if len(self.lines) < self._next + count and not self._read_ahead():
                return None
            following = self.lines[self._next + count - 1]
            if following is None or self._is_row(record.fields(following)):
                return None
            text = f"{text}\n{following}"
            fields = record.fields(text)
            if self._is_row(fields):
                self._next += count
                return fields
            if fields is not None or not record.is_open(text):
                return None
        return None

    def _is_row(self, fields: list[str] | None) -> bool:
        return fields is not None and not isinstance(self._pair(fields, 0), str)

    def _pair(self, fields: list[str], number: int) -> QuestionPair | str:
        """Return the pair of these fields, or the reason to drop it."""
        format = self.format
        label = None if format.label is None else label_of(fields[format.label])
        if label is None and format.label is not None:
            return WRONG_LABEL
        texts = [unwrap(fields[i].strip()) for i in (format.question1, format.question2)]
        if not all(texts):
            return _EMPTY_QUESTION
        ids = [None if i is None else fields[i].strip() or None for i in (format.id1, format.id2)]
        return QuestionPair(texts[0], texts[1], label, ids[0], ids[1], number)


def _is_quoted(text: str) -> bool:
    inside = text[1:-1]
    return (
        len(text) > 1 and text[0] == '"' == text[-1] and 2 * inside.count('""') == inside.count('"')
    )


def plain_pairs(
    lines: Sequence[str | None], number: int, format: QqpFormat
) -> list[QuestionPair | None]:
    """Return the pair of each line that is a plain row, and None for all others.

    A plain row has no quotes, all fields, a label written as 0 or 1, and two questions. Most rows
    are plain, and a block of them is read column by column. A header may look like one.

    number: of the first line in the file.
    """
    plain = _plain_lines(lines, format)
    if not plain:
        return [None] * len(lines)
    fields = format.separator.join([lines[i] or "" for i in plain]).split(format.separator)
    columns = [fields[i :: format.columns] for i in range(format.columns)]
    first, second = (list(map(str.strip, columns[i])) for i in (format.question1, format.question2))
    unknown: list[int | None] = [None] * len(plain)
    labels = unknown if format.label is None else list(map(_PLAIN.get, columns[format.label]))
    ids = [_ids(columns[i]) if i is not None else unknown for i in (format.id1, format.id2)]
    numbers = [number + i for i in plain]
    pairs: list[QuestionPair | None] = [None] * len(lines)
    for i, pair in zip(plain, pairs_of_columns(first, second, labels, *ids, numbers), strict=True):
        if pair.question1 and pair.question2 and (pair.label is not None or format.label is None):
            pairs[i] = pair
    return pairs


def _plain_lines(lines: Sequence[str | None], format: QqpFormat) -> list[int]:
    """Return the indices of lines without quotes that have all fields."""
    separator, separators = format.separator, format.columns - 1
    return [
        i
        for i, line in enumerate(lines)
        if line is not None and '"' not in line and line.count(separator) == separators
    ]


def _ids(column: Iterable[str]) -> list[str | None]:
    return [text or None for text in map(str.strip, column)]
