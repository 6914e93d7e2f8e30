"""`Trainable`: what the epochs, the evaluation and the checkpoints of a run are wound around."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from pmt_autograd import Array
from pmt_train.parallel.ranks import ProcessGroup
from pmt_train.parallel.workers import Workers


class Trainable(Protocol):
    """What `TrainingLoop` asks of what it trains: `Trainer` is one, `EpochTrainer` another.

    Attributes:
        seed, workers, ranks, accumulate: as `Trainer` has them.
        step_count: steps done. lr_scale: what the learning rates are multiplied by.
    """

    seed: int
    workers: Workers
    ranks: ProcessGroup
    accumulate: int
    step_count: int
    lr_scale: float

    @property
    def parameter_count(self) -> int:
        """Number of learned numbers."""

    @property
    def learning_rate(self) -> float:
        """Learning rate of the last step."""

    @property
    def averages(self) -> bool:
        """Whether the weights are averaged, see `averaged`."""

    def averaged(self) -> AbstractContextManager[None]:
        """Within this context the averaged weights are in place, where there is an average."""

    def set_training(self, training: bool) -> None:
        """Switch between training and evaluation."""

    def weights(self) -> dict[str, Array]:
        """A copy of what was learned, by name: what model.npz holds."""

    def load_weights(self, weights: Mapping[str, Array]) -> None:
        """Take over what `weights` gave."""

    def state(self) -> dict[str, dict[str, Array]]:
        """All that training needs to go on, in the parts of a `Checkpoint`: "model", ..."""

    def load_state(self, state: Mapping[str, Mapping[str, Array]], steps: int) -> None:
        """Take over what `state` gave after so many steps. Raises ShapeError or StateError."""
