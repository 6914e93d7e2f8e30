"""Load files of tagged words, one word per line: the CoNLL format."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from pmt_core import TEXT_LIMITS, DataError, FileLimits
from pmt_text.files.errors import check_at_least, dropped_warnings
from pmt_text.files.line_numbers import LineNumbers
from pmt_text.files.text_lines import TextLines, unusable_line
from pmt_text.ner.conll_columns import ConllColumns, decide_columns, is_title_row
from pmt_text.ner.conll_rows import (
    Block,
    Layout,
    Row,
    complete_rows,
    detect_layout,
    is_comment_like,
    read_blocks,
)
from pmt_text.ner.tag_scheme import TagScheme, best_scheme
from pmt_text.ner.tagged_sentence import TaggedSentence

_WRONG_COLUMNS = "missing or extra column"
_NO_WORD = "no word"
_NO_TAG = "not a tag"
_MAX_COLUMNS = 1000


@dataclass(frozen=True, slots=True)
class ConllFile:
    r"""The sentences of `load_conll`, in the order of the file, and the scheme of their tags.

    Attributes:
        breaks: number of tags that this scheme would write differently.
        documents: number of -DOCSTART- lines.
        dropped: reason -> the first broken line of each sentence dropped for it.
        skipped: number of lines without a word: comments, titles, ranges and empty nodes.
        sha256: of the stored file.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_text import load_conll
        >>> _ = Path("train.txt").write_text("Ada B-PER\nslept O\n\nOslo B-LOC\nis\n")
        >>> file = load_conll("train.txt")
        >>> len(file), file.tokens, file.types, file.scheme
        (1, 2, ['PER'], 'IOB2')
        >>> file.warnings()
        ['train.txt:5: missing or extra column; sentence dropped']
    """

    sentences: list[TaggedSentence]
    path: str
    columns: ConllColumns
    scheme: TagScheme
    breaks: int
    documents: int
    dropped: dict[str, LineNumbers]
    sha256: str
    skipped: int = 0

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

    def reading(self) -> str:
        """Return in one line how the file was read: its columns, and what was dropped and why."""
        counts = {reason: len(lines) for reason, lines in self.dropped.items()}
        dropped = ", ".join(f"{count:,} ({reason})" for reason, count in counts.items())
        parts = [str(self.columns), f"sentences dropped: {dropped or 'none'}"]
        if self.skipped:
            parts.append(f"lines without a word: {self.skipped:,}")
        return "; ".join(parts)

    def warnings(self) -> list[str]:
        """Return one line per reason for which sentences were dropped, and one for broken tags."""
        warnings = dropped_warnings(self.path, self.dropped, "sentence")
        if self.breaks:
            warnings.append(
                f"{self.path}: {self.breaks} tags break the rules of {self.scheme}; they are read "
                "as seqeval reads them"
            )
        return warnings


def load_conll(
    path: str | os.PathLike[str],
    *,
    word_column: int | None = None,
    tag_column: int | None = None,
    columns: ConllColumns | None = None,
    encoding: str = "utf-8",
    limit: int | None = None,
    limits: FileLimits = TEXT_LIMITS,
) -> ConllFile:
    r"""Load a CoNLL file, plain, gzip or zip: one word per line, an empty line after each sentence.

    Columns are separated by blanks or single tabs; empty ones at the end of a line are ignored.
    `decide_columns` decides from all rows which hold the words and the tags. Tags are IOB1, IOB2 or
    IOBES (BILOU and BMES are read as IOBES) and are kept as they are; B_PER, PER-B, b-per, and
    NER=B-PER among other values are read as B-PER, types alone (PER) as I-PER, and letters alone
    (B) as B-ENTITY.

    -DOCSTART- lines begin a document. Skipped are comments ("# ...", as in CoNLL-U), titles of
    columns in the first line, and the ranges ("4-5") and empty nodes ("3.1") of CoNLL-U. A sentence
    with a broken line (bytes that are not text, a missing or extra column, no word, no tag) is
    dropped, counted and reported by that line.

    Args:
        path: the file.
        word_column: of the words, from 0, or negative from the last; None: decided from the rows.
        tag_column: of the tags, likewise.
        columns: those of another file, to read this one likewise if it has as many columns.
        encoding: of the text.
        limit: maximal number of sentences.
        limits: of a line and of a compressed file.

    Raises:
        FileProblem: if the file cannot be read.
        DataError: if it is empty or binary, has no such columns, or no sentence is left.
        SettingsError: if the limit is below 1, or the encoding unknown.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_text import load_conll
        >>> _ = Path("train.txt").write_text("EU NNP I-ORG\nrejects VBZ O\n\nOslo NNP I-LOC\n")
        >>> file = load_conll("train.txt")
        >>> file.scheme
        'IOB1'
        >>> file.sentences[0].words, file.sentences[0].tags
        (('EU', 'rejects'), ('I-ORG', 'O'))
    """
    check_at_least(1, limit=limit)
    with TextLines(path, encoding, limits=limits) as lines:
        blocks, documents = read_blocks(lines)
        sha256 = lines.sha256()
    layout = _detect_layout(blocks, lines.path, encoding)
    _remove_titles(blocks[0], layout)
    rows = complete_rows(blocks, layout)
    columns = decide_columns(
        lines.path, layout, rows, word=word_column, tag=tag_column, like=columns
    )
    reader = _SentenceReader(columns, unusable_line(encoding, limits), rows)
    sentences = list(islice(reader.sentences(blocks), limit))
    scheme, breaks = best_scheme(sentence.tags or () for sentence in sentences)
    counts = breaks, documents, reader.dropped
    file = ConllFile(sentences, lines.path, columns, scheme, *counts, sha256, reader.skipped)
    if not sentences:
        raise _none_left(file)
    return file


def _none_left(file: ConllFile) -> DataError:
    problems = "\n  ".join(file.warnings())
    return DataError(
        f"{file.path}: no sentence is left, as all of them are broken: check the encoding and the "
        f"columns\n  {file.columns}\n  {problems}"
    )


def _detect_layout(blocks: Sequence[Block], path: str, encoding: str) -> Layout:
    texts = [text for block in blocks for text in block.texts]
    if not texts:
        is_text = not blocks or any(text for block in blocks for text in block.lines)
        kind = "words" if is_text else f"text in {encoding}"
        raise DataError(f"{path} has no line with {kind}; expected a word and its tag per line")
    layout = detect_layout(texts)
    if layout.count < 2:
        raise DataError(
            f"{path}: expected a word and its tag per line, separated by blanks or a tab, but most "
            f"lines have one column; the first is {texts[0][:80]!r}: is this a CoNLL file?"
        )
    if layout.count > _MAX_COLUMNS:
        raise DataError(
            f"{path}: most lines have {layout.count:,} columns, and a CoNLL file at most "
            f"{_MAX_COLUMNS:,}: write one word with its tag per line"
        )
    return layout


def _remove_titles(block: Block, layout: Layout) -> None:
    """Make a comment of the first line if it has the titles of the columns."""
    for i, text in enumerate(block.lines):
        if text is None:
            return
        if not is_comment_like(text):
            if is_title_row(layout.cells(text)):
                block.lines[i] = f"# {text}"
            return


@dataclass(slots=True)
class _SentenceReader:
    """Makes sentences of blocks, and counts those that it cannot use.

    rows: the complete rows of each block, see `complete_rows`. tags: cell -> tag, None if it is no
    tag.
    """

    columns: ConllColumns
    bad_bytes: str
    rows: Sequence[Sequence[Row]]
    skipped: int = 0
    dropped: dict[str, LineNumbers] = field(default_factory=dict)
    tags: dict[str, str | None] = field(init=False)

    def __post_init__(self) -> None:
        cells = {row[self.columns.tag] for rows in self.rows for row in rows}
        self.tags = {cell: self.columns.notation.tag(cell) for cell in cells}

    def sentences(self, blocks: Sequence[Block]) -> Iterator[TaggedSentence]:
        word, tag = self.columns.word, self.columns.tag
        all_words = self.columns.all_have_words(self.rows)
        for block, complete in zip(blocks, self.rows, strict=True):
            rows, start = complete, block.start
            words = tuple([row[word] for row in rows])
            tags = tuple([self.tags[row[tag]] for row in rows])
            if block.lines or not (all_words and all(words) and all(tags)):
                rows, start = self._checked_rows(block, complete)
                words = tuple([row[word] for row in rows])
                tags = tuple([self.tags[row[tag]] for row in rows])
            if rows:
                known = tuple([tag or "O" for tag in tags])
                yield TaggedSentence(words, known, tuple(rows), block.document, start)

    def _checked_rows(self, block: Block, complete: Sequence[Row]) -> tuple[Sequence[Row], int]:
        """Return the rows with a word, and the line of the first one; none if a line is broken."""
        rows: list[Row] = []
        start = 0
        for number, line in enumerate(block.lines or complete, block.start):
            row = self.bad_bytes if line is None else self._row(line, is_first=not rows)
            if isinstance(row, str):
                self.dropped.setdefault(row, LineNumbers()).append(number)
                return [], 0
            if row is None:
                self.skipped += 1
                continue
            start = start if rows else number
            rows.append(row)
        return rows, start

    def _row(self, line: str | Row, is_first: bool) -> Row | str | None:
        """Return the cells of a line, None if it has no word, or the reason why it is broken.

        line: its text, or its cells if they are known to be complete.
        """
        columns = self.columns
        row = columns.layout.cells(line) if isinstance(line, str) else line
        if isinstance(line, str) and self._is_comment(line, row, is_first):
            return None
        if not columns.has_word(row):
            return None
        if len(row) != columns.count:
            return _WRONG_COLUMNS
        if not row[columns.word]:
            return _NO_WORD
        return row if self._tag(row[columns.tag]) else _NO_TAG

    def _is_comment(self, text: str, row: Row, is_first: bool) -> bool:
        """Return whether a line begins with "#" and is not the word "#" with its tag."""
        columns = self.columns
        if not is_comment_like(text):
            return False
        if len(row) == columns.count and self._tag(row[columns.tag]):
            return columns.number is not None
        return is_first or text[1:2] in ("", " ", "\t") or text.startswith(("#begin ", "#end "))

    def _tag(self, cell: str) -> str | None:
        if cell not in self.tags:  # of a line that begins with "#"
            notation = self.columns.notation
            self.tags[cell] = None if notation.style == "types" else notation.tag(cell)
        return self.tags[cell]
