"""What stands between the input vectors and the loss: negative sampling or a tree."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pmt_text.word2vec.kernels.input_blocks import InputBlocks
from pmt_text.word2vec.sampling.context_windows import ContextWindows

__all__ = ["OutputLayer", "PieceUpdates"]


class PieceUpdates(Protocol):
    """The updates of a piece, with everything that is known before the weights are looked at.

    Attributes:
        predictions: in all of them.
    """

    predictions: float

    def update(self, number: int, table: NDArray[np.float32], inputs: InputBlocks) -> None:
        """Add minus rate times the gradients to `table`, and leave those by the inputs in
        `inputs.changes`.

        table: (rows + 1, d) output vectors, the last row of no word.
        """

    def loss(self) -> float:
        """The sum over all predictions, once all updates are done."""


class OutputLayer(Protocol):
    """All that is drawn and looked up is so for many updates at once, which then are quick.

    Attributes:
        answers: mean number of answers wanted from a prediction.
    """

    answers: float

    def reserve(self, size: tuple[int, int]) -> None:
        """Memory for updates of so many words a block and blocks, to be used again and again."""

    def updates(
        self, windows: ContextWindows, rate: float, generator: np.random.Generator
    ) -> PieceUpdates:
        """Of a piece. They share the layer's memory: those of one piece at a time."""
