"""The way from files to a detector: pre-training, a first model, and those that learn from it."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from pmt_apps.kit.run import Run
from pmt_apps.qqp.data import Splits, labels_of, texts_of
from pmt_apps.qqp.models.pair_model import Texts
from pmt_apps.qqp.models.transformer import TransformerPairModel, learn_encoder
from pmt_apps.qqp.scores import scores
from pmt_apps.qqp.settings import Settings
from pmt_apps.qqp.training.distillation import (
    distill,
    final_lr,
    near_pairs,
    new_student,
    opinions,
)
from pmt_apps.qqp.training.pretraining import (
    SAVED,
    Pretrained,
    learn_vectors,
    pretrain,
    read_pretraining_texts,
    schedule,
    stage_seed,
    start_from,
)
from pmt_core import RandomStream, SettingsError
from pmt_text import BucketBatches, EncodedPairs
from pmt_train import AdamW, EarlyStopping, FitOptions, Trainer, Workers


class Stages:
    """Trains in stages, each with a checkpoint of its own, so that a run can stop in any of them.

    1. "vectors": word vectors from the duplicates. 2. "pretrain": the reader guesses hidden words
    of the duplicates. 3. "teacher": it learns from the labels. Then, where there are to be
    students: pairs of near questions are looked for; the first student learns what the teacher
    thinks of them ("student1.opinions") and then the labels ("student1"), and each further one
    what the students before it think, on average.
    """

    def __init__(
        self, splits: Splits, settings: Settings, run: Run[Settings], workers: Workers
    ) -> None:
        if settings.students and not settings.vectors_epochs:
            raise SettingsError(
                "students learn from pairs that are found by word vectors: --students wants "
                "--vectors-epochs of 1 or more"
            )
        if settings.extra_epochs:
            raise SettingsError("--extra-epochs belongs to --preset plain; the others mine pairs")
        self.splits, self.settings, self.run, self.workers = splits, settings, run, workers
        self.known = [*splits["train"], *splits.get("extra", [])]

    def train(self) -> TransformerPairModel:
        """All stages; the detector that is left in the end, as model.npz holds it."""
        teacher, pretrained = self._beginner()
        encoded = {name: self._encode(teacher, name) for name in self.splits if name != "test"}
        self.run.say(f"\n{teacher.size()}")
        self._learn_labels(teacher, encoded, "teacher", self.settings.lr, self.settings.epochs)
        if not self.settings.students:
            return teacher
        return self._students(teacher, pretrained, encoded)

    def _beginner(self) -> tuple[TransformerPairModel, Pretrained | None]:
        """The first model before it has seen a label, and what it was pre-trained to."""
        settings, run, workers = self.settings, self.run, self.workers
        saved, texts = self._given()
        encoder = saved.encoder if saved else learn_encoder(settings, self.known)
        duplicates = texts_of([pair for pair in self.known if pair.label == 1])
        plain = TransformerPairModel(settings, encoder, stage="teacher")
        encoded = plain.encode(duplicates)
        vectors = None
        if settings.vectors_epochs and len(encoded):
            vectors = learn_vectors(encoder, encoded, settings, run, workers)
        detector = TransformerPairModel(settings, encoder, vectors, stage="teacher")
        if saved is not None:
            start_from(detector, saved)
            return detector, saved
        pairs = EncodedPairs.joined([encoded, plain.encode(texts)])
        if not (settings.pretrain_epochs and len(pairs)):
            return detector, None
        return detector, pretrain(detector, pairs, settings, run, workers)

    def _given(self) -> tuple[Pretrained | None, Texts]:
        """What --pretrain names: an earlier run's reader, or texts to pre-train on."""
        path = self.settings.pretrain
        if path is None:
            return None, []
        if path.suffix == SAVED:
            saved = Pretrained.load(path)
            self.run.log_file("pretrain", path, len(saved.weights))
            return saved, []
        if not self.settings.pretrain_epochs:
            raise SettingsError("--pretrain with a text wants --pretrain-epochs of 1 or more")
        return None, read_pretraining_texts(path, self.run)

    def _encode(self, detector: TransformerPairModel, name: str) -> EncodedPairs:
        pairs = self.splits[name]
        return detector.encode(texts_of(pairs), labels_of(pairs))

    def _learn_labels(
        self,
        detector: TransformerPairModel,
        encoded: dict[str, EncodedPairs],
        stage: str,
        lr: float,
        epochs: int,
    ) -> None:
        """Train on "train"; keep what is best on "dev"."""
        settings, run = self.settings, self.run
        train, dev = encoded["train"], encoded["dev"]
        batches = BucketBatches(
            train.lengths,
            settings.batch_size,
            train.batch,
            RandomStream(settings.seed, "order", stage),
        )
        trainer = Trainer(
            detector.module,
            detector.loss,
            optimizer=functools.partial(AdamW, weight_decay=settings.weight_decay),
            schedule=schedule(lr, len(batches) * epochs, settings.warmup),
            seed=stage_seed(settings, stage),
            workers=self.workers,
            average=settings.average or None,
        )
        labels = labels_of(self.splits["dev"])
        run.say(f"\n{stage}: labeled pairs")
        run.fit(
            trainer,
            batches,
            FitOptions(
                epochs,
                evaluate=lambda: scores(detector.probabilities(dev, self.workers), labels),
                early_stopping=EarlyStopping(patience=settings.patience),
            ),
            stage=stage,
        )
        self._save(detector)

    def _students(
        self,
        teacher: TransformerPairModel,
        pretrained: Pretrained | None,
        encoded: dict[str, EncodedPairs],
    ) -> TransformerPairModel:
        settings, run = self.settings, self.run
        mined = teacher.encode(near_pairs(teacher, self.known, settings))
        run.say(f"\n{len(mined):,} near pairs found")
        students: list[TransformerPairModel] = []
        for n in range(1, settings.students + 1):
            teachers = self._together(students) if students else teacher
            pairs, wanted = opinions(
                teachers, encoded["train"], encoded.get("extra"), mined, self.workers
            )
            student = new_student(teacher, pretrained, f"student{n}", settings)
            run.say(f"\nstudent {n} of {settings.students}: opinions on {len(pairs):,} pairs")
            stage = f"student{n}.opinions"
            distill(student, pairs, wanted, stage, settings, run, self.workers)
            # it knows much already, and its loss on dev is lowest after an epoch or two
            epochs = max(settings.epochs - 1, 1)
            self._learn_labels(student, encoded, f"student{n}", final_lr(settings), epochs)
            students.append(student)
        together = self._together(students)
        self._save(together)
        return together

    def _together(self, students: list[TransformerPairModel]) -> TransformerPairModel:
        """One detector of several: its answer is the mean of theirs."""
        first = students[0]
        together = TransformerPairModel(
            self.settings, first.encoder, _vectors(first), members=len(students)
        )
        together.module.members = [student.reader for student in students]
        return together

    def _save(self, detector: TransformerPairModel) -> None:
        """The model to use from now on."""
        meta: dict[str, Any] = {"kind": detector.kind, **detector.to_json()}
        self.run.parameters = detector.module.parameter_count()
        self.run.save_model(detector.module.state_dict(), meta)


def _vectors(detector: TransformerPairModel) -> np.ndarray | None:
    vectors = detector.module.vectors
    return None if vectors is None else vectors.data
