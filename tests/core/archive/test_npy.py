"""A file of one array: what NumPy saves is read; damaged and hostile files are refused."""

import io
import os
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from pmt_core import ArchiveError, FileProblem, load_npy

ARRAY = np.arange(12, dtype=np.float32).reshape(3, 4)


def npy_bytes(array=ARRAY, version=None):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array), version, allow_pickle=True)
    return buffer.getvalue()


def npy_claiming(shape, descr="<f4"):
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def zipped(data):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.npy", data)
    return buffer.getvalue()


@pytest.fixture
def loaded(tmp_path):
    def load(data):
        path = tmp_path / "a.npy"
        path.write_bytes(data)
        return load_npy(path)

    return load


@pytest.mark.parametrize(
    "array",
    [
        ARRAY,
        np.asfortranarray(ARRAY),
        ARRAY.astype(">f8"),
        np.array(3),
        np.zeros((2, 0)),
        ["a", "bc"],
    ],
)
@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
def test_what_numpy_saves_is_read(loaded, array, version):
    array = np.asarray(array)
    read = loaded(npy_bytes(array, version))
    assert read.dtype == array.dtype.newbyteorder("=")
    assert read.flags.writeable
    np.testing.assert_array_equal(read, array)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no valid .npy header"),
        (zipped(npy_bytes()), "no valid .npy header"),
        (zipped(npy_bytes())[:60], "no valid .npy header"),
        (npy_bytes()[:-1], "47 follow"),
        (npy_bytes() + b"\0", "49 follow"),
        (npy_bytes()[:40], "no valid .npy header"),
        (npy_bytes().replace(b"'descr'", b"'des\\q'"), "no valid .npy header"),
        (npy_bytes().replace(b"(3, 4)", b"(3, -4)"), "no valid .npy header|impossible"),
        (npy_bytes().replace(b"(3, 4), }", b"(3, True)}"), "impossible"),
        (npy_claiming("(%s,)" % ("[" * 3000)), "no valid .npy header"),
        (npy_claiming((2**64,)), "impossible shape"),
        (npy_claiming((2**64, 0)), "impossible shape"),
        (npy_claiming((2**62, 2**62, 0)), "impossible shape"),
        (npy_claiming((0,) * 100), "impossible shape"),
        (npy_claiming("(0x" + "f" * 6000 + ",)"), "impossible shape"),
        (npy_claiming((10**11,)), "400000000000 bytes, but 0 follow"),
        (npy_claiming((2,), "|O"), "objects"),
        (npy_bytes(np.array([{}], object)), "objects"),
    ],
    ids=lambda value: "data" if isinstance(value, bytes) else None,  # they hold the time
)
def test_another_file_is_refused(loaded, data, reason):
    with pytest.raises(ArchiveError, match=reason) as caught:
        loaded(data)
    assert "a.npy" in str(caught.value)


def test_memory_is_that_of_the_file_and_not_of_the_header(loaded):
    tracemalloc.start()
    try:
        with pytest.raises(ArchiveError):
            loaded(npy_claiming((10**11,)) + bytes(100))
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_what_is_no_regular_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.npy")
    for path in ("/dev/zero", tmp_path, tmp_path / "missing.npy", tmp_path / "pipe.npy"):
        with pytest.raises(FileProblem, match="cannot read"):
            load_npy(path)
