"""What stands between the hidden vectors and the loss: negative sampling or a tree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pmt_text.word2vec.block_gradients import BlockGradients
from pmt_text.word2vec.context_windows import ContextWindows

__all__ = ["OutputLayer", "OutputUpdate"]


class OutputUpdate(Protocol):
    """One update: everything about it that is known before the weights are looked at."""

    def learn(
        self, table: NDArray[np.float32], inputs: NDArray[np.float32], rate: float
    ) -> BlockGradients:
        """Add the gradients of the output vectors to `table`, in place.

        table: (rows + 1, d), the last row of no word; inputs: (r, m, d) input vectors of the
        blocks.
        """


class OutputLayer(Protocol):
    """All that is drawn and looked up is so for many updates at once, which then are quick.

    Attributes:
        rows: output vectors that there are.
        answers: mean number of answers wanted from a prediction.
    """

    rows: int
    answers: float

    def updates(
        self, windows: ContextWindows, blocks: int, generator: np.random.Generator
    ) -> Iterator[OutputUpdate]:
        """Of so many blocks each, the last one of fewer."""
