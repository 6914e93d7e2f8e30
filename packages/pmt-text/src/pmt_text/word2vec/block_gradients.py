"""What one update of the weights comes to."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["BlockGradients"]


class BlockGradients(NamedTuple):
    """The loss of an update, and minus its derivatives.

    Attributes:
        loss: sum over all predictions.
        predictions: how many there were.
        inputs: (r, m, d) by the input vectors of r blocks.
        outputs: (..., d) by the output vectors of each block or word, as they were given.
        shared: (k, d) by the output vectors that all blocks have in common; (0, d)
            where there are none.
    """

    loss: float
    predictions: float
    inputs: NDArray[np.float32]
    outputs: NDArray[np.float32]
    shared: NDArray[np.float32]
