"""Moving images about, so that a network does not learn the place for the thing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError


def shift_images(images: NDArray[Any], pixels: int, rng: np.random.Generator) -> NDArray[Any]:
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
