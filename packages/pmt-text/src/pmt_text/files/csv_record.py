"""Records of separated values whose fields may be quoted as in CSV (RFC 4180)."""

from __future__ import annotations

import re

__all__ = ["QuotedRecord", "unquote", "unwrap"]


class QuotedRecord:
    """Takes apart records of exactly `columns` fields parted by `separator`.

    A field is either bare (it does not begin with a quote) or quoted: between quotes, with every
    quote inside doubled; a quoted field may hold separators and line ends. Anything else is not a
    record, so that a stray quote cannot swallow what follows it.
    """

    def __init__(self, separator: str, columns: int) -> None:
        part = re.escape(separator)
        # Possessive quantifiers: a quoted field ends at its first undoubled quote, no backtracking.
        quoted = r'"(?:[^"]++|"")*+'
        field = rf'{quoted}"|[^"{part}\r\n][^{part}\r\n]*+|'
        self._record = re.compile(part.join([f"({field})"] * columns))
        self._open = re.compile(rf"(?:(?:{field}){part}){{0,{columns - 1}}}{quoted}")

    def fields(self, text: str) -> list[str] | None:
        """The fields of `text`, unquoted; None where it is not one whole record."""
        match = self._record.fullmatch(text)
        return [unquote(field) for field in match.groups()] if match else None

    def is_open(self, text: str) -> bool:
        """Whether `text` is the beginning of a record and ends inside a quoted field."""
        return self._open.fullmatch(text) is not None


def unquote(field: str) -> str:
    """The value of a field that `QuotedRecord` allows: without its quotes, if it has any."""
    if field.startswith('"'):
        return field[1:-1].replace('""', '"')
    return field


def unwrap(text: str) -> str:
    """Take off a second layer of quoting, which parts of the public release carry.

    ``"Is ""has"" a verb?"`` is ``Is "has" a verb?``. Text stays as it is unless it is wrapped in
    quotes and all quotes inside come doubled, at least one pair of them.
    """
    if len(text) > 1 and text[0] == '"' == text[-1]:
        inside = text[1:-1]
        pairs = inside.count('""')
        if pairs and 2 * pairs == inside.count('"'):
            return inside.replace('""', '"')
    return text
