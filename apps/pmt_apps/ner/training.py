"""Training and scores of a tagger."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pmt_apps.kit.run import Run
from pmt_apps.ner.data import Splits
from pmt_apps.ner.entity_swap import EntitySwap, SwappedBatches
from pmt_apps.ner.fine_tuned_tagger import FineTunedTagger
from pmt_apps.ner.settings import Settings
from pmt_apps.ner.tagger import Tagger
from pmt_apps.ner.tagging import Tagging
from pmt_core import RandomStream
from pmt_text import BucketBatches, TaggedSentence, convert_tags
from pmt_train import (
    AdamW,
    EarlyStopping,
    EntityScores,
    FitOptions,
    History,
    OptimizerMaker,
    ParameterGroup,
    Trainer,
    Workers,
    cosine_schedule,
    entity_scores,
    linear_schedule,
    warmup,
)

CLIP_NORM = 5.0
HEAD_RATE = 10.0  # factor on the rate of what is new beside a pre-trained encoder

Batches = BucketBatches[Any] | SwappedBatches


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """A tagger that is ready to be trained: what `TrainingLoop` needs."""

    trainer: Trainer[Any, Any]
    batches: Batches
    options: FitOptions


def fit(
    tagger: Tagger,
    splits: Splits,
    settings: Settings,
    run: Run[Settings],
    workers: Workers,
    stage: str | None = None,
) -> History:
    """Train on "train"; keep the weights of the best F1 on "dev". stage: see `Run.fit`."""
    job = prepare(tagger, splits["train"].sentences, splits["dev"].sentences, settings, workers)
    return run.fit(job.trainer, job.batches, job.options, model_meta=tagger.to_json(), stage=stage)


def prepare(
    tagger: Tagger,
    train: Sequence[TaggedSentence],
    dev: Sequence[TaggedSentence],
    settings: Settings,
    workers: Workers,
) -> Training:
    """Return the training of a tagger on `train` that keeps the weights of the best F1 on `dev`."""
    batches = _batches(tagger, train, settings)
    steps = len(batches) * settings.epochs
    decay = linear_schedule if isinstance(tagger, FineTunedTagger) else cosine_schedule
    trainer = Trainer(
        tagger.model,
        tagger.loss,
        optimizer=_optimizer(tagger, settings),
        schedule=warmup(decay(settings.lr, steps), round(settings.warmup * steps)),
        seed=settings.seed,
        workers=workers,
        clip=CLIP_NORM,
        average=settings.average or None,
    )
    options = FitOptions(
        settings.epochs,
        evaluate=lambda: scores(tagger.tag(dev, workers, description="scoring"), dev),
        monitor="f1",
        early_stopping=EarlyStopping(patience=settings.patience),
    )
    return Training(trainer, batches, options)


def _batches(tagger: Tagger, train: Sequence[TaggedSentence], settings: Settings) -> Batches:
    order = RandomStream(settings.seed, "order")
    if settings.entity_swap:
        stream = RandomStream(settings.seed, "entity swap")
        swap = EntitySwap(train, settings.entity_swap, stream)
        return SwappedBatches(tagger, swap, settings.batch_size, order)
    encoded = tagger.encode(train)
    return BucketBatches(encoded.lengths, settings.batch_size, encoded.batch, order)


def _optimizer(tagger: Tagger, settings: Settings) -> OptimizerMaker:
    """Return AdamW; what is new beside a pre-trained encoder has a higher rate."""
    groups = []
    if isinstance(tagger, FineTunedTagger):
        groups = [ParameterGroup(lambda name, _: not name.startswith("encoder."), HEAD_RATE)]
    return functools.partial(AdamW, weight_decay=settings.weight_decay, groups=groups)


def score_entities(
    tags: Sequence[Sequence[str]], sentences: Sequence[TaggedSentence]
) -> EntityScores:
    """Return entity scores as conlleval computes them from IOB2 tags, the accuracy included."""
    predicted = [convert_tags(row, "IOB2") for row in tags]
    labels = [convert_tags(sentence.tags or (), "IOB2") for sentence in sentences]
    return entity_scores(predicted, labels)


def scores(tagging: Tagging, sentences: Sequence[TaggedSentence]) -> dict[str, float]:
    """Return the metrics of a split by name."""
    metrics = score_entities(tagging.tags, sentences)
    return {
        "f1": metrics.overall.f1,
        "precision": metrics.overall.precision,
        "recall": metrics.overall.recall,
        "accuracy": metrics.accuracy,
        "loss": tagging.loss,
    }
