"""`Stage`: a part of the training of a run. Training on labels, of models and baselines."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pmt_apps.qqp.data.settings import BASELINE, Settings
from pmt_apps.qqp.data.splits import labels_of, texts_of
from pmt_apps.qqp.models.baselines import BASELINES, BagModel
from pmt_apps.qqp.models.pair_model import Encoded, PairModel
from pmt_apps.qqp.training.scores import scores
from pmt_apps.transformer_optimizer import transformer_optimizer
from pmt_core import DataError, RandomStream
from pmt_nn import Module
from pmt_text import BucketBatches, Curriculum, QuestionPair, Tokenize, tokenize
from pmt_train import (
    AdamW,
    EarlyStopping,
    FitOptions,
    OptimizerMaker,
    ParameterGroup,
    ProcessGroup,
    Schedule,
    SingleProcess,
    Trainer,
    Workers,
    in_sequence,
    linear_schedule,
    warmup,
    warmup_steps,
)

_MATRIX_LR = 6  # factor on --lr for the matrices of the layers, if Muon trains them


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


def label_stage(
    model: PairModel[Any],
    train: Sequence[tuple[str, Encoded[Any], int]],
    dev: Encoded[Any],
    settings: Settings,
    workers: Workers,
    *,
    name: str | None = None,
) -> Stage:
    """Return a stage that trains on labels, and keeps the weights that are best on dev.

    Args:
        train: the data sets to train on, one after the other: a name of the random stream of
            their order, the pairs and a number of epochs. The learning rate rises and falls once
            for each.
        name: of the stage; None: it is the only one.
    """
    batches = Curriculum(
        [
            (bucket_batches(pairs, settings.batch_size, settings, stream), epochs)
            for stream, pairs, epochs in train
        ]
    )
    schedule = in_sequence(
        [
            (rise_and_fall(peak_rate(settings), steps, settings.warmup), steps)
            for steps in batches.steps()
        ]
    )
    labels = dev.labels
    if labels is None:
        raise DataError("the pairs to evaluate on have no labels; expected one each")
    options = FitOptions(
        sum(epochs for _, _, epochs in train),
        lambda: scores(model.probabilities(dev, workers), labels),
        early_stopping=EarlyStopping(patience=settings.patience),
    )
    groups = model.parameter_groups(settings)
    trainer = make_trainer(
        model.module, model.loss, schedule, settings, workers, stream=name, groups=groups
    )
    return Stage(name, trainer, batches, options, model.model_meta() if name is None else None)


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
    process_group: ProcessGroup | None = None,
    groups: Sequence[ParameterGroup] = (),
) -> Trainer[Any, Any]:
    """Return a trainer with the optimizer, the weight decay and the average of the settings.

    stream: names the random numbers of dropout and masking; None: those of the only stage.
    groups: of parameters with other rates.
    """
    seed = settings.seed
    if stream is not None:
        seed = int(RandomStream(seed, "stage", stream).generator().integers(1 << 31))
    optimizer: OptimizerMaker
    optimizer = functools.partial(AdamW, weight_decay=settings.weight_decay, groups=groups)
    if settings.optimizer == "muon":
        optimizer = transformer_optimizer(
            "muon",
            betas=(0.9, 0.98),
            weight_decay=settings.weight_decay,
            other_lr_factor=1 / _MATRIX_LR,
        )
    return Trainer(
        module,
        loss,
        optimizer=optimizer,
        schedule=schedule,
        seed=seed,
        workers=workers,
        average=settings.average or None,
        process_group=process_group,
    )


def rise_and_fall(lr: float, steps: int, rising: int) -> Schedule:
    """Return a linear warm-up of `rising` steps, at most a tenth, and a linear decay to 0."""
    return warmup(linear_schedule(lr, max(steps, 1)), warmup_steps(rising, steps))


def peak_rate(settings: Settings) -> float:
    """Return the highest learning rate: --lr, or that of the matrices if Muon trains them."""
    return settings.lr * (_MATRIX_LR if settings.optimizer == "muon" else 1)


def trained_baseline(
    kind: str,
    pairs: Sequence[QuestionPair],
    settings: Settings,
    workers: Workers,
    tokenize: Tokenize = tokenize,
) -> BagModel:
    """Return a baseline trained on these pairs, for comparison with the model of a run."""
    model = BASELINES[kind].for_pairs(settings, pairs, tokenize)
    train_baseline(model, pairs, settings, workers)
    return model


def train_baseline(
    model: BagModel, pairs: Sequence[QuestionPair], settings: Settings, workers: Workers
) -> None:
    """Train a baseline on these pairs as `BASELINE` says."""
    encoded = model.encode(texts_of(pairs), labels_of(pairs))
    batches = bucket_batches(encoded, BASELINE["batch_size"], settings, model.kind)
    schedule = linear_schedule(BASELINE["lr"], len(batches) * BASELINE["epochs"])
    plain = replace(settings, average=0.0, optimizer="adamw")
    alone = SingleProcess()  # other ranks do not report
    trainer = make_trainer(
        model.module, model.loss, schedule, plain, workers, stream=None, process_group=alone
    )
    trainer.fit(batches, epochs=BASELINE["epochs"], quiet=True)
