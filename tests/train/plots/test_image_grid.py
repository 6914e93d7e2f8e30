"""Grids of images: size in pixels, colors, errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib import image

from pmt_core import FileProblem, ShapeError
from pmt_train import figure_saved_to, image_grid


def pixels(path: Path) -> np.ndarray:
    return np.asarray(image.imread(path))[..., :3]


def test_a_grid_grows_by_rows_and_shows_its_images(tmp_path: Path) -> None:
    black, white = np.zeros((1, 4, 4)), np.ones((1, 4, 4))
    images = np.concatenate([black, white] * 3)
    images[:, 0, 0] = 0.5
    heights = []
    for columns in (6, 3):
        image_grid(tmp_path / "grid.png", images, columns=columns)
        heights.append(pixels(tmp_path / "grid.png").shape[0])
    assert heights[1] > 1.5 * heights[0]
    assert (pixels(tmp_path / "grid.png") < 0.1).all(axis=2).mean() > 0.1


def test_signed_images_are_blue_above_zero_and_red_below(tmp_path: Path) -> None:
    for sign in (1, -1):
        image_grid(tmp_path / "grid.png", np.full((2, 3, 3), float(sign)), signed=True)
        red, _, blue = np.moveaxis(pixels(tmp_path / "grid.png").astype(float), 2, 0)
        left = sign * (blue - red)[:, : red.shape[1] // 3]  # without the color bar
        assert left.max() > 0.2
        assert left.min() > -0.1


def test_captions_and_shapes_are_checked(tmp_path: Path) -> None:
    with pytest.raises(ShapeError, match="captions"):
        image_grid(tmp_path / "grid.png", np.zeros((3, 2, 2)), ["one"])
    with pytest.raises(ShapeError):
        image_grid(tmp_path / "grid.png", np.zeros((2, 2)))
    image_grid(tmp_path / "grid.png", np.zeros((0, 28, 28)), note="no images")


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileProblem), figure_saved_to(tmp_path / "no" / "a.png", 1, 1):
        pass
