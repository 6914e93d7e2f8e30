"""Damaged and hostile .npz files are refused: a clear error, bounded memory, never code run."""

import io
import os
import pickle
import struct
import zipfile

import numpy as np
import pytest

from pmt_core import ArchiveError, load_archive, save_archive

MEGABYTE = 1 << 20


class Bomb:
    """Unpickling this leaves a trace."""

    def __reduce__(self):
        return (os.mkdir, ("unpickled",))


def npy(array):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array), allow_pickle=True)
    return buffer.getvalue()


def npy_header(descr="<f4", shape=(2,), fortran=False, version=(1, 0), text=None):
    text = text or repr({"descr": descr, "fortran_order": fortran, "shape": shape})
    body = text.encode("latin1") + b"\n"
    length_format = "<H" if version == (1, 0) else "<I"
    return b"\x93NUMPY" + bytes(version) + struct.pack(length_format, len(body)) + body


# --- .npz: the file as a whole ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "is empty"),
        (b"PK", "starts with b'PK'"),
        (b"\x93NUMPY\x01\x00" + bytes(100), "not an .npz file"),
        (b"\x80\x04\x95" + bytes(100), "not an .npz file"),
        (b"PK\x03\x04" + bytes(200), "damaged"),
        (b"PK\x05\x06" + b"\xff" * 18, "damaged"),
        (bytes(range(256)) * 40, "not an .npz file"),
    ],
)
def test_files_that_are_no_zip(refused, tmp_path, content, text):
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    refused(path, text)


def test_every_truncation_of_an_npz_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    save_archive(path, {"a": np.arange(40.0), "b": np.ones(3)}, {"k": 1})
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ArchiveError):
            load_archive(path)


def test_a_flipped_bit_in_the_data_is_noticed(refused, tmp_path):
    path = tmp_path / "a.npz"
    save_archive(path, {"a": np.arange(40.0)})
    data = bytearray(path.read_bytes())
    data[data.index(np.float64(17).tobytes())] ^= 4
    path.write_bytes(data)
    refused(path, "a.npy", "damaged")


# --- .npz: members ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../a.npy",
        "a/../../b.npy",
        "/etc/passwd.npy",
        "..\\a.npy",
        "C:\\a.npy",
        "C:a.npy",
        "a.npy\0.txt",
        "a//b.npy",
        "a\n.npy",
        "folder/",
    ],
)
def test_members_outside_of_the_folder(refused, npz, name):
    refused(npz((name, npy(np.ones(2)))), "refused" if "\n" not in name else "unprintable")


def test_members_that_occur_twice(refused, npz):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = npz(("a.npy", npy(np.ones(2))), ("a.npy", npy(np.zeros(2))))
    refused(path, "'a.npy'", "twice")


def test_two_members_for_one_array(refused, npz):
    # numpy.load itself drops the suffix: "a" and "a.npy" are the same array.
    refused(npz(("a.npy", npy(np.ones(2))), ("a", npy(np.zeros(2)))), "no .npy array")


def test_members_that_are_no_arrays(refused, npz):
    refused(npz(("readme.txt", b"hello")), "readme.txt", "no .npz")
    refused(npz(("a.npy", b"")), "a.npy", "no valid .npy header")
    refused(npz(("a.npy", b"hello")), "a.npy", "no valid .npy header")
    refused(npz(("a.npy", pickle.dumps(Bomb()))), "a.npy", "no valid .npy header")


def test_objects_are_refused_and_no_code_runs(refused, npz, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for array in (np.array([Bomb()], object), np.array([(1, Bomb())], "f4,O")):
        refused(npz(("a.npy", npy(array))), "a.npy", "pickle", "save it again as")
    assert not (tmp_path / "unpickled").exists()


def test_structures_are_refused(refused, npz):
    refused(npz(("a.npy", npy(np.zeros(3, "f4,i4")))), "a.npy", "refused")
    refused(npz(("a.npy", npy_header("|V4", (2,)) + bytes(8))), "a.npy", "refused")


@pytest.mark.parametrize(
    "shape",
    [
        (3,),
        (1,),
        (10**12,),
        (2**62, 2),
        (10**30,),
        (2**32, 2**32),
        (0, 10**30),
        (-2,),
        (-1, -2),
        (True, 2),
        (2.0,),
        2,
        [2],
        "ab",
        None,
    ],
)
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_headers_that_claim_other_than_there_is(refused, npz, shape, compression):
    path = npz(("w.npy", npy_header("<f4", shape) + bytes(8)), compression=compression)
    refused(path, "w.npy", "a.npz")


@pytest.mark.parametrize(
    "descr", ["<f4,", "|O", "<U0", "|S0", "<U999999999", "?!", 5, [], {}, None]
)
def test_headers_of_odd_dtypes(refused, npz, descr):
    refused(npz(("w.npy", npy_header(descr, (10**9,)) + bytes(8))), "w.npy")


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').mkdir('unpickled')",
        "[" * 5000,
        "(" * 90 + ")" * 90,
        "{'descr': '<f4'}",
        "{'descr': '<f4', 'fortran_order': 1, 'shape': (2,)}",
        "9" * 9000,
        "1" + "+1" * 4000,
        "\xff\xfe",
    ],
)
def test_headers_that_are_no_headers(refused, npz, tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    refused(npz(("w.npy", npy_header(text=text) + bytes(8))), "w.npy", "no valid .npy header")
    assert not (tmp_path / "unpickled").exists()


def test_headers_longer_than_the_file_and_of_unknown_versions(refused, npz):
    long = b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1) + b"{'descr"
    refused(npz(("w.npy", long)), "w.npy", "no valid .npy header")
    refused(npz(("w.npy", npy_header(version=(3, 0)) + bytes(8))), "w.npy", "version")
    refused(npz(("w.npy", npy_header(version=(9, 9)) + bytes(8))), "w.npy", "version")
    bomb = b"\x93NUMPY\x02\x00" + struct.pack("<I", 40 * MEGABYTE) + b" " * 40 * MEGABYTE
    refused(npz(("w.npy", bomb), compression=zipfile.ZIP_DEFLATED), "w.npy", "no valid .npy header")


def test_a_second_version_header_is_read(npz):
    path = npz(("w.npy", npy_header(version=(2, 0)) + np.array([1, 2], "<f4").tobytes()))
    assert load_archive(path)[0]["w"].tolist() == [1, 2]


def patched(path, old, new):
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new))
    return path


def test_a_directory_that_claims_more_than_the_file(refused, npz):
    data = npy_header("<f4", (10**9,)) + bytes(8)
    path = npz(("w.npy", data))
    sizes = struct.pack("<II", len(data), len(data))
    huge = len(data) - 8 + 4 * 10**9
    if huge < 2**32:
        patched(path, sizes, struct.pack("<II", huge, huge))
    refused(path, "w.npy", "truncated or damaged")


def test_a_stored_member_with_two_sizes(refused, npz):
    data = npy_header("<f4", (10**9,)) + bytes(8)
    path = npz(("w.npy", data))
    huge = len(data) - 8 + 4 * 10**9
    patched(path, struct.pack("<II", len(data), len(data)), struct.pack("<II", len(data), huge))
    refused(path, "w.npy", "but claims")


def test_a_compressed_member_that_ends_early(refused, npz):
    data = npy_header("<f4", (MEGABYTE,)) + bytes(8)
    path = npz(("w.npy", data), compression=zipfile.ZIP_DEFLATED)
    patched(path, struct.pack("<I", len(data)), struct.pack("<I", len(data) - 8 + 4 * MEGABYTE))
    refused(path, "w.npy", "damaged")


def test_a_zip_bomb(refused, npz):
    zeros = npy_header("<f8", (25 * MEGABYTE,)) + bytes(200 * MEGABYTE)
    path = npz(("w.npy", zeros), compression=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < MEGABYTE
    refused(path, "fill the memory", "np.savez")


def test_many_small_bombs(refused, npz):
    zeros = npy_header("<f8", (MEGABYTE,)) + bytes(8 * MEGABYTE)
    path = npz(*[(f"w{i}.npy", zeros) for i in range(12)], compression=zipfile.ZIP_DEFLATED)
    refused(path, "fill the memory")


def test_members_that_share_their_bytes(refused, npz):
    path = npz(*[(f"w{i}.npy", npy(np.ones(2))) for i in range(2)])
    with zipfile.ZipFile(path) as file:
        first, second = file.infolist()
    data = path.read_bytes()
    directory = data.rindex(b"PK\x01\x02")  # the second member's entry; its offset is at 42
    assert struct.unpack_from("<I", data, directory + 42) == (second.header_offset,)
    changed = bytearray(data)
    struct.pack_into("<I", changed, directory + 42, first.header_offset)
    path.write_bytes(changed)
    refused(path, "overlaps")


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions(refused, npz, compression):
    refused(npz(("w.npy", npy(np.ones(2))), compression=compression), "w.npy", "compressed by")


def test_an_encrypted_member(refused, npz):
    path = npz(("w.npy", npy(np.ones(2))))
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    refused(path, "encrypted")


def test_booleans_that_are_neither_come_back_as_true(npz):
    path = npz(("w.npy", npy_header("|b1", (3,)) + b"\0\1\7"))
    assert load_archive(path)[0]["w"].view(np.uint8).tolist() == [0, 1, 1]
