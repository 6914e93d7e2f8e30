"""Detect how a column of a CoNLL file writes tags (B-PER, PER-B, B, PER), and read its cells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

TagStyle = Literal["prefix", "suffix", "letters", "types"]

UNNAMED_TYPE = "ENTITY"
"""Type of entities whose tags have no type: bare B and I."""

MIN_TAGS = 0.9  # of the cells that are not "O", in a column of tags
_MIN_AFFIXES = 0.5  # the same, for B-PER and PER-B
MIN_OUTSIDE = 0.2  # of all cells, for types without a prefix
_MAX_TYPES = 100  # without a prefix

_AFFIXES: tuple[TagStyle, ...] = ("prefix", "suffix")
_STYLES_WITH_LETTERS: tuple[TagStyle, ...] = (*_AFFIXES, "letters")
_LETTERS = "BIESLUMW"
# Other letters for the end, the single word and the middle of an entity: BILOU, BMES, BMEWO.
_OTHER_LETTERS = {"L": "E", "U": "S", "W": "S", "M": "I"}
_PREFIXED = re.compile(rf"([{_LETTERS}])[-_:](\S+)")
_SUFFIXED = re.compile(rf"(\S+)[-_:]([{_LETTERS}])")
_PREFIXED_ANY_CASE = re.compile(_PREFIXED.pattern, re.IGNORECASE)
_SUFFIXED_ANY_CASE = re.compile(_SUFFIXED.pattern, re.IGNORECASE)
_SEVERAL_TAGS = re.compile(rf"[|,;+&/][{_LETTERS}]-")
_TYPE = re.compile(r"[^\W\d_][\w.&/+:-]*")
# No types: tags in another notation, of this one's letters or of any.
_WITH_LETTER = re.compile(rf"[{_LETTERS}][-_:].*|[BI]")
_AFFIXED = re.compile(r"[A-Za-z][\W_]..+|.+.[\W_][A-Za-z]")
_OUTSIDE = ("O", "o", "_", "-", "0")
_ENTITY_KEY = re.compile(r"ner|ne|ne_?tag|ner_?tag|named_?entity|entity|bio|iob", re.IGNORECASE)
_BRACKETS = re.compile(r"(?:\([^()*\s]+)*\*\)*|(?:\([^()*\s]+)+\)+")
# Types of syntactic chunks: CoNLL-2000, and those of German, French, Chinese and Hindi corpora.
_CHUNK_NAMES = (
    "NP VP PP ADJP ADVP CONJP INTJ LST PRT SBAR UCP NC VC PC ADVC ADJC VN AP ADP VPINF VPPART "
    "QP DP CLP LCP DVP VGF VGNF VGINF VGNN JJP RBP NEGP CCP FRAGP BLK"
)
_CHUNKS = frozenset(_CHUNK_NAMES.split())
# Semantic roles: PropBank, CoNLL-2005, OntoNotes.
_ROLE = re.compile(r"(?:[CR]-)?(?:V|A[0-5A]|ARG[0-5A]|(?:AM|ARGM)-[A-Z]+)")


@dataclass(frozen=True, slots=True)
class TagNotation:
    """How a column writes tags.

    Attributes:
        style: "prefix" (B-PER, B_PER), "suffix" (PER-B), "letters" (B, without a type) or "types"
            (PER, without B or I).
        outside: the cell of a word outside of entities.
        any_case: whether the letters may be lower-case: b-PER.
        key: of the value that is the tag, if cells are keys and values: SpaceAfter=No|NER=B-PER.
    """

    style: TagStyle = "prefix"
    outside: str = "O"
    any_case: bool = False
    key: str = ""

    def __str__(self) -> str:
        tag = {"prefix": "B-PER", "suffix": "PER-B", "letters": "B", "types": "PER"}[self.style]
        if self.any_case:
            tag = tag[0].lower() + tag[1:] if self.style != "suffix" else "PER-b"
        return f"{self.key}={tag}" if self.key else f"{tag} and {self.outside}"

    def tag(self, cell: str) -> str | None:
        """Return the tag of a cell, B, I, E or S before its type or "O"; None if it has none."""
        if self.key:
            cell = dict(_keys_and_values(cell)).get(self.key, self.outside)
        if cell == self.outside:
            return "O"
        if self.style == "letters":
            letter = cell.upper() if self.any_case else cell
            is_letter = len(letter) == 1 and letter in _LETTERS
            return f"{_OTHER_LETTERS.get(letter, letter)}-{UNNAMED_TYPE}" if is_letter else None
        if self.style == "types":
            is_type = cell.lower() != "o" and _TYPE.fullmatch(cell)
            return f"I-{cell}" if is_type else None
        return self._affixed(cell)

    def _affixed(self, cell: str) -> str | None:
        if self.style == "prefix":
            match = (_PREFIXED_ANY_CASE if self.any_case else _PREFIXED).fullmatch(cell)
            letter, type_ = match.groups() if match else ("", "")
        else:
            match = (_SUFFIXED_ANY_CASE if self.any_case else _SUFFIXED).fullmatch(cell)
            type_, letter = match.groups() if match else ("", "")
        if not match or _SEVERAL_TAGS.search(type_):
            return None
        letter = letter.upper()
        return f"{_OTHER_LETTERS.get(letter, letter)}-{type_}"

    def share(self, cells: Mapping[str, int]) -> float:
        """Return the share of tags among the cells (cell -> count) that are not outside."""
        tags = total = 0
        for cell, count in cells.items():
            tag = self.tag(cell)
            if tag != "O":
                total += count
                tags += count * (tag is not None)
        return tags / total if total else 1.0


def detect_notation(cells: Mapping[str, int], *, chosen: bool = False) -> TagNotation | None:
    """Return the notation of a column of tags, or None if the column holds something else.

    Outside of entities is "O", or if the column has no "O": "o", "_", "-" or "0". Of the other
    cells, 90 % are tags of one notation, or half of them are tags with a letter and a type. Types
    without a letter are at most 100, and a fifth of the cells is "O".

    cells: the cells and their frequencies. chosen: the user chose this column, so that half of the
    cells are enough in each notation, and "O" may be rare.
    """
    if any("=" in cell for cell in cells):
        return _notation_of_values(cells, chosen)
    outside = next((cell for cell in _OUTSIDE if cell in cells), "O")
    entities = Counter(cells)
    n_outside = entities.pop(outside, 0)
    if not entities:
        return TagNotation() if outside == "O" else None
    styles = _STYLES_WITH_LETTERS if len(cells) > 1 else _AFFIXES  # a constant letter is no tag
    n_frequent = n_outside if n_outside >= MIN_OUTSIDE * (n_outside + entities.total()) else 0
    notation = (
        _notation_with_letters(entities, outside, styles, MIN_TAGS)
        or _notation_of_types(entities, outside, n_frequent, MIN_TAGS)
        or _notation_with_letters(entities, outside, _AFFIXES, _MIN_AFFIXES)
    )
    if notation or not chosen:
        return notation
    return _notation_with_letters(entities, outside, styles, _MIN_AFFIXES) or _notation_of_types(
        entities, outside, n_outside, _MIN_AFFIXES
    )


def _notation_with_letters(
    entities: Counter[str], outside: str, styles: Sequence[TagStyle], minimum: float
) -> TagNotation | None:
    """Return the notation of tags that have a letter, or None. entities: cells but `outside`."""
    frequent = [cell for cell, _ in entities.most_common(30)]  # refuses a column of words early
    for any_case in (False, True):
        for style in styles:
            notation = TagNotation(style, outside, any_case)
            if not any(map(notation.tag, frequent)) or notation.share(entities) < minimum:
                continue
            end = slice(-1, None) if style == "suffix" else slice(1)
            letters = {cell[end].upper() for cell in entities}
            if letters & {"B", "I"} or (style == "prefix" and not any_case):
                return notation
    return None


def _notation_of_types(
    entities: Counter[str], outside: str, n_outside: int, minimum: float
) -> TagNotation | None:
    """Return the notation of types without a letter, or None. entities: cells but `outside`."""
    if outside not in ("O", "o") or not n_outside:
        return None
    notation = TagNotation("types", outside)
    total = entities.total()
    with_letter = sum(n for cell, n in entities.items() if _WITH_LETTER.fullmatch(cell))
    affixed = sum(n for cell, n in entities.items() if _AFFIXED.fullmatch(cell))
    if len(entities) > _MAX_TYPES or with_letter > (1 - MIN_TAGS) * total or 2 * affixed >= total:
        return None
    return notation if notation.share(entities) >= minimum else None


def _notation_of_values(cells: Mapping[str, int], chosen: bool) -> TagNotation | None:
    """Return the notation of tags that are values with keys: SpaceAfter=No|NER=B-PER."""
    values: dict[str, Counter[str]] = {}
    total = others = 0
    for cell, count in cells.items():
        pairs = _keys_and_values(cell)
        total += count
        others += count * (not pairs and cell not in _OUTSIDE)
        for key, value in pairs:
            values.setdefault(key, Counter())[value] += count
        if len(values) > _MAX_TYPES:
            return None
    if others > (1 - MIN_TAGS) * total:
        return None
    for key, of_key in values.items():
        of_key["O"] += total - of_key.total()
        notation = detect_notation(of_key, chosen=chosen)
        has_letters = notation is not None and notation.style in ("prefix", "suffix")
        if notation and len(of_key) > 1 and (has_letters or _ENTITY_KEY.fullmatch(key)):
            return replace(notation, key=key)
    return None


def _keys_and_values(cell: str) -> list[tuple[str, str]]:
    """Return the pairs of "key=value|key=value"."""
    return [(key, value) for key, is_, value in (p.partition("=") for p in cell.split("|")) if is_]


def share_outside(cells: Mapping[str, int], notation: TagNotation) -> float:
    """Return the share of the cells that are outside of entities."""
    outside = sum(count for cell, count in cells.items() if notation.tag(cell) == "O")
    return outside / max(sum(cells.values()), 1)


def holds_chunks(cells: Mapping[str, int], notation: TagNotation) -> bool:
    """Return whether the tags are syntactic chunks (B-NP, I-VP) or semantic roles (B-ARG0)."""
    tags = Counter[str]()
    for cell, count in cells.items():
        tags[(notation.tag(cell) or "O")[2:]] += count
    del tags[""]  # of "O"
    chunks = sum(
        count
        for type_, count in tags.items()
        if type_.upper() in _CHUNKS or _ROLE.fullmatch(type_.upper())
    )
    return bool(tags) and chunks >= MIN_TAGS * tags.total()


def holds_brackets(cells: Mapping[str, int]) -> bool:
    """Return whether these are spans in brackets, as in CoNLL-2012: (PERSON*, *, *), (GPE)."""
    spans = sum(count for cell, count in cells.items() if _BRACKETS.fullmatch(cell))
    return len(cells) > 1 and spans >= MIN_TAGS * sum(cells.values())
