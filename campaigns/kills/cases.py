"""The cases of the campaign: every application on a small part of its sample, in a second."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "apps" / "pmt_apps" / "samples"

_TINY = ("--width", 8, "--heads", 2, "--layers", 1, "--hidden", 16)
_STAGES = (*_TINY, "--epochs", 2, "--vectors-epochs", 1, "--pretrain-epochs", 2, "--warmup", 3)
_TAGGER = (*_TINY, "--word-width", 8, "--filters", 8, "--average", 0.9)
_TEXT = ("--width", 16, "--heads", 2, "--layers", 1, "--max-length", 16, "--batch-size", 8,
         "--steps", 8, "--epochs", 3, "--dropout", 0.1)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """An application with its data and settings.

    Attributes:
        name: of the case.
        task: of the application: apps/train_TASK.py.
        data: writes small files to a folder; returns the options that name them.
        options: settings of the run.
        exact: whether two runs have equal bits. Several processes of word2vec update the weights
            without locks, so their runs are only checked to be complete.
    """

    name: str
    task: str
    data: Callable[[Path], Sequence[object]]
    options: Sequence[object]
    exact: bool = True

    def arguments(self, data: Path) -> list[str]:
        """Return the options of a new run on the files in a folder."""
        return [str(part) for part in (*self.data(data), *self.options)]


def _first_lines(source: Path, target: Path, first: int, last: int) -> Path:
    opened = gzip.open if source.suffix == ".gz" else open
    with opened(source, "rt", encoding="utf-8") as lines:
        target.write_text("".join(islice(lines, first, last)), encoding="utf-8")
    return target


def _pairs(folder: Path) -> list[object]:
    train = _first_lines(SAMPLES / "qqp.tsv", folder / "train.tsv", 0, 201)
    dev = _first_lines(SAMPLES / "qqp.tsv", folder / "rest.tsv", 201, 241)
    header = train.read_text(encoding="utf-8").partition("\n")[0]
    dev.write_text(f"{header}\n{dev.read_text(encoding='utf-8')}", encoding="utf-8")
    return ["--train", train, "--dev", dev]


def _sentences(folder: Path) -> list[object]:
    train = _first_lines(SAMPLES / "ner_train.conll", folder / "train.conll", 0, 900)
    dev = _first_lines(SAMPLES / "ner_dev.conll", folder / "dev.conll", 0, 250)
    return ["--train", train, "--dev", dev]


def _sentences_and_text(folder: Path) -> list[object]:
    text = _first_lines(SAMPLES / "word2vec.txt", folder / "text.txt", 0, 120)
    return [*_sentences(folder), "--lm-corpus", text, "--lm-min-count", 1]


def _text(folder: Path) -> list[object]:
    return ["--corpus", _first_lines(SAMPLES / "lm.txt.gz", folder / "text.txt", 0, 100)]


def _long_text(folder: Path) -> list[object]:
    return ["--corpus", _first_lines(SAMPLES / "word2vec.txt", folder / "text.txt", 0, 3000)]


def _translations(folder: Path) -> list[object]:
    options: list[object] = []
    for split, option, count in (("train", "", 120), ("dev", "dev-", 12)):
        for language, role in (("en", "source"), ("de", "target")):
            name = f"dates.{split}.{language}"
            part = _first_lines(SAMPLES / f"{name}.gz", folder / name, 0, count)
            options += [f"--{option}{role}", part]
    return options


def _digits(folder: Path) -> list[object]:
    with np.load(SAMPLES / "mnist.npz") as arrays:
        part = {name: array[: 600 if "train" in name else 60] for name, array in arrays.items()}
    np.savez(folder / "digits.npz", **part)
    return ["--data", folder / "digits.npz"]


def _workers(count: int) -> tuple[object, ...]:
    return ("--workers", count)


CASES = [
    Case("qqp", "qqp", _pairs,
         (*_TINY, "--preset", "plain", "--epochs", 3, "--warmup", 3, *_workers(1))),
    Case("qqp, 2 workers", "qqp", _pairs,
         (*_TINY, "--preset", "plain", "--epochs", 3, "--warmup", 3, *_workers(2))),
    Case("qqp, quick", "qqp", _pairs, (*_STAGES, "--preset", "quick", *_workers(1))),
    Case("qqp, best", "qqp", _pairs,
         (*_STAGES, "--preset", "best", "--students", 2, *_workers(2))),
    Case("ner", "ner", _sentences, (*_TAGGER, "--epochs", 3, *_workers(2))),
    Case("ner, pre-training", "ner", _sentences_and_text,
         (*_TAGGER, "--epochs", 2, "--lm-epochs", 2, *_workers(1))),
    Case("lm", "lm", _text, (*_TEXT, *_workers(1))),
    Case("lm, 2 workers", "lm", _text, (*_TEXT, *_workers(2))),
    Case("translation", "translation", _translations,
         (*_TINY, "--merges", 20, "--warmup", 5, "--batch-size", 100, "--beam", 1, "--epochs", 3,
          *_workers(2))),
    Case("mnist", "mnist", _digits,
         ("--model", "mlp", "--hidden", 16, "--epochs", 3, *_workers(1))),
    Case("word2vec", "word2vec", _long_text,
         ("--dimension", 16, "--epochs", 4, *_workers(1))),
    Case("word2vec, tape", "word2vec", _long_text,
         ("--implementation", "tape", "--dimension", 8, "--epochs", 3, "--limit", 6000,
          *_workers(2))),
    Case("word2vec, 2 processes", "word2vec", _long_text,
         ("--dimension", 16, "--epochs", 4, *_workers(2)), exact=False),
]  # fmt: skip
