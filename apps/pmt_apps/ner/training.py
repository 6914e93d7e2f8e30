"""Training a tagger on the sentences of a run."""

from __future__ import annotations

import functools

from pmt_apps.kit.run import Run
from pmt_apps.ner.data import Splits
from pmt_apps.ner.scores import scores
from pmt_apps.ner.settings import Settings
from pmt_apps.ner.tagger import Tagger
from pmt_core import RandomStream
from pmt_text import BucketBatches
from pmt_train import (
    AdamW,
    EarlyStopping,
    FitOptions,
    History,
    Trainer,
    Workers,
    cosine_schedule,
    warmup,
)

CLIP_NORM = 5.0


def fit(
    tagger: Tagger, splits: Splits, settings: Settings, run: Run[Settings], workers: Workers
) -> History:
    """Train on "train"; keep the weights that do best on "dev"."""
    encoded = tagger.encode(splits["train"].sentences)
    batches = BucketBatches(
        encoded.lengths,
        settings.batch_size,
        encoded.batch,
        RandomStream(settings.seed, "order"),
    )
    steps = len(batches) * settings.epochs
    dev = splits["dev"].sentences
    trainer = Trainer(
        tagger.model,
        tagger.loss,
        optimizer=functools.partial(AdamW, weight_decay=settings.weight_decay),
        schedule=warmup(cosine_schedule(settings.lr, steps), round(settings.warmup * steps)),
        seed=settings.seed,
        workers=workers,
        clip=CLIP_NORM,
        average=settings.average or None,
    )
    return run.fit(
        trainer,
        batches,
        FitOptions(
            settings.epochs,
            evaluate=lambda: scores(tagger.tag(dev, workers, description="scoring"), dev),
            monitor="f1",
            early_stopping=EarlyStopping(patience=settings.patience),
        ),
        model_meta=tagger.to_json(),
    )
