"""Folders of runs: `--predict` on damaged settings, weights, vocabularies and input lines."""

from __future__ import annotations

import dataclasses
import functools
import io
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from campaigns.fuzz.mutations.files import Files
from campaigns.fuzz.readers.arrays import archive_bytes, npy_bytes
from campaigns.fuzz.readers.reader import Reader, json_file
from pmt_apps.kit.command_line import parse_settings
from pmt_apps.kit.run import Run
from pmt_apps.kit.run_folder import RunFolder
from pmt_apps.kit.settings import AppSettings, save_settings
from pmt_apps.language_model import main as lm
from pmt_apps.language_model import training as lm_training
from pmt_apps.language_model.settings import Settings as LmSettings
from pmt_apps.mnist import main as mnist
from pmt_apps.mnist import model as mnist_model
from pmt_apps.mnist.settings import Settings as MnistSettings
from pmt_apps.ner import main as ner
from pmt_apps.ner.data import build_encoder
from pmt_apps.ner.pretraining import PretrainedWeights as PretrainedTagger
from pmt_apps.ner.settings import Settings as NerSettings
from pmt_apps.ner.tagger import Tagger
from pmt_apps.qqp import main as qqp
from pmt_apps.qqp.data.settings import Settings as QqpSettings
from pmt_apps.qqp.models.registry import load_pair_model, make_pair_model
from pmt_apps.qqp.training.pretraining import PretrainedWeights as PretrainedReader
from pmt_apps.translation import main as translation
from pmt_apps.translation import training as translation_training
from pmt_apps.translation.settings import Settings as TranslationSettings
from pmt_apps.word2vec import query as word2vec
from pmt_apps.word2vec.settings import Settings as Word2VecSettings
from pmt_text import BytePairEncoding, CharacterTokenizer, QuestionPair, TaggedSentence

_TINY: dict[str, Any] = {"width": 8, "heads": 2, "layers": 1, "hidden": 8, "workers": 1}
_TEXT = "the cat sat on the mat and the dog sat on the log. "

Model = tuple[Mapping[str, NDArray[Any]], Mapping[str, Any]]
"""Weights by name, and the JSON that belongs to them."""


@dataclass(frozen=True)
class _App:
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
_APPS: dict[str, _App] = {
    "run-qqp": _App("qqp", QqpSettings(**_TINY), qqp.predict, _qqp_model, _PAIR),
    "run-qqp-tfidf": _App(
        "qqp", QqpSettings(**_TINY, baseline="tfidf"), qqp.predict, _qqp_model, _PAIR
    ),
    "run-qqp-overlap": _App(
        "qqp", QqpSettings(**_TINY, baseline="overlap"), qqp.predict, _qqp_model, _PAIR
    ),
    "run-ner": _App(
        "ner",
        NerSettings(**_TINY, word_width=4, filters=4),
        ner.predict,
        _ner_model,
        _SENTENCE,
    ),
    "run-lm": _App("lm", LmSettings(**_TINY, max_length=8), lm.predict, _lm_model, "the\ncat\n"),
    "run-lm-bpe": _App(
        "lm", LmSettings(**_TINY, max_length=8, tokenizer="bpe"), lm.predict, _lm_model, "the\n"
    ),
    "run-translation": _App(
        "translation",
        TranslationSettings(**_TINY, beam=2),
        translation.predict,
        _translation_model,
        "the cat\nsat\n",
    ),
    "run-mnist": _App(
        "mnist",
        MnistSettings(model="mlp", hidden=4, workers=1),
        mnist.predict,
        _mnist_model,
        _DIGIT,
    ),
    "run-mnist-cnn": _App(
        "mnist",
        MnistSettings(model="cnn", channels=1, workers=1),
        mnist.predict,
        _mnist_model,
        _DIGIT,
    ),
    "run-word2vec": _App(
        "word2vec", Word2VecSettings(workers=1), word2vec.predict, _word2vec_model, "the\nx\n"
    ),
}


def _samples(app: _App) -> Iterator[Files]:
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


def _predict(app: _App, folder: Path) -> None:
    """Do what `--predict` does, without the conversion of errors to exit codes."""
    lines = (folder / "stdin.txt").read_bytes()
    lines = lines.replace(b"digit.npy", str(folder / "digit.npy").encode())
    streams = {"stdin": lines, "stdout": b""}
    options = ["--predict", "--out", str(folder), "--workers", "1"]
    if app.task == "lm":
        options += ["--tokens", "3"]
    fakes: dict[str, Any] = {
        name: io.TextIOWrapper(io.BytesIO(data)) for name, data in streams.items()
    }
    with mock.patch.multiple(sys, **fakes):
        settings = parse_settings(type(app.settings), options, task=app.task)
        app.predict(settings, Run(settings, app.task, app.task))
    for line in fakes["stdout"].buffer.getvalue().splitlines():
        json.loads(line, parse_constant=_refuse_constant)


def _refuse_constant(text: str) -> float:
    raise ValueError(f"an answer has the number {text}, which JSON does not have")


_LOADERS = {
    "qqp": [
        "pmt_apps.qqp.models.registry.load_pair_model",
        "pmt_apps.qqp.models.transformer.TransformerPairModel.from_json",
        "pmt_apps.qqp.models.baselines.TfIdfPairModel.from_json",
        "pmt_apps.qqp.models.baselines.OverlapPairModel.from_json",
    ],
    "ner": ["pmt_apps.ner.tagger.Tagger.from_json"],
    "lm": [
        "pmt_apps.language_model.main.load",
        "pmt_apps.language_model.data.tokenizer_from_json",
    ],
}
_KIT = [
    "pmt_apps.kit.settings.load_settings",
    "pmt_apps.kit.command_line.parse_settings",
    "pmt_apps.kit.options.OptionType.parse",
    "pmt_apps.kit.options.OptionType.from_json",
    "pmt_apps.kit.run.Run.load_model",
    "pmt_apps.kit.saved_model.load_weights",
    "pmt_apps.kit.predict_jsonl.predict_jsonl",
    "pmt_apps.kit.predict_jsonl.predict_line_by_line",
]


def _predicting(name: str, app: _App) -> Reader:
    read = functools.partial(_predict, app)
    covers = _KIT + _LOADERS.get(app.task, [])
    return Reader(name, read, functools.partial(_samples, app), covers, computes=True)


def _pretrained(app: _App, prefix: str) -> Iterator[Files]:
    """Yield the pretrain.npz of an app. prefix: of the names of its weights."""
    weights, meta = app.model(app.settings)
    names = {name.removeprefix("members.0."): array for name, array in weights.items()}
    arrays = {f"{prefix}{name}": array for name, array in names.items()}
    yield {"a.npz": archive_bytes(".npz", arrays, {"task": app.task, "model": dict(meta)})}


def _load_tagger(folder: Path) -> None:
    app = _APPS["run-ner"]
    pretrained = PretrainedTagger.load(folder / "a.npz")
    len(pretrained.words)
    settings: Any = app.settings
    _, meta = app.model(settings)
    pretrained.load_into(Tagger.from_json(settings, meta))


def _load_reader(folder: Path) -> None:
    app = _APPS["run-qqp"]
    settings: Any = app.settings
    weights, meta = app.model(settings)
    model: Any = load_pair_model(settings, weights, meta)
    PretrainedReader.load(folder / "a.npz").load_into(model)


def _metrics_samples() -> Iterator[Files]:
    metrics = {"task": "qqp", "pictures": ["a.png", "b.png"], "dev": {"accuracy": 0.5}}
    yield {
        "metrics.json": json_file(metrics),
        "config.json": json_file({"task": "qqp", "width": 8}),
        "a.png": b"",
    }


def _query(folder: Path) -> None:
    word2vec.print_neighbors(Word2VecSettings(out=folder, neighbors="the"))
    word2vec.print_analogy(Word2VecSettings(out=folder, analogy=("the", "cat", "sat")))


RUN_READERS: Sequence[Reader] = (
    *(_predicting(name, app) for name, app in _APPS.items()),
    Reader(
        "pretrained-tagger",
        _load_tagger,
        lambda: _pretrained(_APPS["run-ner"], "tagger."),
        [
            "pmt_apps.ner.pretraining.PretrainedWeights.load",
            "pmt_apps.ner.pretraining.PretrainedWeights.load_into",
        ],
    ),
    Reader(
        "pretrained-pair-encoder",
        _load_reader,
        lambda: _pretrained(_APPS["run-qqp"], "reader."),
        [
            "pmt_apps.qqp.training.pretraining.PretrainedWeights.load",
            "pmt_apps.qqp.training.pretraining.PretrainedWeights.load_into",
        ],
    ),
    Reader(
        "overwritten-run",
        lambda folder: RunFolder(folder).clear(),
        _metrics_samples,
        ["pmt_apps.kit.run_folder.RunFolder.clear"],
    ),
    Reader("word2vec-query", _query, lambda: _samples(_APPS["run-word2vec"]), [], computes=True),
)
