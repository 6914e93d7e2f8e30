"""What a `Trainer` is given, `Loss` and `OptimizerMaker`, and the gradients of one shard."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from pmt_autograd import Tensor, gradients
from pmt_core import GradientError, RandomStream, RowSparse, SettingsError, ShapeError
from pmt_nn import BatchStatistics, Module, collecting_statistics
from pmt_train.optim.flat_gradients import FlatGradients
from pmt_train.optim.flat_parameters import FlatParameters, Shard
from pmt_train.optim.optimizer import Optimizer
from pmt_train.parallel.process_group import ProcessGroup
from pmt_train.trainer.batches import B, example_count, shard_of
from pmt_train.trainer.gradient_buckets import OnFinal

M_contra = TypeVar("M_contra", contravariant=True)
B_contra = TypeVar("B_contra", contravariant=True)


class Loss(Protocol[M_contra, B_contra]):
    """A loss function: (model, batch, rng) -> mean, or (sum, count).

    A mean is weighted by the number of examples of the batch. If each example counts alike, both
    are the same. If not (a mean over tokens, an `ignore_index`), only (sum, count) is exact: the
    gradients of the shards and accumulated batches then add up to those of one large batch, and
    the loss of an epoch is the mean over everything that was counted.

    Examples:
        The mean over the tokens of a batch, padding (-100) left out, as a sum and a count:

        >>> import numpy as np
        >>> from pmt_nn import Linear, cross_entropy
        >>> from pmt_train import Trainer
        >>> def loss(model, batch, rng):
        ...     x, labels = batch
        ...     return cross_entropy(model(x), labels, reduction="sum"), int((labels >= 0).sum())
        >>> trainer = Trainer(Linear(4, 3, np.random.default_rng(0)), loss)
        >>> labels = np.array([[0, 1, 2], [1, -100, -100]])
        >>> trainer.step((np.ones((2, 3, 4), np.float32), labels)).count
        4
    """

    def __call__(
        self, model: M_contra, batch: B_contra, rng: np.random.Generator, /
    ) -> Tensor | tuple[Tensor, int]:
        """Return the mean of the loss (scalar), or its sum (scalar) and what to divide it by.

        `rng` is the random generator of the step and shard, for dropout.
        """


class OptimizerMaker(Protocol):
    """Makes an optimizer for given parameters: a class or `functools.partial(AdamW, ...)`.

    Examples:
        >>> from functools import partial
        >>> import numpy as np
        >>> from pmt_nn import Linear, mse
        >>> from pmt_train import SGD, Trainer
        >>> make = partial(SGD, momentum=0.9)
        >>> model = Linear(1, 1, np.random.default_rng(0))
        >>> trainer = Trainer(model, lambda model, x, rng: mse(model(x), x), optimizer=make)
        >>> type(trainer.optimizer).__name__, trainer.optimizer.state_names
        ('SGD', ('m',))
    """

    def __call__(self, parameters: FlatParameters, /) -> Optimizer:
        """Return the optimizer of `parameters`."""


@dataclass(frozen=True, slots=True)
class ShardResult:
    """Sums over one shard of a batch: `loss / count` is the mean loss.

    `gradients` are those of `loss` by parameter, empty if it is not finite; `statistics` are those
    of the batch norms.
    """

    loss: float
    count: int
    gradients: Shard
    statistics: list[BatchStatistics]


def gradients_of_shard(
    loss: Loss[Any, Any],
    model: Any,
    work: tuple[tuple[Any, np.random.Generator], OnFinal | None],
) -> ShardResult:
    """Run forward and backward on one shard of a batch, with its random generator.

    work: the shard with its generator, and what is called for each complete gradient.

    Raises:
        ShapeError: if the loss is not a single number.
        SettingsError: if the loss function returns something else than a tensor and a count.
    """
    (shard, rng), on_final = work
    with collecting_statistics() as statistics, np.errstate(all="ignore"):
        total, count = _sum_and_count(loss(model, shard, rng), shard)
        value = total.item()
        grads = gradients(total, on_final=on_final) if math.isfinite(value) else {}
        # Repeated rows are added here, by all threads and before any sum over shards: then two
        # ranks add the same numbers in the same order as two workers.
        coalesced = {p: _coalesced(g) if isinstance(g, RowSparse) else g for p, g in grads.items()}
    return ShardResult(value, count, coalesced, statistics)


def _coalesced(gradient: RowSparse) -> RowSparse:
    """Return a gradient of plain arrays, in which each row is there once."""
    return gradient.viewed_as(np.ndarray).coalesce()


def divergence(what: str, step: int, lr: float) -> GradientError:
    """Return the error for a loss or gradient that is not finite."""
    return GradientError(
        f"{what} at step {step} (learning rate {lr:.3g}); expected a finite number. "
        "The weights are those from before this step. Cures: a lower learning rate, a longer "
        "warm-up, clip=1.0; and look for nan or huge numbers in the data of this step"
    )


def check_norm(norm: float, gradients: FlatGradients, step: int, lr: float) -> None:
    """Raise GradientError if the norm of the gradients of a step is not finite."""
    if not math.isfinite(norm):
        bad = gradients.not_finite()
        names = f" (in {', '.join(bad[:3])}{', ...' if bad[3:] else ''})" if bad else ""
        raise divergence(f"a gradient became {norm}{names}", step, lr)


def _sum_and_count(result: object, shard: object) -> tuple[Tensor, int]:
    match result:
        case Tensor():
            count = example_count(shard)
            total = result * count if result.size == 1 else result
        case (Tensor() as total, count) if isinstance(count, (int, np.integer)):
            pass
        case _:
            raise SettingsError(
                "expected a loss function that returns the mean as a tensor, or (sum, count); got "
                f"{_kind(result)}; e.g. return cross_entropy(model(x), y)"
            )
    if total.size != 1:
        raise ShapeError(
            "the loss function returns a single number (the mean, or the sum and its count); "
            f"got a tensor of shape {total.shape}; add .mean(), or .sum() and the count"
        )
    return total, int(count)


def _kind(result: object) -> str:
    if isinstance(result, tuple):
        return f"({', '.join(type(item).__name__ for item in result)})"
    return type(result).__name__


def check_arguments(model: object, loss: object, optimizer: object, schedule: object) -> None:
    """Raise SettingsError for an argument of the wrong type."""
    if not isinstance(model, Module):
        raise SettingsError(f"expected model to be a pmt_nn.Module, got {model!r:.60}")
    if not callable(loss):
        raise SettingsError(
            f"expected loss to be a function (model, batch, rng) -> mean or (sum, count), got "
            f"{loss!r:.60}; see help(pmt_train.Loss)"
        )
    if isinstance(optimizer, Optimizer) or not callable(optimizer):
        got = repr(optimizer) if isinstance(optimizer, str) else f"a {type(optimizer).__name__}"
        raise SettingsError(
            "expected optimizer to be a class or a function that makes an optimizer for the "
            f"model's parameters, got {got}; e.g. optimizer=AdamW, or "
            "optimizer=functools.partial(AdamW, weight_decay=0.1)"
        )
    if not (schedule is None or callable(schedule) or isinstance(schedule, (int, float))):
        raise SettingsError(
            f"expected schedule to be a learning rate or a function from step to learning rate, "
            f"got {schedule!r:.60}; e.g. schedule=1e-3 or schedule=cosine_schedule(1e-3, steps=500)"
        )


def shards_of_rank(
    batch: B, number: int, stream: RandomStream, workers: int, group: ProcessGroup
) -> list[tuple[B, np.random.Generator]]:
    """Return this rank's shards that are not empty, each with its random generator.

    number: of the batch in its step, from 0. stream: of the step. workers: shards of a rank.
    """
    n, first = workers * group.size, workers * group.rank
    shards = [shard_of(batch, first + i, n) for i in range(workers)]
    first += number * n
    return [
        (shard, stream.child(first + i).generator())
        for i, shard in enumerate(shards)
        if example_count(shard)
    ]
