"""Words and marks of a text, the same for raw and for treebank-tokenized English."""

from __future__ import annotations

from pmt_text.normalize import normal_tokens

__all__ = ["tokenize"]


def tokenize(text: str) -> list[str]:
    """Return the tokens of `text`: those that `normalize` joins by spaces."""
    return normal_tokens(text)
