"""`Trainable`: the protocol that `TrainingLoop` requires of what it trains."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from pmt_autograd import Array
from pmt_train.parallel.process_group import ProcessGroup
from pmt_train.parallel.workers import Workers

B_contra = TypeVar("B_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class StepResult:
    """The result of one training step.

    Attributes:
        loss: sum of the loss over the examples of the step.
        count: number to divide `loss` by; if 0, the step learned nothing.
        grad_norm: global norm of the mean gradient before clipping; None if it is not measured.
        examples: number of examples that the step used; the unit of "examples per second".

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Linear, mse
        >>> from pmt_train import Trainer
        >>> def loss(model, batch, rng):
        ...     x, y = batch
        ...     return mse(model(x), y, reduction="sum"), len(y)
        >>> model = Linear(1, 1, np.random.default_rng(0))
        >>> trainer = Trainer(model, loss, schedule=0.1)
        >>> model.weight.data[...] = 3
        >>> result = trainer.step((np.ones((4, 1), np.float32), np.ones((4, 1), np.float32)))
        >>> result.loss, result.count  # four times (3 - 1)^2
        (16.0, 4)
        >>> round(result.grad_norm, 3), result.lr, result.examples  # the mean gradient: (4, 4)
        (5.657, 0.1, 4)
    """

    loss: float
    count: int
    grad_norm: float | None
    lr: float
    examples: int


def mean_loss(loss: float, count: int) -> float:
    """Return a sum of losses divided by their number; nan if there is none."""
    return loss / count if count else math.nan


class Trainable(Protocol[B_contra]):
    """The protocol that `TrainingLoop` requires of what it trains, e.g. a `Trainer`.

    The loop owns epochs, evaluation, early stopping, checkpoints, progress and signals. A
    trainable owns a step and all state that later steps depend on.

    Attributes:
        workers: threads; the loop enters them as a context for the whole run.
        process_group: processes that train together. Rank 0 evaluates and writes.
        accumulate: number of batches that the loop passes to each call of `step`.
        lr_scale: factor on the learning rates, set by `ReduceOnPlateau`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Linear, mse
        >>> from pmt_train import Trainable, Trainer
        >>> model, x = Linear(3, 1, np.random.default_rng(0)), np.ones((4, 3), np.float32)
        >>> trainable: Trainable = Trainer(model, lambda model, x, rng: mse(model(x), x[:, :1]))
        >>> trainable.parameter_count, sorted(trainable.weights()), sorted(trainable.state())
        (4, ['bias', 'weight'], ['average', 'model', 'optimizer'])
        >>> trainable.step(x).examples, trainable.step_count
        (4, 1)
    """

    seed: int
    workers: Workers
    process_group: ProcessGroup
    accumulate: int
    step_count: int
    lr_scale: float

    @property
    def parameter_count(self) -> int:
        """Number of trained parameters (elements, not arrays)."""

    @property
    def learning_rate(self) -> float:
        """Learning rate of the last step."""

    def step(self, *batches: B_contra) -> StepResult:
        """Update the weights once by up to `accumulate` batches of the data given to the loop.

        Raises GradientError or StateError if training diverged. The loop adds where, and which
        checkpoint is left.
        """

    def fingerprint(self) -> Mapping[str, Any]:
        """Return the settings (JSON) that a resumed run must repeat, by a name to print."""

    def averaged(self) -> AbstractContextManager[None]:
        """Return a context with the averaged weights in place, if there is an average."""

    def set_training(self, training: bool) -> None:
        """Switch between training and evaluation."""

    def weights(self) -> dict[str, Array]:
        """Return a copy of the trained arrays by name: the content of model.npz."""

    def load_weights(self, weights: Mapping[str, Array]) -> None:
        """Load what `weights` returned."""

    def state(self) -> dict[str, dict[str, Array]]:
        """Return the arrays that later steps depend on, by part of a `Checkpoint`."""

    def load_state(self, state: Mapping[str, Mapping[str, Array]], steps: int) -> None:
        """Load what `state` returned after `steps` steps.

        Raises ShapeError, StateError, DtypeError or DataError if it does not fit.
        """
