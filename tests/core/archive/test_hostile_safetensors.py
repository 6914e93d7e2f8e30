"""Damaged and hostile .safetensors files, and random damage of archives, are refused."""

import json
import tracemalloc

import numpy as np
import pytest

from pmt_core import ArchiveError, load_archive, save_archive

MEGABYTE = 1 << 20

# --- .safetensors -------------------------------------------------------------------------------

ENTRY = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def entry(**changes):
    return {"w": {**ENTRY, **changes}}


def test_a_safetensors_file_as_it_should_be(safetensors):
    assert load_archive(safetensors(entry(), bytes(8)))[0]["w"].tolist() == [0, 0]
    padded = json.dumps(entry()).encode() + b" " * 13
    assert load_archive(safetensors(padded, bytes(8)))[0]["w"].tolist() == [0, 0]


def test_white_space_around_the_header_is_allowed(tmp_path, safetensors):
    """The format's own tests have this file: 06 00*7 "\\t\\n{}\\r "."""
    path = tmp_path / "b.safetensors"
    path.write_bytes(b"\x06\0\0\0\0\0\0\0\t\n{}\r ")
    assert load_archive(path) == ({}, {})
    padded = b" \r\n\t" + json.dumps(entry()).encode() + b"\r\n "
    assert load_archive(safetensors(padded, bytes(8)))[0]["w"].tolist() == [0, 0]


def test_every_truncation_of_a_safetensors_file_is_refused(refused, tmp_path):
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
def test_header_lengths_beyond_the_file(refused, safetensors, length):
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
def test_headers_that_are_no_header(refused, safetensors, header):
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
def test_entries_that_are_wrong(refused, safetensors, changes):
    refused(safetensors(entry(**changes), bytes(8)), "member 'w'")


def test_a_shape_that_does_not_fit_its_offsets(refused, safetensors):
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
def test_overlaps_and_holes(refused, safetensors, offsets, size, text):
    header = {f"w{i}": {**ENTRY, "data_offsets": list(pair)} for i, pair in enumerate(offsets)}
    refused(safetensors(header, bytes(size)), text)


@pytest.mark.parametrize("name", ["../w", "/w", "a\\b", "a\0b", ""])
def test_names_outside_of_the_folder(refused, safetensors, name):
    refused(safetensors({name: ENTRY}, bytes(8)))


@pytest.mark.parametrize("metadata", [[], "a", 1, None, {"a": 1}, {"a": {}}])
def test_metadata_that_is_not_text_to_text(refused, safetensors, metadata):
    refused(safetensors({"__metadata__": metadata, **entry()}, bytes(8)), "text to text")


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[1]", b'"a"', b"\xff\xfe", b'{"a": 1, "a": 2}', b'{"a": ' * 3000, b"[" * 100_000],
)
def test_meta_that_is_no_json_object(refused, npz, safetensors, text):
    refused(npz(("__meta__.json", text)), "__meta__.json")
    header = {"__metadata__": {"pmt_meta": text.decode("latin1")}}
    refused(safetensors(header), "pmt_meta")


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
