"""`load_labeled_texts`: read labeled texts of any of the known forms."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from pmt_core import TEXT_LIMITS, DataError, FileLimits
from pmt_text.classification.class_folders import load_class_folders
from pmt_text.classification.columns import Column, TextColumns, find_columns, find_keys
from pmt_text.classification.labeled_text import LabeledText, LabeledTexts
from pmt_text.classification.records import RecordReader, Row, RowFormat, detect_rows
from pmt_text.files.errors import check_at_least
from pmt_text.files.line_numbers import LineNumbers
from pmt_text.files.text_lines import TextLines, unusable_line

EXPECTED_LABELED_TEXTS = """\
  CSV, TSV     a row per text, its text and its label in two of the columns
  JSON lines   an object per line, its text and its label under two of the keys
  TREC         CLASS:subclass question
  folders      FOLDER/CLASS/FILE, or FOLDER/train/CLASS/FILE: a text per file"""

_SAMPLE = 1000  # lines from which format and columns are found
_TREC = re.compile(r"([A-Z]{2,12}):([A-Za-z0-9_]+)\s+(\S.*)")
_TRUE = {"1", "1.0", "true", "yes"}
_FALSE = {"", "0", "0.0", "false", "no"}

EMPTY_TEXT = "no text"
NO_LABEL = "no label"
NOT_TREC = "not CLASS:subclass and a question"
WRONG_CELL = "a cell that is no text or number"


@dataclass(frozen=True, slots=True)
class LabelOptions:
    r"""How labels are read.

    Attributes:
        text: columns of the texts, joined by a blank; empty: found.
        labels: column of the labels, or several columns of 0 and 1; empty: found.
        separator: between several labels of a text; empty: a text has one label.
        fine: of TREC's form, the classes with their subclasses ("DESC:manner").

    Examples:
        >>> from pathlib import Path
        >>> from pmt_text import LabelOptions, load_labeled_texts
        >>> _ = Path("films.csv").write_text("plot,genre\nA shark.,horror|sea\nA wedding.,comedy\n")
        >>> options = LabelOptions(text=("plot",), labels=("genre",), separator="|")
        >>> [text.labels for text in load_labeled_texts("films.csv", options).texts]
        [('horror', 'sea'), ('comedy',)]
    """

    text: Sequence[Column] = ()
    labels: Sequence[Column] = ()
    separator: str = ""
    fine: bool = False

    @property
    def several(self) -> bool:
        """Whether a text may have any number of labels."""
        return bool(self.separator) or len(self.labels) > 1


def load_labeled_texts(
    path: str | os.PathLike[str],
    options: LabelOptions | None = None,
    *,
    encoding: str | None = None,
    split: str = "train",
    limit: int | None = None,
    limits: FileLimits = TEXT_LIMITS,
) -> LabeledTexts:
    r"""Load labeled texts: CSV, TSV, JSON lines, TREC's form (plain, gzip or zip), or a folder.

    The form is found from the content. Columns that are not given are found as `find_columns`
    says. A broken row (a missing field, no text, no label, bytes that are not text, quotes that do
    not close) is dropped, counted and reported by its line; reading continues at the next line.
    A folder has a folder per class, or a folder `split` with them (the layout of aclImdb).

    Args:
        path: a file or a folder.
        options: columns and labels.
        encoding: by default UTF-8; of TREC's form Latin-1.
        split: name of a folder within a folder.
        limit: maximal number of texts.
        limits: of a line and of a compressed file.

    Raises:
        FileProblem: it cannot be read.
        DataError: it is empty or binary, has none of the known forms, or no text is left.
        SettingsError: there is no such column, or the encoding is unknown.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_text import load_labeled_texts
        >>> rows = ["review,sentiment", "Great film!,good", "Too long.,bad", ",bad", "Lovely.,good"]
        >>> _ = Path("reviews.csv").write_text("\n".join(rows))
        >>> data = load_labeled_texts("reviews.csv")
        >>> data.counts(), data.warnings()
        ({'bad': 1, 'good': 2}, ['reviews.csv:4: no text; row dropped'])
    """
    check_at_least(1, limit=limit)
    options = options or LabelOptions()
    if Path(path).is_dir():
        return load_class_folders(Path(path), encoding or "utf-8", split, limit)
    with TextLines(path, "latin-1", limits=limits) as lines:
        sample = [text for _, text in islice(lines, _SAMPLE) if text is not None and text.strip()]
    is_trec = 10 * sum(_TREC.fullmatch(text) is not None for text in sample) > 9 * len(sample) > 0
    encoding = encoding or ("latin-1" if is_trec else "utf-8")
    with TextLines(path, encoding, limits=limits) as lines:
        bad_bytes = unusable_line(encoding, limits)
        if is_trec and not options.text and not options.labels:
            result = _load_trec(lines, bad_bytes, options.fine, limit)
        else:
            result = _load_rows(lines, bad_bytes, options, limit)
        sha256 = lines.sha256()
    if not result.texts:
        raise DataError(
            f"{result.path}: read as {result.reading()}; no text is left. Expected one of\n"
            f"{EXPECTED_LABELED_TEXTS}"
        )
    return replace(result, sha256=sha256, bytes=os.path.getsize(path))


def _load_trec(lines: TextLines, bad_bytes: str, fine: bool, limit: int | None) -> LabeledTexts:
    dropped: dict[str, LineNumbers] = {}

    def texts() -> Iterator[LabeledText]:
        for number, line in lines:
            if line is not None and not line.strip():
                continue
            match = _TREC.fullmatch(line.rstrip()) if line is not None else None
            if match is None:
                reason = bad_bytes if line is None else NOT_TREC
                dropped.setdefault(reason, LineNumbers()).append(number)
                continue
            label = f"{match[1]}:{match[2]}" if fine else match[1]
            yield LabeledText(match[3], (label,), number)

    note = "classes with subclasses" if fine else "coarse classes"
    return LabeledTexts(
        list(islice(texts(), limit)), lines.path, "TREC's form", dropped=dropped, note=note
    )


def _load_rows(
    lines: TextLines, bad_bytes: str, options: LabelOptions, limit: int | None
) -> LabeledTexts:
    source = iter(lines)
    first = deque(islice(source, _SAMPLE))
    texts = [text for _, text in first if text is not None and text.strip()]
    format = detect_rows(texts)
    if format is None:
        came = f"its first line is {texts[0][:100]!r}" if texts else f"its lines are {bad_bytes}"
        raise DataError(
            f"{lines.path} has no known form of labeled texts; {came}. Expected one of\n"
            f"{EXPECTED_LABELED_TEXTS}"
        )
    sample = list(RecordReader(format, bad_bytes, deque(first), iter(())))
    if not sample:
        raise DataError(f"{lines.path}: read as {format.name}, but all of its rows are broken")
    columns = _columns(lines.path, format, [row for _, row in sample], options)
    reader = RecordReader(format, bad_bytes, first, source)
    rows = iter(reader)
    if columns.header and format.separator:
        next(rows)
    make = _TextMaker(columns, options, sample[0][1])
    result = list(islice(_texts(rows, make, reader.drop), limit))
    return LabeledTexts(result, lines.path, format.name, columns, reader.dropped)


def _columns(
    path: str, format: RowFormat, rows: Sequence[Any], options: LabelOptions
) -> TextColumns:
    find = find_columns if format.separator else find_keys
    text, labels = options.text, options.labels
    return find(path, rows, text=text, labels=labels)


def _texts(
    rows: Iterator[tuple[int, Row]], make: _TextMaker, drop: Callable[[str, int], None]
) -> Iterator[LabeledText]:
    for number, row in rows:
        made = make(row, number)
        if isinstance(made, str):
            drop(made, number)
        else:
            yield made


class _TextMaker:
    """Makes labeled texts of rows; returns the reason if that is not possible."""

    def __init__(self, columns: TextColumns, options: LabelOptions, first: Row) -> None:
        self.columns, self.options = columns, options

        def key(column: Column) -> Any:
            if isinstance(first, dict) or isinstance(column, int):
                return column
            return [cell.strip() for cell in first].index(column)

        self._text = [key(column) for column in columns.text]
        self._labels = [key(column) for column in columns.labels]

    def __call__(self, row: Row, number: int) -> LabeledText | str:
        try:
            parts = [_cell(row[key]) for key in self._text]
            cells = [row[key] for key in self._labels]
        except KeyError as error:
            return f"no key {error.args[0]!r}"
        except TypeError:
            return WRONG_CELL
        text = " ".join(part for part in parts if part)
        if not text:
            return EMPTY_TEXT
        labels = self._indicated(cells) if len(cells) > 1 else self._listed(cells[0])
        if isinstance(labels, str):
            return labels
        if not labels and not self.options.several:
            return NO_LABEL
        return LabeledText(text, labels, number)

    def _indicated(self, cells: Sequence[object]) -> tuple[str, ...] | str:
        """Return the columns that say 1."""
        names = []
        for column, cell in zip(self.columns.labels, cells, strict=True):
            value = str(cell).strip().casefold()
            if value not in _TRUE | _FALSE:
                return "a label column with another value than 0 and 1"
            names += [str(column)] if value in _TRUE else []
        return tuple(names)

    def _listed(self, cell: object) -> tuple[str, ...] | str:
        separator = self.options.separator
        try:
            if isinstance(cell, list):
                parts = [_cell(part) for part in cell]
                if len(parts) > 1 and not separator:
                    return "several labels, expected one"
            else:
                parts = _cell(cell).split(separator) if separator else [_cell(cell)]
        except TypeError:
            return WRONG_CELL
        return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))


def _cell(value: object) -> str:
    """Return a cell as text. Raises TypeError for lists, objects and null."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool | int | float):
        return str(value)
    raise TypeError
