"""Images with their labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import DataError


@dataclass(frozen=True, slots=True, eq=False)
class LabelledImages:
    """Grey images with a class each.

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
    ) -> LabelledImages:
        """Arrays from a user's files, if they are what they should be.

        where: what to call the images and the labels, e.g. their files. size: (h, w) expected.
        Raises DataError that says which of the two is wrong, and how.
        """
        if images.ndim != 3 or images.shape[1:] != size or images.dtype != np.uint8:
            raise DataError(
                f"{where[0]}: expected images as an array (n, {size[0]}, {size[1]}) of bytes "
                f"(uint8), got {images.shape} of {images.dtype}; scale grey values to 0 ... 255 "
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

    def take(self, which: NDArray[np.int64] | slice) -> LabelledImages:
        """Those images, in that order."""
        return LabelledImages(self.images[which], self.labels[which])
