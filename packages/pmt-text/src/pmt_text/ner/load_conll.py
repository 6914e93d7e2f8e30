"""Load files of tagged words, one word per line: the CoNLL format."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from pmt_core import DataError
from pmt_text.files.errors import check_at_least, dropped_warnings
from pmt_text.files.text_lines import TextLines, unusable_line
from pmt_text.ner.conll_columns import ConllColumns, canonical_tag, detect_columns
from pmt_text.ner.tag_scheme import TagScheme, detect_scheme, scheme_breaks
from pmt_text.ner.tagged_sentence import DOCUMENT, TaggedSentence

_LINES_TO_SNIFF = 5000

_WRONG_COLUMNS = "missing or extra column"
_NO_WORD = "no word"
_NO_TAG = "not a tag"

Line = tuple[int, str | None]
_END: Line = (0, "")


@dataclass(frozen=True, slots=True)
class ConllFile:
    """The sentences of `load_conll`, in the order of the file, and the scheme of their tags.

    Attributes:
        breaks: number of tags that this scheme would write differently.
        documents: number of -DOCSTART- lines.
        dropped: reason -> the first broken line of each sentence dropped for it.
        sha256: of the stored file.
    """

    sentences: list[TaggedSentence]
    path: str
    columns: ConllColumns
    scheme: TagScheme
    breaks: int
    documents: int
    dropped: dict[str, list[int]]
    sha256: str

    def __len__(self) -> int:
        return len(self.sentences)

    @property
    def tokens(self) -> int:
        """Number of words of all sentences."""
        return sum(map(len, self.sentences))

    @property
    def types(self) -> list[str]:
        """Types of entities that occur, sorted."""
        return sorted({tag[2:] for s in self.sentences for tag in s.tags or () if tag != "O"})

    def warnings(self) -> list[str]:
        """Return one line per reason for which sentences were dropped, and one for broken tags."""
        warnings = dropped_warnings(self.path, self.dropped, "sentence")
        if self.breaks:
            warnings.append(
                f"{self.path}: {self.breaks} tags break the rules of {self.scheme}; they are read "
                "as conlleval reads them"
            )
        return warnings


def load_conll(
    path: str | os.PathLike[str],
    *,
    word_column: int | None = None,
    tag_column: int | None = None,
    encoding: str = "utf-8",
    limit: int | None = None,
) -> ConllFile:
    """Load a CoNLL file, plain or gzip: one word per line, an empty line after each sentence.

    Columns are separated by blanks or single tabs; `detect_columns` finds those of words and tags.
    Tags are IOB1, IOB2 or IOBES (BILOU and BMES are read as IOBES) and are kept as they are.
    -DOCSTART- lines begin a document. Comments ("# ...", as in CoNLL-U) before a sentence are
    skipped. A sentence with a broken line (bytes that are not text, a missing or extra column, no
    word, no tag) is dropped, counted and reported by that line.

    limit: maximal number of sentences. Raises `FileProblem` if the file cannot be read, `DataError`
    if it is empty or binary, has no such columns or no sentence is left, and `SettingsError` for a
    limit below 1 or an unknown encoding.
    """
    check_at_least(1, limit=limit)
    with TextLines(path, encoding) as lines:
        numbered = iter(lines)
        first = list(islice(numbered, _LINES_TO_SNIFF))
        texts = _word_lines(first, lines.path, encoding)
        columns = detect_columns(lines.path, texts, word_column, tag_column)
        reader = _SentenceReader(columns, unusable_line(encoding))
        rows = (line for part in (first, numbered, [_END]) for line in part)
        sentences = list(islice(reader.sentences(rows), limit))
        sha256 = lines.sha256()
    tags = [sentence.tags or () for sentence in sentences]
    scheme = detect_scheme(tags)
    breaks = sum(len(scheme_breaks(sequence, scheme)) for sequence in tags)
    file = ConllFile(
        sentences, lines.path, columns, scheme, breaks, reader.documents, reader.dropped, sha256
    )
    if not sentences:
        problems = "\n  ".join(file.warnings())
        raise DataError(f"{lines.path}: no sentence is left; all of them are broken:\n  {problems}")
    return file


@dataclass(slots=True)
class _SentenceReader:
    """Makes sentences of lines and counts those it cannot use."""

    columns: ConllColumns
    bad_bytes: str
    documents: int = 0
    dropped: dict[str, list[int]] = field(default_factory=dict)

    def sentences(self, lines: Iterable[Line]) -> Iterator[TaggedSentence]:
        rows: list[tuple[str, ...]] = []
        start, broken = 0, False
        for number, line in lines:  # the last one is empty
            begins_document = line is not None and _begins_document(line)
            if line is not None and (begins_document or not line.strip()):
                if rows and not broken:
                    yield self._sentence(rows, start)
                rows, broken = [], False
                self.documents += begins_document
                continue
            if broken or (line is not None and not rows and _is_comment(line, self.columns)):
                continue
            row = self.bad_bytes if line is None else self._row(line)
            if isinstance(row, str):
                self.dropped.setdefault(row, []).append(number)
                broken = True
                continue
            start = start if rows else number
            rows.append(row)

    def _row(self, line: str) -> tuple[str, ...] | str:
        """Return the cells of a line, or the reason why it is broken."""
        cells = self.columns.cells(line)
        if len(cells) != self.columns.count:
            return _WRONG_COLUMNS
        if not cells[self.columns.word].strip():
            return _NO_WORD
        return _NO_TAG if canonical_tag(cells[self.columns.tag]) is None else tuple(cells)

    def _sentence(self, rows: list[tuple[str, ...]], line: int) -> TaggedSentence:
        words = tuple(row[self.columns.word] for row in rows)
        tags = tuple(canonical_tag(row[self.columns.tag]) or "O" for row in rows)
        return TaggedSentence(words, tags, tuple(rows), self.documents, line)


def _begins_document(line: str) -> bool:
    return line.split(maxsplit=1)[:1] == [DOCUMENT]


def _is_comment(line: str, columns: ConllColumns) -> bool:
    """Return whether a line before a sentence is a comment, and not the word "#" with its tag."""
    if not line.startswith("#"):
        return False
    cells = columns.cells(line)
    return len(cells) != columns.count or canonical_tag(cells[columns.tag]) is None


def _word_lines(lines: Sequence[Line], path: str, encoding: str) -> list[str]:
    """Return the lines that may have a word."""
    texts = [text for _, text in lines if text is not None and text.strip()]
    texts = [text for text in texts if not (text.startswith("# ") or _begins_document(text))]
    if not texts:
        kind = "words" if any(text is not None for _, text in lines) else f"text in {encoding}"
        raise DataError(f"{path} has no line with {kind}; expected a word and its tag per line")
    return texts
