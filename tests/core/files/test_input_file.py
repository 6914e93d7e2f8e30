"""Files from elsewhere: regular, unpacked within limits, hashed as stored."""

import contextlib
import gzip
import hashlib
import io
import os
import tracemalloc
import zipfile

import pytest

from pmt_core import DataError, FileLimits, FileProblem, InputFile

CONTENT = "eins zwei\ndrei größe\n".encode() * 100


def zipped(content=CONTENT, method=zipfile.ZIP_DEFLATED, names=("a.txt",)):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return buffer.getvalue()


@pytest.fixture
def opened(tmp_path):
    def read(data, **options):
        path = tmp_path / "data"
        path.write_bytes(data)
        with InputFile(path, hashed=True, **options) as file:
            return file.stream.read(), file.sha256()

    return read


@pytest.mark.parametrize(
    "data",
    [
        CONTENT,
        b"\xef\xbb\xbf" + CONTENT,
        gzip.compress(CONTENT),
        gzip.compress(CONTENT[:50]) + gzip.compress(CONTENT[50:]),
        gzip.compress(b"\xef\xbb\xbf" + CONTENT),
        zipped(),
        zipped(method=zipfile.ZIP_STORED),
        zipped(method=zipfile.ZIP_BZIP2),
        zipped(method=zipfile.ZIP_LZMA),
        zipped(b"\xef\xbb\xbf" + CONTENT),
    ],
    ids=lambda data: "data",  # some hold the time,
)
def test_content_is_unpacked_and_the_stored_bytes_are_hashed(opened, data):
    assert opened(data) == (CONTENT, hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize("pack", [gzip.compress, zipped])
def test_small_file_that_expands_without_end_is_refused(opened, pack):
    data = pack(b"\n" * (200 << 20))
    assert len(data) < 1 << 20
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="expands to more than"):
            opened(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 30 << 20


def test_limit_can_be_raised(opened):
    data = gzip.compress(b"\n" * (10 << 20))
    limits = FileLimits(expansion=1100)
    assert opened(data, limits=limits)[0] == b"\n" * (10 << 20)


def test_text_that_compresses_well_is_within_the_limits(opened):
    content = b"the same line of text again and again\n" * 100_000
    assert opened(gzip.compress(content))[0] == content


@pytest.mark.parametrize("pack", [gzip.compress, zipped])
@pytest.mark.parametrize("cut", [5, 12, 40, -9, -1])
def test_half_a_file_is_refused(opened, pack, cut):
    with pytest.raises(DataError, match="damaged"):
        opened(pack(os.urandom(1000))[:cut])


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damaged_member_is_refused(opened, method):
    data = bytearray(zipped(os.urandom(5000), method))
    data[300:400] = bytes(100)
    with pytest.raises(DataError, match="damaged zip"):
        opened(bytes(data))


def test_zip_of_several_files_or_none_is_refused(opened):
    with pytest.raises(DataError, match="holds 2 files, expected one"):
        opened(zipped(names=("a.txt", "b.txt")))
    with pytest.raises(DataError, match="holds 0 files, expected one"):
        opened(zipped(names=("folder/",), content=b""))


def test_member_without_a_name_is_read_or_refused(opened):
    with contextlib.suppress(DataError):
        assert opened(zipped(names=("",)))[0] == CONTENT


def test_encrypted_member_is_refused(opened):
    data = bytearray(zipped())
    data[6] |= 1  # the flag, in the local header and in the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(DataError, match="encrypted"):
        opened(bytes(data))


@pytest.mark.parametrize("path", ["/dev/zero", "/", "no such file", "a\0b", "x" * 5000])
def test_what_is_no_regular_file_is_refused(path):
    with pytest.raises(FileProblem, match="cannot read"):
        InputFile(path)


def test_pipe_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileProblem, match="pipe"):
        InputFile(tmp_path / "pipe")
