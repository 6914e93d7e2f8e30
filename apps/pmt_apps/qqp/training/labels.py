"""Training on labeled pairs, with the weights that are best on dev."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pmt_apps.qqp.data.settings import Settings
from pmt_apps.qqp.data.splits import Splits, labels_of, texts_of
from pmt_apps.qqp.models.pair_model import Encoded, PairModel
from pmt_apps.qqp.training.scores import scores
from pmt_apps.qqp.training.stage import Stage, bucket_batches, make_trainer, rise_and_fall
from pmt_core import DataError, SettingsError
from pmt_text import Curriculum
from pmt_train import EarlyStopping, FitOptions, Workers, in_sequence, linear_schedule, warmup


def label_stage(
    model: PairModel[Any],
    encoded: Mapping[str, Encoded[Any]],
    settings: Settings,
    workers: Workers,
    *,
    name: str,
    lr: float,
    epochs: int,
) -> Stage:
    """Return the stage `name` that trains a model on the labels of "train"."""
    batches = bucket_batches(encoded["train"], settings.batch_size, settings, name)
    schedule = rise_and_fall(lr, len(batches) * epochs, settings.warmup)
    return Stage(
        name,
        make_trainer(model.module, model.loss, schedule, settings, workers, stream=name),
        batches,
        FitOptions(
            epochs,
            evaluation(model, encoded["dev"], workers),
            early_stopping=EarlyStopping(patience=settings.patience),
        ),
    )


def only_stage(
    model: PairModel[Any], splits: Splits, settings: Settings, workers: Workers
) -> Stage:
    """Return the stage of a run without pre-training: first on "extra" if asked for, then "train".

    The learning rate rises and falls once for each of the two.
    """
    phases = {"train": settings.epochs}
    patience = settings.patience
    if settings.extra is not None and settings.extra_epochs:
        phases = {"extra": settings.extra_epochs, "train": settings.epochs - settings.extra_epochs}
        patience += settings.extra_epochs  # which improve dev little
        if phases["train"] < 1:
            raise SettingsError(
                f"--extra-epochs {settings.extra_epochs} are the first of --epochs "
                f"{settings.epochs}, and training ends on real labels: give more --epochs"
            )
    batches = Curriculum(
        [
            (bucket_batches(encode(model, splits, name), settings.batch_size, settings, name), n)
            for name, n in phases.items()
        ]
    )
    schedule = in_sequence(
        [
            (warmup(linear_schedule(settings.lr, max(steps, 1)), settings.warmup), steps)
            for steps in batches.steps()
        ]
    )
    return Stage(
        None,
        make_trainer(model.module, model.loss, schedule, settings, workers, stream=None),
        batches,
        FitOptions(
            settings.epochs,
            evaluation(model, encode(model, splits, "dev"), workers),
            early_stopping=EarlyStopping(patience=patience),
        ),
        model.model_meta(),
    )


def encode(model: PairModel[Any], splits: Splits, name: str) -> Encoded[Any]:
    """Return a split as the model reads it, with labels."""
    return model.encode(texts_of(splits[name]), labels_of(splits[name]))


def evaluation(
    model: PairModel[Any], dev: Encoded[Any], workers: Workers
) -> Callable[[], dict[str, float]]:
    """Return a function that scores a model on labeled pairs."""
    labels = dev.labels
    if labels is None:
        raise DataError("the pairs to evaluate on have no labels; expected one each")
    return lambda: scores(model.probabilities(dev, workers), labels)
