"""Our .safetensors and those of the `safetensors` package are the same, both ways.

`hatch run oracle:test` has the package; elsewhere this is skipped.
"""

import numpy as np
import pytest

from pmt_core import ArchiveError, load_archive, save_archive

pytestmark = pytest.mark.oracle

DTYPES = ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?"]
SHAPES = [(), (1,), (5,), (0,), (3, 4), (2, 0, 3), (2, 3, 4)]


@pytest.fixture
def oracle():
    pytest.importorskip("safetensors")
    from safetensors import numpy

    return numpy


def all_arrays():
    rng = np.random.default_rng(0)
    return {
        f"{dtype}.{'x'.join(map(str, shape))}": rng.integers(0, 100, shape).astype(dtype)
        for dtype in DTYPES
        for shape in SHAPES
    }


def assert_same(loaded, arrays):
    assert set(loaded) == set(arrays)
    for name, array in arrays.items():
        assert loaded[name].dtype == array.dtype, name
        assert loaded[name].shape == array.shape, name
        assert np.array_equal(loaded[name], array), name


def test_the_package_reads_ours(oracle, tmp_path):
    path = tmp_path / "ours.safetensors"
    save_archive(path, all_arrays(), {"step": 3, "nested": [1, None]})
    assert_same(oracle.load_file(path), all_arrays())


def test_we_read_the_packages(oracle, tmp_path):
    path = tmp_path / "theirs.safetensors"
    oracle.save_file(all_arrays(), path, metadata={"format": "np", "größe": "ü"})
    arrays, meta = load_archive(path)
    assert_same(arrays, all_arrays())
    assert meta == {"format": "np", "größe": "ü"}


def test_the_package_reads_our_metadata(oracle, tmp_path):
    from safetensors import safe_open

    path = tmp_path / "ours.safetensors"
    save_archive(path, {"a": np.asfortranarray(np.eye(3, 4))}, {"format": "np"})
    with safe_open(path, framework="numpy") as file:
        assert file.metadata() == {"format": "np"}
        assert (file.get_tensor("a") == np.eye(3, 4)).all()


def test_the_bytes_of_the_arrays_are_laid_out_alike(oracle, tmp_path):
    ours, theirs = tmp_path / "ours.safetensors", tmp_path / "theirs.safetensors"
    rng = np.random.default_rng(0)
    arrays = {name: rng.random((3, 4)).astype(np.float32) for name in ("b", "a.c", "a")}
    save_archive(ours, arrays)
    oracle.save_file(arrays, theirs)

    def body(path):
        data = path.read_bytes()
        return data[8 + int.from_bytes(data[:8], "little") :]

    assert body(ours) == body(theirs)


def test_what_the_package_refuses_we_refuse(oracle, tmp_path):
    path = tmp_path / "a.safetensors"
    save_archive(path, {"a": np.arange(5.0), "b": np.ones(3, np.float32)}, {"format": "np"})
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(2000):
        data = bytearray(whole)
        where = int(rng.integers(8 + int.from_bytes(whole[:8], "little")))
        data[where] = int(rng.integers(256))
        path.write_bytes(data)
        try:
            oracle.load_file(path)
        except Exception:
            refused += 1
            with pytest.raises(ArchiveError):
                load_archive(path)
    assert refused > 500
