"""Settings of `pretrain.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pmt_apps.kit.options import (
    BATCH_SIZE,
    EPOCHS,
    LAYERS,
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

TASK = "pretrain"

CORPUS_DEFAULTS: dict[str, Any] = {
    "epochs": 8, "batch_size": 8, "lr": 5e-3, "optimizer": "muon", "weight_decay": 0.05,
    "vocabulary": 16_000, "layers": 4, "max_length": 128, "vectors_epochs": 2, "mask_rate": 0.25,
    "whole_words": True,
}  # fmt: skip
"""Defaults for a text of the user's own; the options' own defaults are those of the sample."""


@dataclass(frozen=True)
class Settings(TransformerSettings):
    """Settings of the pre-training app.

    Raises:
        SettingsError: if they contradict each other.
    """

    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "": {},
        "--corpus": {"corpus": Path()},
    }

    out: Path = Path("runs/pretrain")
    epochs: int = training_option(5, "epochs of --steps steps, each a row of the history", **EPOCHS)
    steps: int | None = training_option(
        None,
        "steps per epoch, on chunks at random positions",
        default_text="200, or as many as --minutes allows",
        **EPOCHS,
    )
    minutes: float | None = training_option(
        None, "time of the whole run: the first steps are timed, and set --steps", above=0
    )
    batch_size: int = training_option(16, "chunks per step", **BATCH_SIZE)
    lr: float = 2e-3
    optimizer: OptimizerName = training_option(
        "adamw", "of all parameters; muon: of the layers' matrices, and adamw of the others"
    )
    limit: int | None = data_option(
        None, "use only the first N words of the corpus", at_least=1, metavar="N"
    )
    corpus: Path | None = path_option(
        "plain text, also .gz or .zip: a paragraph per line, an empty line between documents"
    )
    dev_fraction: float = data_option(
        0.01, "fraction of the corpus, at its end, that is held out", above=0, below=1
    )
    probe_train: Path | None = path_option(
        "tagged sentences (CoNLL) that the probe learns from; by default those of a sample"
    )
    probe_dev: Path | None = path_option("tagged sentences that the probe is scored on")
    vocabulary: int = model_option(2000, "pieces of the tokenizer, at most", at_least=64)
    lower: bool = model_option(False, "convert to lower case and remove accents")
    width: int = model_option(128, "model width", **SIZE)
    layers: int = model_option(2, "layers of the encoder", **LAYERS)
    embedding: int | None = model_option(
        None, "width of the embeddings, mapped to --width", default_text="--width", **SIZE
    )
    max_length: int = model_option(64, "tokens of a chunk, special tokens included", at_least=8)
    vectors_epochs: int = training_option(
        0,
        "passes of skip-gram over the text, whose vectors are the table of tokens from then on; "
        "0: a table that is trained with the layers, and is the output layer, too",
        **STAGE_EPOCHS,
    )
    mask_rate: float = training_option(0.15, "fraction of the tokens to predict", above=0, below=1)
    whole_words: bool = training_option(False, "mask all pieces of a word or none")
    dropout: float = training_option(
        0.0, "dropout rate; a text that is read once needs none", at_least=0, below=1
    )
    warmup: float = training_option(
        0.06, "fraction of the steps that are warm-up", at_least=0, below=1
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.probe_train is None) != (self.probe_dev is None):
            raise SettingsError("--probe-train and --probe-dev go together, expected both or none")

    @classmethod
    def defaults(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return those for a text of the user's own, which is larger than the sample."""
        return CORPUS_DEFAULTS if "corpus" in given else {}
