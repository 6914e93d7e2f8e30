"""Members packed by deflate, bzip2 and LZMA are unpacked a buffer at a time, and checked."""

import io
import random
import tracemalloc
import zipfile

import pytest

from pmt_core import DataError, InputFile

METHODS = pytest.mark.parametrize(
    "method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
TEXT = "".join(random.Random(1).choices("abc \n", k=300_000)).encode()


def zipped(content, method, repeats=1):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive, archive.open("a.txt", "w") as member:
        for _ in range(repeats):
            member.write(content)
    return buffer.getvalue()


@pytest.fixture
def read(tmp_path):
    def unpacked(data, path=tmp_path / "a.zip"):
        path.write_bytes(data)
        with InputFile(path) as file:
            return file.stream.read()

    return unpacked


@METHODS
@pytest.mark.parametrize("content", [b"", b"a", TEXT])
def test_content_is_unpacked(read, method, content):
    assert read(zipped(content, method)) == content


@METHODS
def test_few_bytes_never_take_much_memory(read, method):
    data = zipped(b"\n" * (1 << 20), method, repeats=100)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="expands to more than"):
            read(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20 << 20


@METHODS
def test_each_damaged_byte_is_found(read, method):
    whole = zipped(TEXT[:400], method)
    end = whole.index(b"PK\x01\x02")
    refused = 0
    for i in range(35, end):
        data = bytearray(whole)
        data[i] ^= 0x55
        try:
            assert read(bytes(data)) == TEXT[:400], "of the LZMA header some bytes say nothing"
        except DataError:
            refused += 1
    assert refused >= end - 35 - 8


def test_dictionary_of_gigabytes_is_refused(read):
    data = bytearray(zipped(TEXT, zipfile.ZIP_LZMA))
    start = 30 + len("a.txt") + 4
    data[start + 1 : start + 5] = b"\xff" * 4
    with pytest.raises(DataError, match="damaged zip file"):
        read(bytes(data))


def test_unknown_compression_is_refused(read):
    data = bytearray(zipped(b"text", zipfile.ZIP_DEFLATED))
    data[8] = data[data.index(b"PK\x01\x02") + 10] = 97
    with pytest.raises(DataError, match="method 97"):
        read(bytes(data))
