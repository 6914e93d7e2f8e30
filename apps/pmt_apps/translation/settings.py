"""Settings of `train_translation.py`."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from pmt_apps.kit.options import (
    BATCH_SIZE,
    LAYERS,
    data_option,
    model_option,
    option,
    path_option,
    training_option,
)
from pmt_apps.kit.settings import TransformerSettings
from pmt_apps.transformer_optimizer import OptimizerName

search_option = functools.partial(option, group="translation", changeable=True)

MAX_LENGTH = 1024  # tokens of a model's input; sinusoidal positions extend beyond those trained on
MOST_MEMBERS = 64
SPLIT_OPTIONS = {
    "train": ("source", "target"),
    "dev": ("dev_source", "dev_target"),
    "test": ("test_source", "test_target"),
}
SAMPLE_DEFAULTS: dict[str, Any] = {
    "optimizer": "adamw",
    "epochs": 14, "batch_size": 1024, "lr": 3e-3, "merges": 300, "width": 64, "hidden": 128,
    "layers": 2, "dropout": 0.1, "label_smoothing": 0.05, "warmup": 150, "average": 0.99,
    "length_penalty": 1.0,
}  # fmt: skip
"""Defaults for the shipped sample: it is small, so a smaller model with less regularization."""

PRESETS: dict[str, dict[str, Any]] = {
    "plain": {},
    "best": {
        "members": 2, "optimizer": "muon", "lr": 6e-3, "width": 256, "dropout": 0.2, "epochs": 16,
        "length_penalty": 3.0,
    },
}  # fmt: skip
"""What the presets set other than the options' own defaults, which are those of "plain"."""


@dataclass(frozen=True)
class SearchSettings:
    """How sentences are translated.

    Attributes:
        beam: beam size; 1 is greedy search.
        length_penalty: exponent of the length penalty ((5 + n) / 6)^a; larger values give longer
            translations.
        length_reward: per token, with which minimum Bayes risk chooses among the hypotheses of the
            beam; None: the hypothesis of the best score is chosen.
    """

    beam: int
    length_penalty: float
    length_reward: float | None = None


@dataclass(frozen=True)
class Settings(TransformerSettings):
    """Settings of the translation app."""

    renamed: ClassVar[Mapping[str, str]] = {"longest": "max_length", "smoothing": "label_smoothing"}
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "": {"source": Path()},
        "the sample": {},
        "--preset best": {"source": Path(), "preset": "best"},
    }

    out: Path = Path("runs/translation")
    epochs: int = 30
    batch_size: int = training_option(
        2048, "tokens per step: rows times longest sequence, padding included", **BATCH_SIZE
    )
    lr: float = 2e-3
    source: Path | None = path_option(
        "training sentences, one per line; needs --target and both dev files"
    )
    target: Path | None = path_option("their translations")
    dev_source: Path | None = path_option("sentences that choose the best weights")
    dev_target: Path | None = path_option("their translations")
    test_source: Path | None = path_option("sentences to score once, at the end")
    test_target: Path | None = path_option("their translations")
    max_length: int = data_option(
        128,
        "longest training sentence in tokens; longer pairs are dropped",
        at_least=1,
        at_most=MAX_LENGTH - 1,
    )
    preset: Literal["plain", "best"] = model_option(
        "plain",
        "other defaults: best trains two wider models by Muon, averages their predictions, and "
        "translates at greater length",
    )
    merges: int = model_option(
        4000, "merges of the byte-pair encoding", at_least=0, at_most=1_000_000
    )
    width: int = 192
    hidden: int = 512
    layers: int = model_option(3, "layers of the encoder and of the decoder", **LAYERS)
    norm: Literal["first", "last"] = model_option("first", "pre-norm or post-norm")
    dropout: float = 0.3
    label_smoothing: float = training_option(
        0.1, "probability spread over all tokens", at_least=0, below=1
    )
    members: int = model_option(
        1,
        "models whose predictions are averaged; each has initial weights and an order of its own",
        at_least=1,
        at_most=MOST_MEMBERS,
        metavar="K",
    )
    r_drop: float = training_option(
        0.0,
        "weight of the divergence of two passes with different dropout (R-Drop, Liang et al. "
        "2021); 0: one pass",
        at_least=0,
        metavar="ALPHA",
    )
    optimizer: OptimizerName = training_option(
        "adamw", "of all parameters; muon: of the layers' matrices, and adamw of the others"
    )
    weight_decay: float = 0.0
    schedule: Literal["linear", "inverse-sqrt"] = training_option(
        "linear",
        "decay of the learning rate after the warm-up: to 0 at the last epoch, or as 1/sqrt(step)",
    )
    warmup: int = training_option(500, "warm-up steps, at most a third of all steps", at_least=1)
    average: float = training_option(
        0.997,
        "decay of the moving average of the weights that is scored and saved, about the last "
        "1/(1 - A) steps; 0: none",
        at_least=0,
        below=1,
        metavar="A",
    )
    patience: int = training_option(
        10, "epochs without a better dev BLEU before stopping", at_least=1
    )
    beam: int = search_option(5, "beam size; 1: greedy search", at_least=1, at_most=1000)
    length_penalty: float = search_option(
        1.4, "exponent a of ((5 + n) / 6)^a; larger: longer translations", at_least=0, at_most=100
    )
    mbr: bool = search_option(
        False,
        "choose by minimum Bayes risk among the hypotheses of the beam: the one that is most "
        "similar to all, each weighted by its probability times e^(G tokens)",
    )
    length_reward: float = search_option(
        0.6, "with --mbr: G, per token; larger: longer translations", at_least=0, at_most=100,
        metavar="G",
    )  # fmt: skip

    @property
    def search(self) -> SearchSettings:
        """How a trained model translates."""
        reward = self.length_reward if self.mbr else None
        return SearchSettings(self.beam, self.length_penalty, reward)

    @classmethod
    def defaults(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return those of the preset; a smaller model for the shipped sample."""
        preset = PRESETS[given.get("preset", "plain")]
        files = {name for names in SPLIT_OPTIONS.values() for name in names}
        return preset if files & set(given) else {**preset, **SAMPLE_DEFAULTS}
