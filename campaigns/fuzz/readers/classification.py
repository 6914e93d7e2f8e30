"""Labeled texts, and runs of the models that classify texts or are tuned from an encoder."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tiny_encoder import write_tiny_encoder

from campaigns.fuzz.mutations.files import Files
from campaigns.fuzz.readers.reader import Reader
from campaigns.fuzz.readers.run_samples import APPS, App, Model, app_samples
from campaigns.fuzz.readers.texts import hostile_texts, texts
from pmt_apps import NamedEntityTagger, TextClassifier, TextPairClassifier
from pmt_apps.classification import main as classify
from pmt_apps.classification.data import read_splits
from pmt_apps.classification.labels import LabelSet
from pmt_apps.classification.predictor import model_meta
from pmt_apps.classification.settings import Settings
from pmt_apps.classification.training import text_model
from pmt_apps.encoder.encoder import Encoder
from pmt_apps.kit.run import Run
from pmt_apps.ner import main as ner
from pmt_apps.ner.data import build_encoder
from pmt_apps.ner.ensemble import EnsembleTagger
from pmt_apps.ner.fine_tuned_tagger import FineTunedTagger
from pmt_apps.ner.settings import Settings as NerSettings
from pmt_apps.ner.tagger import Tagger
from pmt_apps.qqp import main as qqp
from pmt_apps.qqp.data.settings import Settings as QqpSettings
from pmt_apps.qqp.models.registry import make_pair_model
from pmt_text import LabelOptions, QuestionPair, TaggedSentence, load_labeled_texts

_TEXTS = (("a good film", "good"), ("bad, and long", "bad"), ("what is a film?", "other")) * 3
_TINY: dict[str, Any] = {"width": 8, "heads": 2, "layers": 1, "hidden": 8, "workers": 1}


def _classifier(settings: Settings) -> Model:
    labels = LabelSet(("bad", "good", "other"), several=False)
    with tempfile.TemporaryDirectory() as folder:
        if settings.encoder is not None:
            settings = dataclasses.replace(settings, encoder=write_tiny_encoder(Path(folder)))
        model = text_model(settings.kind).build(settings, [text for text, _ in _TEXTS], labels)
    return model.network.state_dict(), model_meta(model)


def _tagger(settings: NerSettings) -> Model:
    with tempfile.TemporaryDirectory() as folder:
        encoder = Encoder.load(write_tiny_encoder(Path(folder)))
    tagger = FineTunedTagger(build_encoder(settings, _SENTENCES, None), encoder, settings)
    return tagger.model.state_dict(), tagger.to_json()


def _ensemble(settings: NerSettings) -> Model:
    words = build_encoder(settings, _SENTENCES, None)
    tagger = EnsembleTagger(
        [Tagger.build(settings, words, _SENTENCES, None) for _ in range(settings.members)]
    )
    return tagger.model.state_dict(), tagger.to_json()


def _pair_model(settings: QqpSettings) -> Model:
    with tempfile.TemporaryDirectory() as folder:
        if settings.encoder is not None:
            settings = dataclasses.replace(settings, encoder=write_tiny_encoder(Path(folder)))
        model = make_pair_model(settings, {"train": [QuestionPair(*_PAIR, label=1)] * 3})
    return model.module.state_dict(), {**model.model_meta(), "classes": ["no", "yes"]}


_SENTENCES = [
    TaggedSentence(("Ann", "Lee", "met", "Bob", "."), ("B-PER", "E-PER", "O", "S-PER", "O"))
] * 3
_PAIR = ("how do i swim?", "what is a film?")
_LINES = "a good film\nbad, and long\n\n"
_SCRATCH = Settings(**_TINY, max_ngrams=100)
_FOLDER = Path("encoder")
_TFIDF_PAIRS = App(
    "qqp", QqpSettings(**_TINY, baseline="tfidf"), qqp.predict, _pair_model, "\t".join(_PAIR)
)
TUNED_APPS: dict[str, App] = {
    "run-classify": App("classify", _SCRATCH, classify.predict, _classifier, _LINES),
    "run-classify-tfidf": App(
        "classify",
        Settings(**_TINY, model="tfidf", max_ngrams=100),
        classify.predict,
        _classifier,
        _LINES,
    ),
    "run-classify-encoder": App(
        "classify", Settings(**_TINY, encoder=_FOLDER), classify.predict, _classifier, _LINES
    ),
    "run-classify-encoder-ngrams": App(
        "classify",
        Settings(**_TINY, encoder=_FOLDER, encoder_ngrams=True, max_ngrams=100),
        classify.predict,
        _classifier,
        _LINES,
    ),
    "run-ner-encoder": App(
        "ner",
        NerSettings(**_TINY, word_width=4, filters=4, encoder=_FOLDER, fine_tunes=True),
        ner.predict,
        _tagger,
        "Ann Lee met Bob.\n",
    ),
    "run-ner-members": App(
        "ner",
        NerSettings(**_TINY, word_width=4, filters=4, members=2),
        ner.predict,
        _ensemble,
        "Ann Lee met Bob.\n",
    ),
    "run-qqp-encoder": App(
        "qqp",
        QqpSettings(**_TINY, encoder=_FOLDER),
        qqp.predict,
        _pair_model,
        "\t".join(_PAIR) + "\n",
    ),
}
"""Runs of models that are read by `campaigns.fuzz.readers.runs`, by the name of the reader."""

TUNED_LOADERS = {
    "classify": [
        "pmt_apps.classification.labels.LabelSet.from_json",
        "pmt_apps.classification.text_model.TextModel.from_json",
        "pmt_apps.classification.ngrams.NgramTfIdf.from_json",
        "pmt_apps.classification.ngram_models.TfIdfModel.from_json",
        "pmt_apps.classification.ngram_models.ScratchModel.from_json",
        "pmt_apps.classification.encoder_model.EncoderModel.from_json",
        "pmt_apps.encoder.fine_tuning.encoder_from_json",
    ],
    "ner": [
        "pmt_apps.ner.fine_tuned_tagger.FineTunedTagger.from_json",
        "pmt_apps.ner.ensemble.EnsembleTagger.from_json",
        "pmt_apps.ner.ensemble.load_tagger",
    ],
    "qqp": ["pmt_apps.qqp.models.cross_encoder.CrossEncoderPairModel.from_json"],
}
"""The functions that read the model of a run, by its task."""


def _estimate(folder: Path) -> None:
    TextClassifier.load(folder).predict(["a good film", ""])


def _estimate_pairs(folder: Path) -> None:
    TextPairClassifier.load(folder).predict([_PAIR, ("", "")])


def _estimate_tags(folder: Path) -> None:
    NamedEntityTagger.load(folder).predict([["Ann", "met", "Bob"], []])


def _labeled_samples() -> Iterator[Files]:
    quoted = "\n".join(f'"{text}",{label}' for text, label in _TEXTS)
    yield from texts(
        "sentence\tlabel\n" + "\n".join(f"{text}\t{label}" for text, label in _TEXTS),
        "text,label\n" + quoted + "\n",
        "\n".join(json.dumps({"text": text, "label": label}) for text, label in _TEXTS),
        "\n".join(f"{label.upper()}:sub {text}" for text, label in _TEXTS),
    )


def _read_labeled(folder: Path) -> None:
    file = load_labeled_texts(folder / "a.txt")
    file.warnings()
    load_labeled_texts(folder / "a.txt", options=LabelOptions(separator=","), encoding="latin-1")


def _read_splits(folder: Path) -> None:
    path = folder / "a.txt"
    settings = Settings(train=path, dev=path)
    splits = read_splits(settings, Run(settings, "fuzz", "fuzz"))
    for rows in splits.scored.values():
        splits.labels.encode([row.labels for row in rows])


CLASSIFICATION_READERS: Sequence[Reader] = (
    Reader(
        "labeled-texts",
        _read_labeled,
        _labeled_samples,
        ["pmt_text.load_labeled_texts"],
        hostile_texts("a.txt"),
    ),
    Reader(
        "data-classify",
        _read_splits,
        _labeled_samples,
        ["pmt_apps.classification.data.read_splits"],
        hostile_texts("a.txt"),
    ),
    Reader(
        "text-classifier",
        _estimate,
        lambda: app_samples(TUNED_APPS["run-classify"]),
        ["pmt_apps.estimators.text_classifier.TextClassifier.load"],
        computes=True,
    ),
    Reader(
        "text-pair-classifier",
        _estimate_pairs,
        lambda: app_samples(_TFIDF_PAIRS),
        ["pmt_apps.estimators.text_pair_classifier.TextPairClassifier.load"],
        computes=True,
    ),
    Reader(
        "named-entity-tagger",
        _estimate_tags,
        lambda: app_samples(APPS["run-ner"]),
        ["pmt_apps.estimators.named_entity_tagger.NamedEntityTagger.load"],
        computes=True,
    ),
)
