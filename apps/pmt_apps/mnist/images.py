"""Labeled gray images: validation, image files, random translation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.files import check_input_file
from pmt_apps.mnist.png import MNIST_SIZE, load_png
from pmt_core import ArchiveError, DataError, SettingsError, load_npy

MNIST_CLASSES = 10


@dataclass(frozen=True, slots=True, eq=False)
class LabeledImages:
    """Gray images and their classes.

    Attributes:
        images: (n, h, w) uint8, 0 to 255.
        labels: (n,) int64.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    @classmethod
    def checked(
        cls, images: NDArray[Any], labels: NDArray[Any], images_name: str, labels_name: str
    ) -> LabeledImages:
        """Validate images (n, 28, 28) uint8 and labels (n,) 0 to 9 from a user's files.

        The names are those of the arrays in error messages, e.g. their files.

        Raises:
            DataError: a shape, a dtype or a label is not as expected.
        """
        if images.ndim != 3 or images.shape[1:] != MNIST_SIZE or images.dtype != np.uint8:
            raise DataError(
                f"{images_name}: expected images as an array (n, 28, 28) of bytes "
                f"(uint8), got {images.shape} of {images.dtype}; scale gray values to 0 ... 255 "
                "and convert them by .astype(numpy.uint8)"
            )
        if labels.ndim != 1 or labels.dtype.kind not in "iu":
            raise DataError(
                f"{labels_name}: expected labels as an array (n,) of integers, got "
                f"{labels.shape} of {labels.dtype}; give class numbers instead "
                "of one-hot rows"
            )
        if len(images) != len(labels):
            raise DataError(
                f"{images_name} has {len(images):,} images but {labels_name} has {len(labels):,} "
                "labels, expected one per image; check that both files are of the same set"
            )
        if not len(images):
            raise DataError(f"{images_name} has no images; expected at least one")
        wrong = np.flatnonzero((labels < 0) | (labels >= MNIST_CLASSES))
        if len(wrong):
            first = int(wrong[0])
            raise DataError(
                f"{labels_name}: expected labels 0 to {MNIST_CLASSES - 1}, got {labels[first]} "
                f"of image {first} (counted from 0) and {len(wrong) - 1:,} more like it"
            )
        return cls(images, labels.astype(np.int64))

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: NDArray[np.int64] | slice) -> LabeledImages:
        """Return the images at these indices, in their order."""
        return LabeledImages(self.images[indices], self.labels[indices])


def load_gray_image(path: Path) -> NDArray[np.uint8]:
    """Load the image of a .png or .npy file as (28, 28) uint8, 0 black to 255 white.

    Colors are converted to gray; transparent pixels become black. The array of an .npy file is
    (28, 28) or (784,) with numbers 0 to 255.

    Raises:
        FileProblem: the file cannot be read.
        DataError: it is not an image of that size.
    """
    check_input_file(path, "an image")
    read = {".npy": _load_npy, ".png": load_png}.get(path.suffix.lower())
    if read is None:
        raise DataError(f"{str(path)!r}: expected a .png or .npy file")
    return gray_bytes(read(path), str(path))


def gray_bytes(numbers: NDArray[Any], name: str) -> NDArray[np.uint8]:
    """Convert numbers 0 to 255, (28, 28) or (784,), to an image (28, 28) uint8; floats are rounded.

    Raises:
        DataError: the shape or a value is not as expected; it has the name of the numbers.
    """
    if numbers.shape not in (MNIST_SIZE, (28 * 28,)):
        raise DataError(
            f"{name}: expected 28 x 28 pixels, got an array of shape {numbers.shape}; cut and "
            "scale the image to that size"
        )
    if numbers.dtype.kind not in "iuf" or not (
        np.isfinite(numbers).all() and numbers.min() >= 0 and numbers.max() <= 255
    ):
        raise DataError(f"{name}: expected pixels from 0 (black) to 255 (white)")
    gray: NDArray[np.uint8] = np.rint(numbers).astype(np.uint8).reshape(MNIST_SIZE)
    return gray


def _load_npy(path: Path) -> NDArray[Any]:
    try:
        return load_npy(path)
    except ArchiveError as error:
        raise DataError(str(error)) from error


def random_translation(images: NDArray[Any], pixels: int, rng: np.random.Generator) -> NDArray[Any]:
    """Translate each image by a uniform random offset of up to `pixels` along both axes.

    Pixels that move in are 0.

    Args:
        images: (b, h, w).
        pixels: largest offset, at least 0.
        rng: source of the offsets.

    Returns:
        A new array of the same shape and dtype.

    Raises:
        SettingsError: `pixels` is negative.
    """
    if pixels < 0:
        raise SettingsError(f"expected a translation of at least 0 pixels, got {pixels}")
    b, h, w = images.shape
    padded = np.zeros((b, h + 2 * pixels, w + 2 * pixels), images.dtype)
    padded[:, pixels : pixels + h, pixels : pixels + w] = images
    top, left = rng.integers(0, 2 * pixels + 1, (2, b))
    crops = np.lib.stride_tricks.sliding_window_view(padded, (h, w), axis=(1, 2))
    translated: NDArray[Any] = crops[np.arange(b), top, left]
    return translated
