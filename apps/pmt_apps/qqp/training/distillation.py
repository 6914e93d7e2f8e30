"""Knowledge distillation: students learn from soft labels, also of pairs without a label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pmt_apps.qqp.data.settings import Settings
from pmt_apps.qqp.data.splits import texts_of
from pmt_apps.qqp.models.transformer import Ensemble, TransformerPairModel
from pmt_apps.qqp.training.stage import (
    Stage,
    bucket_batches,
    make_trainer,
    peak_rate,
    rise_and_fall,
)
from pmt_autograd import Tensor
from pmt_core import RandomStream
from pmt_nn import binary_cross_entropy_with_logits
from pmt_text import EncodedPairs, PairBatch, QuestionPair, connected_components, nearest_pairs
from pmt_train import FitOptions, Workers, progress_bar

LABEL_SMOOTHING = 0.03  # probability that a human label is given to the other class
MIN_DUPLICATE = 0.9  # least probability of a pair of "extra" that is labeled a duplicate
FINAL_LR = 0.6  # share of --lr for the labels, after the soft labels
_TEXTS = 60_000  # questions among which near pairs are looked for
_NEAREST = 16
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
            each=settings.near,
            progress=bar.update,
        )
    return [(questions[a], questions[b]) for a, b in rows.tolist()]


class SoftLabels:
    """The pairs that students learn from, and the target probability of "duplicate" of each.

    Human labels are smoothed. Mined pairs get the mean probability of the teachers, and so do pairs
    of "extra", but at least `MIN_DUPLICATE` for the class they are labeled with.

    Args:
        labeled: pairs with human labels.
        extra: further labeled pairs.
        mined: pairs without labels.
        workers: that predict.

    Attributes:
        pairs: n pairs: the labeled ones, extra, mined.
    """

    def __init__(
        self,
        labeled: EncodedPairs,
        extra: EncodedPairs | None,
        mined: EncodedPairs,
        workers: Workers,
    ) -> None:
        unlabeled = replace(mined, labels=np.zeros(len(mined), np.int64))
        parts = [labeled, *([] if extra is None else [extra]), unlabeled]
        self.pairs = EncodedPairs.joined(parts)
        self._labeled, self._extra, self._workers = labeled, extra, workers
        self._soft = EncodedPairs.joined(parts[1:])
        self._predicted: list[NDArray[np.float32]] = []

    def set_teachers(self, models: Sequence[TransformerPairModel]) -> None:
        """Take these models, and no others, as teachers."""
        self._predicted = []
        for model in models:
            self.add_teacher(model)

    def add_teacher(self, model: TransformerPairModel) -> None:
        """Take a further model as a teacher."""
        self._predicted.append(model.probabilities(self._soft, self._workers, both_orders=False))

    def targets(self) -> NDArray[np.float32]:
        """Return the target of each pair, (n,)."""
        labels = self._labeled.labels
        smoothed = np.where(labels == 1, 1 - LABEL_SMOOTHING, LABEL_SMOOTHING)
        soft = np.mean(self._predicted, axis=0)
        if self._extra is not None:
            extra = soft[: len(self._extra)]
            high, low = np.maximum(extra, MIN_DUPLICATE), np.minimum(extra, 1 - MIN_DUPLICATE)
            soft[: len(extra)] = np.where(self._extra.labels == 1, high, low)
        return np.concatenate([smoothed, soft]).astype(np.float32)


def distillation_stage(
    student: TransformerPairModel,
    pairs: EncodedPairs,
    targets: NDArray[np.float32],
    name: str,
    settings: Settings,
    workers: Workers,
) -> Stage:
    """Return the stage "NAME.soft_labels", one epoch on the targets (n,) of `SoftLabels`."""
    stream = f"{name}.opinions"  # the key of earlier versions: results stay the same
    batches = bucket_batches(pairs, _BATCH, settings, stream)

    def loss(module: Ensemble, batch: PairBatch, rng: np.random.Generator) -> tuple[Tensor, int]:
        logits = student.classifier(batch, rng=rng)
        loss_sum = binary_cross_entropy_with_logits(
            logits[:, 1] - logits[:, 0], targets[batch.index], reduction="sum"
        )
        return loss_sum, len(batch)

    schedule = rise_and_fall(peak_rate(settings), len(batches), settings.warmup)
    trainer = make_trainer(student.module, loss, schedule, settings, workers, stream=stream)
    return Stage(f"{name}.soft_labels", trainer, batches, FitOptions(epochs=1))
