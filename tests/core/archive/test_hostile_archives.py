"""Damaged and hostile archives are refused: a clear error, bounded memory, never code run."""

import io
import json
import os
import pickle
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from pmt_core import ArchiveError, load_archive, save_archive

MEGABYTE = 1 << 20


class Bomb:
    """Unpickling this leaves a trace."""

    def __reduce__(self):
        return (os.mkdir, ("unpickled",))


def refused(path, *texts):
    """The error's text, after seeing that loading took little memory."""
    size = path.stat().st_size
    tracemalloc.start()
    try:
        with pytest.raises(ArchiveError) as caught:
            load_archive(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * MEGABYTE + 4 * size, f"{peak} bytes of memory for a file of {size}"
    text = str(caught.value)
    assert path.name in text
    for part in texts:
        assert part in text, text
    return text


def npy(array):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array), allow_pickle=True)
    return buffer.getvalue()


def npy_header(descr="<f4", shape=(2,), fortran=False, version=(1, 0), text=None):
    text = text or repr({"descr": descr, "fortran_order": fortran, "shape": shape})
    body = text.encode("latin1") + b"\n"
    length_format = "<H" if version == (1, 0) else "<I"
    return b"\x93NUMPY" + bytes(version) + struct.pack(length_format, len(body)) + body


@pytest.fixture
def npz(tmp_path):
    """Write members as they are given: npz(("a.npy", bytes), ..., compression=...)."""

    def write(*members, compression=zipfile.ZIP_STORED):
        path = tmp_path / "a.npz"
        with zipfile.ZipFile(path, "w", compression) as file:
            for name, data in members:
                info = zipfile.ZipInfo("x")
                info.filename = name  # the constructor would cut or mend it
                info.compress_type = compression
                file.writestr(info, data)
        return path

    return write


@pytest.fixture
def safetensors(tmp_path):
    def write(header, data=b"", length=None):
        path = tmp_path / "a.safetensors"
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        length = len(text) if length is None else length
        path.write_bytes(length.to_bytes(8, "little") + text + data)
        return path

    return write


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
def test_files_that_are_no_zip(tmp_path, content, text):
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


def test_a_flipped_bit_in_the_data_is_noticed(tmp_path):
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
def test_members_outside_of_the_folder(npz, name):
    refused(npz((name, npy(np.ones(2)))), "refused" if "\n" not in name else "unprintable")


def test_members_that_occur_twice(npz):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = npz(("a.npy", npy(np.ones(2))), ("a.npy", npy(np.zeros(2))))
    refused(path, "'a.npy'", "twice")


def test_two_members_for_one_array(npz):
    # numpy.load itself drops the suffix: "a" and "a.npy" are the same array.
    refused(npz(("a.npy", npy(np.ones(2))), ("a", npy(np.zeros(2)))), "no .npy array")


def test_members_that_are_no_arrays(npz):
    refused(npz(("readme.txt", b"hello")), "readme.txt", "no .npz")
    refused(npz(("a.npy", b"")), "a.npy", "no valid .npy header")
    refused(npz(("a.npy", b"hello")), "a.npy", "no valid .npy header")
    refused(npz(("a.npy", pickle.dumps(Bomb()))), "a.npy", "no valid .npy header")


def test_objects_are_refused_and_no_code_runs(npz, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for array in (np.array([Bomb()], object), np.array([(1, Bomb())], "f4,O")):
        refused(npz(("a.npy", npy(array))), "a.npy", "pickle", "save it again as")
    assert not (tmp_path / "unpickled").exists()


def test_structures_are_refused(npz):
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
def test_headers_that_claim_other_than_there_is(npz, shape, compression):
    path = npz(("w.npy", npy_header("<f4", shape) + bytes(8)), compression=compression)
    refused(path, "w.npy", "a.npz")


@pytest.mark.parametrize(
    "descr", ["<f4,", "|O", "<U0", "|S0", "<U999999999", "?!", 5, [], {}, None]
)
def test_headers_of_odd_dtypes(npz, descr):
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
def test_headers_that_are_no_headers(npz, tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    refused(npz(("w.npy", npy_header(text=text) + bytes(8))), "w.npy", "no valid .npy header")
    assert not (tmp_path / "unpickled").exists()


def test_headers_longer_than_the_file_and_of_unknown_versions(npz):
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


def test_a_directory_that_claims_more_than_the_file(npz):
    data = npy_header("<f4", (10**9,)) + bytes(8)
    path = npz(("w.npy", data))
    sizes = struct.pack("<II", len(data), len(data))
    huge = len(data) - 8 + 4 * 10**9
    if huge < 2**32:
        patched(path, sizes, struct.pack("<II", huge, huge))
    refused(path, "w.npy", "truncated or damaged")


def test_a_stored_member_with_two_sizes(npz):
    data = npy_header("<f4", (10**9,)) + bytes(8)
    path = npz(("w.npy", data))
    huge = len(data) - 8 + 4 * 10**9
    patched(path, struct.pack("<II", len(data), len(data)), struct.pack("<II", len(data), huge))
    refused(path, "w.npy", "but claims")


def test_a_compressed_member_that_ends_early(npz):
    data = npy_header("<f4", (MEGABYTE,)) + bytes(8)
    path = npz(("w.npy", data), compression=zipfile.ZIP_DEFLATED)
    patched(path, struct.pack("<I", len(data)), struct.pack("<I", len(data) - 8 + 4 * MEGABYTE))
    refused(path, "w.npy", "damaged")


def test_a_zip_bomb(npz):
    zeros = npy_header("<f8", (25 * MEGABYTE,)) + bytes(200 * MEGABYTE)
    path = npz(("w.npy", zeros), compression=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < MEGABYTE
    refused(path, "fill the memory", "np.savez")


def test_many_small_bombs(npz):
    zeros = npy_header("<f8", (MEGABYTE,)) + bytes(8 * MEGABYTE)
    path = npz(*[(f"w{i}.npy", zeros) for i in range(12)], compression=zipfile.ZIP_DEFLATED)
    refused(path, "fill the memory")


def test_members_that_share_their_bytes(npz):
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
def test_other_compressions(npz, compression):
    refused(npz(("w.npy", npy(np.ones(2))), compression=compression), "w.npy", "compressed by")


def test_an_encrypted_member(npz):
    path = npz(("w.npy", npy(np.ones(2))))
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    refused(path, "encrypted")


def test_booleans_that_are_neither_come_back_as_true(npz):
    path = npz(("w.npy", npy_header("|b1", (3,)) + b"\0\1\7"))
    assert load_archive(path)[0]["w"].view(np.uint8).tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[1]", b'"a"', b"\xff\xfe", b'{"a": 1, "a": 2}', b'{"a": ' * 3000, b"[" * 100_000],
)
def test_meta_that_is_no_json_object(npz, safetensors, text):
    refused(npz(("__meta__.json", text)), "__meta__.json")
    header = {"__metadata__": {"pmt_meta": text.decode("latin1")}}
    refused(safetensors(header), "pmt_meta")


# --- .safetensors -------------------------------------------------------------------------------

ENTRY = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def entry(**changes):
    return {"w": {**ENTRY, **changes}}


def test_a_safetensors_file_as_it_should_be(safetensors):
    assert load_archive(safetensors(entry(), bytes(8)))[0]["w"].tolist() == [0, 0]
    padded = json.dumps(entry()).encode() + b" " * 13
    assert load_archive(safetensors(padded, bytes(8)))[0]["w"].tolist() == [0, 0]


def test_every_truncation_of_a_safetensors_file_is_refused(tmp_path):
    path = tmp_path / "a.safetensors"
    save_archive(path, {"a": np.arange(10.0), "b": np.ones(3, np.int8)}, {"k": 1})
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ArchiveError, match=r"a\.safetensors"):
            load_archive(path)
    path.write_bytes(whole + b"x")
    refused(path, "the file has")


@pytest.mark.parametrize("length", [2**64 - 1, 2**63, 100_000_001, 1000, 10**12])
def test_header_lengths_beyond_the_file(safetensors, length):
    refused(safetensors(entry(), bytes(8), length=length), "claims a header of")


def test_a_header_longer_than_the_limit(tmp_path):
    path = tmp_path / "a.safetensors"
    with open(path, "wb") as file:
        file.write((100_000_001).to_bytes(8, "little") + b"{}")
        file.truncate(100_000_100)
    with pytest.raises(ArchiveError, match="at most 100000000"):
        load_archive(path)


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"null",
        b"[]",
        b'"abc"',
        b"{",
        b" {}",
        b"\xff{}",
        b'{"w": 1}',
        b'{"w": {}}',
        b'{"w": null}',
        b'{"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "w": {"dtype": "F32"}}',
        b'{"w": {"dtype": "F32", "dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}',
        b'{"a":' * 20_000,
        b'{"w": {"dtype": "F32", "shape": [' + b"1" * 5000 + b'], "data_offsets": [0, 8]}}',
    ],
)
def test_headers_that_are_no_header(safetensors, header):
    refused(safetensors(header, bytes(8)))


@pytest.mark.parametrize(
    "changes",
    [
        {"dtype": "F33"},
        {"dtype": "O"},
        {"dtype": None},
        {"dtype": ["F32"]},
        {"dtype": "F64"},
        {"shape": [3]},
        {"shape": [10**12]},
        {"shape": [2**32, 2**32]},
        {"shape": [-2]},
        {"shape": [-1, -2]},
        {"shape": [2.0]},
        {"shape": [True, 2]},
        {"shape": 2},
        {"shape": None},
        {"shape": "2"},
        {"shape": [1] * 65 + [2]},
        {"data_offsets": [0, 8, 8]},
        {"data_offsets": [8, 0]},
        {"data_offsets": [-8, 0]},
        {"data_offsets": [0.0, 8.0]},
        {"data_offsets": [4, 12]},
        {"data_offsets": [0, 10**15]},
        {"data_offsets": {}},
        {"extra": 1},
    ],
)
def test_entries_that_are_wrong(safetensors, changes):
    refused(safetensors(entry(**changes), bytes(8)), "member 'w'")


def test_a_shape_that_does_not_fit_its_offsets(safetensors):
    refused(safetensors(entry(shape=[2**64, 0], data_offsets=[0, 0])), "member 'w'", "impossible")
    path = safetensors(entry(shape=[3]), bytes(8))
    refused(path, "shape [3] of F32 takes 12 bytes, but its data_offsets [0, 8] hold 8")


@pytest.mark.parametrize(
    ("offsets", "size", "text"),
    [
        ([(0, 8), (4, 12)], 12, "overlaps"),
        ([(0, 8), (0, 8)], 8, "overlaps"),
        ([(0, 8), (12, 20)], 20, "leaves a gap"),
        ([(4, 12), (12, 20)], 20, "leaves a gap"),
        ([(0, 8), (8, 16)], 12, "claims 16 bytes of arrays, the file has 12"),
        ([(0, 8), (8, 16)], 20, "claims 16 bytes of arrays, the file has 20"),
    ],
)
def test_overlaps_and_holes(safetensors, offsets, size, text):
    header = {f"w{i}": {**ENTRY, "data_offsets": list(pair)} for i, pair in enumerate(offsets)}
    refused(safetensors(header, bytes(size)), text)


@pytest.mark.parametrize("name", ["../w", "/w", "a\\b", "a\0b", ""])
def test_names_outside_of_the_folder(safetensors, name):
    refused(safetensors({name: ENTRY}, bytes(8)))


@pytest.mark.parametrize("metadata", [[], "a", 1, None, {"a": 1}, {"a": {}}])
def test_metadata_that_is_not_text_to_text(safetensors, metadata):
    refused(safetensors({"__metadata__": metadata, **entry()}, bytes(8)), "text to text")


# --- by chance ----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
@pytest.mark.filterwarnings("ignore")
def test_random_damage_gives_an_error_of_ours_or_whole_arrays(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    arrays = {"a": np.arange(6.0), "b.c": np.arange(4, dtype=np.int16).reshape(2, 2)}
    save_archive(path, arrays, {"k": [1, "x"]})
    if suffix == ".npz":  # compressed members too
        np.savez_compressed(tmp_path / "c.npz", **arrays)
    originals = [file.read_bytes() for file in sorted(tmp_path.iterdir())]
    rng = np.random.default_rng(0)
    outcomes = {"refused": 0, "loaded": 0}
    tracemalloc.start()
    for turn in range(1200):
        data = bytearray(originals[turn % len(originals)])
        for _ in range(rng.integers(1, 4)):
            where = int(rng.integers(len(data)))
            kind = rng.integers(4)
            if kind == 0:
                data[where] ^= 1 << int(rng.integers(8))
            elif kind == 1:
                data[where] = int(rng.choice([0, 1, 0x7F, 0x80, 0xFF]))
            elif kind == 2:
                del data[where : where + int(rng.integers(1, 9))]
            else:
                data[where:where] = rng.bytes(int(rng.integers(1, 9)))
        path.write_bytes(data)
        try:
            loaded, meta = load_archive(path)
        except ArchiveError:
            outcomes["refused"] += 1
        else:
            outcomes["loaded"] += 1
            assert isinstance(meta, dict)
            assert all(type(array) is np.ndarray for array in loaded.values())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert outcomes["refused"] > 500
    assert peak < 8 * MEGABYTE
