"""Images with their labels.

Batches of labeled images, in an order of their own for every epoch.

Reading one gray image, for programs that answer questions about pictures.

Moving images about, so that a network does not learn the place for the thing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.files import check_input_file
from pmt_core import DataError, RandomStream, SettingsError


@dataclass(frozen=True, slots=True, eq=False)
class LabeledImages:
    """Gray images with a class each.

    Attributes:
        images: (n, h, w) of bytes, 0 to 255. labels: (n,) int64.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    @classmethod
    def checked(
        cls,
        images: NDArray[Any],
        labels: NDArray[Any],
        *,
        where: tuple[str, str],
        size: tuple[int, int],
        classes: int,
    ) -> LabeledImages:
        """Arrays from a user's files, if they are what they should be.

        where: what to call the images and the labels, e.g. their files. size: (h, w) expected.
        Raises DataError that says which of the two is wrong, and how.
        """
        if images.ndim != 3 or images.shape[1:] != size or images.dtype != np.uint8:
            raise DataError(
                f"{where[0]}: expected images as an array (n, {size[0]}, {size[1]}) of bytes "
                f"(uint8), got {images.shape} of {images.dtype}; scale gray values to 0 ... 255 "
                "and convert them by .astype(numpy.uint8)"
            )
        if labels.ndim != 1 or labels.dtype.kind not in "iu":
            raise DataError(
                f"{where[1]}: expected labels as an array (n,) of whole numbers, got "
                f"{labels.shape} of {labels.dtype}; each image has the number of its class, no "
                "one-hot row"
            )
        if len(images) != len(labels):
            raise DataError(
                f"{where[0]} has {len(images):,} images and {where[1]} has {len(labels):,} labels; "
                "they belong together one by one: are the files from two different sets?"
            )
        if not len(images):
            raise DataError(f"{where[0]} has no images; expected at least one")
        wrong = np.flatnonzero((labels < 0) | (labels >= classes))
        if len(wrong):
            first = int(wrong[0])
            raise DataError(
                f"{where[1]}: label {labels[first]} of image {first} (counted from 0) is outside "
                f"of 0 to {classes - 1}; {len(wrong):,} labels are"
            )
        return cls(images, labels.astype(np.int64))

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, which: NDArray[np.int64] | slice) -> LabeledImages:
        """Those images, in that order."""
        return LabeledImages(self.images[which], self.labels[which])


@dataclass(frozen=True, slots=True, eq=False)
class ImageBatch:
    """Some images.

    Attributes:
        images: (b, h, w) of bytes. labels: (b,). index: (b,), their places in the data set.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    index: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def shard(self, i: int, n: int) -> ImageBatch:
        """Part i of n: every n-th image from the i-th on."""
        return ImageBatch(self.images[i::n], self.labels[i::n], self.index[i::n])


class ImageBatches:
    """All images of a data set, `batch_size` at a time; the last batch may be smaller.

    stream: of the order, a pure function of it and of the epoch; None: the order of the data.
    """

    def __init__(
        self, data: LabeledImages, batch_size: int, stream: RandomStream | None = None
    ) -> None:
        if batch_size < 1:
            raise SettingsError(f"a batch has at least 1 image, got batch_size {batch_size}")
        self.data, self.batch_size, self.stream = data, batch_size, stream

    def __len__(self) -> int:
        return -(-len(self.data) // self.batch_size)

    def __iter__(self) -> Iterator[ImageBatch]:
        return self.epoch(0)

    def epoch(self, n: int) -> Iterator[ImageBatch]:
        """The batches of epoch n."""
        order = np.arange(len(self.data))
        if self.stream is not None:
            order = self.stream.child(n).generator().permutation(len(self.data))
        for start in range(0, len(order), self.batch_size):
            index = order[start : start + self.batch_size]
            yield ImageBatch(self.data.images[index], self.data.labels[index], index)


_LUMA = np.array([0.299, 0.587, 0.114])  # what red, green and blue count for the eye (Rec. 601)


def load_gray_image(path: Path, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The image in a .png or .npy file as (h, w) bytes, 0 black to 255 white.

    Colors become gray; what is transparent shows black. An array in an .npy file is (h, w) with
    numbers 0 to 255. Raises FileProblem, or DataError where the file is no image of that size.
    """
    check_input_file(path, "an image")
    kind = path.suffix.lower()
    if kind == ".npy":
        return gray_bytes(_read_npy(path), size, str(path))
    if kind == ".png":
        return gray_bytes(_read_png(path), size, str(path))
    raise DataError(f"{str(path)!r}: expected a .png or .npy file")


def gray_bytes(numbers: NDArray[Any], size: tuple[int, int], where: str) -> NDArray[np.uint8]:
    """Numbers 0 to 255 as an image (h, w); they come as (h, w) or in one row.

    where: what to call them in an error. Raises DataError.
    """
    if numbers.shape not in (size, (size[0] * size[1],)):
        raise DataError(
            f"{where}: expected {size[0]} x {size[1]} pixels, got an array of shape "
            f"{numbers.shape}; cut and scale the image to that size"
        )
    if numbers.dtype.kind not in "iuf" or not (
        np.isfinite(numbers).all() and numbers.min() >= 0 and numbers.max() <= 255
    ):
        raise DataError(f"{where}: pixels are numbers from 0 (black) to 255 (white)")
    gray: NDArray[np.uint8] = np.rint(numbers).astype(np.uint8).reshape(size)
    return gray


def _read_npy(path: Path) -> NDArray[Any]:
    try:
        found: NDArray[Any] = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise DataError(f"{str(path)!r} is no .npy file of numbers ({error})") from error
    return found


def _read_png(path: Path) -> NDArray[Any]:
    from matplotlib import image

    try:
        pixels = np.asarray(image.imread(path, format="png"), np.float64)  # 0 to 1
    except Exception as error:  # what a decoder can raise is not listed anywhere
        raise DataError(f"{str(path)!r} is no PNG image that can be read ({error})") from error
    if pixels.ndim == 3:
        opaque = pixels[..., 3] if pixels.shape[2] == 4 else 1.0
        pixels = pixels[..., :3] @ _LUMA * opaque
    return pixels * 255


def random_translation(images: NDArray[Any], pixels: int, rng: np.random.Generator) -> NDArray[Any]:
    """Each image moved by up to `pixels` up or down and left or right, every distance as likely.

    images: (b, h, w); a new array of that shape and dtype comes back. What moves out is lost, what
    moves in is 0. Raises SettingsError for a negative number of pixels.
    """
    if pixels < 0:
        raise SettingsError(f"images are moved by 0 or more pixels, got {pixels}")
    b, h, w = images.shape
    bordered = np.zeros((b, h + 2 * pixels, w + 2 * pixels), images.dtype)
    bordered[:, pixels : pixels + h, pixels : pixels + w] = images
    top, left = rng.integers(0, 2 * pixels + 1, (2, b))
    places = np.lib.stride_tricks.sliding_window_view(bordered, (h, w), axis=(1, 2))
    moved: NDArray[Any] = places[np.arange(b), top, left]
    return moved
