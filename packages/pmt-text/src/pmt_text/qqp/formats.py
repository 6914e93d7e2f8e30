"""Question pairs, the published formats of their files, and format detection."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import repeat
from typing import Any

EXPECTED_FORMATS = """\
  public TSV       header: id qid1 qid2 question1 question2 is_duplicate (separated by tabs)
  Kaggle CSV       the same header separated by commas; test.csv: test_id,question1,question2
  GLUE TSV         the public TSV's header, or id question1 question2 for its test file
  BiMPM            no header, 4 columns separated by tabs: label question1 question2 id
with labels 0 and 1, which may be written as 0.0 and 1.0, or as False and True"""

_LABELS = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1}


@dataclass(frozen=True, slots=True)
class QuestionPair:
    """Two questions, and whether they ask the same.

    Attributes:
        question1, question2: the texts without the quoting of the file.
        label: 1 duplicate, 0 not, None if unknown.
        id1, id2: ids of the questions, if the file has them.
        line: first line of the row in the file, from 1.

    Examples:
        >>> from pmt_text import QuestionPair
        >>> pair = QuestionPair("Who is he?", "Who's he?", label=1)
        >>> pair.question2, pair.label
        ("Who's he?", 1)
    """

    question1: str
    question2: str
    label: int | None = None
    id1: str | None = None
    id2: str | None = None
    line: int = 0


def pairs_of_columns(*columns: Sequence[Any]) -> list[QuestionPair]:
    """Return the pairs with these fields, a sequence (n,) for each, in their order in the class.

    It sets a field of all pairs at a time, which takes half the time of n calls of the class.
    """
    names = [field.name for field in fields(QuestionPair)]
    pairs = list(map(object.__new__, repeat(QuestionPair, len(columns[0]))))
    for name, column in zip(names, columns, strict=True):
        set_field = getattr(QuestionPair, name).__set__
        deque(map(set_field, pairs, column), maxlen=0)  # calls it for each pair
    return pairs


def label_of(text: str) -> int | None:
    """Return the label that a field says: 0 or 1; None if it is neither.

    pandas writes 0.0 and 1.0 if a column has missing values, and False and True for booleans; the
    case of the latter does not matter.
    """
    return _LABELS.get(text.strip().casefold())


@dataclass(frozen=True, slots=True)
class QqpFormat:
    """The layout of a row of `columns` fields, with the name of the format for people.

    Attributes:
        question1, question2, label, id1, id2: indices of these columns, None if there are none.
        header: whether the first line is a header.
        quoted: whether fields may be quoted as in CSV; else a quote is an ordinary character.
    """

    name: str
    separator: str
    columns: int
    question1: int
    question2: int
    label: int | None = None
    id1: int | None = None
    id2: int | None = None
    header: bool = True
    quoted: bool = True


_BIMPM = QqpFormat("BiMPM", "\t", 4, 1, 2, label=0, header=False, quoted=False)
_PUBLIC_WITHOUT_HEADER = QqpFormat(
    "public TSV without header", "\t", 6, 3, 4, label=5, id1=1, id2=2, header=False
)


def detect_format(lines: Sequence[str]) -> QqpFormat | None:
    """Return the format of a file by its first few hundred lines; None if it is unknown.

    The format is that of the header, or else that of most of the first rows. Quotes in a TSV are
    CSV quotes if the fields say so: the public release quotes each field that contains a quote,
    the files of GLUE may not.
    """
    if not lines:
        return None
    format = _by_header(lines[0]) or _by_shape(lines[:20])
    if format is None or format.separator != "\t" or not format.quoted:
        return format
    if _quotes_are_csv(lines, format):
        return format
    name = "GLUE TSV" if format.label is not None else "GLUE test TSV"
    return replace(format, name=name, quoted=False)


def _by_header(line: str) -> QqpFormat | None:
    separator = "\t" if "\t" in line else ","
    names = [name.strip().strip('"').casefold() for name in line.split(separator)]
    if len(set(names)) != len(names) or not {"question1", "question2"} <= set(names):
        return None
    columns = {name: i for i, name in enumerate(names)}
    label, id1, id2 = (columns.get(name) for name in ("is_duplicate", "qid1", "qid2"))
    kinds = {",": ("Kaggle CSV", "Kaggle test CSV"), "\t": ("public TSV", "GLUE test TSV")}
    name = kinds[separator][label is None]
    questions = columns["question1"], columns["question2"]
    return QqpFormat(name, separator, len(names), *questions, label=label, id1=id1, id2=id2)


def _by_shape(lines: Sequence[str]) -> QqpFormat | None:
    """Return the format without header of more than half of the lines."""
    rows = [line.split("\t") for line in lines if line.strip()]
    bimpm = sum(len(row) == 4 and label_of(row[0]) is not None for row in rows)
    public = sum(
        len(row) == 6 and label_of(row[5]) is not None and row[1].strip().isdigit() for row in rows
    )
    if 2 * max(bimpm, public) <= len(rows):
        return None
    return _BIMPM if bimpm >= public else _PUBLIC_WITHOUT_HEADER


def _quotes_are_csv(lines: Sequence[str], format: QqpFormat) -> bool:
    """Return whether fields with doubled quotes are at least as many as unquoted ones with one."""
    quoted = unquoted = 0
    for line in lines[format.header :]:
        row = line.split("\t") if '"' in line else []
        for text in row if len(row) == format.columns else ():
            if re.fullmatch(r'"(?:[^"]++|"")*+"', text):
                quoted += '""' in text
            else:
                unquoted += '"' in text and not text.startswith('"')
    return quoted >= unquoted
