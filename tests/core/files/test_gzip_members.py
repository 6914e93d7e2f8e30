"""Gzip files: any members, paddings, buffers and damages, beside `gzip`."""

from __future__ import annotations

import gzip
import io
import random
import zlib

import pytest

from pmt_core.files.gzip_members import GzipMembers

TEXT = b"".join(b"line %d\n" % (i * i) for i in range(20_000))
DAMAGE = (zlib.error, EOFError, gzip.BadGzipFile)


def unpacked(data: bytes, size: int = 1 << 16) -> bytes:
    """The content, read by buffers of a size."""
    stream, parts = GzipMembers(io.BytesIO(data)), []
    buffer = bytearray(size)
    while count := stream.readinto(buffer):
        parts.append(bytes(buffer[:count]))
    assert stream.readinto(buffer) == 0
    return b"".join(parts)


@pytest.mark.parametrize("size", [1, 7, 1000, 1 << 20])
def test_buffers_of_any_size(size: int) -> None:
    text = TEXT[: size * 3000]
    assert unpacked(gzip.compress(text), size) == text


@pytest.mark.parametrize("padding", [b"", b"\0" * 5, b"\0" * 300_000])
def test_members_and_padding(padding: bytes) -> None:
    parts = [TEXT, b"", TEXT[:9], b""]
    data = b"".join(gzip.compress(part) + padding for part in parts)
    assert unpacked(data) == gzip.decompress(data) == b"".join(parts)


def test_a_header_with_all_fields() -> None:
    raw = gzip.compress(b"abc")
    header = b"\x1f\x8b\x08\x1c" + raw[4:10] + b"\x03\0xyz" + b"name\0" + b"comment\0"
    assert unpacked(header + raw[10:]) == b"abc"


def test_what_expands_a_thousand_times_is_unpacked_by_the_buffer() -> None:
    """The decoder holds output although its input is at an end."""
    data = gzip.compress(bytes(10_000_000))
    assert len(data) < 1 << 14
    assert unpacked(data, 5000) == bytes(10_000_000)


@pytest.mark.parametrize("cut", [1, 5, 9, 10, 50, -9, -8, -4, -1])
def test_a_file_that_is_cut_off(cut: int) -> None:
    with pytest.raises(DAMAGE):
        unpacked(gzip.compress(TEXT)[:cut])


@pytest.mark.parametrize("tail", [b"x", b"\0\0more", b"\x1f", b"\x1f\x8b\x08", b"\x1fgzip?"])
def test_something_else_behind_it(tail: bytes) -> None:
    with pytest.raises(DAMAGE):
        unpacked(gzip.compress(TEXT) + tail)


def test_any_damage_is_found_as_gzip_finds_it() -> None:
    rng, data = random.Random(3), gzip.compress(TEXT[:3000])
    found = 0
    for _ in range(2000):
        damaged = bytearray(data)
        damaged[rng.randrange(10, len(data))] ^= 1 << rng.randrange(8)
        try:
            expected: bytes | None = gzip.decompress(bytes(damaged))
        except DAMAGE:
            expected = None
        try:
            assert unpacked(bytes(damaged)) == expected
        except DAMAGE:
            assert expected is None
            found += 1
    assert found > 1900
