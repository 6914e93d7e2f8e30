"""Models that learn from the opinion of another on pairs that nobody has labeled."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.run import Run
from pmt_apps.qqp.data import texts_of
from pmt_apps.qqp.models.transformer import Ensemble, TransformerPairModel
from pmt_apps.qqp.settings import Settings
from pmt_apps.qqp.training.pretraining import Pretrained, schedule, stage_seed, start_from
from pmt_autograd import Tensor
from pmt_core import RandomStream
from pmt_nn import binary_cross_entropy_with_logits
from pmt_text import (
    BucketBatches,
    EncodedPairs,
    PairBatch,
    QuestionPair,
    connected_components,
    nearest_pairs,
)
from pmt_train import AdamW, FitOptions, Trainer, Workers, progress_bar

_TEXTS = 60_000  # questions that partners are looked for and among
_NEAREST, _EACH = 16, 2
LABEL_SMOOTHING = 0.97  # what a person's label counts as
_DUPLICATE = 0.9  # the least that a duplicate counts as, whatever the teacher says
_BATCH = 64
_FINAL_LR = 0.6  # of --lr, for the real labels that come last


def near_pairs(
    detector: TransformerPairModel, pairs: list[QuestionPair], settings: Settings
) -> list[tuple[str, str]]:
    """Pairs of questions whose mean vectors are near, never of one linked group."""
    groups = connected_components(pairs)
    group_of: dict[str, int] = {}
    for (first, second), group in zip(texts_of(pairs), groups.tolist(), strict=True):
        group_of.setdefault(first, group)
        group_of.setdefault(second, group)
    texts = list(group_of)
    rng = RandomStream(settings.seed, "near pairs").generator()
    with progress_bar(min(_TEXTS, len(texts)), "looking for near pairs") as bar:
        found = nearest_pairs(
            detector.mean_vectors(texts),
            np.fromiter(group_of.values(), np.int64, len(texts)),
            rng,
            texts=_TEXTS,
            nearest=_NEAREST,
            each=_EACH,
            progress=bar.update,
        )
    return [(texts[a], texts[b]) for a, b in found.tolist()]


def opinions(
    teacher: TransformerPairModel,
    labeled: EncodedPairs,
    extra: EncodedPairs | None,
    mined: EncodedPairs,
    workers: Workers,
) -> tuple[EncodedPairs, NDArray[np.float32]]:
    """All pairs to learn from, and the probability (n,) of "duplicate" to learn for each.

    A person's label counts nearly as it is. An extra duplicate counts as one, the more the surer
    the teacher is; a mined pair is what the teacher says.
    """
    parts, wanted = [labeled], [np.where(labeled.labels == 1, LABEL_SMOOTHING, 1 - LABEL_SMOOTHING)]
    if extra is not None:
        said = teacher.probabilities(extra, workers, both_orders=False)
        is_duplicate = extra.labels == 1
        parts.append(extra)
        wanted.append(
            np.where(is_duplicate, np.maximum(said, _DUPLICATE), np.minimum(said, 1 - _DUPLICATE))
        )
    if len(mined):
        parts.append(replace(mined, labels=np.zeros(len(mined), np.int64)))
        wanted.append(teacher.probabilities(mined, workers, both_orders=False))
    return EncodedPairs.joined(parts), np.concatenate(wanted).astype(np.float32)


def distill(
    student: TransformerPairModel,
    pairs: EncodedPairs,
    wanted: NDArray[np.float32],
    stage: str,
    settings: Settings,
    run: Run[Settings],
    workers: Workers,
) -> None:
    """One epoch on probabilities instead of labels."""
    batches = BucketBatches(
        pairs.lengths, _BATCH, pairs.batch, RandomStream(settings.seed, "order", stage)
    )

    def loss(module: Ensemble, batch: PairBatch, rng: np.random.Generator) -> tuple[Tensor, int]:
        logits = student.logits(batch, rng)
        found = binary_cross_entropy_with_logits(
            logits[:, 1] - logits[:, 0], wanted[batch.index], reduction="sum"
        )
        return found, len(batch)

    trainer = Trainer(
        student.module,
        loss,
        optimizer=functools.partial(AdamW, weight_decay=settings.weight_decay),
        schedule=schedule(settings.lr, len(batches), settings.warmup),
        seed=stage_seed(settings, stage),
        workers=workers,
        average=settings.average or None,
    )
    run.fit(trainer, batches, FitOptions(epochs=1), stage=stage)


def new_student(
    teacher: TransformerPairModel, pretrained: Pretrained | None, stage: str, settings: Settings
) -> TransformerPairModel:
    """As the teacher was in the beginning, but for the weights that nobody has trained."""
    vectors = teacher.module.vectors
    student = TransformerPairModel(
        settings, teacher.encoder, None if vectors is None else vectors.data, stage=stage
    )
    if pretrained is not None:
        start_from(student, pretrained)
    return student


def final_lr(settings: Settings) -> float:
    """Learning rate on the real labels, after the opinions."""
    return _FINAL_LR * settings.lr
