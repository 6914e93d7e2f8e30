"""The steps of a training with the answers: backward, clipping, Adam, a schedule."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

Report = Callable[[str], None]
"""Takes a line for the reader."""


class TrainingSteps:
    """Make a step down each loss that it is called with.

    Args:
        mine: the answers.
        weights: nested dictionaries and lists of tensors.
        steps: of the whole training; a tenth of them is the warm-up.
        lr: the largest learning rate.
    """

    def __init__(self, mine: ModuleType, weights: Any, steps: int, lr: float) -> None:
        self._mine, self._steps, self._lr = mine, steps, lr
        self._parameters = mine.parameters(weights)
        self._optimizer = mine.Adam([each.value for each in self._parameters])
        self._step = 0

    def __call__(self, loss: Any) -> float:
        """Change the weights by one step down the loss; return the loss."""
        loss.backward()
        gradients = [each.grad for each in self._parameters]
        lr = self._mine.warmup_cosine(self._step, self._steps, self._steps // 10, self._lr)
        self._optimizer.lr = lr
        self._optimizer.step(self._mine.clip_gradients(gradients, 1.0))
        self._step += 1
        return float(loss.value)
