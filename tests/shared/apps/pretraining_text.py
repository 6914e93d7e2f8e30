"""A small text to pre-train on, settings for it, and the corpus that is read from it."""

from __future__ import annotations

from pathlib import Path

from pmt_apps.kit.run import Run
from pmt_apps.pretraining import training
from pmt_apps.pretraining.corpus import read_corpus
from pmt_apps.pretraining.settings import TASK, Settings

TEXT = "The cat sat on the mat .\nA dog ran .\n\nThe dog sat on a log .\nA cat ran to the mat .\n\n"


def settings(path: Path, **values: object) -> Settings:
    """Return settings of a tiny encoder for the text of a file."""
    small = {"width": 16, "heads": 2, "layers": 1, "max_length": 16, "vocabulary": 80}
    return Settings(corpus=path, workers=1, **{**small, "batch_size": 8, **values})  # type: ignore[arg-type]


def corpus_of(path: Path, **values: object) -> training.Corpus:
    """Return the corpus of a file, by such settings."""
    chosen = settings(path, **values)
    return read_corpus(chosen, Run(chosen, TASK, "title"))
