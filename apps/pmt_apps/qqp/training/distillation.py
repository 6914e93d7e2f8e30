"""Knowledge distillation: students learn from soft labels, also of pairs without a label."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pmt_apps.qqp.data.settings import Settings
from pmt_apps.qqp.data.splits import texts_of
from pmt_apps.qqp.models.transformer import Ensemble, TransformerPairModel
from pmt_apps.qqp.training.stage import Stage, bucket_batches, make_trainer, rise_and_fall
from pmt_autograd import Tensor
from pmt_core import RandomStream
from pmt_nn import binary_cross_entropy_with_logits
from pmt_text import EncodedPairs, PairBatch, QuestionPair, connected_components, nearest_pairs
from pmt_train import FitOptions, Workers, progress_bar

LABEL_SMOOTHING = 0.03  # probability that a human label is given to the other class
MIN_DUPLICATE = 0.9  # least probability of a pair of "extra" that is labeled a duplicate
FINAL_LR = 0.6  # share of --lr for the labels, after the soft labels
_TEXTS = 60_000  # questions among which near pairs are looked for
_NEAREST, _EACH = 16, 2
_BATCH = 64


def near_pairs(
    model: TransformerPairModel, pairs: list[QuestionPair], settings: Settings
) -> list[tuple[str, str]]:
    """Return pairs of questions with similar mean vectors that no chain of pairs connects."""
    groups = connected_components(pairs, tokenize=model.encoder.tokenize)
    group_of: dict[str, int] = {}
    for texts, group in zip(texts_of(pairs), groups.tolist(), strict=True):
        for text in texts:
            group_of.setdefault(text, group)
    questions = list(group_of)
    rng = RandomStream(settings.seed, "near pairs").generator()
    with progress_bar(min(_TEXTS, len(questions)), "looking for near pairs") as bar:
        rows = nearest_pairs(
            model.encoder.mean_vectors(questions),
            np.fromiter(group_of.values(), np.int64, len(questions)),
            rng,
            texts=_TEXTS,
            nearest=_NEAREST,
            each=_EACH,
            progress=bar.update,
        )
    return [(questions[a], questions[b]) for a, b in rows.tolist()]


def soft_labels(
    teacher: TransformerPairModel,
    labeled: EncodedPairs,
    extra: EncodedPairs | None,
    mined: EncodedPairs,
    workers: Workers,
) -> tuple[EncodedPairs, NDArray[np.float32]]:
    """Return all pairs to learn from, and the target probability (n,) of "duplicate" of each.

    Human labels are smoothed. Mined pairs get the teacher's probability, and so do pairs of
    "extra", but at least `MIN_DUPLICATE` for the class they are labeled with.
    """
    smoothed = np.where(labeled.labels == 1, 1 - LABEL_SMOOTHING, LABEL_SMOOTHING)
    parts, targets = [labeled], [smoothed]
    if extra is not None:
        predicted = teacher.probabilities(extra, workers, both_orders=False)
        high, low = np.maximum(predicted, MIN_DUPLICATE), np.minimum(predicted, 1 - MIN_DUPLICATE)
        parts.append(extra)
        targets.append(np.where(extra.labels == 1, high, low))
    if len(mined):
        parts.append(replace(mined, labels=np.zeros(len(mined), np.int64)))
        targets.append(teacher.probabilities(mined, workers, both_orders=False))
    return EncodedPairs.joined(parts), np.concatenate(targets).astype(np.float32)


def distillation_stage(
    student: TransformerPairModel,
    pairs: EncodedPairs,
    targets: NDArray[np.float32],
    name: str,
    settings: Settings,
    workers: Workers,
) -> Stage:
    """Return the stage "NAME.soft_labels": one epoch on the targets (n,) of `soft_labels`."""
    stream = f"{name}.opinions"  # the key of earlier versions: results stay the same
    batches = bucket_batches(pairs, _BATCH, settings, stream)

    def loss(module: Ensemble, batch: PairBatch, rng: np.random.Generator) -> tuple[Tensor, int]:
        logits = student.classifier(batch, rng=rng)
        loss_sum = binary_cross_entropy_with_logits(
            logits[:, 1] - logits[:, 0], targets[batch.index], reduction="sum"
        )
        return loss_sum, len(batch)

    schedule = rise_and_fall(settings.lr, len(batches), settings.warmup)
    trainer = make_trainer(student.module, loss, schedule, settings, workers, stream=stream)
    return Stage(f"{name}.soft_labels", trainer, batches, FitOptions(epochs=1))
