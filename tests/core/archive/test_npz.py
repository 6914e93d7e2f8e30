"""What goes into an archive comes out of it, in both forms."""

import json
import os
import zipfile

import numpy as np
import pytest

from pmt_core import ArchiveError, FileProblem, load_archive, save_archive

SUFFIXES = [".npz", ".safetensors"]
META = {
    "step": 12,
    "rate": 1e-3,
    "best": 1e308,
    "names": ["a", "größe", "\ud800", '"\\'],
    "nested": {"on": True, "off": None, "": []},
}
COMMON_DTYPES = ["f8", "f4", "f2", "c8", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?"]
NPZ_DTYPES = ["c16", "U5", "S3", "M8[s]", "m8[ms]"]


@pytest.fixture(params=SUFFIXES)
def path(request, tmp_path):
    return tmp_path / f"model{request.param}"


def random_array(dtype, shape, seed=0):
    raw = np.random.default_rng(seed).integers(0, 100, shape)
    return raw.astype(np.dtype(dtype))


def assert_same(loaded, arrays):
    assert list(loaded) == list(arrays)
    for name, array in arrays.items():
        assert loaded[name].dtype == array.dtype.newbyteorder("="), name
        assert loaded[name].dtype.isnative
        assert loaded[name].shape == array.shape, name
        assert np.array_equal(loaded[name], array), name
        assert loaded[name].flags.writeable


@pytest.mark.parametrize("shape", [(), (1,), (0,), (3, 4), (2, 0, 3), (2, 3, 4, 5), (70_000,)])
def test_every_dtype_and_shape_comes_back(path, shape):
    dtypes = COMMON_DTYPES + (NPZ_DTYPES if path.suffix == ".npz" else [])
    arrays = {f"layer.0.{dtype}": random_array(dtype, shape) for dtype in dtypes}
    save_archive(path, arrays, META)
    loaded, meta = load_archive(path)
    assert_same(loaded, arrays)
    assert meta == META


def test_memory_orders_byte_orders_and_views(path):
    base = random_array("f4", (6, 8))
    arrays = {
        "fortran": np.asfortranarray(base),
        "transposed": base.T,
        "strided": base[::2, ::-3],
        "stretched": np.broadcast_to(base[0], (5, 8)),
        "big-endian": base.astype(">f4"),
        "read-only": np.frombuffer(b"12345678", np.int32),
        "strided 1-d": base[:, 1],
    }
    save_archive(path, arrays)
    assert_same(load_archive(path)[0], arrays)


def test_bits_of_floats_are_kept(path):
    bits = np.array([0x7FC00001, 0xFF800000, 0x80000000, 1], np.uint32)
    save_archive(path, {"x": bits.view(np.float32)})
    assert (load_archive(path)[0]["x"].view(np.uint32) == bits).all()


def test_nothing_but_meta_and_nothing_at_all(path):
    for meta in ({}, {"a": 1}, {"format": "pt"}, {"pmt_meta": "x"}, {"pmt_meta": {"a": 1}}):
        save_archive(path, {}, meta)
        assert load_archive(path) == ({}, meta)
    save_archive(path, {})
    assert load_archive(path) == ({}, {})


def test_many_names_keep_their_order(path):
    arrays = {f"block.{i % 7}.{i}": np.full(i % 5, i, np.int16) for i in range(500)}
    save_archive(path, arrays)
    assert_same(load_archive(path)[0], arrays)


def test_names_in_folders_and_other_scripts(path):
    arrays = {
        name: np.ones(1) for name in ("a/b/c", "größe", "重み.0", "a b", "x..y", "a.npy", "-")
    }
    save_archive(path, arrays)
    assert_same(load_archive(path)[0], arrays)


def test_the_same_content_gives_the_same_bytes(path, tmp_path):
    arrays = {"a": random_array("f4", (30, 40)), "b": random_array("i8", ())}
    other = tmp_path / f"other{path.suffix}"
    save_archive(path, arrays, META)
    save_archive(other, arrays, META)
    assert path.read_bytes() == other.read_bytes()


def test_suffixes_in_capitals_and_paths_as_text(tmp_path):
    for name in ("A.NPZ", "B.SafeTensors"):
        save_archive(str(tmp_path / name), {"a": np.ones(2)})
        assert load_archive(str(tmp_path / name))[0]["a"].tolist() == [1, 1]


def test_numpy_reads_our_npz_and_we_read_numpys(tmp_path):
    arrays = {"a.b": random_array("f4", (3, 4)), "n": random_array("i8", (2,)), "f": np.eye(3).T}
    ours = tmp_path / "ours.npz"
    save_archive(ours, arrays, META)
    with np.load(ours, allow_pickle=False) as file:
        assert set(file.files) == {*arrays, "__meta__.json"}
        assert all(np.array_equal(file[name], array) for name, array in arrays.items())
    with zipfile.ZipFile(ours) as file:
        assert file.testzip() is None
        assert json.loads(file.read("__meta__.json")) == META
    for save in (np.savez, np.savez_compressed):
        theirs = tmp_path / f"{save.__name__}.npz"
        save(theirs, **arrays)
        loaded, meta = load_archive(theirs)
        assert_same(loaded, arrays)
        assert meta == {}


def test_zeros_compressed_by_numpy_are_no_bomb(tmp_path):
    # Fresh optimizer moments: 32 MB that deflate to a thousandth.
    np.savez_compressed(tmp_path / "a.npz", m=np.zeros((4000, 1000), np.float64))
    assert load_archive(tmp_path / "a.npz")[0]["m"].shape == (4000, 1000)


def test_the_layout_of_safetensors_is_that_of_its_description(tmp_path):
    path = tmp_path / "a.safetensors"
    save_archive(path, {"b": np.array([1, 2], np.int16), "f": np.array([[0.5]])}, {"format": "np"})
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    assert length % 8 == 0
    header = json.loads(data[8 : 8 + length])
    assert header == {
        "__metadata__": {"format": "np"},
        "b": {"dtype": "I16", "shape": [2], "data_offsets": [8, 12]},
        "f": {"dtype": "F64", "shape": [1, 1], "data_offsets": [0, 8]},
    }
    assert data[8 + length :] == np.float64(0.5).tobytes() + b"\1\0\2\0"


def test_bfloat16_is_read_as_float32(tmp_path):
    path = tmp_path / "a.safetensors"
    header = json.dumps({"x": {"dtype": "BF16", "shape": [2, 2], "data_offsets": [0, 8]}}).encode()
    # Sign, eight bits of exponent, seven of mantissa: 1.0, -2.0, 3.140625, infinity.
    data = np.array([0x3F80, 0xC000, 0x4049, 0x7F80], "<u2").tobytes()
    path.write_bytes(len(header).to_bytes(8, "little") + header + data)
    x = load_archive(path)[0]["x"]
    assert x.dtype == np.float32
    assert x.tolist() == [[1.0, -2.0], [3.140625, float("inf")]]


# --- what cannot be saved -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "",
        "../a",
        "a/../b",
        "/a",
        "a//b",
        "a/",
        ".",
        "..",
        "a\\b",
        "a\0b",
        "C:a",
        "a\nb",
        "x" * 5000,
        5,
    ],
)
def test_names_that_lead_elsewhere_are_not_written(path, name):
    with pytest.raises(ArchiveError):
        save_archive(path, {name: np.ones(1)})
    assert os.listdir(path.parent) == []


@pytest.mark.parametrize(
    "array",
    [
        np.array([{}, None]),
        np.array([1, "a"], object),
        np.zeros(2, [("a", "f4"), ("b", "O")]),
        np.zeros(2, [("a", "f4")]),
        [np.ones(2), None],
    ],
)
def test_objects_and_structures_are_not_written(path, array):
    save_archive(path, {"old": np.ones(1)})
    with pytest.raises(ArchiveError, match="'x'"):
        save_archive(path, {"x": np.asarray(array, None if hasattr(array, "dtype") else object)})
    assert list(load_archive(path)[0]) == ["old"]
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("dtype", NPZ_DTYPES)
def test_safetensors_says_what_it_cannot_hold(tmp_path, dtype):
    with pytest.raises(ArchiveError, match=r"which \.safetensors cannot hold"):
        save_archive(tmp_path / "a.safetensors", {"x": random_array(dtype, (2,))})
    with pytest.raises(ArchiveError, match="__metadata__"):
        save_archive(tmp_path / "a.safetensors", {"__metadata__": np.ones(1)})


def circular():
    loop = {}
    loop["a"] = [loop]
    return loop


@pytest.mark.parametrize(
    ("meta", "text"),
    [
        ({"a": {"b": [0, np.int64(3)]}}, r"meta\['a'\]\['b'\]\[1\] is of numpy.int64.*int\(\)"),
        ({"a": np.ones(2)}, r"meta\['a'\] is of numpy.ndarray"),
        ({"a": {1: 2}}, r"meta\['a'\] has the key 1"),
        ({"a": {1, 2}}, "builtins.set"),
        (circular(), "nested too deeply"),
        ([1, 2], "meta must be a dictionary"),
    ],
)
def test_meta_that_json_cannot_hold_is_named_and_nothing_written(path, meta, text):
    with pytest.raises(ArchiveError, match=text):
        save_archive(path, {"a": np.ones(1)}, meta)
    assert os.listdir(path.parent) == []


def test_tuples_come_back_as_lists(path):
    save_archive(path, {}, {"a": (1, (2, 3))})
    assert load_archive(path)[1] == {"a": [1, [2, 3]]}


# --- paths --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["model.pt", "model", ".npz", "model.npy", "model.npz.gz"])
def test_other_suffixes_are_refused(tmp_path, name):
    with pytest.raises(ArchiveError, match=r"\.npz or \.safetensors"):
        save_archive(tmp_path / name, {})
    with pytest.raises(ArchiveError, match=r"\.npz or \.safetensors"):
        load_archive(tmp_path / name)


def test_missing_files_directories_and_pipes_are_told_apart(path):
    with pytest.raises(FileProblem, match="does not exist"):
        load_archive(path)
    with pytest.raises(FileProblem, match=r"folder .* does not exist"):
        save_archive(path.parent / "no" / path.name, {})
    path.mkdir()
    with pytest.raises(FileProblem, match="is a directory"):
        load_archive(path)
    with pytest.raises(FileProblem, match="is a directory"):
        save_archive(path, {})
    path.rmdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(path)
        with pytest.raises(FileProblem, match="a pipe"):
            load_archive(path)
        with pytest.raises(FileProblem, match="a pipe"):
            save_archive(path, {})
