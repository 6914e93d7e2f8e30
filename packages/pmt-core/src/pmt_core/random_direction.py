"""Random directions to look along."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["random_direction"]


def random_direction(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
    """Numbers of both signs with sizes in [0.5, 1.5): none so small that it hides what it meets."""
    sizes = rng.uniform(0.5, 1.5, shape)
    return np.where(rng.random(shape) < 0.5, -sizes, sizes)
