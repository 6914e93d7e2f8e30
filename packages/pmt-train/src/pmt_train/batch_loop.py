"""`BatchLoop`: epochs that are made of batches, a step of the trainer for each."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic

from pmt_core import DataError, GradientError
from pmt_train.batches import B, Epochs, batch_count, batches_of_epoch, check_reiterable
from pmt_train.progress import EpochProgress
from pmt_train.training_loop import TrainingLoop

if TYPE_CHECKING:
    from pmt_train.trainer import StepResult, Trainer


class BatchLoop(TrainingLoop, Generic[B]):
    """A `TrainingLoop` over batches; see `Trainer.fit`."""

    def __init__(
        self, trainer: Trainer[Any, B], train: Iterable[B] | Epochs[B], **settings: Any
    ) -> None:
        check_reiterable(train)
        super().__init__(trainer, batches=batch_count(train), **settings)
        self._stepper = trainer
        self._train = train

    def _train_epoch(self) -> None:
        """The batches of the epoch that are not done yet."""
        state = self.state
        batches = islice(batches_of_epoch(self._train, state.epoch), state.batch, None)
        bar = EpochProgress(state.epoch, self.epochs, state.batches, state.batch, self.quiet)
        try:
            before = time.monotonic()
            while step := list(islice(batches, self._stepper.accumulate)):
                result = self._step(step)
                now = time.monotonic()
                self._count(step, result, now - before)
                bar.update(
                    state.loss_sum / max(state.count, 1),
                    result.lr,
                    self._speed(),
                    len(step),
                )
                self._after_step(
                    {
                        "loss": result.loss / max(result.count, 1),
                        "lr": result.lr,
                        "grad_norm": result.grad_norm,
                    }
                )
                before = time.monotonic()
        finally:
            bar.close()
        if state.batch == 0:
            raise DataError(
                "the training data has no batches; expected at least one example: is the file "
                "empty, or --limit too low?"
            )

    def _step(self, batches: Sequence[B]) -> StepResult:
        try:
            return self._stepper.step(*batches)
        except GradientError as error:
            place = f"epoch {self.state.epoch + 1}, batch {self.state.batch + 1}"
            raise GradientError(f"{error} ({place}){self._kept()}") from error

    def _count(self, batches: Sequence[B], result: StepResult, seconds: float) -> None:
        state = self.state
        examples = sum(map(len, batches))
        state.step = self._stepper.step_count
        state.batch += len(batches)
        state.loss_sum += result.loss
        state.count += result.count
        state.norm_sum += result.grad_norm
        state.epoch_steps += 1
        state.epoch_examples += examples
        state.epoch_seconds += seconds
        state.examples += examples
        state.training_seconds += seconds
