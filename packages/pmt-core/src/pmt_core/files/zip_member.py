"""Unpack a compressed member of a zip file a buffer at a time: `ZipMember`."""

from __future__ import annotations

import bz2
import io
import lzma
import struct
import zipfile
import zlib
from typing import BinaryIO

_LOCAL_HEADER = 30
_BLOCK = 1 << 17
_HAS_END_MARKER = 1 << 1  # flag of an LZMA member
_LZMA_PROPERTIES = 5
_MAX_DICTIONARY = 64 << 20  # bytes; the highest preset of xz takes as many


class ZipMember(io.RawIOBase):
    """The unpacked content of a member.

    `zipfile` unpacks all that it has read of a bzip2 or LZMA member at once, and 4 KB of it may
    hold gigabytes. Here no more is unpacked than the buffer takes. Reading raises errors of `bz2`,
    `lzma`, `zlib` and `zipfile` if the member is damaged.
    """

    def __init__(self, stored: BinaryIO, entry: zipfile.ZipInfo) -> None:
        self._stored = stored
        self._left = entry.compress_size
        self._expected = entry.CRC
        self._sum = 0
        stored.seek(entry.header_offset)
        name, extra = struct.unpack("<26x2H", stored.read(_LOCAL_HEADER))
        stored.seek(name + extra, io.SEEK_CUR)
        self._start = b""
        self._decoder: bz2.BZ2Decompressor | lzma.LZMADecompressor | _Inflate
        if entry.compress_type == zipfile.ZIP_DEFLATED:
            self._decoder = _Inflate()
        elif entry.compress_type == zipfile.ZIP_BZIP2:
            self._decoder = bz2.BZ2Decompressor()
        else:
            self._decoder = lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=2 * _MAX_DICTIONARY)
            self._start = self._lzma_header(entry)

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Unpack into the buffer; return the number of bytes, 0 at the end."""
        data = b""
        while not data and not self._decoder.eof:
            packed = b""
            if self._decoder.needs_input:
                packed = self._start or self._packed(_BLOCK)
                self._start = b""
                if not packed:
                    raise EOFError("it is truncated")
            data = self._decoder.decompress(packed, len(buffer))
        self._sum = zlib.crc32(data, self._sum)
        if not data and self._sum != self._expected:
            raise zipfile.BadZipFile("its checksum is wrong")
        buffer[: len(data)] = data
        return len(data)

    def _packed(self, size: int) -> bytes:
        data = self._stored.read(min(size, self._left))
        self._left -= len(data)
        return data

    def _lzma_header(self, entry: zipfile.ZipInfo) -> bytes:
        """Return the header of an .lzma file: the properties, and the size or 64 ones."""
        start = self._packed(4 + _LZMA_PROPERTIES)
        if len(start) < 4 + _LZMA_PROPERTIES or start[2:4] != bytes([_LZMA_PROPERTIES, 0]):
            raise zipfile.BadZipFile("its LZMA header is of an unknown size")
        is_size_unknown = entry.flag_bits & _HAS_END_MARKER
        size = b"\xff" * 8 if is_size_unknown else struct.pack("<Q", entry.file_size)
        return start[4:] + size


class _Inflate:
    """A decoder of deflated data with the interface of those of `bz2` and `lzma`."""

    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(-zlib.MAX_WBITS)
        self._is_full = False  # the decoder may hold more output

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def needs_input(self) -> bool:
        return not self._is_full and not self._decoder.unconsumed_tail

    def decompress(self, packed: bytes, size: int) -> bytes:
        """Return at most `size` bytes."""
        data = self._decoder.decompress(packed or self._decoder.unconsumed_tail, size)
        self._is_full = len(data) == size
        return data
