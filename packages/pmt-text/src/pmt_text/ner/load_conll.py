"""Read and write files of tagged words, one word a line: the CoNLL format."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from pmt_core import DataError, SettingsError, ShapeError, atomic_file
from pmt_text.files.errors import dropped_warning
from pmt_text.files.text_lines import TextLines, unusable_line
from pmt_text.ner.conll_columns import ConllColumns, canonical_tag, detect_columns
from pmt_text.ner.tag_scheme import TagScheme, detect_scheme, scheme_breaks
from pmt_text.ner.tagged_sentence import TaggedSentence

__all__ = ["ConllFile", "load_conll", "write_conll"]

_LINES_TO_SNIFF = 5000
_DOCUMENT = "-DOCSTART-"
_BLANK = re.compile(r"\s+")

_WRONG_COLUMNS = "missing or extra column"
_NO_WORD = "no word"
_NO_TAG = "not a tag"

Line = tuple[int, str | None]


@dataclass(frozen=True, slots=True)
class ConllFile:
    """What `load_conll` read.

    sentences: those kept, in the order of the file. path: which file. columns: its columns.
    scheme: of the tags. breaks: number of tags that this scheme would have written differently.
    documents: how many -DOCSTART- lines. dropped: for each reason the lines of which a sentence
    was dropped, one a sentence. sha256: of the file as it is stored.
    """

    sentences: list[TaggedSentence]
    path: str
    columns: ConllColumns
    scheme: TagScheme
    breaks: int
    documents: int
    dropped: dict[str, list[int]]
    sha256: str

    @property
    def kept(self) -> int:
        """The number of sentences kept."""
        return len(self.sentences)

    @property
    def tokens(self) -> int:
        """The number of words in them."""
        return sum(map(len, self.sentences))

    @property
    def types(self) -> list[str]:
        """The types of entities that occur, by the alphabet."""
        return sorted({tag[2:] for s in self.sentences for tag in s.tags or () if tag != "O"})

    def warnings(self) -> list[str]:
        """One line for each reason for which sentences were dropped, and one for broken tags."""
        found = [
            dropped_warning(self.path, reason, lines, "sentence")
            for reason, lines in self.dropped.items()
        ]
        if self.breaks:
            found.append(
                f"{self.path}: {self.breaks} tags break the rules of {self.scheme}; they are read "
                "as conlleval reads them"
            )
        return found


def load_conll(
    path: str | os.PathLike[str],
    *,
    word_column: int | None = None,
    tag_column: int | None = None,
    encoding: str = "utf-8",
    limit: int | None = None,
) -> ConllFile:
    """Read a CoNLL file, plain or gzip: a word a line, an empty line after every sentence.

    Any number of columns, parted by blanks or single tabs; which of them hold words and tags see
    `detect_columns`. Tags are IOB1, IOB2 or IOBES (or BILOU, BMES: read as IOBES), and come
    as they stand there. -DOCSTART- lines begin a document and are no sentence. Comments ("# ...",
    as in CoNLL-U) before a sentence are passed over. A sentence with a broken line (bytes that are
    no text, a column missing or too many, no word, no tag) is dropped, counted, and named by that
    line.

    limit: the most sentences to keep. Raises `FileProblem` (missing, a folder, unreadable),
    `DataError` (empty, binary, no such columns, no sentence left) and `SettingsError`.
    """
    if limit is not None and limit < 1:
        raise SettingsError(f"limit must be 1 or more sentences, not {limit}")
    with TextLines(path, encoding) as lines:
        numbered = iter(lines)
        first = list(islice(numbered, _LINES_TO_SNIFF))
        columns = detect_columns(
            lines.path, _words_among(first, lines.path, encoding), word_column, tag_column
        )
        reader = _SentenceReader(columns, unusable_line(encoding))
        sentences = list(islice(reader.sentences(chain(first, numbered)), limit))
        sha256 = lines.sha256()
    tags = [sentence.tags or () for sentence in sentences]
    scheme = detect_scheme(tags)
    breaks = sum(len(scheme_breaks(one, scheme)) for one in tags)
    found = ConllFile(
        sentences, lines.path, columns, scheme, breaks, reader.documents, reader.dropped, sha256
    )
    if not sentences:
        problems = "\n  ".join(found.warnings())
        raise DataError(f"{lines.path}: no sentence is left; all of them are broken:\n  {problems}")
    return found


def write_conll(
    path: str | os.PathLike[str],
    sentences: Iterable[TaggedSentence],
    predicted: Iterable[Sequence[str]] | None = None,
) -> None:
    """Write sentences as UTF-8, a word a line, columns parted by single blanks.

    A line has the sentence's own cells, or else its word and tag. With `predicted`, tags of each
    sentence in the scheme of its own ones, these two are the last columns, right and predicted,
    as the program conlleval wants them; without it -DOCSTART- lines part the documents. Blanks
    inside a cell become "_", for conlleval knows no other separator.

    Raises ShapeError where numbers of tags and words differ, DataError for a sentence without
    tags, FileProblem where the file cannot be written.
    """
    document = 0
    with atomic_file(path, "w") as file:
        for i, (sentence, tags) in enumerate(_with_tags(sentences, predicted)):
            if predicted is None and sentence.document != document:
                document = sentence.document
                cells = len(sentence.cells[0]) if sentence.cells else 2
                file.write(
                    " ".join([_DOCUMENT, *["-X-"][: cells - 2], *["O"] * cells][:cells]) + "\n\n"
                )
            rows = _rows(sentence, tags, i)
            file.writelines(" ".join(map(_one_cell, row)) + "\n" for row in rows)
            file.write("\n")


def _with_tags(
    sentences: Iterable[TaggedSentence], predicted: Iterable[Sequence[str]] | None
) -> Iterator[tuple[TaggedSentence, Sequence[str] | None]]:
    if predicted is None:
        for sentence in sentences:
            yield sentence, None
        return
    missing = object()
    rest = iter(predicted)
    for sentence in sentences:
        tags = next(rest, missing)
        if tags is missing:
            raise ShapeError("there are more sentences than sequences of predicted tags")
        yield sentence, tags  # type: ignore[misc]
    if next(rest, missing) is not missing:
        raise ShapeError("there are more sequences of predicted tags than sentences")


def _rows(
    sentence: TaggedSentence, predicted: Sequence[str] | None, place: int
) -> list[tuple[str, ...]]:
    if sentence.tags is None:
        raise DataError(f"sentence {place + 1} has no tags to write")
    if predicted is None:
        return list(sentence.cells) or list(zip(sentence.words, sentence.tags, strict=True))
    if len(predicted) != len(sentence):
        raise ShapeError(
            f"sentence {place + 1}: {len(predicted)} tags were predicted for {len(sentence)} words"
        )
    before = sentence.cells or [(word,) for word in sentence.words]
    return [
        (*cells, tag, guess)
        for cells, tag, guess in zip(before, sentence.tags, predicted, strict=True)
    ]


def _one_cell(text: str) -> str:
    return _BLANK.sub("_", text) or "_"


@dataclass(slots=True)
class _SentenceReader:
    """Makes sentences of lines and keeps account of those it cannot use."""

    columns: ConllColumns
    bad_bytes: str
    documents: int = 0
    dropped: dict[str, list[int]] = field(default_factory=dict)

    def sentences(self, lines: Iterable[Line]) -> Iterator[TaggedSentence]:
        rows: list[tuple[str, ...]] = []
        start, broken = 0, False
        for number, line in chain(lines, [(0, "")]):
            begins_document = line is not None and _begins_document(line)
            if line is not None and (begins_document or not line.strip()):
                if rows and not broken:
                    yield self._sentence(rows, start)
                rows, broken = [], False
                self.documents += begins_document
                continue
            if broken or (line is not None and not rows and _is_comment(line, self.columns)):
                continue
            found = self.bad_bytes if line is None else self._row(line)
            if isinstance(found, str):
                self.dropped.setdefault(found, []).append(number)
                broken = True
                continue
            start = start if rows else number
            rows.append(found)

    def _row(self, line: str) -> tuple[str, ...] | str:
        """The cells of a line, or what is wrong with it."""
        cells = self.columns.cells(line)
        if len(cells) != self.columns.count:
            return _WRONG_COLUMNS
        if not cells[self.columns.word].strip():
            return _NO_WORD
        return _NO_TAG if canonical_tag(cells[self.columns.tag]) is None else tuple(cells)

    def _sentence(self, rows: list[tuple[str, ...]], line: int) -> TaggedSentence:
        word, tag = self.columns.word, self.columns.tag
        return TaggedSentence(
            words=tuple(row[word] for row in rows),
            tags=tuple(canonical_tag(row[tag]) or "O" for row in rows),
            cells=tuple(rows),
            document=self.documents,
            line=line,
        )


def _begins_document(line: str) -> bool:
    return line.split(maxsplit=1)[:1] == [_DOCUMENT]


def _is_comment(line: str, columns: ConllColumns) -> bool:
    """Whether a line before a sentence is a comment, and not the word "#" with its tag."""
    if not line.startswith("#"):
        return False
    cells = columns.cells(line)
    return len(cells) != columns.count or canonical_tag(cells[columns.tag]) is None


def _words_among(lines: Sequence[Line], path: str, encoding: str) -> list[str]:
    """The lines that words may stand on."""
    texts = [
        text
        for _, text in lines
        if text is not None
        and text.strip()
        and not (text.startswith("# ") or _begins_document(text))
    ]
    if not texts:
        kind = "words" if any(text is not None for _, text in lines) else f"text in {encoding}"
        raise DataError(f"{path} has no line with {kind}; expected a word and its tag a line")
    return texts
