"""Idx files: every type against bytes written by hand; broken files are named."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from pmt_apps.mnist.load_mnist import load_idx, load_mnist
from pmt_core import DataError, FileProblem


def idx(array: np.ndarray, kind: int = 8, fmt: str = "B") -> bytes:
    head = struct.pack(f">HBB{array.ndim}I", 0, kind, array.ndim, *array.shape)
    return head + struct.pack(f">{array.size}{fmt}", *array.ravel().tolist())


IMAGES = np.arange(2 * 3 * 4).reshape(2, 3, 4)


def saved(tmp_path: Path, content: bytes, name: str = "a.idx") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("kind", "fmt", "dtype"),
    [
        (0x08, "B", np.uint8),
        (0x09, "b", np.int8),
        (0x0B, "h", np.int16),
        (0x0C, "i", np.int32),
        (0x0D, "f", np.float32),
        (0x0E, "d", np.float64),
    ],
)
def test_every_type(tmp_path: Path, kind: int, fmt: str, dtype: type) -> None:
    array = load_idx(saved(tmp_path, idx(IMAGES, kind, fmt)))
    assert array.dtype == dtype
    np.testing.assert_array_equal(array, IMAGES)


def test_gzip_is_detected_by_content(tmp_path: Path) -> None:
    plain, zipped = idx(IMAGES), gzip.compress(idx(IMAGES))
    for content, name in [(plain, "x.gz"), (zipped, "x"), (zipped, "y.gz")]:
        np.testing.assert_array_equal(load_idx(saved(tmp_path, content, name)), IMAGES)


def test_no_elements_and_no_axes(tmp_path: Path) -> None:
    assert load_idx(saved(tmp_path, idx(np.zeros((0, 28))))).shape == (0, 28)
    assert load_idx(saved(tmp_path, struct.pack(">HBBB", 0, 8, 0, 7))) == 7


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty file"),
        (b"\x89PNG\r\n", "89 50 4e 47"),
        (b"\0\0\x07\x01" + bytes(9), "00 00 07 01"),
        (idx(IMAGES)[:9], "header"),
        (idx(IMAGES)[:-1], "truncated"),
        (idx(IMAGES) + b"\0", "damaged"),
        (gzip.compress(idx(IMAGES))[:-12], "truncated"),
        (gzip.compress(idx(IMAGES))[:-8] + bytes(8), "damaged"),
        (b"\x1f\x8b" + bytes(40), "damaged"),
        (b"\0\0\x08\xff" + bytes(1100), "axes"),
        (struct.pack(">HBB4I", 0, 8, 4, *[2**32 - 1] * 4) + bytes(100), "truncated"),
        (struct.pack(">HBB3I", 0, 13, 3, 2**32 - 1, 2**31, 0), "impossible"),
        (struct.pack(">HBB64I", 0, 8, 64, *[2**32 - 1] * 63, 0), "impossible"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_file_is_named_with_the_reason(tmp_path: Path, content: bytes, words: str) -> None:
    path = saved(tmp_path, content, "broken-file")
    with pytest.raises(DataError, match="broken-file") as caught:
        load_idx(path)
    assert words in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="does not exist"):
        load_idx(tmp_path / "missing")
    with pytest.raises(FileProblem, match="directory"):
        load_idx(tmp_path)


@pytest.mark.data
def test_real_mnist(data_dir: Path) -> None:
    mnist = load_mnist(data_dir / "mnist")
    assert mnist.train.images.shape == (60_000, 28, 28)
    assert mnist.test.images.shape == (10_000, 28, 28)
    assert mnist.train.labels[:5].tolist() == [5, 0, 4, 1, 9]
