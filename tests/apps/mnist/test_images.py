"""Images: random translation, image files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pmt_apps.mnist.images import gray_bytes, load_gray_image, random_translation
from pmt_core import DataError, FileProblem, SettingsError


def test_a_translation_moves_the_image_and_fills_with_black() -> None:
    images = np.zeros((500, 7, 9), np.uint8)
    images[:, 3, 4] = 9
    moved = random_translation(images, 2, np.random.default_rng(0))
    assert moved.dtype == np.uint8
    assert (moved.sum(axis=(1, 2)) == 9).all()
    offsets = np.argwhere(moved)[:, 1:] - [3, 4]
    counts = np.unique(offsets, axis=0, return_counts=True)[1]
    assert len(counts) == 25
    assert counts.min() > 5
    edge = np.ones((50, 3, 3))
    far = random_translation(edge, 3, np.random.default_rng(0))
    assert set(far.sum(axis=(1, 2))) == {0, 1, 2, 3, 4, 6, 9}
    np.testing.assert_array_equal(random_translation(edge, 0, np.random.default_rng(0)), edge)
    with pytest.raises(SettingsError):
        random_translation(edge, -1, np.random.default_rng(0))


def test_a_png_comes_back_as_bytes(tmp_path: Path) -> None:
    from matplotlib import image

    pixels = np.random.default_rng(0).integers(0, 256, (28, 28)).astype(np.uint8)
    colored = np.stack([pixels] * 3, axis=2)
    opaque = np.full((28, 28, 1), 255, np.uint8)
    for name, array in [("rgb", colored), ("rgba", np.concatenate([colored, opaque], axis=2))]:
        image.imsave(tmp_path / f"{name}.png", array)
        np.testing.assert_array_equal(load_gray_image(tmp_path / f"{name}.png"), pixels)
    np.save(tmp_path / "a.npy", pixels)
    np.testing.assert_array_equal(load_gray_image(tmp_path / "a.npy"), pixels)


def test_invalid_images_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="not exist"):
        load_gray_image(tmp_path / "none.png")
    for name in ("a.png", "a.npy", "a.txt"):
        (tmp_path / name).write_bytes(b"something else")
        with pytest.raises(DataError, match=name):
            load_gray_image(tmp_path / name)
    with pytest.raises(DataError, match="pixels of x: expected 28 x 28"):
        gray_bytes(np.zeros(783), "pixels of x")
    for value in (256, -1, np.nan):
        with pytest.raises(DataError, match="pixels of x: expected pixels from 0"):
            gray_bytes(np.full(784, value), "pixels of x")


def test_a_damaged_array_is_refused(tmp_path: Path) -> None:
    whole = tmp_path / "whole.npy"
    np.save(whole, np.zeros((28, 28), np.uint8))
    data = whole.read_bytes()
    np.savez(tmp_path / "zip.npz", np.zeros((28, 28)))
    files = {
        "zip": (tmp_path / "zip.npz").read_bytes(),
        "half a zip": (tmp_path / "zip.npz").read_bytes()[:300],
        "header": data.replace(b"'descr'", b"'des(r'"),
        "2**64": data.replace(b"(28, 28), }     " + b" " * 16, b"(28, 18446744073709551616, 0), }"),
        "400 GB": data.replace(b"(28, 28), }      ", b"(400000000000,), }"[:17]),
        "truncated": data[:-1],
    }
    for name, content in files.items():
        assert content != data
        (tmp_path / "a.npy").write_bytes(content)
        with pytest.raises(DataError, match="a.npy"):
            load_gray_image(tmp_path / "a.npy")
            pytest.fail(name)
