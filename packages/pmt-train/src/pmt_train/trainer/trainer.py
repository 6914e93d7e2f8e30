"""`Trainer`: trains a module, one step or one run at a time."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Any, Generic, TypeVar

from pmt_autograd import Array
from pmt_core import RandomStream, SettingsError
from pmt_nn import BatchStatistics, Module, apply_statistics
from pmt_train.optim.adam import AdamW
from pmt_train.optim.clipping import Clipping, global_norm
from pmt_train.optim.ema import WeightAverage
from pmt_train.optim.flat_gradients import FlatGradients
from pmt_train.optim.flat_parameters import FlatParameters
from pmt_train.parallel.adaptive_map import AdaptiveMap
from pmt_train.parallel.mpi_group import launched_process_group
from pmt_train.parallel.process_group import ProcessGroup
from pmt_train.parallel.workers import Workers
from pmt_train.schedules import Schedule, constant_schedule
from pmt_train.trainer.all_reduce import gather_statistics, total_loss
from pmt_train.trainer.batches import B, Epochs, example_count, predict_batches
from pmt_train.trainer.fit_loop import TrainingLoop
from pmt_train.trainer.fit_options import FitOptions
from pmt_train.trainer.gradient_buckets import GradientBuckets
from pmt_train.trainer.history import History
from pmt_train.trainer.shards import (
    Loss,
    OptimizerMaker,
    check_arguments,
    check_norm,
    divergence,
    gradients_of_shard,
    shards_of_rank,
)
from pmt_train.trainer.step_hook import StepHook
from pmt_train.trainer.trainable import StepResult

M = TypeVar("M", bound=Module)
X = TypeVar("X")
R = TypeVar("R")


class Trainer(Generic[M, B]):
    """Trains a model on batches.

    A step cuts the batch into one shard per worker. Each worker runs forward and backward on its
    shard with a random generator keyed by (seed, "dropout", step, shard). The gradients are summed
    in the order of the shards, divided by the count, clipped by their global norm, and passed to
    the optimizer. Running statistics (batch norm) are merged in the order of the shards, too. The
    same seed and number of workers give bit-identical results.

    With several ranks (`mpiexec -n 2 python program.py`) a batch is cut into ranks x workers
    shards, and the sums are added over the ranks.

    Args:
        model: the module to train; its parameters move into flat memory (`FlatParameters`).
        loss: returns the mean, or (sum, count); see `Loss`.
        optimizer: makes the optimizer: a class, or `functools.partial(AdamW, weight_decay=0.1)`.
        schedule: learning rate by step, or one number; by default that of the optimizer if it has
            one, else 1e-3.
        seed: of dropout and other random numbers of a step.
        workers: threads, their number, or None for all cores; one thread computes all shards where
            that is measured to be faster.
        clip: largest global norm of the gradients, or a `Clipping`; None: not clipped.
        accumulate: number of batches that `fit` combines to one step, like one large batch.
        average: decay of an exponential moving average of the weights, e.g. 0.999; None: none.
            `fit` evaluates the average and keeps it as the best weights.
        process_group: the processes that train; None: those that mpiexec started, or this one.

    Attributes:
        flat: the parameters in flat memory.
        step_count, lr_scale: number of steps done, and factor on the rates of the schedule.
        step_hook: sees the forward passes and gradients of each step, see `StepHook`; None: none.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Linear, ReLU, Sequential, cross_entropy
        >>> from pmt_train import Trainer, accuracy, batches_of
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(300, 2)).astype(np.float32)
        >>> y = (x[:, 0] * x[:, 1] > 0).astype(np.int64)
        >>> def loss(model, batch, rng):
        ...     x, y = batch
        ...     return cross_entropy(model(x), y)
        >>> model = Sequential(Linear(2, 32, rng), ReLU(), Linear(32, 2, rng))
        >>> def evaluate():
        ...     return {"accuracy": accuracy(model(x[200:]).data.argmax(axis=1), y[200:])}
        >>> trainer = Trainer(model, loss, schedule=0.02)
        >>> batches = batches_of(x[:200], y[:200], batch_size=20, rng=1)
        >>> history = trainer.fit(batches, epochs=10, evaluate=evaluate, quiet=True)
        >>> len(history.rows), trainer.step_count
        (10, 100)
        >>> history.rows[0]["train_loss"] > history.rows[-1]["train_loss"]
        True
        >>> history.best["accuracy"] > 0.85
        True
    """

    def __init__(
        self,
        model: M,
        loss: Loss[M, B],
        *,
        optimizer: OptimizerMaker = AdamW,
        schedule: Schedule | float | None = None,
        seed: int = 0,
        workers: Workers | int | None = 1,
        clip: Clipping | float | None = 1.0,
        accumulate: int = 1,
        average: float | None = None,
        process_group: ProcessGroup | None = None,
    ) -> None:
        check_arguments(model, loss, optimizer, schedule)
        if accumulate < 1:
            raise SettingsError(f"expected accumulate to be 1 or more batches, got {accumulate}")
        self.model = model
        self.loss = loss
        self.clipping = clip if isinstance(clip, Clipping) else Clipping(clip)
        self.flat = FlatParameters(model.named_parameters())
        self.optimizer = optimizer(self.flat)
        rate = (self.optimizer.lr or 1e-3) if schedule is None else schedule
        self.schedule: Schedule = rate if callable(rate) else constant_schedule(rate)
        self.seed = seed
        self.workers = workers if isinstance(workers, Workers) else Workers(workers)
        self.map_shards = AdaptiveMap(self.workers)
        self.accumulate = accumulate
        self.average = WeightAverage(self.flat, average) if average is not None else None
        self.process_group = process_group or launched_process_group()
        self.buckets = GradientBuckets(self.flat, self.process_group)
        self.step_count, self.lr_scale = 0, 1.0
        self.step_hook: StepHook | None = None

    def step(self, *batches: B) -> StepResult:
        """Train on one batch, or on several as if they were one large batch.

        Call it within `with trainer.workers:` to use more than one thread.

        Raises:
            GradientError: if the loss or a gradient is not finite; nothing is changed then.
        """
        lr = self.schedule(self.step_count) * self.lr_scale
        losses: list[tuple[float, int]] = []
        statistics: list[list[BatchStatistics]] = []
        gradients: FlatGradients | None = None
        loss_of_step = self.loss if self.step_hook is None else self.step_hook.loss(self.loss)
        function = functools.partial(gradients_of_shard, loss_of_step, self.model)
        stream = RandomStream(self.seed, "dropout", self.step_count)
        group, n = self.process_group, self.workers.count
        map_shards = self.map_shards if self.workers.active > 1 else self.workers.map
        for i, batch in enumerate(batches):
            work = self.buckets.start(shards_of_rank(batch, i, stream, n, group), len(batches) == 1)
            shards = map_shards(function, work)
            parts = self.buckets.finish([shard.gradients for shard in shards])
            gradients = self.flat.gather(parts, self.workers, gradients)
            losses += [(shard.loss, shard.count) for shard in shards]
            statistics += [shard.statistics for shard in shards]
        loss, count = total_loss(losses, self.process_group)
        if not math.isfinite(loss):
            raise divergence(f"the loss became {loss}", self.step_count, lr)
        total = self.buckets.sum(gradients) if gradients is not None and count else None
        norm = self._update(total, count, lr) if total is not None else 0.0
        apply_statistics(gather_statistics(self.model, statistics, self.process_group))
        self.step_count += 1
        return StepResult(loss, count, norm, lr, sum(map(example_count, batches)))

    def fit(
        self,
        train: Iterable[B] | Epochs[B],
        options: FitOptions | None = None,
        *,
        epochs: int | None = None,
        evaluate: Callable[[], Mapping[str, float]] | None = None,
        quiet: bool | None = None,
    ) -> History:
        """Train for a number of epochs and load the best weights into the model, if there are any.

        The batches of `train` are read anew in each epoch, by `train.epoch(n)` if it has such a
        method. `epochs`, `evaluate` and `quiet` replace those of `options`. The result is the
        history with a row per epoch. The best weights are those of the best finite score; they are
        loaded on every way out. If no epoch had a finite score, the last weights stay.

        Raises:
            SettingsError: if the number of epochs is missing.
            TrainingInterrupted, GradientError, ArchiveError: see `TrainingLoop.run`.
        """
        if options is None:
            if epochs is None:
                raise SettingsError(
                    "expected a number of epochs, got none; use fit(batches, epochs=3) or "
                    "fit(batches, FitOptions(epochs=3))"
                )
            options = FitOptions(epochs)
        shortcuts = {"epochs": epochs, "evaluate": evaluate, "quiet": quiet}
        given: dict[str, Any] = {k: value for k, value in shortcuts.items() if value is not None}
        return TrainingLoop(self, train, replace(options, **given)).run()

    def predict(
        self, function: Callable[[X], R], batches: Iterable[X], description: str = "predicting"
    ) -> list[R]:
        """Return `function` of each batch, by the workers of this trainer, with `model.eval()`.

        The function is called by several threads at once and without a tape.
        """
        training = self.model.training
        self.model.eval()
        try:
            return predict_batches(function, batches, self.workers, description=description)
        finally:
            self.model.train(training)

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Undo all training within this context at its end, to the bit."""
        training, model = self.model.training, self.model.state_dict()
        position = self.schedule, self.step_count, self.lr_scale
        optimizer = self.optimizer.state_dict()
        average = self.average.state_dict() if self.average is not None else {}
        try:
            yield
        finally:
            self.model.train(training)
            self.load_weights(model)
            self.optimizer.load_state_dict(optimizer)
            if self.average is not None:
                self.average.load_state_dict(average)
            self.schedule, self.step_count, self.lr_scale = position

    @property
    def parameter_count(self) -> int:
        """Number of trained parameters (elements, not arrays)."""
        return self.flat.size

    @property
    def learning_rate(self) -> float:
        """Learning rate of the last step, or of the first if there was none."""
        return self.schedule(max(self.step_count - 1, 0)) * self.lr_scale

    def fingerprint(self) -> dict[str, Any]:
        """Return the settings of steps that a resumed run must repeat."""
        return {"accumulate": self.accumulate, "average of the weights": self.average is not None}

    def averaged(self) -> AbstractContextManager[None]:
        """Return a context with the averaged weights in place, if there is an average."""
        return self.average.applied() if self.average is not None else nullcontext()

    def set_training(self, training: bool) -> None:
        """Switch the model between training and evaluation."""
        self.model.train(training)

    def weights(self) -> dict[str, Array]:
        """Return a copy of the model's parameters and buffers by name."""
        return self.model.state_dict()

    def load_weights(self, weights: Mapping[str, Array]) -> None:
        """Load what `weights` returned; see `Module.load_state_dict`."""
        self.model.load_state_dict(weights)
        self.flat.rebind()

    def state(self) -> dict[str, dict[str, Array]]:
        """Return the state of model, optimizer and average, by part of a `Checkpoint`."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.state_dict() if self.average is not None else {},
        }

    def load_state(self, state: Mapping[str, Mapping[str, Array]], steps: int) -> None:
        """Load what `state` returned after `steps` steps, all or nothing.

        Raises:
            ShapeError, DtypeError, DataError: a part does not fit; see `Module.load_state_dict`.
        """
        model, optimizer, average = (state.get(k, {}) for k in ("model", "optimizer", "average"))
        self.model.check_state_dict(model)
        self.optimizer.check_state_dict(optimizer)
        if self.average is not None:
            self.average.check_state_dict(average)
            self.average.load_state_dict(average)
        self.load_weights(model)
        self.optimizer.load_state_dict(optimizer)
        self.step_count = steps

    def _update(self, gradients: FlatGradients, count: int, lr: float) -> float:
        """Clip, and take an optimizer step; return the norm of the mean gradient."""
        norm = global_norm(gradients, 1 / count)
        check_norm(norm, gradients, self.step_count, lr)
        if self.step_hook is not None:
            self.step_hook.gradients(gradients, 1 / count)
        gradients, scale = self.clipping.apply(gradients, count)
        if self.average is not None:
            self.average.before_step(gradients)
        self.optimizer.step(gradients, lr, scale=scale, workers=self.workers)
        if self.average is not None:
            self.average.after_step(gradients)
        return norm
