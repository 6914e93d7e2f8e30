"""Training a detector of duplicates on the pairs of a run."""

from __future__ import annotations

import functools
from typing import Any

from pmt_apps.kit.run import Run
from pmt_apps.qqp.data import Splits, labels_of, texts_of
from pmt_apps.qqp.models.pair_model import PairModel
from pmt_apps.qqp.scores import scores
from pmt_apps.qqp.settings import Settings
from pmt_core import RandomStream, SettingsError
from pmt_text import BucketBatches, Curriculum
from pmt_train import (
    AdamW,
    EarlyStopping,
    FitOptions,
    Trainer,
    Workers,
    in_sequence,
    linear_schedule,
    warmup,
)


def fit(
    detector: PairModel[Any],
    splits: Splits,
    settings: Settings,
    run: Run[Settings],
    workers: Workers,
) -> None:
    """Train on "extra", where there is any, then on "train"; keep what is best on "dev"."""
    batches = make_batches(detector, splits, settings)
    labels = labels_of(splits["dev"])
    dev = detector.encode(texts_of(splits["dev"]), labels)
    run.fit(
        make_trainer(detector, batches, settings, workers),
        batches,
        FitOptions(
            settings.epochs,
            evaluate=lambda: scores(detector.probabilities(dev, workers), labels),
            # the extra pairs teach little that dev asks for: patience begins with the real labels
            early_stopping=EarlyStopping(
                patience=settings.patience + (settings.extra_epochs if settings.extra else 0)
            ),
        ),
        model_meta={"kind": detector.kind, **detector.to_json()},
    )


def make_trainer(
    detector: PairModel[Any], batches: Curriculum[Any], settings: Settings, workers: Workers
) -> Trainer[Any, Any]:
    """AdamW; in every phase the learning rate rises in the beginning and falls to 0."""
    return Trainer(
        detector.module,
        detector.loss,
        optimizer=functools.partial(AdamW, weight_decay=settings.weight_decay),
        schedule=in_sequence(
            [
                (warmup(linear_schedule(settings.lr, max(steps, 1)), settings.warmup), steps)
                for steps in batches.steps()
            ]
        ),
        seed=settings.seed,
        workers=workers,
        average=settings.average or None,
    )


def make_batches(detector: PairModel[Any], splits: Splits, settings: Settings) -> Curriculum[Any]:
    """Batches of like length: the extra pairs first, if there are any, then the training pairs."""

    def of(name: str) -> BucketBatches[Any]:
        encoded = detector.encode(texts_of(splits[name]), labels_of(splits[name]))
        order = RandomStream(settings.seed, "order", name)
        return BucketBatches(encoded.lengths, settings.batch_size, encoded.batch, order)

    if "extra" not in splits or not settings.extra_epochs:
        return Curriculum([(of("train"), settings.epochs)])
    rest = settings.epochs - settings.extra_epochs
    if rest < 1:
        raise SettingsError(
            f"--extra-epochs {settings.extra_epochs} are the first of --epochs {settings.epochs}, "
            "and training ends on real labels: give more --epochs"
        )
    return Curriculum([(of("extra"), settings.extra_epochs), (of("train"), rest)])
