"""`LabeledText`: a text with its labels. `LabeledTexts`: those of a file or folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pmt_text.classification.columns import TextColumns
from pmt_text.files.errors import dropped_warnings

_NAMED_FILES = 5


@dataclass(frozen=True, slots=True)
class LabeledText:
    """A text and its labels.

    Attributes:
        text: as it was written, without the quoting of the file.
        labels: names of its classes: one, or any number if a text may have several.
        line: first line of the row in the file, from 1; 0 for a text that is a file.

    Examples:
        >>> from pmt_text import LabeledText
        >>> LabeledText("Where is Oslo?", ("LOC",), line=3)
        LabeledText(text='Where is Oslo?', labels=('LOC',), line=3)
    """

    text: str
    labels: tuple[str, ...]
    line: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class LabeledTexts:
    """The labeled texts of a file or a folder, and the account of its reading.

    Attributes:
        texts: with their labels.
        path: as it was named.
        columns: where text and labels were; None for TREC's form and folders.
        source: the kind of the file for people, e.g. "CSV".
        dropped: reason -> the lines of the rows dropped for it.
        dropped_files: reason -> the files of a folder dropped for it.
        bytes: stored size.
        sha256: of the stored file; of all files of a folder with their names.
        note: a further line about how it was read; may be empty.

    Examples:
        >>> from pmt_text import LabeledText, LabeledTexts
        >>> texts = [LabeledText("Where?", ("LOC",)), LabeledText("Who?", ("HUM",))]
        >>> data = LabeledTexts(texts, "questions.csv", "CSV", dropped={"no text": [4]})
        >>> data.classes, data.counts()
        (['HUM', 'LOC'], {'HUM': 1, 'LOC': 1})
        >>> data.reading()
        'CSV; rows dropped: 1 (no text)'
    """

    texts: list[LabeledText]
    path: str
    source: str
    columns: TextColumns | None = None
    dropped: Mapping[str, Sequence[int]] = field(default_factory=dict)
    dropped_files: Mapping[str, Sequence[str]] = field(default_factory=dict)
    bytes: int = 0
    sha256: str = ""
    note: str = ""

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self.texts)

    @property
    def classes(self) -> list[str]:
        """Names of the labels that occur, sorted."""
        return sorted({label for text in self.texts for label in text.labels})

    def counts(self) -> dict[str, int]:
        """Return the number of texts of each class, by the sorted names."""
        counts = Counter(label for text in self.texts for label in text.labels)
        return {name: counts[name] for name in sorted(counts)}

    def reading(self) -> str:
        """Return in one line how it was read: its columns, and what was dropped and why."""
        dropped = {**self.dropped, **self.dropped_files}
        counts = ", ".join(f"{len(rows):,} ({reason})" for reason, rows in dropped.items())
        thing = "files" if self.dropped_files else "rows"
        parts = [f"{self.source}: {self.columns}" if self.columns else self.source]
        parts += [self.note] if self.note else []
        return "; ".join([*parts, f"{thing} dropped: {counts or 'none'}"])

    def warnings(self) -> list[str]:
        """Return one line per reason for which rows or files were dropped."""
        lines = dropped_warnings(self.path, self.dropped, "row")
        for reason, names in self.dropped_files.items():
            more = len(names) - _NAMED_FILES
            tail = f" and {more} more" if more > 0 else ""
            named = ", ".join(names[:_NAMED_FILES])
            lines.append(f"{self.path}: {reason}; {len(names)} files dropped: {named}{tail}")
        return lines
