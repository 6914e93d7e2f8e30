"""`TrainingLoop`: epochs, evaluation, early stopping and checkpoints around a `Trainable`."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Generic, NoReturn, TypeVar

from pmt_autograd import Array
from pmt_core import DataError, GradientError, SettingsError, StateError, save_archive
from pmt_train.trainer.batches import (
    Epochs,
    batch_count,
    batches_of_epoch,
    check_reiterable,
    step_total,
)
from pmt_train.trainer.callbacks import EventName, TrainingEvent, callbacks_by_name
from pmt_train.trainer.checkpoint import TrainingState
from pmt_train.trainer.fit_options import FitOptions
from pmt_train.trainer.history import History, Row
from pmt_train.trainer.interrupt import Interrupt, TrainingInterrupted
from pmt_train.trainer.progress import EpochProgress, epoch_line, say, warn
from pmt_train.trainer.resume import check_not_diverged, diverged_run, resume_run, save_run
from pmt_train.trainer.trainable import StepResult, Trainable, mean_loss

B = TypeVar("B")


class TrainingLoop(Generic[B]):
    """One run of a `Trainable` through its epochs.

    An epoch calls `trainable.step` with `trainable.accumulate` batches at a time. A run is only
    interrupted between two steps, and a checkpoint counts batches, so the resumed run reads the
    epoch from the first batch that is not done.

    `train` is read anew in each epoch, by `train.epoch(n)` if it has such a method. A batch is
    anything that `trainable.step` accepts. `train.epoch_length(n)` or `len(train)`, if one of them
    exists, is the number of batches of an epoch.

    Raises:
        SettingsError: if `train` can be read only once, or a callback's event does not exist.

    Attributes:
        state: counters and sums of the run.
        best: weights of the best epoch so far, by name; None before the first finite score.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Linear, mse
        >>> from pmt_train import FitOptions, Trainer, TrainingLoop, batches_of
        >>> model, x = Linear(1, 1, np.random.default_rng(0)), np.ones((8, 1), np.float32)
        >>> trainer = Trainer(model, lambda model, batch, rng: mse(model(batch[0]), batch[1]))
        >>> batches = batches_of(x, x, batch_size=4)
        >>> history = TrainingLoop(trainer, batches, FitOptions(epochs=3, quiet=True)).run()
        >>> history.column("epoch"), history.column("step")
        ([1, 2, 3], [2, 4, 6])
    """

    def __init__(
        self, trainable: Trainable[B], train: Iterable[B] | Epochs[B], options: FitOptions
    ) -> None:
        check_reiterable(train)
        self.trainable = trainable
        self.options = options
        self.best: dict[str, Array] | None = None
        fingerprint = {**trainable.fingerprint(), **options.fingerprint}
        self.state = TrainingState(
            seed=trainable.seed,
            workers=trainable.workers.count * trainable.process_group.size,
            step=trainable.step_count,
            batches=batch_count(train, 0),
            stopping=options.initial_stopping,
            plateau=options.plateau,
            fingerprint=json.loads(json.dumps(fingerprint)),  # as it is read back from the file
        )
        self._train = train
        self._is_writer = trainable.process_group.rank == 0
        self._quiet = options.quiet or not self._is_writer
        path = options.checkpoint_path
        self._checkpoint = Path(path) if path is not None else None
        self._callbacks = callbacks_by_name(options.callbacks)
        self._total_steps = step_total(train, options.epochs, trainable.accumulate)
        self._interrupt = Interrupt()
        self._started = self._saved = time.monotonic()
        self._seconds_before = 0.0

    # --- the run ----------------------------------------------------------------------------

    def run(self) -> History:
        """Run the epochs that are left and return the history of the whole run.

        The best weights are loaded on every way out. If no epoch had a finite score there are none,
        and the last weights stay.

        Raises:
            TrainingInterrupted: on SIGINT or SIGTERM, after the step and a checkpoint.
            GradientError, StateError: if training diverged, also if weights that are to be kept are
                not finite; the last checkpoint stays.
            DataError: if an epoch has no batches.
            SettingsError, ArchiveError: if the checkpoint to resume belongs to another run.
        """
        if self.options.resume and self._checkpoint is not None and self._checkpoint.exists():
            checkpoint = resume_run(self._checkpoint, self.trainable, self.state)
            self.state, self.best = checkpoint.state, checkpoint.best
            if self.options.evaluate is not None and self.state.stopping.best is None:
                self.best = None  # earlier versions kept the first weights, whatever their score
            self._seconds_before = self.state.seconds
            self._save_best()  # the file may be missing, damaged, or newer than the checkpoint
        self._apply_plateau()
        if self.trainable.workers.note and not self._quiet:
            warn(f"note: {self.trainable.workers.note}")
        self._started = self._saved = time.monotonic()
        try:
            with self.trainable.workers, self._interrupt:
                self._call("start", {})
                while not self._is_complete:
                    self._train_epoch()
                    self._finish_epoch()
                    self.state.seconds = self._seconds()
        finally:
            self.trainable.set_training(False)
            if self.best is not None:
                self.trainable.load_weights(self.best)
        self._note_missing_best()
        self._call("end", self.state.rows[-1] if self.state.rows else {})
        return self.state.history(self.options.epochs, self.options.evaluate is not None)

    @property
    def _is_complete(self) -> bool:
        return self.state.epoch >= self.options.epochs or self.state.stopping.should_stop

    def _finish_epoch(self) -> None:
        """Evaluate, save and report."""
        row = self._end_epoch(self._evaluate())
        self._save()
        if not self._quiet:
            improved = self.options.evaluate is not None and self.state.stopping.improved
            say(epoch_line(row, self.options.epochs, improved))
        self._call("epoch", row)
        self._stop_if_requested()

    # --- steps --------------------------------------------------------------------------------

    def _train_epoch(self) -> None:
        """Run the steps of the epoch that are not done yet."""
        self.trainable.set_training(True)
        state, size = self.state, self.trainable.accumulate
        batches = islice(batches_of_epoch(self._train, state.epoch), state.batch, None)
        epochs = self.options.epochs
        count, *later = [batch_count(self._train, n) for n in range(state.epoch, epochs)]
        title, after = f"epoch {state.epoch + 1}/{epochs}", sum(filter(None, later))
        bar = EpochProgress(title, count, state.batch, after, self._quiet)
        try:
            before = time.monotonic()
            while step := list(islice(batches, size)):
                try:
                    result = self.trainable.step(*step)
                except (GradientError, StateError) as error:
                    position = f"epoch {state.epoch + 1}, batch {state.batch + 1}"
                    raise diverged_run(error, position, self._checkpoint) from error
                now = time.monotonic()
                state.step = self.trainable.step_count
                state.add_step(result, len(step), now - before)
                bar.update(state.mean_loss, result.lr, state.examples_per_second, len(step))
                self._after_step(result)
                before = time.monotonic()
        finally:
            bar.close()
        if state.batch == 0:
            raise DataError(
                "the training data has no batches; expected at least one example: is the file "
                "empty, or --limit too low?"
            )

    def _after_step(self, result: StepResult) -> None:
        """Call the callbacks, stop if a signal came, and save if it is time to."""
        if self._callbacks["step"]:
            loss = mean_loss(result.loss, result.count)
            row = {"loss": loss, "lr": result.lr, "examples": result.examples}
            if result.grad_norm is not None:
                row["grad_norm"] = result.grad_norm
            self._call("step", row)
        self._stop_if_requested()
        interval = self.options.checkpoint_seconds
        if interval is not None and time.monotonic() - self._saved >= interval:
            self._save()

    def _stop_if_requested(self) -> None:
        """Between two steps: if a signal came to any rank, save and raise on all of them."""
        requested = self.trainable.process_group.all_reduce_max(self._interrupt.requested or 0)
        if requested:
            self._save()
            self._raise_interrupted(requested)

    def _raise_interrupted(self, signal_number: int) -> NoReturn:
        saved = str(self._checkpoint) if self._checkpoint is not None else None
        raise TrainingInterrupted(signal_number, self.state.step, self.state.epoch, saved)

    # --- after an epoch -----------------------------------------------------------------------

    def _evaluate(self) -> dict[str, float]:
        """Return rank 0's metrics. A signal aborts the evaluation; a resumed run repeats it."""
        evaluate = self.options.evaluate
        if evaluate is None:
            return {}
        self.trainable.set_training(False)
        measured = self._measure(evaluate) if self._is_writer else None
        metrics: dict[str, float] | None = self.trainable.process_group.broadcast(measured)
        if metrics is None:
            self._save()
            self._raise_interrupted(self._interrupt.requested or signal.SIGINT)
        if self.options.monitor not in metrics:
            raise SettingsError(
                f"evaluate() must return the metric to monitor, {self.options.monitor!r}; "
                f"it returned {', '.join(metrics) or 'nothing'}"
            )
        return metrics

    def _measure(self, evaluate: Callable[[], Mapping[str, float]]) -> dict[str, float] | None:
        """Return the metrics of the averaged weights (if averaged); None if a signal came."""
        try:
            with self.trainable.averaged(), self._interrupt.at_once():
                return {name: float(value) for name, value in evaluate().items()}
        except KeyboardInterrupt:
            if self._interrupt.requested is None:
                raise  # raised by `evaluate` itself, not by a signal
            return None

    def _end_epoch(self, metrics: Mapping[str, float]) -> Row:
        """Close the epoch's sums and judge its weights."""
        state = self.state
        state.seconds = self._seconds()
        row = state.end_epoch(self.trainable.learning_rate, metrics)
        if self.options.evaluate is not None:
            score = metrics[self.options.monitor]
            state.stopping = state.stopping.update(score)
            if state.plateau is not None:
                state.plateau = state.plateau.update(score)
                self._apply_plateau()
        if self.options.evaluate is None or state.stopping.improved:
            self._keep_best(row, metrics)
        return row

    def _keep_best(self, row: Row, metrics: Mapping[str, float]) -> None:
        self.state.best_metrics = dict(metrics)
        with self.trainable.averaged():
            weights = self.trainable.weights()
        try:
            check_not_diverged(weights)
        except GradientError as error:
            raise diverged_run(error, f"after epoch {row['epoch']}", self._checkpoint) from error
        self.best = weights
        self._save_best()
        if self.options.evaluate is not None:
            self._call("improved", row)

    # --- files and callbacks ------------------------------------------------------------------

    def _save_best(self) -> None:
        path = self.options.best_model_path
        if path is not None and self.best is not None and self._is_writer:
            save_archive(path, self.best, self.options.best_model_meta)

    def _save(self) -> None:
        if self._checkpoint is None or not self._is_writer:
            return
        self.state.seconds = self._seconds()
        try:
            save_run(self._checkpoint, self.trainable, self.state, self.best)
        except GradientError as error:
            raise diverged_run(error, f"after step {self.state.step}", self._checkpoint) from error
        self._saved = time.monotonic()
        self._call("checkpoint", {})

    def _apply_plateau(self) -> None:
        if self.state.plateau is not None:
            self.trainable.lr_scale = self.state.plateau.scale

    def _note_missing_best(self) -> None:
        """Say that there are no best weights, if every score was nan or infinite."""
        if self.options.evaluate is not None and self.best is None and not self._quiet:
            warn(
                f"note: no epoch had a finite {self.options.monitor}, so there are no best "
                "weights; the model has the last ones"
            )

    def _seconds(self) -> float:
        return self._seconds_before + time.monotonic() - self._started

    def _call(self, name: EventName, row: Row) -> None:
        rows, state = tuple(self.state.rows), self.state
        total = self._total_steps
        event = TrainingEvent(name, self.trainable, state.step, state.epoch, row, rows, total)
        for callback in self._callbacks[name]:
            callback(event)
