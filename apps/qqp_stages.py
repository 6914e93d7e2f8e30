"""The way from files to a detector: pre-training, a first model, and those that learn from it."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from pmt_core import RandomStream, SettingsError
from pmt_text import EncodedPairs, LengthBatches
from pmt_train import AdamW, EarlyStopping, Run, Trainer, Workers
from qqp_data import Splits, labels_of, texts_of
from qqp_pretraining import (
    SAVED,
    Pretrained,
    learn_vectors,
    pretrain,
    read_pretraining_texts,
    schedule,
    stage_seed,
    start_from,
)
from qqp_scores import scores
from qqp_settings import Settings
from qqp_students import final_lr, learn_opinions, near_pairs, new_student, opinions
from qqp_transformer import TransformerDetector, learn_encoder


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

    def train(self) -> TransformerDetector:
        """All stages; the detector that is left in the end, as model.npz holds it."""
        teacher, pretrained = self._beginner()
        encoded = {name: self._encode(teacher, name) for name in self.splits if name != "test"}
        self.run.say(f"\n{teacher.size()}")
        self._learn_labels(teacher, encoded, "teacher", self.settings.lr, self.settings.epochs)
        if not self.settings.students:
            return teacher
        return self._students(teacher, pretrained, encoded)

    def _beginner(self) -> tuple[TransformerDetector, Pretrained | None]:
        """The first model before it has seen a label."""
        settings, run = self.settings, self.run
        saved: Pretrained | None = None
        texts: list[tuple[str, str]] = []
        if settings.pretrain is not None and settings.pretrain.suffix == SAVED:
            saved = Pretrained.load(settings.pretrain)
            run.data("pretrain", settings.pretrain, len(saved.weights))
        elif settings.pretrain is not None:
            texts = list(read_pretraining_texts(settings.pretrain, run))
        encoder = saved.encoder if saved else learn_encoder(settings, self.known)
        alike = texts_of([pair for pair in self.known if pair.label == 1])
        vectors = None
        plain = TransformerDetector(settings, encoder, stage="teacher")
        duplicates = plain.encode(alike) if settings.vectors_epochs or not saved else None
        if settings.vectors_epochs and duplicates is not None and len(duplicates):
            vectors = learn_vectors(encoder, duplicates, settings, run, self.workers)
        detector = TransformerDetector(settings, encoder, vectors, stage="teacher")
        if saved is None and settings.pretrain_epochs and duplicates is not None:
            pairs = EncodedPairs.joined([duplicates, plain.encode(texts)]) if texts else duplicates
            saved = pretrain(detector, pairs, settings, run, self.workers) if len(pairs) else None
        elif saved is not None:
            start_from(detector, saved)
        return detector, saved

    def _encode(self, detector: TransformerDetector, name: str) -> EncodedPairs:
        pairs = self.splits[name]
        return detector.encode(texts_of(pairs), labels_of(pairs))

    def _learn_labels(
        self,
        detector: TransformerDetector,
        encoded: dict[str, EncodedPairs],
        stage: str,
        lr: float,
        epochs: int,
    ) -> None:
        """Train on "train"; keep what is best on "dev"."""
        settings, run = self.settings, self.run
        train, dev = encoded["train"], encoded["dev"]
        batches = LengthBatches(
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
        run.say(f"\n{stage}: labelled pairs")
        run.fit(
            trainer,
            batches,
            evaluate=lambda: scores(detector.probabilities(dev, self.workers), labels),
            early_stopping=EarlyStopping(patience=settings.patience),
            stage=stage,
            epochs=epochs,
        )
        self._save(detector)

    def _students(
        self,
        teacher: TransformerDetector,
        pretrained: Pretrained | None,
        encoded: dict[str, EncodedPairs],
    ) -> TransformerDetector:
        settings, run = self.settings, self.run
        mined = teacher.encode(near_pairs(teacher, self.known, settings))
        run.say(f"\n{len(mined):,} near pairs found")
        students: list[TransformerDetector] = []
        for n in range(1, settings.students + 1):
            teachers = self._together(students) if students else teacher
            pairs, wanted = opinions(
                teachers, encoded["train"], encoded.get("extra"), mined, self.workers
            )
            student = new_student(teacher, pretrained, f"student{n}", settings)
            run.say(f"\nstudent {n} of {settings.students}: opinions on {len(pairs):,} pairs")
            stage = f"student{n}.opinions"
            learn_opinions(student, pairs, wanted, stage, settings, run, self.workers)
            # it knows much already, and its loss on dev is lowest after an epoch or two
            epochs = max(settings.epochs - 1, 1)
            self._learn_labels(student, encoded, f"student{n}", final_lr(settings), epochs)
            students.append(student)
        together = self._together(students)
        self._save(together)
        return together

    def _together(self, students: list[TransformerDetector]) -> TransformerDetector:
        """One detector of several: its answer is the mean of theirs."""
        first = students[0]
        together = TransformerDetector(
            self.settings, first.encoder, _vectors(first), members=len(students)
        )
        together.module.members = [student.reader for student in students]
        return together

    def _save(self, detector: TransformerDetector) -> None:
        """The model to use from now on."""
        meta: dict[str, Any] = {"kind": detector.kind, **detector.to_json()}
        self.run.parameters = detector.module.parameter_count()
        self.run.save_model(detector.module.state_dict(), meta)


def _vectors(detector: TransformerDetector) -> np.ndarray | None:
    vectors = detector.module.vectors
    return None if vectors is None else vectors.data
