"""Training of a `TextModel`: its stages, optimizer, schedule, early stopping, scores of dev."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pmt_apps.classification.encoded_texts import EncodedTexts, TextBatch
from pmt_apps.classification.encoder_model import EncoderModel
from pmt_apps.classification.labels import LabelSet
from pmt_apps.classification.models import TextNetwork
from pmt_apps.classification.ngram_models import ScratchModel, TfIdfModel
from pmt_apps.classification.product_model import ProductModel
from pmt_apps.classification.scores import score_logits
from pmt_apps.classification.settings import Settings
from pmt_apps.classification.text_model import TextModel
from pmt_apps.encoder.fine_tuning import layer_groups
from pmt_core import DataError, RandomStream, value_text
from pmt_text import BucketBatches, LabeledText
from pmt_train import (
    SGD,
    AdamW,
    Callbacks,
    EarlyStopping,
    FitOptions,
    OptimizerMaker,
    ParameterGroup,
    ProcessGroup,
    Trainer,
    Workers,
    linear_schedule,
    progress_bar,
    warmup,
)

MODELS: dict[str, type[TextModel]] = {
    model.kind: model for model in (TfIdfModel, ScratchModel, EncoderModel)
}

Texts = Sequence[LabeledText]

LINEAR = "tfidf"
"""Name of the stage that trains the linear part of a `ProductModel`, which is tf-idf."""

_LEAST_BATCH, _LEAST_STEPS = 8, 32  # of an epoch
_AVERAGED = 8  # the average of the weights covers at most an eighth of the steps


def text_model(kind: str) -> type[TextModel]:
    """Return the class of a kind of model. Raises DataError for one that is not known."""
    if kind not in MODELS:
        raise DataError(
            f"expected a model of the kinds {', '.join(MODELS)}, got {value_text(kind)}"
        )
    return MODELS[kind]


@dataclass(frozen=True, slots=True, eq=False)
class Training:
    """A model that is ready to be trained.

    Attributes:
        model: its labels and network.
        trainer, batches, options: what `TrainingLoop` needs.
        stage: name of a part of the training of another model; None: that model itself.
    """

    model: TextModel
    trainer: Trainer[TextNetwork, TextBatch]
    batches: BucketBatches[TextBatch]
    options: FitOptions
    stage: str | None = None

    def run(self, description: str) -> None:
        """Train without a line per epoch. description: of the progress bar."""
        if self.stage is not None:
            description = f"{description} {self.stage}"
        total = len(self.batches) * self.options.epochs
        with progress_bar(total, description, "step") as bar:
            callbacks: Callbacks = {"step": lambda _: bar.update(1)}
            options = replace(self.options, quiet=True, callbacks=callbacks)
            self.trainer.fit(self.batches, options)


def trainings(
    model: TextModel,
    settings: Settings,
    train: Texts,
    dev: Texts | None,
    workers: Workers,
    process_group: ProcessGroup | None = None,
) -> Iterator[Training]:
    """Iterate over the trainings of a model, of which each is to be run before the next.

    That of a `ProductModel` begins with the stage `LINEAR`: a model of tf-idf of its own n-grams,
    trained as `--model tfidf` is. It becomes the linear part, and is the baseline as well.
    Arguments: see `prepare`.
    """
    grams = model.network.grams if isinstance(model, ProductModel) else None
    if isinstance(model, ProductModel) and model.ngrams is not None and grams is not None:
        linear = settings.of_tfidf()
        tfidf = TfIdfModel(linear, model.labels, model.ngrams)
        first = prepare(tfidf, linear, train, dev, workers, process_group)
        yield replace(first, stage=LINEAR)
        grams.load_state_dict(tfidf.network.state_dict())
        grams.freeze()
    yield prepare(model, settings, train, dev, workers, process_group)


def prepare(
    model: TextModel,
    settings: Settings,
    train: Texts,
    dev: Texts | None,
    workers: Workers,
    process_group: ProcessGroup | None = None,
) -> Training:
    """Return the training of a model on `train` that keeps the best weights on `dev`.

    Without dev it is trained for all epochs, and the last weights are kept. process_group: see
    `Trainer`. A model with several parts needs all of its `trainings`.
    """
    encoded = encoded_texts(model, train)
    model.label_smoothing = settings.label_smoothing
    if settings.class_weights == "balanced" and encoded.labels is not None:
        model.class_weights = model.labels.balanced_weights(encoded.labels)
    batches = BucketBatches(
        encoded.lengths,
        small_batch(settings.batch_size, len(encoded)),
        encoded.batch,
        RandomStream(settings.seed, "order"),
    )
    steps = max(-(-len(batches) // settings.accumulate) * settings.epochs, 1)
    trainer = Trainer(
        model.network,
        model.loss,
        optimizer=_optimizer(model, settings, len(encoded)),
        schedule=warmup(linear_schedule(settings.lr, steps), _warmup_steps(settings, steps)),
        seed=settings.seed,
        workers=workers,
        clip=None if settings.kind == "tfidf" else 1.0,
        accumulate=settings.accumulate,
        average=average_decay(settings.average, steps) or None,
        process_group=process_group,
    )
    options = FitOptions(settings.epochs)
    if dev is not None:
        options = FitOptions(
            settings.epochs,
            evaluate=_evaluation(model, encoded_texts(model, dev), workers),
            monitor=monitored(model.labels),
            early_stopping=EarlyStopping(patience=settings.patience),
        )
    return Training(model, trainer, batches, options)


def encoded_texts(model: TextModel, texts: Texts) -> EncodedTexts:
    """Return texts with their labels as the network reads them."""
    encoded = model.encode([text.text for text in texts])
    return encoded.with_labels(model.labels.encode([text.labels for text in texts]))


def monitored(labels: LabelSet) -> str:
    """Return the metric that decides which weights are the best."""
    return "micro_f1" if labels.several else "accuracy"


def _evaluation(
    model: TextModel, dev: EncodedTexts, workers: Workers
) -> Callable[[], dict[str, float]]:
    def evaluate() -> dict[str, float]:
        logits = model.choose_by_dev(dev, workers)
        return score_logits(model.labels, logits, np.asarray(dev.labels))

    return evaluate


def small_batch(size: int, n: int) -> int:
    """Return the examples of a step: at most `size`, few of n examples if n is small."""
    return min(size, max(_LEAST_BATCH, n // _LEAST_STEPS))


def average_decay(decay: float, steps: int) -> float:
    """Return the decay of the average of the weights: less than `decay` if there are few steps."""
    return min(decay, 1 - _AVERAGED / max(steps, 2 * _AVERAGED))


def _warmup_steps(settings: Settings, steps: int) -> int:
    return 0 if settings.kind == "tfidf" else round(settings.warmup * steps)


def _optimizer(model: TextModel, settings: Settings, n: int) -> OptimizerMaker:
    """Return the optimizer: SGD for the convex problem of tf-idf, AdamW for networks.

    The penalty |w|^2 / (2 C) beside the sum of n losses decays w by 1 / (C n) for the mean loss.
    """
    if settings.kind == "tfidf":
        return functools.partial(SGD, weight_decay=1 / (settings.c * n))
    groups: list[ParameterGroup] = []
    if isinstance(model, EncoderModel):
        groups = layer_groups(model.encoder.model, "encoder.", settings.layer_decay)
    return functools.partial(AdamW, weight_decay=settings.weight_decay, groups=groups)
