"""Settings of `train_translation.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from pmt_apps.kit.options import option
from pmt_apps.kit.settings import AppSettings

MAX_LENGTH = 1024  # tokens of a model's input; sinusoidal positions extend beyond those trained on
SPLIT_OPTIONS = {
    "train": ("source", "target"),
    "dev": ("dev_source", "dev_target"),
    "test": ("test_source", "test_target"),
}

SAMPLE_DEFAULTS: dict[str, Any] = {
    "epochs": 14,
    "batch_size": 1024,
    "lr": 3e-3,
    "merges": 300,
    "width": 64,
    "hidden": 128,
    "layers": 2,
    "dropout": 0.1,
    "label_smoothing": 0.05,
    "warmup": 150,
    "average": 0.99,
    "length_penalty": 1.0,
}
"""Defaults for the shipped sample: it is small, so a smaller model with less regularization."""


@dataclass(frozen=True)
class Settings(AppSettings):
    """Settings of the translation app."""

    renamed: ClassVar[Mapping[str, str]] = {
        "longest": "max_length",
        "smoothing": "label_smoothing",
    }

    out: Path = Path("runs/translation")
    epochs: int = option(
        30,
        "passes over the training data",
        group="training",
        at_least=1,
        default_text="30; 14 on the shipped sample, which also has a smaller model",
    )
    batch_size: int = option(
        2048,
        "tokens per step, rows times longest sequence, padding included",
        group="training",
        at_least=1,
    )
    lr: float = 2e-3
    source: Path | None = option(
        None,
        "training sentences, one per line; needs --target and both dev files",
        group="data",
        metavar="F",
    )
    target: Path | None = option(None, "their translations", group="data", metavar="F")
    dev_source: Path | None = option(
        None, "sentences that choose the best weights", group="data", metavar="F"
    )
    dev_target: Path | None = option(None, "their translations", group="data", metavar="F")
    test_source: Path | None = option(
        None, "sentences to score once, at the end", group="data", metavar="F"
    )
    test_target: Path | None = option(None, "their translations", group="data", metavar="F")
    max_length: int = option(
        128,
        "longest training sentence in tokens; longer pairs are dropped",
        group="data",
        at_least=1,
        at_most=MAX_LENGTH - 1,
    )
    merges: int = option(4000, "merges of the byte-pair encoding", group="model", at_least=0)
    width: int = option(192, "model width", group="model", at_least=1)
    heads: int = option(4, "attention heads, a divisor of --width", group="model", at_least=1)
    hidden: int = option(512, "width of the feed-forward networks", group="model", at_least=1)
    layers: int = option(3, "layers of the encoder and of the decoder", group="model", at_least=1)
    norm: Literal["first", "last"] = option("first", "pre-norm or post-norm", group="model")
    dropout: float = option(0.3, "dropout rate", group="training", at_least=0, below=1)
    label_smoothing: float = option(
        0.1, "probability spread over all tokens", group="training", at_least=0, below=1
    )
    weight_decay: float = option(0.0, "of matrices and tables", group="training", at_least=0)
    schedule: Literal["linear", "inverse-sqrt"] = option(
        "linear",
        "decay of the learning rate after the warm-up: to 0 at the last epoch, or as 1/sqrt(step)",
        group="training",
    )
    warmup: int = option(500, "warm-up steps", group="training", at_least=1)
    average: float = option(
        0.997,
        "decay of the moving average of the weights that is scored and saved, about the last "
        "1/(1 - A) steps; 0: no average",
        group="training",
        at_least=0,
        below=1,
        metavar="A",
    )
    patience: int = option(
        10, "epochs without a better dev BLEU before stopping", group="training", at_least=1
    )
    beam: int = option(
        5, "beam size; 1: greedy search", group="translation", at_least=1, changeable=True
    )
    length_penalty: float = option(
        1.4,
        "exponent a of ((5 + n) / 6)^a; larger: longer translations",
        group="translation",
        at_least=0,
        changeable=True,
    )

    @classmethod
    def defaults(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the defaults of the shipped sample if no file is given."""
        files = {name for names in SPLIT_OPTIONS.values() for name in names}
        return {} if files & set(given) else SAMPLE_DEFAULTS
