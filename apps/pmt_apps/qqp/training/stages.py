"""The stages of a run: pre-training, a first model, and students that learn from it."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pmt_apps.kit.run import Run
from pmt_apps.qqp.data.settings import Settings
from pmt_apps.qqp.data.splits import Splits, labels_of, texts_of
from pmt_apps.qqp.models.baselines import NgramPairModel
from pmt_apps.qqp.models.pair_model import PairModel, Texts
from pmt_apps.qqp.models.product import EncodedProduct, ProductPairModel
from pmt_apps.qqp.models.question_encoder import QuestionEncoder
from pmt_apps.qqp.models.registry import make_pair_model
from pmt_apps.qqp.models.transformer import TransformerPairModel
from pmt_apps.qqp.training.distillation import (
    FINAL_LR,
    SoftLabels,
    distillation_stage,
    near_pairs,
)
from pmt_apps.qqp.training.pretraining import (
    PretrainedWeights,
    pretraining_stage,
    read_pretraining_texts,
    vectors_stage,
)
from pmt_apps.qqp.training.stage import Stage, label_stage, train_baseline
from pmt_core import SettingsError
from pmt_text import EncodedPairs, PairEncoder, Tokenize, tokenize
from pmt_train import Workers

_ARCHIVE = ".npz"  # suffix of a --pretrain file that holds weights


class Stages:
    """Builds the stages of a run, one after the other; the caller trains each.

        stages = Stages(run, splits, Workers(2))
        for stage in stages:
            run.fit(stage.trainer, stage.batches, ...)
        stages.model  # the trained model

    A run without pre-training and without students has one stage: the labels. Otherwise:

    1. "vectors": word vectors from the duplicates.
    2. "pretrain": masked language modeling on the duplicates.
    3. "teacher", "teacher2": the labels, each teacher from the same pre-trained weights.
    4. "student1.soft_labels", "student1": a student with the teachers' first weights learns soft
       labels, also of mined pairs, and then the labels. The soft labels are the mean of the
       teachers; for each further student, the mean of all earlier students.

    The model is the mean of the students, or of the teachers if there are none; with --ngrams,
    the product of that and of logistic regression on n-grams.

    Each stage has a checkpoint of its own. A resumed run builds all its stages again; training
    those that are complete takes no time.

    Attributes:
        model: the model that the stages so far have trained.

    Raises:
        SettingsError: if the settings of the stages contradict each other.
    """

    def __init__(
        self, run: Run[Settings], splits: Splits, workers: Workers, tokenize: Tokenize = tokenize
    ) -> None:
        settings = run.settings
        if settings.has_stages and settings.students and not settings.vectors_epochs:
            raise SettingsError(
                "students learn from pairs that word vectors find: --students needs "
                "--vectors-epochs of 1 or more"
            )
        if settings.has_stages and settings.extra_epochs:
            raise SettingsError("--extra-epochs belongs to --preset plain; the others mine pairs")
        self.run, self.settings = run, settings
        self.splits, self.workers, self.tokenize = splits, workers, tokenize
        self.known = [*splits["train"], *splits.get("extra", [])]
        self.model: PairModel[Any]

    def __iter__(self) -> Iterator[Stage]:
        if self.settings.has_stages:
            yield from self._stages()
            return
        with self.run.model_limit(None):
            self.model = make_pair_model(self.settings, self.splits, self.tokenize)
        self.run.say(f"{self.model.size()}\n")
        yield self._only_stage()

    def _only_stage(self) -> Stage:
        """Return the stage that trains on "extra", if asked for, and then on "train"."""
        settings = self.settings
        names = {"train": settings.epochs}
        if settings.extra is not None and settings.extra_epochs:
            first, rest = settings.extra_epochs, settings.epochs - settings.extra_epochs
            if rest < 1:
                raise SettingsError(
                    f"--extra-epochs {first} are the first of --epochs {settings.epochs}, and "
                    "training ends on real labels: give more --epochs"
                )
            names = {"extra": first, "train": rest}
            # The first epochs improve dev little: patience begins after them.
            settings = replace(settings, patience=settings.patience + first)
        train = [(name, self._encode(self.model, name), epochs) for name, epochs in names.items()]
        dev = self._encode(self.model, "dev")
        return label_stage(self.model, train, dev, settings, self.workers)

    def _stages(self) -> Iterator[Stage]:
        settings, run = self.settings, self.run
        saved, texts = self._pretraining_input()
        pairs = saved.encoder if saved else self._learn_encoder()
        plain = encoder = QuestionEncoder(pairs, self.tokenize)
        duplicates = plain.encode(texts_of([pair for pair in self.known if pair.label == 1]))
        if settings.vectors_epochs and len(duplicates):
            run.say("\nword vectors from paraphrases")
            with run.model_limit("vectors"):
                stage = vectors_stage(duplicates, len(encoder.vocabulary), settings, self.workers)
            yield stage
            encoder = plain.with_vectors(stage.trainer.model.words.weight.data.copy())
        with run.model_limit("teacher", "pretrain"):
            teacher = TransformerPairModel.build(settings, encoder, "teacher")
        if saved is not None:
            saved.load_into(teacher)
        elif settings.pretrain_epochs and len(duplicates) + len(texts):
            masked = EncodedPairs.joined([duplicates, plain.encode(texts)])
            run.say(f"\nmasked words of {len(masked):,} pairs")
            yield pretraining_stage(teacher, masked, settings, self.workers)
            weights = {n: array.copy() for n, array in teacher.classifier.state_dict().items()}
            saved = PretrainedWeights(pairs, weights)
        encoded = {n: self._encode(teacher, n) for n in self.splits if n != "test"}
        run.say(f"\n{teacher.size()}")
        members = yield from self._teachers(teacher, saved, encoded)
        if settings.students:
            members = yield from self._students(members, saved, encoded)
        transformer = ensemble(members)
        if len(members) > 1:
            self._save(transformer)
        if settings.ngrams:
            self._save(self._beside_ngrams(transformer, encoded["dev"]))

    def _new_model(
        self, name: str, encoder: QuestionEncoder, pretrained: PretrainedWeights | None
    ) -> TransformerPairModel:
        """Return an untrained teacher or student with the pre-trained weights."""
        with self.run.model_limit(name, f"{name}.soft_labels", "teacher"):
            model = TransformerPairModel.build(self.settings, encoder, name)
        if pretrained is not None:
            pretrained.load_into(model)
        return model

    def _learn_encoder(self) -> PairEncoder:
        settings = self.settings
        sizes = {"min_count": settings.min_count, "max_length": settings.max_length}
        return QuestionEncoder.learn(self.known, self.tokenize, **sizes).pairs

    def _pretraining_input(self) -> tuple[PretrainedWeights | None, Texts]:
        """Read the file of --pretrain: weights of an earlier run, or texts."""
        path = self.settings.pretrain
        if path is None:
            return None, []
        if path.suffix == _ARCHIVE:
            saved = PretrainedWeights.load(path)
            self.run.log_file("pretrain", path, len(saved.weights))
            return saved, []
        if not self.settings.pretrain_epochs:
            raise SettingsError("--pretrain with a text needs --pretrain-epochs of 1 or more")
        return None, read_pretraining_texts(path, self.run)

    def _encode(self, model: PairModel[Any], name: str) -> Any:
        """Return a split as the model reads it, with labels."""
        return model.encode(texts_of(self.splits[name]), labels_of(self.splits[name]))

    def _labels(
        self,
        model: TransformerPairModel,
        encoded: Mapping[str, EncodedPairs],
        name: str,
        lr: float,
        epochs: int,
    ) -> Iterator[Stage]:
        self.run.say(f"\n{name}: labeled pairs")
        train, settings = [(name, encoded["train"], epochs)], replace(self.settings, lr=lr)
        yield label_stage(model, train, encoded["dev"], settings, self.workers, name=name)
        self._save(model)

    def _teachers(
        self,
        first: TransformerPairModel,
        pretrained: PretrainedWeights | None,
        encoded: Mapping[str, EncodedPairs],
    ) -> Generator[Stage, None, list[TransformerPairModel]]:
        """Yield the stages of the teachers; return the teachers, of which `first` is given."""
        teachers = [first]
        for n in range(2, self.settings.teachers + 1):
            teachers.append(self._new_model(f"teacher{n}", first.encoder, pretrained))
        for n, teacher in enumerate(teachers, start=1):
            name = "teacher" if n == 1 else f"teacher{n}"
            yield from self._labels(teacher, encoded, name, self.settings.lr, self.settings.epochs)
        return teachers

    def _students(
        self,
        teachers: Sequence[TransformerPairModel],
        pretrained: PretrainedWeights | None,
        encoded: Mapping[str, EncodedPairs],
    ) -> Generator[Stage, None, list[TransformerPairModel]]:
        """Yield the stages of the students; return the students."""
        settings, run, teacher = self.settings, self.run, teachers[0]
        mined = teacher.encode(near_pairs(teacher, self.known, settings))
        run.say(f"\n{len(mined):,} near pairs found")
        soft = SoftLabels(encoded["train"], encoded.get("extra"), mined, self.workers)
        soft.set_teachers(teachers)
        students: list[TransformerPairModel] = []
        for n in range(1, settings.students + 1):
            name = f"student{n}"
            student = self._new_model(name, teacher.encoder, pretrained)
            run.say(
                f"\nstudent {n} of {settings.students}: soft labels of {len(soft.pairs):,} pairs"
            )
            targets = soft.targets()
            yield distillation_stage(student, soft.pairs, targets, name, settings, self.workers)
            # One epoch less: after the soft labels, dev is best after an epoch or two.
            epochs = max(settings.epochs - 1, 1)
            yield from self._labels(student, encoded, name, FINAL_LR * settings.lr, epochs)
            students.append(student)
            if n < settings.students:
                soft.set_teachers(students) if n == 1 else soft.add_teacher(student)
        return students

    def _beside_ngrams(
        self, transformer: TransformerPairModel, dev: EncodedPairs
    ) -> ProductPairModel:
        """Train logistic regression on n-grams; return its product with the Transformer."""
        train, texts = self.splits["train"], texts_of(self.splits["dev"])
        self.run.say(f"\nn-grams of {len(train):,} labeled pairs")
        ngrams = NgramPairModel.for_pairs(self.settings, train, self.tokenize)
        train_baseline(ngrams, train, self.settings, self.workers)
        model = ProductPairModel(transformer, ngrams)
        model.choose_part_weights(EncodedProduct(dev, ngrams.encode(texts)), self.workers)
        self.run.say(model.part_weights_text())
        return model

    def _save(self, model: PairModel[Any]) -> None:
        """Make it the model of the run."""
        self.model = model
        self.run.parameters = model.module.parameter_count()
        self.run.save_model(model.module.state_dict(), model.model_meta())


def ensemble(models: Sequence[TransformerPairModel]) -> TransformerPairModel:
    """Return a model that averages the probabilities of models with the same encoder."""
    return TransformerPairModel(models[0].encoder, [model.classifier for model in models])
