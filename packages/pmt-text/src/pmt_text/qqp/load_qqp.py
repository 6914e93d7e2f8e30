"""Load files of question pairs, in any of the published formats."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import dropwhile, islice

from pmt_core import TEXT_LIMITS, DataError, FileLimits
from pmt_text.files.csv_record import QuotedRecord, unquote, unwrap
from pmt_text.files.errors import check_at_least, dropped_warnings
from pmt_text.files.line_numbers import LineNumbers
from pmt_text.files.text_lines import TextLines, unusable_line
from pmt_text.qqp.formats import EXPECTED_FORMATS, QqpFormat, QuestionPair, detect_format, label_of

_LINES_TO_SNIFF = 2000
_MAX_RECORD = 20  # lines; a quote that stays open longer is not the beginning of a field

_UNCLOSED_QUOTE = "unclosed quote"
_WRONG_FIELDS = "missing or extra field"
_WRONG_LABEL = "label is neither 0 nor 1"
_EMPTY_QUESTION = "empty question"


@dataclass(frozen=True, slots=True)
class QqpFile:
    r"""The question pairs of `load_qqp`, in the order of the file, and the name of its format.

    Attributes:
        rows: number of rows, dropped ones included.
        dropped: reason -> the lines of the rows dropped for it.
        sha256: of the stored file.
        wrong_label: the first label that is neither 0 nor 1, None if there is none.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_text import load_qqp
        >>> rows = ["id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate"]
        >>> rows += ["0\t1\t2\tWho is he?\tWho's he?\t1", "1\t3\t4\tWhy?\tHow?\tmaybe"]
        >>> _ = Path("pairs.tsv").write_text("\n".join(rows))
        >>> file = load_qqp("pairs.tsv")
        >>> len(file), file.rows, file.format
        (1, 2, 'public TSV')
        >>> file.warnings()
        ["pairs.tsv:3: label is neither 0 nor 1 (the first one is 'maybe'); row dropped"]
    """

    pairs: list[QuestionPair]
    path: str
    format: str
    rows: int
    dropped: dict[str, LineNumbers]
    sha256: str
    wrong_label: str | None = None

    def __len__(self) -> int:
        return len(self.pairs)

    def warnings(self) -> list[str]:
        """Return one line per reason for which rows were dropped, with file and lines."""
        texts = {_WRONG_LABEL: f"{_WRONG_LABEL} (the first one is {self.wrong_label!r:.80})"}
        dropped = {texts.get(reason, reason): lines for reason, lines in self.dropped.items()}
        return dropped_warnings(self.path, dropped, "row")


def load_qqp(
    path: str | os.PathLike[str], *, limit: int | None = None, limits: FileLimits = TEXT_LIMITS
) -> QqpFile:
    r"""Load question pairs: public TSV, Kaggle CSV, GLUE TSV or BiMPM; plain, gzip or zip.

    The format is detected from the header or the rows, not from the name of the file. Labels are 0
    and 1, also written as 0.0 and 1.0 or as False and True. A broken row (a missing field, another
    label, bytes that are not UTF-8, an unclosed quote, an empty question) is dropped, counted and
    reported by its line; reading continues at the next line. Questions are stored without the
    quoting of the file, otherwise unchanged.

    Args:
        path: the file.
        limit: maximal number of pairs.
        limits: of a line and of a compressed file.

    Raises:
        FileProblem: if the file cannot be read.
        DataError: if it is empty or binary, its format is unknown, or no row is left.
        SettingsError: if the limit is below 1.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_text import load_qqp
        >>> header = "id,qid1,qid2,question1,question2,is_duplicate"
        >>> _ = Path("train.csv").write_text(header + '\n0,1,2,"Who, me?",Me?,1\n')
        >>> file = load_qqp("train.csv")
        >>> file.format
        'Kaggle CSV'
        >>> file.pairs[0].question1, file.pairs[0].label
        ('Who, me?', 1)
    """
    check_at_least(1, limit=limit)
    with TextLines(path, limits=limits) as lines:
        numbered = dropwhile(_is_blank, lines)
        first = list(islice(numbered, _LINES_TO_SNIFF))
        format = detect_format([text for _, text in first if text is not None and text.strip()])
        if format is None:
            raise _unknown_format(lines.path, first, limits)
        reader = _RowReader(format, unusable_line(limits=limits), deque(first), numbered)
        pairs = list(islice(reader.pairs(), limit))
        sha256 = lines.sha256()
    rows = len(pairs) + sum(map(len, reader.dropped.values()))
    result = QqpFile(
        pairs, lines.path, format.name, rows, reader.dropped, sha256, reader.wrong_label
    )
    if not pairs:
        raise _none_left(result)
    return result


@dataclass(slots=True)
class _RowReader:
    """Makes pairs of lines and counts those it cannot use."""

    format: QqpFormat
    bad_bytes: str  # the reason to drop a line that cannot be used
    ahead: deque[tuple[int, str | None]]  # lines read but not used yet
    source: Iterator[tuple[int, str | None]]
    dropped: dict[str, LineNumbers] = field(default_factory=dict)
    wrong_label: str | None = None  # the first one

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
            fields = self.bad_bytes if line is None else self._fields(line, record)
            pair = fields if isinstance(fields, str) else self._pair(fields, number)
            if isinstance(pair, str):
                self.dropped.setdefault(pair, LineNumbers()).append(number)
                if pair == _WRONG_LABEL and self.wrong_label is None:
                    self.wrong_label = fields[self.format.label or 0].strip()
            else:
                yield pair

    def _read_ahead(self) -> bool:
        """Read one more line; return False at the end of the file."""
        line = next(self.source, None)
        if line is not None:
            self.ahead.append(line)
        return line is not None

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
            if len(self.ahead) < count and not self._read_ahead():
                return None
            following = self.ahead[count - 1][1]
            if following is None or self._is_row(record.fields(following)):
                return None
            text = f"{text}\n{following}"
            fields = record.fields(text)
            if self._is_row(fields):
                for _ in range(count):
                    self.ahead.popleft()
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
            return _WRONG_LABEL
        texts = [unwrap(fields[i].strip()) for i in (format.question1, format.question2)]
        if not all(texts):
            return _EMPTY_QUESTION
        ids = [None if i is None else fields[i].strip() or None for i in (format.id1, format.id2)]
        return QuestionPair(texts[0], texts[1], label, ids[0], ids[1], number)


def _is_blank(line: tuple[int, str | None]) -> bool:
    text = line[1]
    return text is not None and not text.strip()


def _is_quoted(text: str) -> bool:
    inside = text[1:-1]
    return (
        len(text) > 1 and text[0] == '"' == text[-1] and 2 * inside.count('""') == inside.count('"')
    )


def _unknown_format(
    path: str, first: list[tuple[int, str | None]], limits: FileLimits
) -> DataError:
    if not first:
        return DataError(
            f"{path} is empty: it has nothing but blank lines; expected\n{EXPECTED_FORMATS}"
        )
    texts = [text for _, text in first if text is not None and text.strip()]
    came = (
        f"its first line is {texts[0][:100]!r}"
        if texts
        else f"its lines are {unusable_line(limits=limits)}"
    )
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
