"""Folders of runs: `--predict` on damaged settings, weights, vocabularies and input lines."""

from __future__ import annotations

import functools
import io
import json
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from campaigns.fuzz.mutations.files import Files
from campaigns.fuzz.readers.arrays import archive_bytes
from campaigns.fuzz.readers.classification import TUNED_APPS, TUNED_LOADERS
from campaigns.fuzz.readers.reader import Reader, json_file
from campaigns.fuzz.readers.run_samples import APPS, App, app_samples
from pmt_apps.comparison.run_record import RunRecord, run_labels
from pmt_apps.comparison.tables import comparison_text, difference_rows, run_rows, score_rows
from pmt_apps.kit.command_line import parse_settings
from pmt_apps.kit.run import Run
from pmt_apps.kit.run_folder import RunFolder
from pmt_apps.loading import load
from pmt_apps.ner.pretraining import PretrainedWeights as PretrainedTagger
from pmt_apps.ner.tagger import Tagger
from pmt_apps.qqp.models.registry import load_pair_model
from pmt_apps.qqp.training.pretraining import PretrainedWeights as PretrainedReader
from pmt_apps.word2vec import query as word2vec
from pmt_apps.word2vec.settings import Settings as Word2VecSettings
from pmt_train import RecordingFollower, TrainingRecording, training_hints

_MAX_LINES = 1000  # of the input: each that is answered takes time
_MOST_DECODED = 1 << 20  # bytes of an answer
_CONSTANT = re.compile(rb"NaN|Infinity")


def _predict(app: App, folder: Path) -> None:
    """Do what `--predict` does, without the conversion of errors to exit codes."""
    lines = b"".join((folder / "stdin.txt").read_bytes().splitlines(keepends=True)[:_MAX_LINES])
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
        # Decoding a line of megabytes would take more memory than the application.
        if len(line) < _MOST_DECODED or _CONSTANT.search(line):
            json.loads(line, parse_constant=_refuse_constant)


def _load(app: App, folder: Path) -> None:
    """Do what a program in Python does: load the run, predict, save it, and load that."""
    lines = app.lines.splitlines()  # what is damaged is the run
    options = {"tokens": 3} if app.task == "lm" else {}
    predictor = load(folder, workers=1, **options)
    inputs: list[Any] = lines
    if predictor.task == "qqp":
        inputs = [line.split("\t") for line in lines]
    answers = predictor.predict_json(inputs)
    with tempfile.TemporaryDirectory() as name:
        predictor.save(name)
        if load(name, workers=1, **options).predict_json(inputs) != answers:
            raise ValueError("a run that was saved again gives other answers")


def _refuse_constant(text: str) -> float:
    raise ValueError(f"an answer has the number {text}, which JSON does not have")


_LOADERS = {
    "qqp": [
        "pmt_apps.qqp.models.registry.load_pair_model",
        "pmt_apps.qqp.models.transformer.TransformerPairModel.from_json",
        "pmt_apps.qqp.models.baselines.TfIdfPairModel.from_json",
        "pmt_apps.qqp.models.baselines.OverlapPairModel.from_json",
        "pmt_apps.qqp.models.baselines.NgramPairModel.from_json",
        "pmt_apps.qqp.models.product.ProductPairModel.from_json",
    ],
    "ner": ["pmt_apps.ner.tagger.Tagger.from_json"],
    "lm": ["pmt_apps.language_model.data.tokenizer_from_json"],
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


def _predicting(name: str, app: App) -> Reader:
    read = functools.partial(_predict, app)
    covers = _KIT + _LOADERS.get(app.task, []) + TUNED_LOADERS.get(app.task, [])
    return Reader(name, read, functools.partial(app_samples, app), covers, computes=True)


def _loading(name: str, app: App) -> Reader:
    read = functools.partial(_load, app)
    covers = ["pmt_apps.loading.load", "pmt_apps.kit.predictor.Predictor.load"]
    return Reader(
        f"loaded-{name}", read, functools.partial(app_samples, app), covers, computes=True
    )


def _pretrained(app: App, prefix: str) -> Iterator[Files]:
    """Yield the pretrain.npz of an app. prefix: of the names of its weights."""
    weights, meta = app.model(app.settings)
    names = {name.removeprefix("members.0."): array for name, array in weights.items()}
    arrays = {f"{prefix}{name}": array for name, array in names.items()}
    yield {"a.npz": archive_bytes(".npz", arrays, {"task": app.task, "model": dict(meta)})}


def _load_tagger(folder: Path) -> None:
    app = APPS["run-ner"]
    pretrained = PretrainedTagger.load(folder / "a.npz")
    len(pretrained.words)
    settings: Any = app.settings
    _, meta = app.model(settings)
    pretrained.load_into(Tagger.from_json(settings, meta))


def _load_reader(folder: Path) -> None:
    app = APPS["run-qqp"]
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


def _compared_samples() -> Iterator[Files]:
    for files in app_samples(APPS["run-lm"]):
        metrics = {"task": "lm", "seconds": 1.5, "dev": {"f1": 0.5, "f1_interval": [0.4, 0.6]}}
        history = b"epoch,train_loss,dev_loss\n1,2.0,3.0\n2,1.5,2.5\n"
        yield {
            "config.json": files["config.json"],
            "metrics.json": json_file(metrics),
            "history.csv": history,
        }


def _compare(folder: Path) -> None:
    record = RunRecord.read(folder)
    rows = [*score_rows([record]), *run_rows([record]), *difference_rows([record])]
    comparison_text(run_labels([record]), rows, 80)
    for name in record.curve_names:
        record.curve(name)


def _recorded_samples() -> Iterator[Files]:
    layers = [
        {"name": "words", "size": 90, "kind": "table"}, {"name": "out", "size": 9, "kind": "matrix"}
    ]  # fmt: skip
    lines: list[dict[str, Any]] = [
        {"kind": "start", "format": "pmt recording", "version": 1, "parameters": 99,
         "total_steps": 30},
        {"kind": "layers", "layers": layers},
    ]  # fmt: skip
    for step in range(1, 31):
        lines.append({
            "kind": "step", "step": step, "epoch": step // 10, "interval": 1, "seconds": step / 8,
            "loss": 2 / step, "lr": 0.001, "grad_norm": 1.5, "examples_per_second": 64.0,
            "weight": [3.0, 0.0], "gradient": [0.5, None], "update": [0.1, 0.0],
            "activations": {"hidden.relu": [0.25, 0.0], "hidden.tanh": [0.0, 0.5]},
        })  # fmt: skip
        if step % 10 == 0:
            row = {"epoch": step // 10, "step": step, "train_loss": 1.0, "dev_loss": "nan"}
            lines.append({"kind": "epoch", "row": row})
    lines.append({"kind": "end", "step": 30, "seconds": 4.0})
    yield {"recording.jsonl": b"".join(json.dumps(line).encode() + b"\n" for line in lines)}


def _recorded(folder: Path) -> None:
    recording = TrainingRecording.load(folder / "recording.jsonl")
    for hint in training_hints(recording):
        len(hint.message)
    json.dumps([recording.lines, recording.total_steps, recording.rows], allow_nan=True)
    len(recording.layers)
    follower = RecordingFollower(folder / "recording.jsonl")
    follower.update()
    if follower.update() or follower.lines != recording.lines:
        raise ValueError("a recording that does not grow has new lines")


def _query(folder: Path) -> None:
    word2vec.print_neighbors(Word2VecSettings(out=folder, neighbors="the"))
    word2vec.print_analogy(Word2VecSettings(out=folder, analogy=("the", "cat", "sat")))


_ALL_APPS = APPS | TUNED_APPS
RUN_READERS: Sequence[Reader] = (
    *(_predicting(name, app) for name, app in _ALL_APPS.items()),
    *(_loading(name, app) for name, app in _ALL_APPS.items() if app.task != "mnist"),
    Reader(
        "compared-run",
        _compare,
        _compared_samples,
        ["pmt_apps.comparison.run_record.RunRecord.read"],
    ),
    Reader(
        "recording",
        _recorded,
        _recorded_samples,
        [
            "pmt_train.TrainingRecording.load",
            "pmt_train.RecordingFollower.update",
            "pmt_train.training_hints",
        ],
    ),
    Reader(
        "pretrained-tagger",
        _load_tagger,
        lambda: _pretrained(APPS["run-ner"], "tagger."),
        [
            "pmt_apps.ner.pretraining.PretrainedWeights.load",
            "pmt_apps.ner.pretraining.PretrainedWeights.load_into",
        ],
    ),
    Reader(
        "pretrained-pair-encoder",
        _load_reader,
        lambda: _pretrained(APPS["run-qqp"], "reader."),
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
    Reader("word2vec-query", _query, lambda: app_samples(APPS["run-word2vec"]), [], computes=True),
)
