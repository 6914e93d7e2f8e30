"""Folders of runs of every application, with untrained models."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from campaigns.fuzz.mutations.files import Files
from campaigns.fuzz.readers.arrays import npy_bytes
from pmt_apps.kit.run import Run
from pmt_apps.kit.settings import AppSettings, save_settings
from pmt_apps.language_model import main as lm
from pmt_apps.language_model import training as lm_training
from pmt_apps.language_model.settings import Settings as LmSettings
from pmt_apps.mnist import main as mnist
from pmt_apps.mnist import model as mnist_model
from pmt_apps.mnist.settings import Settings as MnistSettings
from pmt_apps.ner import main as ner
from pmt_apps.ner.data import build_encoder
from pmt_apps.ner.settings import Settings as NerSettings
from pmt_apps.ner.tagger import Tagger
from pmt_apps.pretraining import main as pretraining
from pmt_apps.pretraining import training as pretraining_training
from pmt_apps.pretraining.settings import Settings as PretrainingSettings
from pmt_apps.qqp import main as qqp
from pmt_apps.qqp.data.settings import Settings as QqpSettings
from pmt_apps.qqp.models.baselines import NgramPairModel
from pmt_apps.qqp.models.product import ProductPairModel
from pmt_apps.qqp.models.registry import make_pair_model
from pmt_apps.qqp.models.transformer import TransformerPairModel
from pmt_apps.translation import main as translation
from pmt_apps.translation import training as translation_training
from pmt_apps.translation.settings import Settings as TranslationSettings
from pmt_apps.word2vec import query as word2vec
from pmt_apps.word2vec.settings import Settings as Word2VecSettings
from pmt_text import (
    BytePairEncoding,
    CharacterTokenizer,
    QuestionPair,
    TaggedSentence,
    Tokenizer,
    learn_word_pieces,
)

_TINY: dict[str, Any] = {"width": 8, "heads": 2, "layers": 1, "hidden": 8, "workers": 1}
_TEXT = "the cat sat on the mat and the dog sat on the log. "

Model = tuple[Mapping[str, NDArray[Any]], Mapping[str, Any]]
"""Weights by name, and the JSON that belongs to them."""


@dataclass(frozen=True)
class App:
    """An application and an untrained model of it.

    Attributes:
        task: its name.
        settings: of the run.
        predict: answers lines.
        model: returns weights and metadata.
        lines: of standard input.
    """

    task: str
    settings: AppSettings
    predict: Callable[[Any, Any], None]
    model: Callable[[Any], Model]
    lines: str


def _qqp_model(settings: QqpSettings) -> Model:
    pairs = [
        QuestionPair("how do i swim ?", "what is the way to swim ?", 1),
        QuestionPair("who said no ?", "what is that ?", 0),
    ] * 3
    model = make_pair_model(settings, {"train": pairs})
    return model.module.state_dict(), model.model_meta()


def _qqp_product(settings: QqpSettings) -> Model:
    pairs = [QuestionPair("how do i swim ?", "what is the way to swim ?", 1)] * 3
    transformer = TransformerPairModel.for_pairs(settings, pairs)
    product = ProductPairModel(transformer, NgramPairModel.for_pairs(settings, pairs))
    return product.module.state_dict(), product.model_meta()


def _ner_model(settings: NerSettings) -> Model:
    words, tags = ("Ann", "Lee", "met", "Bob", "."), ("B-PER", "E-PER", "O", "S-PER", "O")
    sentences = [TaggedSentence(words, tags)] * 3
    tagger = Tagger.build(settings, build_encoder(settings, sentences, None), sentences, None)
    return tagger.model.state_dict(), tagger.to_json()


def _lm_model(settings: LmSettings) -> Model:
    tokenizer: CharacterTokenizer | BytePairEncoding = CharacterTokenizer(_TEXT)
    if settings.tokenizer == "bpe":
        tokenizer = BytePairEncoding.train([_TEXT] * 3, 10, specials=())
    model = lm_training.build_model(settings, len(tokenizer))
    return model.state_dict(), {"tokenizer": tokenizer.to_json()}


def _pretraining_model(settings: PretrainingSettings) -> Model:
    tokenizer = Tokenizer.word_piece(learn_word_pieces({"the": 9, "cat": 3, "mat": 2}, 40))
    model = pretraining_training.build_model(settings, len(tokenizer))
    return model.state_dict(), {"tokenizer": tokenizer.to_json()}


def _translation_model(settings: TranslationSettings) -> Model:
    tokenizer = BytePairEncoding.train([_TEXT] * 3, 10)
    model = translation_training.build_model(settings, len(tokenizer))
    return model.state_dict(), {"tokenizer": tokenizer.to_json()}


def _mnist_model(settings: MnistSettings) -> Model:
    return mnist_model.build_model(settings).state_dict(), {}


def _word2vec_model(settings: Word2VecSettings) -> Model:
    words = ["the", "cat", "sat", "größe"]
    vectors = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)
    return {"vectors": vectors}, {"words": words, "counts": [9, 5, 2, 1]}


_PAIR = "How do I swim?\tWhat is the way to swim?\nA?\tB\n"
_SENTENCE = "Ann Lee met Bob in Oslo.\nEve Dora\n"
_DIGIT = " ".join(["0"] * 784) + "\ndigit.npy\n"
APPS: dict[str, App] = {
    "run-qqp": App("qqp", QqpSettings(**_TINY), qqp.predict, _qqp_model, _PAIR),
    "run-qqp-tfidf": App(
        "qqp", QqpSettings(**_TINY, baseline="tfidf"), qqp.predict, _qqp_model, _PAIR
    ),
    "run-qqp-overlap": App(
        "qqp", QqpSettings(**_TINY, baseline="overlap"), qqp.predict, _qqp_model, _PAIR
    ),
    "run-qqp-product": App(
        "qqp", QqpSettings(**_TINY, ngrams=True), qqp.predict, _qqp_product, _PAIR
    ),
    "run-ner": App(
        "ner",
        NerSettings(**_TINY, word_width=4, filters=4),
        ner.predict,
        _ner_model,
        _SENTENCE,
    ),
    "run-lm": App("lm", LmSettings(**_TINY, max_length=8), lm.predict, _lm_model, "the\ncat\n"),
    "run-lm-bpe": App(
        "lm", LmSettings(**_TINY, max_length=8, tokenizer="bpe"), lm.predict, _lm_model, "the\n"
    ),
    "run-pretrain": App(
        "pretrain",
        PretrainingSettings(**_TINY, max_length=12),
        pretraining.predict,
        _pretraining_model,
        "the [MASK] cat\n[MASK] mat\n",
    ),
    "run-translation": App(
        "translation",
        TranslationSettings(**_TINY, beam=2),
        translation.predict,
        _translation_model,
        "the cat\nsat\n",
    ),
    "run-mnist": App(
        "mnist",
        MnistSettings(model="mlp", hidden=4, workers=1),
        mnist.predict,
        _mnist_model,
        _DIGIT,
    ),
    "run-mnist-cnn": App(
        "mnist",
        MnistSettings(model="cnn", channels=1, workers=1),
        mnist.predict,
        _mnist_model,
        _DIGIT,
    ),
    "run-word2vec": App(
        "word2vec", Word2VecSettings(workers=1), word2vec.predict, _word2vec_model, "the\nx\n"
    ),
}


def app_samples(app: App) -> Iterator[Files]:
    """Yield the files of a run of an application, with lines for standard input."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = dataclasses.replace(app.settings, out=folder)
        run = Run(settings, app.task, app.task)
        save_settings(run.folder.config, app.task, settings)
        arrays, meta = app.model(settings)
        run.save_model(arrays, meta)
        files = {path.name: path.read_bytes() for path in (run.folder.config, run.folder.model)}
    files["stdin.txt"] = app.lines.encode()
    if app.task == "mnist":
        files["digit.npy"] = npy_bytes(np.zeros((28, 28), np.uint8))
    yield files
