"""Settings of `train_classifier.py`, and the defaults of each kind of model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pmt_apps.encoder.width import NARROW, fine_tuning_defaults
from pmt_apps.kit.options import SIZE, data_option, model_option, path_option
from pmt_apps.kit.options import training_option as trained
from pmt_apps.kit.settings import AppSettings
from pmt_core import SettingsError
from pmt_text import LabelOptions, column_of

Kind = Literal["tfidf", "scratch", "encoder"]

DEFAULTS: dict[str, dict[str, Any]] = {
    "tfidf": {"epochs": 15, "batch_size": 64, "lr": 10.0, "patience": 5, "average": 0.0},
    "scratch": {"epochs": 15, "batch_size": 32, "lr": 5e-3, "patience": 5},
    "encoder": {
        "epochs": 4,
        "batch_size": 32,
        "lr": 1e-4,
        "patience": 3,
        "dropout": 0.1,
        "max_length": 128,
        "average": 0.0,
        "encoder_ngrams": True,
    },
}
"""Defaults that depend on the kind of the model."""

SAMPLE_DEFAULTS: dict[str, dict[str, Any]] = {"scratch": {"epochs": 6}}
"""Further ones for the sample, which is small."""


@dataclass(frozen=True)
class Settings(AppSettings):
    """Settings of a run, of an estimator too.

    Raises:
        SettingsError: if they contradict each other.
    """

    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "": {"train": Path()},
        "the sample": {},
        "--model tfidf": {"train": Path(), "model": "tfidf"},
        "--encoder": {"train": Path(), "encoder": Path()},
    }

    out: Path = Path("runs/classify")
    train: Path | None = path_option(
        "labeled texts: CSV, TSV, JSON lines, TREC's form, or a folder with a folder per class"
    )
    dev: Path | None = path_option(
        "texts that choose the best weights; by default a part of --train is held out"
    )
    test: Path | None = path_option("texts to score once, at the end")
    text_column: tuple[str, ...] = data_option(
        (), "name or number (from 0) of the column of the texts, or of several; found by default",
        metavar="C",
    )  # fmt: skip
    label_column: tuple[str, ...] = data_option(
        (), "column of the labels, or columns of 0 and 1, one per label; found by default",
        metavar="C",
    )  # fmt: skip
    label_separator: str = data_option(
        "", "a text may have several labels, separated by this, or in a list (JSON)", metavar="S"
    )
    fine: bool = data_option(False, "of TREC's form, the classes with their subclasses")
    encoding: str | None = data_option(
        None, "of the files (default: utf-8, of TREC's form latin-1)", metavar="E"
    )
    dev_fraction: float = data_option(
        0.1, "part of --train that is held out without --dev", above=0, below=1
    )
    folds: int | None = data_option(
        None, "cross-validate: train N times, each time score another N-th of --train",
        at_least=2, at_most=1000, metavar="N",
    )  # fmt: skip
    model: Literal["scratch", "tfidf"] = model_option(
        "scratch", "trained from scratch: words and n-grams, or logistic regression on tf-idf"
    )
    encoder: Path | None = path_option(
        "folder of a pre-trained encoder (BERT, RoBERTa, MiniLM, ...) to fine-tune; --lr is 1e-3 "
        f"by default if its width is {NARROW} or less",
        group="model",
    )
    encoder_ngrams: bool = model_option(
        False, "beside an encoder the n-grams of tf-idf, weighted by dev; by default yes"
    )
    word_ngrams: int = model_option(2, "longest n-gram of words", at_least=1, at_most=5)
    char_ngrams: int = model_option(
        5, "longest n-gram of characters; 0: none", at_least=0, at_most=10
    )
    min_count: int = model_option(1, "texts that have an n-gram, at least", at_least=1)
    max_ngrams: int = model_option(500_000, "number of n-grams, at most", at_least=1)
    width: int = model_option(96, "width of the vectors of words", **SIZE)
    heads: int = model_option(4, "attention heads, a divisor of --width", **SIZE)
    hidden: int = model_option(192, "width of the feed-forward networks", **SIZE)
    layers: int = model_option(
        0, "layers of a Transformer below the convolution over words", at_least=0, at_most=1000
    )
    filters: int = model_option(96, "features of each width of the convolution over words", **SIZE)
    max_length: int = model_option(
        256, "most tokens of a text that are read", at_least=8, at_most=1 << 16
    )
    dropout: float = trained(0.2, "dropout rate", at_least=0, below=1)
    word_dropout: float = trained(
        0.0, "rate at which words become the unknown word", at_least=0, below=1
    )
    label_smoothing: float = trained(
        0.0, "share of a label that is spread over all classes", at_least=0, below=1
    )
    c: float = trained(
        1.0, "of tf-idf: inverse strength of the L2 penalty, as in scikit-learn", above=0
    )
    weight_decay: float = trained(0.01, "of matrices and tables", at_least=0)
    warmup: float = trained(0.1, "fraction of the steps that are warm-up", at_least=0, below=1)
    average: float = trained(
        0.998, "decay of the moving average of the weights that is saved; 0: none",
        at_least=0, below=1,
    )  # fmt: skip
    accumulate: int = trained(1, "batches per step", at_least=1, at_most=10_000)
    layer_decay: float = trained(
        1.0, "of an encoder: factor on the rate of each layer below the top", above=0, at_most=1
    )
    freeze: int = trained(
        0, "of an encoder: embeddings and the lowest N - 1 layers stay as they are; 0: none",
        at_least=0, at_most=1000, metavar="N",
    )  # fmt: skip
    class_weights: Literal["none", "balanced"] = trained(
        "none", "balanced: rare classes weigh more"
    )
    patience: int = trained(4, "epochs without a better dev score before stopping", at_least=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % self.heads:
            raise SettingsError(
                f"--width {self.width} must be a multiple of --heads {self.heads}: each head reads "
                "an equal share of the width"
            )

    @property
    def kind(self) -> Kind:
        """The kind of the model."""
        return "encoder" if self.encoder is not None else self.model

    def of_tfidf(self) -> Self:
        """Return the settings of tf-idf: of the baseline of a run, and of the linear part."""
        plain: dict[str, Any] = {"encoder": None, "accumulate": 1, "label_smoothing": 0.0}
        return replace(self, model="tfidf", **plain, **DEFAULTS["tfidf"])

    @property
    def label_options(self) -> LabelOptions:
        """How labels are read from files."""
        return LabelOptions(
            tuple(map(column_of, self.text_column)),
            tuple(map(column_of, self.label_column)),
            self.label_separator,
            self.fine,
        )

    @classmethod
    def defaults(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the defaults of the kind of the model."""
        kind = "encoder" if given.get("encoder") else given.get("model", "scratch")
        sample = {} if "train" in given else SAMPLE_DEFAULTS.get(kind, {})
        defaults = {**DEFAULTS.get(kind, {}), **sample}
        if kind == "encoder":
            return fine_tuning_defaults(given["encoder"], defaults)
        return defaults
