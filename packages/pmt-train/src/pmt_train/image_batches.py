"""Batches of labelled images, in an order of their own for every epoch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_core import RandomStream, SettingsError
from pmt_train.labelled_images import LabelledImages


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
        self, data: LabelledImages, batch_size: int, stream: RandomStream | None = None
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
