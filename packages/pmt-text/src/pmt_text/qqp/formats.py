"""The forms in which files of question pairs go round, and how to tell them apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["EXPECTED_FORMATS", "QqpFormat", "detect_format"]

EXPECTED_FORMATS = """\
  public TSV       header: id qid1 qid2 question1 question2 is_duplicate (parted by tabs)
  Kaggle CSV       the same header parted by commas; test.csv: test_id,question1,question2
  GLUE TSV         the public TSV's header, or id question1 question2 for its test file
  BiMPM            no header, 4 columns parted by tabs: label question1 question2 id"""


@dataclass(frozen=True, slots=True)
class QqpFormat:
    """Where the parts of a row stand.

    name: for people. separator: between fields. columns: fields in a row. question1, question2,
    label, id1, id2: the places of these, None where the form has none. header: whether the first
    line is one. quoted: whether fields may be quoted as in CSV; else a quote is only a character.
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
    """The form of a file of which `lines` are the first few hundred; None where it is none.

    Told by the header; where there is none, by the shape of the first lines. Whether quotes in a
    TSV are CSV quotes is told by those that stand there: the public release quotes every field
    that holds one, GLUE's files may not.
    """
    if not lines:
        return None
    format = _by_header(lines[0]) or _by_shape(lines[:20])
    if format is None or format.separator != "\t" or not format.quoted:
        return format
    return format if _quotes_are_csv(lines, format) else _glue(format)


def _by_header(line: str) -> QqpFormat | None:
    separator = "\t" if "\t" in line else ","
    names = [name.strip().strip('"').casefold() for name in line.split(separator)]
    if len(set(names)) != len(names) or not {"question1", "question2"} <= set(names):
        return None
    places = {name: place for place, name in enumerate(names)}
    label = places.get("is_duplicate")
    if separator == ",":
        name = "Kaggle CSV" if label is not None else "Kaggle test CSV"
    else:
        name = "public TSV" if label is not None else "GLUE test TSV"
    return QqpFormat(
        name,
        separator,
        len(names),
        places["question1"],
        places["question2"],
        label=label,
        id1=places.get("qid1"),
        id2=places.get("qid2"),
    )


def _by_shape(lines: Sequence[str]) -> QqpFormat | None:
    """The headerless form that most of the lines have, if a good half of them has it."""
    rows = [line.split("\t") for line in lines if line.strip()]
    bimpm = sum(len(row) == 4 and row[0].strip() in ("0", "1") for row in rows)
    public = sum(
        len(row) == 6 and row[5].strip() in ("0", "1") and row[1].strip().isdigit() for row in rows
    )
    if 2 * max(bimpm, public) <= len(rows):
        return None
    return _BIMPM if bimpm >= public else _PUBLIC_WITHOUT_HEADER


def _quotes_are_csv(lines: Sequence[str], format: QqpFormat) -> bool:
    """Whether quoted fields with doubled quotes are at least as many as bare ones with a quote."""
    wrapped = bare = 0
    for line in lines[format.header :]:
        fields = line.split("\t") if '"' in line else []
        for field in fields if len(fields) == format.columns else ():
            if re.fullmatch(r'"(?:[^"]++|"")*+"', field):
                wrapped += '""' in field
            else:
                bare += '"' in field and not field.startswith('"')
    return wrapped >= bare


def _glue(format: QqpFormat) -> QqpFormat:
    return QqpFormat(
        "GLUE TSV" if format.label is not None else "GLUE test TSV",
        format.separator,
        format.columns,
        format.question1,
        format.question2,
        format.label,
        format.id1,
        format.id2,
        format.header,
        quoted=False,
    )
