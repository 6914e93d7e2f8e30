"""`EpochLoop`: the epochs of a model that trains itself."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from pmt_core import DataError, StateError
from pmt_train.trainer.fit_loop import TrainingLoop
from pmt_train.trainer.fit_options import FitOptions
from pmt_train.trainer.progress import EpochProgress
from pmt_train.trainer.trainable import StepResult

if TYPE_CHECKING:
    from pmt_train.trainer.epoch_trainer import EpochReport, EpochTrainer


class EpochLoop(TrainingLoop[Any]):
    """A `TrainingLoop` whose epochs are the model's own; see `EpochTrainer.fit`."""

    def __init__(self, trainer: EpochTrainer[Any], options: FitOptions) -> None:
        super().__init__(trainer, [], options)
        self.state.batches = None
        self._model = trainer
        self._bar: EpochProgress | None = None
        self._before = 0.0

    def _train_epoch(self) -> None:
        """The epoch, or what is left of it: the model knows where it stands."""
        self._before = time.monotonic()
        try:
            last = self._model.train_epoch(self._told)
        except StateError as error:
            raise StateError(
                f"{error} (epoch {self.state.epoch + 1}){self._last_checkpoint()}"
            ) from error
        finally:
            if self._bar is not None:
                self._bar.close()
                self._bar = None
        self._count_report(last)
        if not self.state.epoch_examples:
            raise DataError(
                "the training data has no examples; expected at least one: is the file empty, or "
                "--limit too low?"
            )

    def _told(self, report: EpochReport) -> None:
        """A stretch is done: count it, show it, and do what is done between two steps."""
        if self._bar is None:
            done = self.state.epoch_examples
            self._bar = EpochProgress(
                self.state.epoch, self.options.epochs, report.total, done, self._quiet
            )
        new = self._count_report(report)
        self._bar.update(report.loss, report.lr, self._examples_per_second(), new)
        self._after_step(StepResult(report.loss, 1, None, report.lr, new))
        self._before = time.monotonic()

    def _count_report(self, report: EpochReport) -> int:
        """Take over the sums of the epoch so far; the number of examples that are new in it."""
        state, now = self.state, time.monotonic()
        new = report.examples - state.epoch_examples
        state.step = self._model.step_count
        state.loss_sum, state.count = report.loss, 1  # the model keeps the sums: a mean comes
        state.epoch_examples = report.examples
        state.examples += new
        state.epoch_seconds += now - self._before
        state.training_seconds += now - self._before
        self._before = now
        return new
