"""Damage text: lines, fields, numbers, line ends, characters that confuse readers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from campaigns.fuzz.mutations.random_bytes import MOST, Rng, chance, mutate_bytes, pick

NUMBERS = (
    *("0", "-1", "1", "2", "1.0", "0.5", "-0", "+1", "1e5", "1e999", "-1e999", "1e-999", "nan"),
    *("NaN", "inf", "-Infinity", "9223372036854775807", "9223372036854775808", "4294967296"),
    *("18446744073709551616", "1" * 400, "1" * 5000, "1_000", "0x10", "\u0661\u0662", "\uff11"),
    *("\u00b2", "true", "null", "", "1 000", "1,5", "--1"),
)
WORDS = (
    *("", " ", "\t", "\u00a0", "\u3000", "\u200b", "\ufeff", "\u2028", "\x1c", "\x85", "\x0b"),
    *("\0", "\r", '"', '""', "'", "\\", "#", ":", "-DOCSTART-", "<unk>", "[MASK]", "</s>", "_"),
    *("O", "B-", "I-X", "E", "S-PER", "\U0001f642", "e\u0301", "\u0130", "a" * 300),
    *("1-2", "3.1", "id", "label", "##", "[UNK]", "[CLS]", "%s", "../..", "=1+1"),
)
_BAD_TEXT = (b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\xfe\xff")
_SEPARATORS = (b"\t", b" ", b",", b"\n", b"\r\n", b"\r", b'"', b":", b"\0")
_NUMBER = re.compile(rb"[-+]?\d[\d.e+-]*")
_TOKEN = re.compile(rb"[^\s,]+")


def mutate_text(data: bytes, rng: Rng, others: Sequence[bytes] = ()) -> bytes:
    """Return the text with one to eight damages. others: samples to take lines from."""
    for _ in range(1 + int(rng.geometric(0.5)) % 8):
        other = pick(rng, others) if others else data
        data = pick(rng, _DAMAGES)(data, rng, other)[:MOST]
    return data


def _lines(data: bytes) -> list[bytes]:
    return data.split(b"\n")


def _change_lines(data: bytes, rng: Rng, other: bytes) -> bytes:
    """Remove, repeat, move or insert a line."""
    lines = _lines(data)
    i, j = int(rng.integers(len(lines))), int(rng.integers(len(lines)))
    kind = int(rng.integers(6))
    if kind == 0:
        del lines[i]
    elif kind == 1:
        times = min(int(2 ** rng.uniform(0, 14)), MOST // (len(lines[i]) + 1))
        lines[i : i + 1] = [lines[i]] * times
    elif kind == 2:
        lines[i], lines[j] = lines[j], lines[i]
    elif kind == 3:
        lines.insert(i, pick(rng, _lines(other)))
    elif kind == 4:
        lines.insert(i, pick(rng, (b"", b" ", b"\t", b"\t\t", b"# x = y", b'"')))
    else:
        lines[i] = lines[i] + lines[j]
    return b"\n".join(lines)


def _change_fields(data: bytes, rng: Rng, other: bytes) -> bytes:
    """Remove, repeat, move or insert a field of a line."""
    lines = _lines(data)
    i = int(rng.integers(len(lines)))
    separator = pick(rng, (b"\t", b" ", b","))
    fields = lines[i].split(separator)
    j, k = int(rng.integers(len(fields))), int(rng.integers(len(fields)))
    kind = int(rng.integers(5))
    if kind == 0:
        del fields[j]
    elif kind == 1:
        times = min(int(2 ** rng.uniform(0, 12)), MOST // (len(fields[j]) + 1))
        fields[j : j + 1] = [fields[j]] * times
    elif kind == 2:
        fields[j], fields[k] = fields[k], fields[j]
    elif kind == 3:
        fields.insert(j, pick(rng, WORDS).encode())
    else:
        fields[j] = b'"' + fields[j] + pick(rng, (b'"', b"", b'""', b'" '))
    lines[i] = separator.join(fields)
    return b"\n".join(lines)


def _replace_match(pattern: re.Pattern[bytes], words: Sequence[str]) -> _Damage:
    def replace(data: bytes, rng: Rng, other: bytes) -> bytes:
        start = int(rng.integers(len(data) + 1))
        match = pattern.search(data, start) or pattern.search(data)
        if match is None:
            return data
        return data[: match.start()] + pick(rng, words).encode() + data[match.end() :]

    return replace


def _insert(data: bytes, rng: Rng, other: bytes) -> bytes:
    part = pick(rng, (*_BAD_TEXT, *_SEPARATORS, *(word.encode() for word in WORDS)))
    position = int(rng.integers(len(data) + 1))
    if chance(rng, 0.1):
        part *= min(int(2 ** rng.uniform(0, 20)), MOST // max(len(part), 1))
    return data[:position] + part + data[position:]


def _replace_everywhere(data: bytes, rng: Rng, other: bytes) -> bytes:
    """Change all line ends or separators."""
    old, new = pick(rng, _SEPARATORS), pick(rng, (*_SEPARATORS, b"", b"  "))
    return data.replace(old, new, -1 if chance(rng, 0.7) else 1)


def _reencode(data: bytes, rng: Rng, other: bytes) -> bytes:
    """Save the text in another encoding, or with a byte-order mark."""
    text = data.decode("utf-8", "replace")
    encoding = pick(rng, ("utf-8-sig", "utf-16", "utf-16-be", "utf-32", "latin-1", "utf-7"))
    return text.encode(encoding, "replace")


def _damage_bytes(data: bytes, rng: Rng, other: bytes) -> bytes:
    return mutate_bytes(data, rng, [other])


def _cut(data: bytes, rng: Rng, other: bytes) -> bytes:
    return data[: int(rng.integers(len(data) + 1))]


_Damage = Callable[[bytes, Rng, bytes], bytes]
_change_number, _change_word = _replace_match(_NUMBER, NUMBERS), _replace_match(_TOKEN, WORDS)
_DAMAGES: tuple[_Damage, ...] = (
    _change_lines,
    _change_lines,
    _change_fields,
    _change_fields,
    _change_number,
    _change_number,
    _change_word,
    _insert,
    _replace_everywhere,
    _reencode,
    _damage_bytes,
    _cut,
)
