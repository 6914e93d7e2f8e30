"""`Trainer`: trains a model, one step or one run at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import numpy as np

from pmt_autograd import Array, Tensor, gradients
from pmt_core import GradientError, RandomStream, RowSparse, SettingsError, ShapeError
from pmt_nn import BatchStatistics, Module, apply_statistics, collecting_statistics
from pmt_train.optim.adam import AdamW
from pmt_train.optim.clipping import check_clip_value, clip_factor, clip_values, global_norm
from pmt_train.optim.ema import WeightAverage
from pmt_train.optim.flat_gradients import FlatGradients
from pmt_train.optim.flat_parameters import FlatParameters, Shard
from pmt_train.optim.optimizer import OptimizerMaker
from pmt_train.parallel.mpi_ranks import launched_process_group
from pmt_train.parallel.ranks import ProcessGroup
from pmt_train.parallel.workers import Workers
from pmt_train.schedules import Schedule, constant_schedule
from pmt_train.trainer.all_reduce import gather_statistics, sum_over_ranks
from pmt_train.trainer.batches import B, Epochs
from pmt_train.trainer.fit_loop import TrainingLoop
from pmt_train.trainer.fit_options import FitOptions
from pmt_train.trainer.history import History
from pmt_train.trainer.predict_batches import predict_batches
from pmt_train.trainer.trainable import StepResult

M = TypeVar("M", bound=Module)
X = TypeVar("X")
R = TypeVar("R")

Loss = Callable[[M, B, np.random.Generator], tuple[Tensor, int]]
"""(model, batch, rng) -> (scalar: SUM of the loss over the batch, number to divide the sum by).

A sum, so that the gradients of the shards of a batch add up exactly to those of the whole."""


@dataclass(frozen=True, slots=True)
class _ShardResult:
    """What one shard of a batch found: sums over it, and what its batch norms measured."""

    loss: float
    count: int
    gradients: Shard
    statistics: list[BatchStatistics]


class Trainer(Generic[M, B]):
    """Everything that a training step needs.

    A step: the batch is cut into as many shards as there are workers; every worker runs forward
    and backward on its shard, with a random stream of its own, keyed by (seed, "dropout", step,
    shard); the gradients are summed in the order of the shards, divided by the count, clipped by
    their global norm, and handed to the optimizer. Running statistics (batch norm) are merged in
    the order of the shards, too. The same seed and number of workers give the same bits.

    Several ranks (`mpiexec -n 2 python program.py`) are the same thing over again: a batch is cut
    into ranks x workers shards, each rank works on its own, and the sums are added over the ranks.

    model: its parameters move into flat memory (see `FlatParameters`).
    loss: see `Loss`.
    optimizer: makes the optimizer, e.g. `functools.partial(AdamW, weight_decay=0.1)`.
    schedule: learning rate by step, or one number.
    seed: of dropout and the like. workers: threads, their number, or None for all cores.
    clip_norm: largest global norm of the gradients; None: not clipped. clip_value: largest
        absolute value of an element of the gradients, cut before the norm is taken.
    accumulate: batches that `fit` draws together to one step, which is that of one large batch.
    average: decay of an exponential moving average of the weights, e.g. 0.999; None: none. `fit`
        evaluates and keeps the average as the best weights; see `averaged`.
    ranks: the processes to train with; None: those that mpiexec started, or this one alone.

    Attributes:
        flat, optimizer, schedule, workers, average, ranks: as made from the arguments.
        step_count: optimizer steps done. lr_scale: what the schedule's rates are multiplied by.
    """

    def __init__(
        self,
        model: M,
        loss: Loss[M, B],
        *,
        optimizer: OptimizerMaker = AdamW,
        schedule: Schedule | float = 1e-3,
        seed: int = 0,
        workers: Workers | int | None = 1,
        clip_norm: float | None = 1.0,
        clip_value: float | None = None,
        accumulate: int = 1,
        average: float | None = None,
        ranks: ProcessGroup | None = None,
    ) -> None:
        clip_factor(0.0, clip_norm)  # raises for a norm that makes no sense
        check_clip_value(clip_value)
        if accumulate < 1:
            raise SettingsError(f"accumulate is a number of batches, 1 or more, got {accumulate}")
        self.model = model
        self.loss = loss
        self.flat = FlatParameters(model.named_parameters())
        self.optimizer = optimizer(self.flat)
        self.schedule = schedule if callable(schedule) else constant_schedule(schedule)
        self.seed = seed
        self.workers = workers if isinstance(workers, Workers) else Workers(workers)
        self.clip_norm = clip_norm
        self.clip_value = clip_value
        self.accumulate = accumulate
        self.average = WeightAverage(self.flat, average) if average is not None else None
        self.ranks = ranks if ranks is not None else launched_process_group()
        self.step_count = 0
        self.lr_scale = 1.0

    def step(self, *batches: B) -> StepResult:
        """One training step. Call it within `with trainer.workers:` to have more than one thread.

        batches: one, or several whose gradients are added up as if they were one large batch, at
        the memory of one.
        Raises GradientError where the loss or a gradient is not finite; nothing is changed then.
        """
        lr = self.schedule(self.step_count) * self.lr_scale
        losses: list[tuple[float, int]] = []
        statistics: list[list[BatchStatistics]] = []
        found: FlatGradients | None = None
        for i, batch in enumerate(batches):
            shards = self._gradients(batch, i)
            found = self.flat.gather([shard.gradients for shard in shards], self.workers, found)
            losses += [(shard.loss, shard.count) for shard in shards]
            statistics += [shard.statistics for shard in shards]
        loss, count = self._totals(losses)
        if not math.isfinite(loss):
            raise GradientError(self._explain(f"the loss became {loss}", lr))
        norm = 0.0
        if found is not None and count:
            norm = self._update(sum_over_ranks(self.flat, found, self.ranks), count, lr)
        apply_statistics(gather_statistics(self.model, statistics, self.ranks))
        self.step_count += 1
        return StepResult(loss, count, norm, lr, sum(map(len, batches)))

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Whatever is trained within this context is undone at its end, to the bit."""
        training, model = self.model.training, self.model.state_dict()
        position = self.schedule, self.step_count, self.lr_scale
        optimizer = self.optimizer.state_dict()
        average = self.average.state_dict() if self.average is not None else {}
        try:
            yield
        finally:
            self.model.train(training)
            self.model.load_state_dict(model)
            self.flat.rebind()
            self.optimizer.load_state_dict(optimizer)
            if self.average is not None:
                self.average.load_state_dict(average)
            self.schedule, self.step_count, self.lr_scale = position

    def averaged(self) -> AbstractContextManager[None]:
        """Within this context the model has the averaged weights, where there is an average."""
        return self.average.applied() if self.average is not None else nullcontext()

    def fit(
        self,
        train: Iterable[B] | Epochs[B],
        options: FitOptions | None = None,
        *,
        epochs: int | None = None,
        evaluate: Callable[[], Mapping[str, float]] | None = None,
        quiet: bool | None = None,
    ) -> History:
        """Train for a number of epochs and load the best weights into the model.

            trainer.fit(batches, epochs=3)
            trainer.fit(batches, FitOptions(epochs=3, monitor="f1", checkpoint_path="c.npz"))

        Args:
            train: batches, read anew in each epoch; `train.epoch(n)` if it has such a method.
            options: all settings, see `FitOptions`.
            epochs: if given, replaces `options.epochs`.
            evaluate: if given, replaces `options.evaluate`.
            quiet: if given, replaces `options.quiet`.

        Returns:
            The history: a row per epoch.

        The best weights are loaded on every way out. With several ranks, rank 0 evaluates and
        writes; all ranks read the checkpoint to resume from.

        Raises:
            TrainingInterrupted: on Ctrl-C or SIGTERM, after the present step and a checkpoint.
            GradientError: if the loss or a gradient is not finite; the last checkpoint stays.
            SettingsError: if arguments contradict each other, or the checkpoint belongs to a run
                with other settings.
            ArchiveError: if the checkpoint belongs to another model.
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
        """`predict_batches` by the workers of this trainer, with the model in `eval()`."""
        training = self.model.training
        self.model.eval()
        try:
            return predict_batches(function, batches, self.workers, description=description)
        finally:
            self.model.train(training)

    # --- the rest of `Trainable` ----------------------------------------------------------

    @property
    def parameter_count(self) -> int:
        """Number of learned numbers."""
        return self.flat.size

    @property
    def learning_rate(self) -> float:
        """Learning rate of the last step (of the first, before it)."""
        return self.schedule(max(self.step_count - 1, 0)) * self.lr_scale

    def fingerprint(self) -> dict[str, Any]:
        """Return the settings of steps that a resumed run must repeat."""
        return {
            "accumulate": self.accumulate,
            "average of the weights": self.average is not None,
        }

    def set_training(self, training: bool) -> None:
        """Switch the model between training and evaluation."""
        self.model.train(training)

    def weights(self) -> dict[str, Array]:
        """A copy of the model's parameters and buffers, by name."""
        return self.model.state_dict()

    def load_weights(self, weights: Mapping[str, Array]) -> None:
        """Take over what `weights` gave."""
        self.model.load_state_dict(weights)
        self.flat.rebind()

    def state(self) -> dict[str, dict[str, Array]]:
        """Model, optimizer and average, by the names of the parts of a `Checkpoint`."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.state_dict() if self.average is not None else {},
        }

    def load_state(self, state: Mapping[str, Mapping[str, Array]], steps: int) -> None:
        """Take over what `state` gave after so many steps. Raises ShapeError."""
        self.load_weights(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        self.step_count = steps

    # --- a step -------------------------------------------------------------------------------

    def _update(self, found: FlatGradients, count: int, lr: float) -> float:
        """Clip, and let the optimizer take its step; the norm of the mean gradient."""
        norm = global_norm(found, 1 / count)
        if not math.isfinite(norm):
            bad = found.not_finite()
            which = f" (in {', '.join(bad[:3])}{', ...' if bad[3:] else ''})" if bad else ""
            raise GradientError(self._explain(f"a gradient became {norm}{which}", lr))
        cut = norm
        if self.clip_value is not None:
            found = clip_values(found, self.clip_value, 1 / count)
            cut = global_norm(found, 1 / count)
        scale = clip_factor(cut, self.clip_norm) / count
        if self.average is not None:
            self.average.before_step(found)
        self.optimizer.step(found, lr, scale=scale, workers=self.workers)
        if self.average is not None:
            self.average.after_step(found)
        return norm

    def _totals(self, losses: Sequence[tuple[float, int]]) -> tuple[float, int]:
        """Loss and count over the shards of all ranks, added in their order."""
        loss = sum(loss for loss, _ in losses)
        count = sum(count for _, count in losses)
        if self.ranks.size == 1:
            return loss, count
        every = self.ranks.all_gather(np.array([loss, count], np.float64))
        return sum(float(of[0]) for of in every), int(sum(of[1] for of in every))

    def _gradients(self, batch: B, place: int) -> list[_ShardResult]:
        """What every shard of this rank that is not empty found, in order.

        place: of the batch among those of the step.
        """
        mine, n = self.workers.count, self.workers.count * self.ranks.size
        first = mine * self.ranks.rank
        parts = [batch] if n == 1 else [batch.shard(first + i, n) for i in range(mine)]
        stream = RandomStream(self.seed, "dropout", self.step_count)
        first += place * n

        def run(numbered: tuple[int, B]) -> _ShardResult:
            i, part = numbered
            with np.errstate(all="ignore"):  # what is not finite is looked for, and explained
                return self._gradients_of_shard(part, stream.child(first + i).generator())

        return self.workers.map(run, [(i, part) for i, part in enumerate(parts) if len(part)])

    def _gradients_of_shard(self, part: B, rng: np.random.Generator) -> _ShardResult:
        with collecting_statistics() as statistics:
            loss, count = self.loss(self.model, part, rng)
        if loss.size != 1:
            raise ShapeError(
                "the loss function returns the sum over the batch, a single number, and its "
                f"count; got a tensor of shape {loss.shape}; add .sum()"
            )
        value = loss.item()
        found = gradients(loss) if math.isfinite(value) else {}
        # Rows named several times are added up here, by all threads, and so before any sum over
        # shards: then two ranks add the same numbers in the same order as two workers.
        once = {p: g.coalesce() if isinstance(g, RowSparse) else g for p, g in found.items()}
        return _ShardResult(value, int(count), once, statistics)

    def _explain(self, what: str, lr: float) -> str:
        return (
            f"{what} at step {self.step_count} (learning rate {lr:.3g}); expected a finite number. "
            "The weights are those from before this step. Cures: a lower learning rate, a longer "
            "warm-up, clip_norm=1.0; and look for nan or huge numbers in the data of this step"
        )
