"""Damage bytes whatever they mean: bits, numbers of 1 to 8 bytes, cuts, copies, splices."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

Rng = np.random.Generator
T = TypeVar("T")

MOST = 1 << 20
"""Bytes of a damaged file; compressed ones may expand to more."""

_BYTES = b'\0\1\t\n\r ",-0[{\x7f\x80\xc0\xed\xfe\xff'
_EDGES = (0, 1, 2, 127, 128, 255, 32767, 65535, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1)


def pick(rng: Rng, items: Sequence[T]) -> T:
    """Return one of the items."""
    return items[int(rng.integers(len(items)))]


def chance(rng: Rng, probability: float) -> bool:
    """Return True with this probability."""
    return float(rng.random()) < probability


def mutate_bytes(data: bytes, rng: Rng, others: Sequence[bytes] = ()) -> bytes:
    """Return the data with one to eight damages. others: samples to take parts from."""
    buffer = bytearray(data)
    for _ in range(1 + int(rng.geometric(0.5)) % 8):
        other = pick(rng, others) if others else bytes(buffer)
        pick(rng, _DAMAGES)(buffer, rng, other)
    return bytes(buffer[:MOST])


def _span(buffer: bytes | bytearray, rng: Rng, most: int = 64) -> tuple[int, int]:
    """Return begin and end of a part, which is short as a rule."""
    begin = int(rng.integers(len(buffer) + 1))
    length = int(rng.integers(1, most)) if chance(rng, 0.8) else int(rng.integers(len(buffer) + 1))
    return begin, min(begin + length, len(buffer))


def _flip_bits(buffer: bytearray, rng: Rng, other: bytes) -> None:
    for _ in range(int(rng.integers(1, 9)) if buffer else 0):
        buffer[int(rng.integers(len(buffer)))] ^= 1 << int(rng.integers(8))


def _set_bytes(buffer: bytearray, rng: Rng, other: bytes) -> None:
    begin, end = _span(buffer, rng, 5)
    buffer[begin:end] = bytes([pick(rng, _BYTES)]) * (end - begin)


def _set_number(buffer: bytearray, rng: Rng, other: bytes) -> None:
    """Overwrite what may be a length or an offset."""
    size = pick(rng, (1, 2, 4, 8))
    number = pick(rng, _EDGES)
    if chance(rng, 0.3):
        number = len(buffer) + int(rng.integers(-4, 5))
    text = struct.pack("<Q", number & (1 << 8 * size) - 1)[:size]
    begin = int(rng.integers(max(len(buffer) - size, 0) + 1))
    buffer[begin : begin + size] = text if chance(rng, 0.5) else text[::-1]


def _add_to_number(buffer: bytearray, rng: Rng, other: bytes) -> None:
    if buffer:
        i = int(rng.integers(len(buffer)))
        buffer[i] = (buffer[i] + int(rng.integers(-3, 4))) % 256


def _truncate(buffer: bytearray, rng: Rng, other: bytes) -> None:
    del buffer[int(rng.integers(len(buffer) + 1)) :]


def _remove(buffer: bytearray, rng: Rng, other: bytes) -> None:
    begin, end = _span(buffer, rng)
    del buffer[begin:end]


def _insert(buffer: bytearray, rng: Rng, other: bytes) -> None:
    begin = int(rng.integers(len(buffer) + 1))
    buffer[begin:begin] = rng.bytes(int(rng.integers(1, 9)))


def _splice(buffer: bytearray, rng: Rng, other: bytes) -> None:
    """Replace a part by a part of another sample."""
    begin, end = _span(buffer, rng)
    first, last = _span(other, rng)
    buffer[begin:end] = other[first:last]


def _join(buffer: bytearray, rng: Rng, other: bytes) -> None:
    """Go on with the end of another sample."""
    buffer[int(rng.integers(len(buffer) + 1)) :] = other[int(rng.integers(len(other) + 1)) :]


def _repeat(buffer: bytearray, rng: Rng, other: bytes) -> None:
    begin, end = _span(buffer, rng)
    times = min(int(2 ** rng.uniform(1, 16)), MOST // max(end - begin, 1))
    buffer[begin:end] = buffer[begin:end] * times


def _swap(buffer: bytearray, rng: Rng, other: bytes) -> None:
    begin, end = _span(buffer, rng)
    part = buffer[begin:end]
    del buffer[begin:end]
    target = int(rng.integers(len(buffer) + 1))
    buffer[target:target] = part


_Damage = Callable[[bytearray, Rng, bytes], None]
_DAMAGES: tuple[_Damage, ...] = (
    _flip_bits,
    _flip_bits,
    _set_bytes,
    _set_number,
    _set_number,
    _add_to_number,
    _truncate,
    _remove,
    _insert,
    _splice,
    _join,
    _repeat,
    _swap,
)
