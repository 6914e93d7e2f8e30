"""Load files of question pairs, in any of the published formats."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile

from pmt_core import TEXT_LIMITS, DataError, FileLimits
from pmt_text.files.errors import check_at_least, dropped_warnings
from pmt_text.files.line_numbers import LineNumbers
from pmt_text.files.text_lines import TextLines, unusable_line
from pmt_text.qqp.formats import EXPECTED_FORMATS, QuestionPair, detect_format
from pmt_text.qqp.row_reader import WRONG_LABEL, RowReader

_LINES_TO_SNIFF = 2000


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
        texts = {WRONG_LABEL: f"{WRONG_LABEL} (the first one is {self.wrong_label!r:.80})"}
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
        blocks = lines.line_blocks()
        number, first = _first_lines(blocks)
        samples = [text for text in first[:_LINES_TO_SNIFF] if text is not None and text.strip()]
        format = detect_format(samples)
        if format is None:
            raise _unknown_format(lines.path, first, samples, limits)
        reader = RowReader(format, unusable_line(limits=limits), first, number, blocks)
        pairs = list(islice(reader.pairs(), limit))
        sha256 = lines.sha256()
    rows = len(pairs) + sum(map(len, reader.dropped.values()))
    result = QqpFile(
        pairs, lines.path, format.name, rows, reader.dropped, sha256, reader.wrong_label
    )
    if not pairs:
        raise _none_left(result)
    return result


def _first_lines(blocks: Iterator[list[str | None]]) -> tuple[int, list[str | None]]:
    """Return the first lines from the first that is not blank on, and the number of that one."""
    number, lines = 1, list[str | None]()
    while len(lines) < _LINES_TO_SNIFF and (block := next(blocks, [])):
        lines += block
        blank = sum(1 for _ in takewhile(_is_blank, lines))
        number += blank
        del lines[:blank]
    return number, lines


def _is_blank(text: str | None) -> bool:
    return text is not None and not text.strip()


def _unknown_format(
    path: str, first: Sequence[str | None], texts: Sequence[str], limits: FileLimits
) -> DataError:
    if not first:
        return DataError(
            f"{path} is empty: it has nothing but blank lines; expected\n{EXPECTED_FORMATS}"
        )
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
