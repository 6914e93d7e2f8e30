"""`TrainingLoop`: the epochs of one call of `fit`, with evaluation and checkpoints.

`BatchLoop`: epochs that are made of batches, a step of the trainer for each.
"""

from __future__ import annotations

import json
import os
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NoReturn

from pmt_autograd import Array
from pmt_core import (
    ArchiveError,
    DataError,
    GradientError,
    SettingsError,
    ShapeError,
    StateError,
    save_archive,
)
from pmt_train.trainer.batches import B, Epochs, batch_count, batches_of_epoch, check_reiterable
from pmt_train.trainer.callbacks import Callbacks, EventName, TrainingEvent, callbacks_by_name
from pmt_train.trainer.checkpoint import Checkpoint, TrainingState, load_checkpoint, save_checkpoint
from pmt_train.trainer.early_stopping import EarlyStopping
from pmt_train.trainer.history import History, Row
from pmt_train.trainer.interrupt import Interrupt, TrainingInterrupted
from pmt_train.trainer.progress import EpochProgress, epoch_line, say, warn
from pmt_train.trainer.reduce_on_plateau import ReduceOnPlateau
from pmt_train.trainer.trainable import Trainable


class TrainingLoop(ABC):
    """One run through the epochs. See `Trainer.fit` for the arguments.

    What an epoch is made of is left to `BatchLoop` and `EpochLoop`.
    batches: in an epoch; None where nobody knows.
    """

    def __init__(
        self,
        trainer: Trainable,
        *,
        epochs: int,
        evaluate: Callable[[], Mapping[str, float]] | None,
        monitor: str,
        stopping: EarlyStopping,
        plateau: ReduceOnPlateau | None,
        checkpoint_path: str | os.PathLike[str] | None,
        best_path: str | os.PathLike[str] | None,
        best_meta: Mapping[str, Any],
        checkpoint_seconds: float | None,
        about: Mapping[str, Any],
        callbacks: Callbacks | None,
        quiet: bool,
        batches: int | None = None,
    ) -> None:
        if epochs < 1:
            raise SettingsError(f"the number of epochs is 1 or more, got {epochs}")
        if plateau is not None and plateau.mode != stopping.mode:
            raise SettingsError(
                f"ReduceOnPlateau(mode={plateau.mode!r}) and the mode of early stopping, "
                f"{stopping.mode!r}, contradict each other; they look at the same number"
            )
        self.trainer = trainer
        self.epochs = epochs
        self.evaluate = evaluate
        self.monitor = monitor
        self.checkpoint_path = Path(checkpoint_path) if checkpoint_path is not None else None
        self.best_path = Path(best_path) if best_path is not None else None
        self.writes = trainer.ranks.rank == 0
        self.best_meta = best_meta
        self.checkpoint_seconds = checkpoint_seconds
        self.callbacks = callbacks_by_name(callbacks)
        self.quiet = quiet or not self.writes
        self.best: dict[str, Array] | None = None
        self.state = TrainingState(
            seed=trainer.seed,
            workers=trainer.workers.count * trainer.ranks.size,
            accumulate=trainer.accumulate,
            averages=trainer.averages,
            step=trainer.step_count,
            batches=batches,
            stopping=stopping,
            plateau=plateau,
            about=json.loads(json.dumps(dict(about))),  # as it will come back from the file
        )
        self._interrupt = Interrupt()
        self._started = self._saved = time.monotonic()
        self._seconds_before = 0.0

    # --- the run ----------------------------------------------------------------------------

    def run(self, resume: bool) -> History:
        """All epochs that are left; the history of the whole run."""
        if resume and self.checkpoint_path is not None and self.checkpoint_path.exists():
            self._load(self.checkpoint_path)
        self._scale_rates()
        if self.trainer.workers.note and not self.quiet:
            warn(f"note: {self.trainer.workers.note}")
        self._started = self._saved = time.monotonic()
        try:
            with self.trainer.workers, self._interrupt:
                self._call("start", {})
                while not self._complete:
                    self._epoch()
                    self.state.seconds = self._seconds()
        finally:
            self.trainer.set_training(False)
            self._restore_best()
        self._call("end", self.state.rows[-1] if self.state.rows else {})
        return self._history()

    @property
    def _complete(self) -> bool:
        return self.state.epoch >= self.epochs or self.state.stopping.should_stop

    def _epoch(self) -> None:
        self.trainer.set_training(True)
        self._train_epoch()
        metrics = self._evaluate()
        row = self._end_epoch(metrics)
        self._save()
        if not self.quiet:
            improved = self.evaluate is not None and self.state.stopping.improved
            say(epoch_line(row, self.epochs, improved))
        self._call("epoch", row)
        self._stop_if_asked()

    @abstractmethod
    def _train_epoch(self) -> None:
        """What is not done yet of the epoch, with its sums in `state`."""

    def _after_step(self, row: Row) -> None:
        """Call who listens, save if it is time, stop if asked to. row: numbers of the step."""
        if self.callbacks["step"]:
            self._call("step", row)
        self._stop_if_asked()
        if (
            self.checkpoint_seconds is not None
            and time.monotonic() - self._saved >= self.checkpoint_seconds
        ):
            self._save()

    def _stop_if_asked(self) -> None:
        """Between two steps, if a signal came to any rank: save and go, all of them."""
        requested = self.trainer.ranks.highest(self._interrupt.requested or 0)
        if requested:
            self._save()
            self._raise_interrupted(requested)

    def _raise_interrupted(self, signal_number: int) -> NoReturn:
        saved = str(self.checkpoint_path) if self.checkpoint_path is not None else None
        raise TrainingInterrupted(signal_number, self.state.step, self.state.epoch, saved)

    # --- after an epoch -----------------------------------------------------------------------

    def _evaluate(self) -> dict[str, float]:
        """What the caller measures. A signal breaks it off at once: a resumed run does it again."""
        if self.evaluate is None:
            return {}
        self.trainer.set_training(False)
        mine = self._measure(self.evaluate) if self.writes else None
        told: dict[str, float] | None = self.trainer.ranks.broadcast(mine)  # so all judge alike
        if told is None:
            self._save()
            self._raise_interrupted(self._interrupt.requested or signal.SIGINT)
        metrics = told
        if self.monitor not in metrics:
            raise SettingsError(
                f"evaluate() must return the number to monitor, {self.monitor!r}; "
                f"it returned {', '.join(metrics) or 'nothing'}"
            )
        return metrics

    def _measure(self, evaluate: Callable[[], Mapping[str, float]]) -> dict[str, float] | None:
        """What `evaluate` says of the averaged weights, if there are such; None: broken off."""
        try:
            with self.trainer.averaged(), self._interrupt.at_once():
                return {name: float(value) for name, value in evaluate().items()}
        except KeyboardInterrupt:
            if self._interrupt.requested is None:
                raise  # not from a signal: the caller's own
            return None

    def _end_epoch(self, metrics: Mapping[str, float]) -> Row:
        """Close the epoch's sums and judge its weights."""
        state = self.state
        row = self._epoch_row() | {f"dev_{name}": value for name, value in metrics.items()}
        state.rows.append(row)
        state.epoch += 1
        state.batch = state.count = state.epoch_steps = state.epoch_examples = 0
        state.loss_sum = state.norm_sum = state.epoch_seconds = 0.0
        if self.evaluate is None:
            self._keep_best(row, metrics)
            return row
        state.stopping = state.stopping.update(metrics[self.monitor])
        if state.plateau is not None:
            state.plateau = state.plateau.update(metrics[self.monitor])
            self._scale_rates()
        if state.stopping.improved or self.best is None:
            self._keep_best(row, metrics)
        return row

    def _epoch_row(self) -> Row:
        """What training measured in the epoch."""
        state = self.state
        return {
            "epoch": state.epoch + 1,
            "step": state.step,
            "seconds": self._seconds(),
            "lr": self.trainer.learning_rate,
            "train_loss": state.loss_sum / max(state.count, 1),
            "grad_norm": state.norm_sum / max(state.epoch_steps, 1),
            "examples_per_second": self._speed(),
        }

    def _speed(self) -> float:
        """Examples per second of the epoch so far."""
        return self.state.epoch_examples / max(self.state.epoch_seconds, 1e-9)

    def _keep_best(self, row: Row, metrics: Mapping[str, float]) -> None:
        self.state.best_metrics = dict(metrics)
        with self.trainer.averaged():
            self.best = self.trainer.weights()
        self._save_best()
        if self.evaluate is not None:
            self._call("improved", row)

    # --- files --------------------------------------------------------------------------------

    def _save_best(self) -> None:
        if self.best_path is not None and self.best is not None and self.writes:
            save_archive(self.best_path, self.best, self.best_meta)

    def _save(self) -> None:
        if self.checkpoint_path is None or not self.writes:
            return
        self.state.seconds = self._seconds()
        parts = self.trainer.state()
        save_checkpoint(
            self.checkpoint_path,
            Checkpoint(
                self.state,
                parts["model"],
                parts.get("optimizer", {}),
                self.best,
                parts.get("average", {}),
            ),
        )
        self._saved = time.monotonic()
        self._call("checkpoint", {})

    def _load(self, path: Path) -> None:
        """Put model, optimizer and position where the checkpoint says."""
        found = load_checkpoint(path)
        self._check_same_run(path, found.state)
        parts = {"model": found.model, "optimizer": found.optimizer, "average": found.average}
        try:
            self.trainer.load_state(parts, found.state.step)
        except (ShapeError, StateError) as error:
            raise ArchiveError(f"{path} is the checkpoint of another model: {error}") from error
        self.state = found.state
        self.best = found.best
        self._seconds_before = found.state.seconds
        self._save_best()  # the file may be gone, damaged, or newer than the checkpoint

    def _check_same_run(self, path: Path, saved: TrainingState) -> None:
        mine = self.state
        pairs: list[tuple[str, object, object]] = [
            ("seed", saved.seed, mine.seed),
            ("number of batches", saved.batches, mine.batches),
            ("patience", saved.stopping.patience, mine.stopping.patience),
            ("mode", saved.stopping.mode, mine.stopping.mode),
            ("accumulate", saved.accumulate, mine.accumulate),
            ("average of the weights", saved.averages, mine.averages),
            ("ReduceOnPlateau", saved.plateau is not None, mine.plateau is not None),
            *((key, saved.about.get(key), mine.about.get(key)) for key in saved.about | mine.about),
        ]
        for what, before, now in pairs:
            if before != now:
                raise SettingsError(
                    f"cannot resume {path}: {what} was {before!r} and is {now!r} now; "
                    "resume with the data and settings the run was started with, or start anew"
                )
        if saved.workers != mine.workers:
            warn(
                f"note: the run had {saved.workers} workers and has {mine.workers} now; it goes "
                "on, but not with the very same bits"
            )
            saved.workers = mine.workers

    # --- small things ---------------------------------------------------------------------------

    def _restore_best(self) -> None:
        if self.best is not None:
            self.trainer.load_weights(self.best)

    def _scale_rates(self) -> None:
        if self.state.plateau is not None:
            self.trainer.lr_scale = self.state.plateau.scale

    def _kept(self) -> str:
        """For an error that ends training: where it can be gone on from."""
        saved = self.checkpoint_path is not None and self.checkpoint_path.exists()
        return f"; the last good checkpoint is {self.checkpoint_path}" if saved else ""

    def _seconds(self) -> float:
        return self._seconds_before + time.monotonic() - self._started

    def _history(self) -> History:
        state = self.state
        evaluated = self.evaluate is not None and state.rows
        return History(
            rows=state.rows,
            best_epoch=(state.stopping.best_round or 1) if evaluated else None,
            best=dict(state.best_metrics),
            seconds=state.seconds,
            training_seconds=state.training_seconds,
            examples=state.examples,
            stopped_early=state.stopping.should_stop and state.epoch < self.epochs,
        )

    def _call(self, name: EventName, row: Row) -> None:
        rows = tuple(self.state.rows)
        event = TrainingEvent(name, self.trainer, self.state.step, self.state.epoch, row, rows)
        for callback in self.callbacks[name]:
            callback(event)


if TYPE_CHECKING:
    from pmt_train.trainer.trainer import StepResult, Trainer


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
