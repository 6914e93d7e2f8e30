"""Records of separated values whose fields may be quoted as in CSV (RFC 4180)."""

from __future__ import annotations

import re


class QuotedRecord:
    """Parser of records of exactly `columns` fields.

    A field is either plain (it does not begin with a quote) or quoted: between quotes, with each
    quote inside doubled; a quoted field may contain separators and line ends. Anything else is
    not a record, so a stray quote cannot extend over the following rows.
    """

    def __init__(self, separator: str, columns: int) -> None:
        part = re.escape(separator)
        # Possessive quantifiers: a quoted field ends at its first undoubled quote, no backtracking.
        quoted = r'"(?:[^"]++|"")*+'
        field = rf'{quoted}"|[^"{part}\r\n][^{part}\r\n]*+|'
        self._record = re.compile(part.join([f"({field})"] * columns))
        self._open = re.compile(rf"(?:(?:{field}){part}){{0,{columns - 1}}}{quoted}")

    def fields(self, text: str) -> list[str] | None:
        """Return the unquoted fields of `text`, or None if it is not exactly one record."""
        match = self._record.fullmatch(text)
        return [unquote(field) for field in match.groups()] if match else None

    def is_open(self, text: str) -> bool:
        """Return whether `text` begins a record and ends inside a quoted field."""
        return self._open.fullmatch(text) is not None


def unquote(field: str) -> str:
    """Return the value of a field of a `QuotedRecord`: without its quotes, if it has any."""
    return field[1:-1].replace('""', '"') if field.startswith('"') else field


def unwrap(text: str) -> str:
    """Remove a second layer of quoting, found in parts of the public release.

    ``"Is ""has"" a verb?"`` becomes ``Is "has" a verb?``. Other text is unchanged: it must be
    between quotes, and all quotes inside must be doubled, at least one pair of them.
    """
    if len(text) > 1 and text[0] == '"' == text[-1]:
        inside = text[1:-1]
        pairs = inside.count('""')
        if pairs and 2 * pairs == inside.count('"'):
            return inside.replace('""', '"')
    return text
