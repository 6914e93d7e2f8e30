"""Byte-level text of GPT-2 and RoBERTa: a character for each byte, and the words before it."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from pmt_text.tokenizers.pretrained.patterns import Pattern

GPT2_PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
"""Contractions, letters, numbers, other characters, each with one space before; white space."""


@functools.cache
def byte_characters() -> list[str]:
    """Return the printable character that represents each byte (Radford et al. 2019).

    Printable bytes of Latin-1 represent themselves; the others are U+0100, U+0101, ... in order.
    """
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return [chr(byte if byte in printable else next(others)) for byte in range(256)]


@functools.cache
def _table() -> dict[int, str]:
    return dict(enumerate(byte_characters()))


def byte_text(text: str) -> str:
    """Return a character for each byte of the UTF-8 of a text."""
    if text.isascii():
        return text.translate(_table())
    # Halves of surrogate pairs are no UTF-8; they become the bytes that UTF-8 would give them.
    return text.encode("utf-8", "surrogatepass").decode("latin-1").translate(_table())


@functools.cache
def _bytes() -> dict[str, int]:
    return {c: byte for byte, c in enumerate(byte_characters())}


def text_of_bytes(tokens: Iterable[str]) -> str:
    """Return the text of byte-level tokens; bytes that are no UTF-8 together become U+FFFD."""
    table = _bytes()
    data = bytearray()
    for token in tokens:
        if all(c in table for c in token):
            data += bytes(table[c] for c in token)
        else:  # an added token, which is plain text
            data += token.encode("utf-8", "surrogatepass")
    return data.decode("utf-8", "replace")


@functools.cache
def gpt2_pattern() -> Pattern:
    """Return the pattern of the words of GPT-2."""
    return Pattern(GPT2_PATTERN)
