"""Settings of `train_qqp.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pmt_train import AppSettings, option

BASELINE: dict[str, Any] = {"epochs": 10, "lr": 0.1, "batch_size": 256, "warmup": 0}
"""How a baseline is trained, by itself or to stand beside a model."""


@dataclass(frozen=True)
class Settings(AppSettings):
    """Settings of the QQP app."""

    out: Path = Path("runs/qqp")
    epochs: int = option(
        6,
        "times to go through the training data",
        group="training",
        at_least=1,
        shown="6; 20 on the shipped sample, which also has a smaller model",
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
        "further duplicates; negatives are mined for them, and the first --extra-epochs of the "
        "--epochs train on both",
        group="data",
        metavar="F",
    )
    baseline: Literal["overlap", "tfidf"] | None = option(
        None,
        "train a baseline instead: a cut of the word overlap, or logistic regression on tf-idf "
        "(where neither is named); every other run shows both beside its model",
        group="model",
        bare="tfidf",
    )
    extra_epochs: int = option(1, "epochs on --extra", group="data", at_least=1)
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
    dropout: float = option(0.1, "rate of dropout", group="training", at_least=0, below=1)
    weight_decay: float = option(0.01, "of matrices and tables", group="training", at_least=0)
    warmup: int = option(
        200, "steps until the learning rate is highest", group="training", at_least=0
    )
    patience: int = option(
        3, "epochs without a better dev accuracy after which to stop", group="training", at_least=1
    )

    @classmethod
    def defaults(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The shipped sample is small: a smaller model, for more epochs."""
        if given.get("baseline"):
            return {**BASELINE, "patience": BASELINE["epochs"]}
        if {"train", "data"} & set(given):
            return {}
        return {"epochs": 20, "patience": 6, "lr": 1e-3, "width": 64, "hidden": 128}
