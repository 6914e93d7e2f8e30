"""Read files of question pairs, in any of the published formats."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from pmt_core import DataError, SettingsError
from pmt_text.files.csv_record import QuotedRecord, unquote, unwrap
from pmt_text.files.errors import dropped_warning
from pmt_text.files.text_lines import TextLines, unusable_line
from pmt_text.qqp.formats import EXPECTED_FORMATS, QqpFormat, detect_format
from pmt_text.qqp.question_pair import QuestionPair

__all__ = ["QqpFile", "load_qqp"]

_LINES_TO_SNIFF = 2000
_LONGEST_RECORD = 20  # lines; a quote that stays open longer was never meant to be closed

_BAD_BYTES = unusable_line()
_UNCLOSED_QUOTE = "unclosed quote"
_WRONG_FIELDS = "missing or extra field"
_WRONG_LABEL = "label is neither 0 nor 1"
_EMPTY_QUESTION = "empty question"


@dataclass(frozen=True, slots=True)
class QqpFile:
    """What `load_qqp` read.

    pairs: the rows kept, in the order of the file. path, form: which file, in which format.
    rows: rows met; kept + dropped. dropped: for each reason the lines on which a row was dropped.
    sha256: of the file as it is stored.
    """

    pairs: list[QuestionPair]
    path: str
    format: str
    rows: int
    dropped: dict[str, list[int]]
    sha256: str

    @property
    def kept(self) -> int:
        """The number of rows kept."""
        return len(self.pairs)

    def warnings(self) -> list[str]:
        """One line for each reason for which rows were dropped, naming file and lines."""
        return [
            dropped_warning(self.path, reason, lines, "row")
            for reason, lines in self.dropped.items()
        ]


def load_qqp(path: str | os.PathLike[str], *, limit: int | None = None) -> QqpFile:
    """Read question pairs: public TSV, Kaggle CSV, GLUE TSV or BiMPM, plain or gzip.

    The header or the shape of the rows gives the format, not the name of the file. A row that is
    broken (a field missing, a label that is neither 0 nor 1, bytes that are not UTF-8, an
    unclosed quote, an empty question) is dropped, counted and named by its line; reading goes on
    at the next line. Questions come without the file's quoting, otherwise as they stand there.

    limit: the most rows to keep. Raises `FileProblem` (missing, a folder, unreadable) and
    `DataError` (empty, binary, of an unknown format, or no row left).
    """
    if limit is not None and limit < 1:
        raise SettingsError(f"limit must be 1 or more rows, not {limit}")
    with TextLines(path) as lines:
        numbered = iter(lines)
        first = list(islice(numbered, _LINES_TO_SNIFF))
        format = detect_format([text for _, text in first if text is not None and text.strip()])
        if format is None:
            raise _unknown_format(lines.path, first)
        reader = _RowReader(format, deque(first), numbered)
        pairs = list(islice(reader.pairs(), limit))
        sha256 = lines.sha256()
    rows = len(pairs) + sum(map(len, reader.dropped.values()))
    result = QqpFile(pairs, lines.path, format.name, rows, reader.dropped, sha256)
    if not pairs:
        raise _none_left(result)
    return result


@dataclass(slots=True)
class _RowReader:
    """Makes pairs of lines and keeps account of those it cannot use."""

    format: QqpFormat
    ahead: deque[tuple[int, str | None]]  # lines read but not used yet
    source: Iterator[tuple[int, str | None]]
    dropped: dict[str, list[int]] = field(default_factory=dict)

    def pairs(self) -> Iterator[QuestionPair]:
        record = QuotedRecord(self.format.separator, self.format.columns)
        header = self.format.header
        while self.ahead or self._read_ahead():
            number, line = self.ahead.popleft()
            if line is not None and not line.strip():
                continue
            if header and line is not None:
                header = False
                continue
            found = _BAD_BYTES if line is None else self._fields(line, record)
            pair = found if isinstance(found, str) else self._pair(found, number)
            if isinstance(pair, str):
                self.dropped.setdefault(pair, []).append(number)
            else:
                yield pair

    def _read_ahead(self) -> bool:
        """Read one more line; False at the end of the file."""
        line = next(self.source, None)
        if line is not None:
            self.ahead.append(line)
        return line is not None

    def _fields(self, line: str, record: QuotedRecord) -> list[str] | str:
        """The fields of the record that begins with `line`, or what is wrong with it."""
        format = self.format
        if not format.quoted or '"' not in line:
            fields = line.split(format.separator)
            return fields if len(fields) == format.columns else _WRONG_FIELDS
        fields_or_none = record.fields(line) or self._fields_by_tabs(line)
        if fields_or_none is not None:
            return fields_or_none
        if not record.is_open(line):
            return _UNCLOSED_QUOTE if line.count('"') % 2 else _WRONG_FIELDS
        return self._longer_record(line, record) or _UNCLOSED_QUOTE

    def _fields_by_tabs(self, line: str) -> list[str] | None:
        """Fields of a TSV line with a quotation at the beginning of a field that is not quoted.

        ``"Yes" or "no"?`` is bare text although it begins with a quote; an odd number of quotes
        is no such thing.
        """
        fields = line.split(self.format.separator)
        if self.format.separator != "\t" or len(fields) != self.format.columns:
            return None
        if any(text.startswith('"') and text.count('"') % 2 for text in fields):
            return None
        return [unquote(text) if _is_quoted(text) else text for text in fields]

    def _longer_record(self, line: str, record: QuotedRecord) -> list[str] | None:
        """The fields of a record of several lines, of which `line` is the first.

        None where the quote is not closed within `_LONGEST_RECORD` lines so that a record with
        the right fields comes out, or where a line that is a record by itself comes before that:
        then only the first line is lost.
        """
        text = line
        for count in range(1, _LONGEST_RECORD):
            if len(self.ahead) < count and not self._read_ahead():
                return None
            following = self.ahead[count - 1][1]
            if following is None or self._stands_alone(following, record):
                return None
            text = f"{text}\n{following}"
            fields = record.fields(text)
            if fields is not None and not isinstance(self._pair(fields, 0), str):
                for _ in range(count):
                    self.ahead.popleft()
                return fields
            if fields is not None or not record.is_open(text):
                return None
        return None

    def _stands_alone(self, line: str, record: QuotedRecord) -> bool:
        fields = record.fields(line)
        return fields is not None and not isinstance(self._pair(fields, 0), str)

    def _pair(self, fields: list[str], number: int) -> QuestionPair | str:
        """The pair that the fields are, or what is wrong with them."""
        format = self.format
        label: int | None = None
        if format.label is not None:
            text = fields[format.label].strip()
            if text not in ("0", "1"):
                return _WRONG_LABEL
            label = int(text)
        question1 = unwrap(fields[format.question1].strip())
        question2 = unwrap(fields[format.question2].strip())
        if not question1 or not question2:
            return _EMPTY_QUESTION
        id1 = None if format.id1 is None else fields[format.id1].strip()
        id2 = None if format.id2 is None else fields[format.id2].strip()
        return QuestionPair(question1, question2, label, id1 or None, id2 or None, number)


def _is_quoted(text: str) -> bool:
    inside = text[1:-1]
    return (
        len(text) > 1 and text[0] == '"' == text[-1] and 2 * inside.count('""') == inside.count('"')
    )


def _unknown_format(path: str, first: list[tuple[int, str | None]]) -> DataError:
    texts = [text for _, text in first if text is not None and text.strip()]
    came = f"its first line is {texts[0][:100]!r}" if texts else "no line of it is UTF-8 text"
    return DataError(
        f"{path} has no known format of question pairs; {came}. Expected one of\n{EXPECTED_FORMATS}"
    )


def _none_left(file: QqpFile) -> DataError:
    if not file.dropped:
        return DataError(f"{file.path} has the header of a {file.format} but no row below it")
    return DataError(
        f"{file.path}: read as {file.format}, but all {file.rows} rows are broken:\n  "
        + "\n  ".join(file.warnings())
        + f"\nExpected one of\n{EXPECTED_FORMATS}"
    )
