"""Words and marks of a text, the same for raw and for treebank-tokenized English."""

from __future__ import annotations

from pmt_text.normalize import normalize

__all__ = ["tokenize"]


def tokenize(text: str) -> list[str]:
    """Return the tokens of `text`: `normalize`, parted at its spaces."""
    return normalize(text).split()
