"""`WordConvolution`: n-grams of word vectors, and the maximum of each feature over a text."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Tensor, concat
from pmt_nn import Linear, Module


class WordConvolution(Module):
    """Convolutions of several widths over the words of a text, max-pooled over the text (Kim 2014).

    A window is centered at each word and reads zeros beyond both ends of the text, so that a filter
    can tell where a text begins. Padding changes nothing.

    Args:
        d: width of the vectors of the words.
        filters: number of features of each width of window.
        rng: stream of the initial weights.
        widths: of the windows, in words.

    Attributes:
        features: number of features of a text, `filters` times the number of widths.
    """

    def __init__(
        self,
        d: int,
        filters: int,
        rng: np.random.Generator,
        *,
        widths: tuple[int, ...] = (1, 2, 3, 4),
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.widths = widths
        self.features = filters * len(widths)
        self.kernels = [Linear(width * d, filters, rng, dtype=dtype) for width in widths]

    def forward(self, vectors: Tensor, mask: NDArray[np.bool_]) -> Tensor:
        """Return the features (b, f) of vectors (b, t, d); mask (b, t) is True at words."""
        b, t, d = vectors.shape
        inside = mask[..., np.newaxis]
        border = Tensor(np.zeros((b, max(self.widths), d), vectors.dtype))
        padded = concat(border, vectors * inside.astype(vectors.dtype), border, axis=1)
        outside = np.where(inside, 0, -1e9).astype(vectors.dtype)
        pooled = []
        for width, kernel in zip(self.widths, self.kernels, strict=True):
            first = max(self.widths) - width // 2
            windows = [padded[:, first + j : first + j + t] for j in range(width)]
            pooled.append((kernel(concat(*windows, axis=-1)) + outside).max(axis=1))
        features: Tensor = concat(*pooled, axis=-1).relu()
        return features
