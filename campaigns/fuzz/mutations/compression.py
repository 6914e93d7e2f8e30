"""Pack files by gzip or zip, also such that a few bytes expand to hundreds of megabytes."""

from __future__ import annotations

import gzip
import io
import struct
import warnings
import zipfile
import zlib

from campaigns.fuzz.mutations.random_bytes import Rng, chance, mutate_bytes, pick
from campaigns.fuzz.mutations.text import mutate_text

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_UNIT = 1 << 20
_SLOW_UNITS = 8  # of a zip bomb: bzip2 and LZMA take 0.2 s for each, and 4 MiB are refused
_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\2\xff"


def packed(data: bytes, rng: Rng) -> bytes:
    """Return the data packed by gzip or zip, sometimes in two members or damaged."""
    if chance(rng, 0.6):
        cut = int(rng.integers(len(data) + 1)) if chance(rng, 0.3) else 0
        parts = [data[:cut], data[cut:]] if cut else [data]
        result = b"".join(gzip.compress(part, mtime=0) for part in parts)
    else:
        result = _zipped(data, rng)
    return mutate_bytes(result, rng) if chance(rng, 0.4) else result


def repacked(data: bytes, rng: Rng, others: list[bytes]) -> bytes:
    """Unpack a gzip file, damage its text, and pack it again."""
    try:
        text = gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return mutate_bytes(data, rng, others)
    return gzip.compress(mutate_text(text, rng), mtime=0)


def _zipped(data: bytes, rng: Rng) -> bytes:
    names = pick(rng, (("a.txt",), ("a.txt",), ("",), ("a/",), ("a", "b"), ("a", "a"), ()))
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as archive:
        warnings.simplefilter("ignore")  # of a name that occurs twice
        for name in names:
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, data, pick(rng, _METHODS))
    return buffer.getvalue()


def bomb(data: bytes, rng: Rng) -> bytes:
    """Return a small gzip or zip file of a part of the data, repeated to 8 to 200 megabytes."""
    begin = int(rng.integers(len(data) + 1))
    part = pick(rng, (b"\n", b" ", b"0 ", b"a", b"\0", data[begin : begin + 100] or b"\n", data))
    start = data if chance(rng, 0.5) else b""
    method = pick(rng, (None, None, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    if method is None:
        return gzip_bomb(start, part or b"\n")
    unit, times = _unit(part or b"\n")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        entry = zipfile.ZipInfo("a.txt", (1980, 1, 1, 0, 0, 0))
        entry.compress_type = method
        with archive.open(entry, "w") as member:
            member.write(start)
            for _ in range(min(times, _SLOW_UNITS)):
                member.write(unit)
    return buffer.getvalue()


def _unit(part: bytes) -> tuple[bytes, int]:
    """Return a megabyte of repetitions, and how often it is repeated.

    A text of short lines takes 50 times its size when it is read, packed or not, so few megabytes
    of it are enough; one long line has to be longer to be seen.
    """
    is_long = not set(part) & set(b" \n\t")
    return (part * (_UNIT // len(part) + 1))[:_UNIT], 200 if is_long else 15


def gzip_bomb(start: bytes, part: bytes) -> bytes:
    """Return a gzip file of many repetitions of a part.

    Its compressed blocks are repeated, too, so it takes little time to make.
    """
    unit, times = _unit(part)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(unit) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = zlib.crc32(start)
    for _ in range(times):
        checksum = zlib.crc32(unit, checksum)
    size = (len(start) + times * len(unit)) % 2**32
    return _HEADER + body + block * times + packer.flush() + struct.pack("<2I", checksum, size)
