"""The settings of `train_qqp.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pmt_apps.encoder.width import NARROW, fine_tuning_defaults
from pmt_apps.kit.options import (
    EPOCHS,
    SIZE,
    STAGE_EPOCHS,
    data_option,
    model_option,
    path_option,
    training_option,
)
from pmt_apps.kit.settings import TransformerSettings
from pmt_apps.transformer_optimizer import OptimizerName
from pmt_core import SettingsError

BASELINE: dict[str, Any] = {"epochs": 10, "lr": 0.1, "batch_size": 256, "warmup": 0}
"""How a baseline is trained, by itself or to stand beside a model."""

FINE_TUNING: dict[str, Any] = {
    "preset": "plain", "epochs": 3, "lr": 5e-5, "max_length": 128, "average": 0.0,
}  # fmt: skip
"""How a pre-trained encoder is trained."""

_BY_PRESET = "by the preset"

PRESETS: dict[str, dict[str, Any]] = {
    "plain": {},
    "quick": {"vectors_epochs": 3, "pretrain_epochs": 2, "epochs": 4, "average": 0.999},
    "best": {
        "width": 192,
        "hidden": 384,
        "vectors_epochs": 3,
        "optimizer": "muon",
        "pretrain_epochs": 10,
        "pretrain_restart": 3,
        "epochs": 3,
        "average": 0.999,
        "teachers": 2,
        "near": 4,
        "students": 2,
        "ngrams": True,
    },
}
"""What the presets set other than the options' own defaults, which are those of "plain"."""


@dataclass(frozen=True)
class Settings(TransformerSettings):
    """Settings of the QQP app."""

    out: Path = Path("runs/qqp")
    preset: Literal["plain", "quick", "best"] = model_option(
        "best",
        "plain: one encoder; quick: with pre-training; best: an ensemble that is also distilled "
        "from a first model's soft labels of similar pairs",
        default_text="best; plain on the shipped sample",
    )
    epochs: int = training_option(
        6,
        "passes over the training data",
        **EPOCHS,
        default_text="by the preset: 6, 4 and 3; 20 on the shipped sample with its smaller model",
    )
    batch_size: int = 32
    lr: float = 5e-4
    train: Path | None = path_option("training pairs; needs --dev")
    dev: Path | None = path_option("pairs that choose the best weights")
    test: Path | None = path_option("pairs to score once, at the end")
    data: Path | None = path_option("one file instead of --train and --dev, split by question")
    extra: Path | None = path_option("more duplicates, for pre-training and for mining of pairs")
    baseline: Literal["overlap", "tfidf", "ngrams"] | None = model_option(
        None,
        "train a baseline instead: a threshold of the word overlap, or logistic regression on "
        "tf-idf (the default of the option) or on n-grams; every other run reports the first two "
        "for comparison",
        const="tfidf",
    )
    encoder: Path | None = path_option(
        "folder of a pre-trained encoder (BERT, RoBERTa, MiniLM, ...) to fine-tune: it reads both "
        f"questions as one sequence; --lr is 1e-3 by default if its width is {NARROW} or less",
        group="model",
    )
    freeze: int = training_option(
        0, "of an encoder: embeddings and the lowest N - 1 layers stay as they are; 0: none",
        at_least=0, at_most=1000, metavar="N",
    )  # fmt: skip
    layer_decay: float = training_option(
        1.0, "of an encoder: factor on the rate of each layer below the top", above=0, at_most=1
    )
    extra_epochs: int = data_option(
        0,
        "number of first epochs that train on --extra and on negatives mined by word overlap",
        **STAGE_EPOCHS,
    )
    pretrain: Path | None = path_option(
        "also pre-train on this: a text, question pairs, or pretrain.npz of an earlier run, which "
        "is used unchanged"
    )
    dev_fraction: float = data_option(
        0.15, "fraction of --data that is held out as dev", above=0, below=1
    )
    min_count: int = model_option(3, "smallest frequency of words", at_least=1)
    max_length: int = model_option(64, "longest pair, in tokens", at_least=8, at_most=1 << 16)
    width: int = model_option(
        128,
        "model width",
        **SIZE,
        default_text="by the preset: 128, and 192 for best; 64 on the shipped sample",
    )
    hidden: int = model_option(
        256,
        "width of the feed-forward networks",
        **SIZE,
        default_text="by the preset: 256, and 384 for best; 128 on the shipped sample",
    )
    norm: Literal["first", "last"] = model_option("first", "pre-norm or post-norm")
    vectors_epochs: int = training_option(
        0,
        "epochs for word vectors, on the duplicates",
        **STAGE_EPOCHS,
        default_text=_BY_PRESET,
    )
    pretrain_epochs: int = training_option(
        0,
        "epochs of masked language modeling",
        **STAGE_EPOCHS,
        default_text=_BY_PRESET,
    )
    pretrain_restart: int = training_option(
        0,
        "epoch of masked language modeling after which the learning rate rises once more; 0: none",
        **STAGE_EPOCHS,
        default_text=_BY_PRESET,
    )
    optimizer: OptimizerName = training_option(
        "adamw",
        "for labels and soft labels, of all parameters; muon: of the layers' matrices, at six "
        "times --lr, and adamw of the others",
        default_text=_BY_PRESET,
    )
    teachers: int = training_option(
        1,
        "first models, whose mean gives the first student its soft labels",
        at_least=1,
        at_most=1000,
        default_text=_BY_PRESET,
    )
    students: int = training_option(
        0,
        "models that are trained on the soft labels of those before, also of mined pairs",
        at_least=0,
        at_most=1000,
        default_text=_BY_PRESET,
    )
    near: int = training_option(
        2,
        "similar questions with which each is paired for the students, of the nearest 16",
        at_least=1,
        at_most=16,
        default_text=_BY_PRESET,
    )
    ngrams: bool = model_option(
        False,
        "beside the Transformer the logistic regression of --baseline ngrams, trained by itself; "
        "dev chooses the weights of both",
        default_text=_BY_PRESET,
    )
    average: float = training_option(
        0.0,
        "decay of a moving average of the weights; 0: none",
        at_least=0,
        below=1,
        default_text=_BY_PRESET,
    )
    warmup: int = training_option(200, "warm-up steps, at most a tenth of all steps", at_least=0)
    patience: int = training_option(
        3, "epochs without a better dev accuracy before stopping", at_least=1
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.optimizer == "muon" and (self.encoder or self.baseline):
            raise SettingsError(
                "--optimizer muon is for the layers of a new Transformer; leave it out with "
                "--encoder and --baseline"
            )
        if self.encoder is not None and (self.baseline or self.pretrain or self.students):
            raise SettingsError(
                "a pre-trained encoder takes the place of --baseline, --pretrain and --students; "
                "leave them out, or leave --encoder out"
            )
        if self.ngrams and (self.encoder or self.baseline):
            raise SettingsError(
                "--ngrams go beside a new Transformer; leave them out with --encoder and --baseline"
            )

    @property
    def has_stages(self) -> bool:
        """Whether there is more to train than one model on the labeled pairs."""
        before = self.vectors_epochs or self.pretrain_epochs or self.pretrain
        after = self.students or self.ngrams
        return not (self.baseline or self.encoder) and bool(before or after)

    @classmethod
    def defaults(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The preset's; the shipped sample is small: a smaller model, for more epochs."""
        if given.get("baseline"):
            return {**BASELINE, "preset": "plain", "patience": BASELINE["epochs"]}
        if given.get("encoder"):
            return fine_tuning_defaults(given["encoder"], FINE_TUNING)
        if {"train", "data"} & set(given):
            return PRESETS[given.get("preset", "best")]
        preset = {"preset": "plain", "epochs": 20, **PRESETS[given.get("preset", "plain")]}
        return {**preset, "patience": 6, "lr": 1e-3, "width": 64, "hidden": 128}
