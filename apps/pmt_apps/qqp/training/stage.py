"""`Stage`: a part of the training of a run, and what all stages are made of."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pmt_apps.qqp.data.settings import Settings
from pmt_apps.qqp.models.pair_model import Encoded
from pmt_core import RandomStream
from pmt_nn import Module
from pmt_text import BucketBatches, Curriculum
from pmt_train import AdamW, FitOptions, Schedule, Trainer, Workers, linear_schedule, warmup


@dataclass(frozen=True)
class Stage:
    """A part of the training of a run: the arguments of `Run.fit`.

    Attributes:
        name: names the files of the stage; None: it is the only stage of the run.
        trainer, batches, options: what trains, on what, and how.
        model_meta: JSON to save with the weights.
    """

    name: str | None
    trainer: Trainer[Any, Any]
    batches: BucketBatches[Any] | Curriculum[Any]
    options: FitOptions
    model_meta: Mapping[str, Any] | None = None


def bucket_batches(
    encoded: Encoded[Any], batch_size: int, settings: Settings, stream: str
) -> BucketBatches[Any]:
    """Return batches of similar length, in an order drawn from the named random stream."""
    order = RandomStream(settings.seed, "order", stream)
    return BucketBatches(encoded.lengths, batch_size, encoded.batch, order)


def make_trainer(
    module: Module,
    loss: Callable[..., Any],
    schedule: Schedule,
    settings: Settings,
    workers: Workers,
    *,
    stream: str | None,
) -> Trainer[Any, Any]:
    """Return a trainer with the weight decay and the average of the settings.

    Args:
        module, loss, schedule: see `Trainer`.
        settings: of the run; `dataclasses.replace` changes some for a stage.
        workers: threads.
        stream: names the random numbers of dropout and masking; None: those of a single stage.
    """
    seed = settings.seed
    if stream is not None:
        seed = int(RandomStream(seed, "stage", stream).generator().integers(1 << 31))
    return Trainer(
        module,
        loss,
        optimizer=functools.partial(AdamW, weight_decay=settings.weight_decay),
        schedule=schedule,
        seed=seed,
        workers=workers,
        average=settings.average or None,
    )


def rise_and_fall(lr: float, steps: int, rising: int) -> Schedule:
    """Return a linear warmup of `rising` steps, at most a tenth of all, and a linear decay to 0."""
    return warmup(linear_schedule(lr, max(steps, 1)), min(rising, steps // 10))
