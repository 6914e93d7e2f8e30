"""The settings of `train_qqp.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pmt_apps.kit.options import option
from pmt_apps.kit.settings import AppSettings
from pmt_core import SettingsError

BASELINE: dict[str, Any] = {"epochs": 10, "lr": 0.1, "batch_size": 256, "warmup": 0}
"""How a baseline is trained, by itself or to stand beside a model."""

_BY_PRESET = "by the preset"

PRESETS: dict[str, dict[str, Any]] = {
    "plain": {},
    "quick": {"vectors_epochs": 3, "pretrain_epochs": 2, "epochs": 4, "average": 0.999},
    "best": {
        "vectors_epochs": 3,
        "pretrain_epochs": 6,
        "epochs": 3,
        "average": 0.999,
        "students": 3,
    },
}
"""What the presets set other than the options' own defaults, which are those of "plain"."""


@dataclass(frozen=True)
class Settings(AppSettings):
    """Settings of the QQP app."""

    out: Path = Path("runs/qqp")
    preset: Literal["plain", "quick", "best"] = option(
        "best",
        "plain: one encoder; quick: pre-trained before; best: several, which learn from a first "
        "one's opinion on near pairs, too",
        group="model",
        default_text="best; plain on the shipped sample",
    )
    epochs: int = option(
        6,
        "times to go through the training data",
        group="training",
        at_least=1,
        default_text="by the preset: 6, 4 and 3; 20 on the shipped sample with its smaller model",
    )
    batch_size: int = 32
    lr: float = 5e-4
    train: Path | None = option(None, "training pairs; needs --dev", group="data", metavar="F")
    dev: Path | None = option(None, "pairs that choose the best weights", group="data", metavar="F")
    test: Path | None = option(None, "pairs to score once, at the end", group="data", metavar="F")
    data: Path | None = option(
        None, "one file instead of --train and --dev, split by question", group="data", metavar="F"
    )
    extra: Path | None = option(
        None,
        "further duplicates, for pre-training and to mine pairs from",
        group="data",
        metavar="F",
    )
    baseline: Literal["overlap", "tfidf"] | None = option(
        None,
        "train a baseline instead: a cut of the word overlap, or logistic regression on tf-idf "
        "(where neither is named); every other run shows both beside its model",
        group="model",
        const="tfidf",
    )
    extra_epochs: int = option(
        0,
        "the first of the --epochs train on --extra and on negatives mined by word overlap",
        group="data",
        at_least=0,
    )
    pretrain: Path | None = option(
        None,
        "pre-train on this, too: a text, question pairs, or pretrain.npz of an earlier run, which "
        "is used as it is",
        group="data",
        metavar="F",
    )
    dev_fraction: float = option(
        0.15, "part of --data that is kept for dev", group="data", above=0, below=1
    )
    min_count: int = option(3, "rarer words are unknown", group="model", at_least=1)
    max_length: int = option(64, "longest pair, in tokens", group="model", at_least=8)
    width: int = option(128, "model width d", group="model", at_least=1)
    heads: int = option(4, "attention heads, divides the width", group="model", at_least=1)
    hidden: int = option(256, "width of the feed-forward networks", group="model", at_least=1)
    layers: int = option(2, "encoder layers", group="model", at_least=1)
    norm: Literal["first", "last"] = option("first", "pre-norm or post-norm", group="model")
    vectors_epochs: int = option(
        0,
        "for word vectors, on the duplicates",
        group="training",
        at_least=0,
        default_text=_BY_PRESET,
    )
    pretrain_epochs: int = option(
        0, "for guessing hidden words", group="training", at_least=0, default_text=_BY_PRESET
    )
    students: int = option(
        0,
        "models that learn from the first one's opinion on mined pairs",
        group="training",
        at_least=0,
        default_text=_BY_PRESET,
    )
    average: float = option(
        0.0,
        "decay of a moving average of the weights; 0: none",
        group="training",
        at_least=0,
        below=1,
        default_text=_BY_PRESET,
    )
    dropout: float = option(0.1, "rate of dropout", group="training", at_least=0, below=1)
    weight_decay: float = option(0.01, "of matrices and tables", group="training", at_least=0)
    warmup: int = option(
        200, "steps until the learning rate is highest", group="training", at_least=0
    )
    patience: int = option(
        3, "epochs without a better dev accuracy after which to stop", group="training", at_least=1
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % self.heads:
            raise SettingsError(
                f"--width {self.width} must be a multiple of --heads {self.heads}: each head reads "
                "an equal share of the width"
            )

    @property
    def has_stages(self) -> bool:
        """Whether there is more to train than one model on the labeled pairs."""
        before = self.vectors_epochs or self.pretrain_epochs or self.pretrain
        return self.baseline is None and bool(before or self.students)

    @classmethod
    def defaults(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The preset's; the shipped sample is small: a smaller model, for more epochs."""
        if given.get("baseline"):
            return {**BASELINE, "preset": "plain", "patience": BASELINE["epochs"]}
        if {"train", "data"} & set(given):
            return PRESETS[given.get("preset", "best")]
        small = {"preset": "plain", "patience": 6, "lr": 1e-3, "width": 64, "hidden": 128}
        return {**small, "epochs": 20, **PRESETS[given.get("preset", "plain")]}
