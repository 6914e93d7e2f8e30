"""`EpochTrainer`: for models that train themselves, an epoch at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from pmt_autograd import Array
from pmt_core import SettingsError
from pmt_train.parallel.mpi_ranks import launched_process_group
from pmt_train.parallel.ranks import ProcessGroup
from pmt_train.parallel.workers import Workers
from pmt_train.trainer.epoch_loop import EpochLoop
from pmt_train.trainer.fit_options import FitOptions
from pmt_train.trainer.history import History
from pmt_train.trainer.trainable import StepResult


@dataclass(frozen=True, slots=True)
class EpochReport:
    """How far an epoch has come.

    Attributes:
        examples: done in this epoch so far, those of before an interruption too.
        loss: mean over the epoch so far. lr: learning rate just now.
        total: examples of a whole epoch, where that is known.
    """

    examples: int
    loss: float
    lr: float
    total: int | None = None


class EpochModel(Protocol):
    """A model that brings its own training, e.g. word2vec with its gradients by hand."""

    @property
    def parameter_count(self) -> int:
        """Number of learned numbers."""

    def train_epoch(self, workers: Workers, tell: Callable[[EpochReport], None]) -> EpochReport:
        """The next epoch, or the rest of one that was broken off; the report of the whole.

        tell: to be called in the calling thread, every second or so. What it raises ends the
        epoch there, and `state()` must be one to go on from as if nothing had been.
        """

    def weights(self) -> dict[str, Array]:
        """A copy of what was learned, by name: what model.npz holds."""

    def load_weights(self, weights: Mapping[str, Array]) -> None:
        """Take over what `weights` gave."""

    def state(self) -> dict[str, Array]:
        """All that training needs to go on, weights and position."""

    def load_state(self, state: Mapping[str, Array]) -> None:
        """Take over what `state` gave. Raises ShapeError or StateError where it does not fit."""


E_co = TypeVar("E_co", bound=EpochModel)


class EpochTrainer(Generic[E_co]):
    """What `Trainer` is for modules on the tape: history, checkpoints, resume, Ctrl-C, workers.

    model: trains itself, see `EpochModel`. seed: of the run, noted in its checkpoints.
    workers: threads, their number, or None for all cores.
    Raises SettingsError where mpiexec started several processes: such a model has one.

    Attributes:
        model, seed, workers: as given. step_count: times that the model told of itself.
        ranks, accumulate, lr_scale: what `Trainable` wants; one process, one batch, 1.
    """

    def __init__(self, model: E_co, *, seed: int = 0, workers: Workers | int | None = 1) -> None:
        self.model = model
        self.seed = seed
        self.workers = workers if isinstance(workers, Workers) else Workers(workers)
        self.ranks: ProcessGroup = launched_process_group()
        if self.ranks.size > 1:
            raise SettingsError(
                f"this model trains in one process, and mpiexec started {self.ranks.size}; "
                "start the program without mpiexec and give it more --workers"
            )
        self.accumulate = 1
        self.step_count = 0
        self.lr_scale = 1.0
        self.last: EpochReport | None = None

    def fit(self, options: FitOptions) -> History:
        """Train as `options` says. A "step" of a callback is one report of the model."""
        return EpochLoop(self, options).run()

    def step(self, *batches: Any) -> StepResult:
        """Not used: such a model trains an epoch at a time."""
        raise NotImplementedError

    def train_epoch(self, told: Callable[[EpochReport], None]) -> EpochReport:
        """The model's next epoch. told: is given every report, before the next stretch."""

        def tell(report: EpochReport) -> None:
            self.step_count += 1
            self.last = report
            told(report)

        self.last = self.model.train_epoch(self.workers, tell)
        return self.last

    # --- what a learner is asked for ----------------------------------------------------------

    @property
    def parameter_count(self) -> int:
        """Number of learned numbers."""
        return self.model.parameter_count

    @property
    def learning_rate(self) -> float:
        """The one told of last; 0 before."""
        return self.last.lr if self.last is not None else 0.0

    def fingerprint(self) -> dict[str, Any]:
        """Nothing of its own."""
        return {}

    def averaged(self) -> AbstractContextManager[None]:
        """Nothing: there is no average."""
        return nullcontext()

    def set_training(self, training: bool) -> None:
        """Nothing: such a model knows itself when it is trained."""

    def weights(self) -> dict[str, Array]:
        """The model's."""
        return self.model.weights()

    def load_weights(self, weights: Mapping[str, Array]) -> None:
        """Into the model."""
        self.model.load_weights(weights)

    def state(self) -> dict[str, dict[str, Array]]:
        """The model's."""
        return {"model": self.model.state()}

    def load_state(self, state: Mapping[str, Mapping[str, Array]], steps: int) -> None:
        """Into the model."""
        self.model.load_state(state["model"])
        self.step_count = steps
