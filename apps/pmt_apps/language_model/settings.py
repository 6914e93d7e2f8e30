"""Settings of `train_lm.py`."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from pmt_apps.kit.options import (
    BATCH_SIZE,
    EPOCHS,
    LAYERS,
    SIZE,
    data_option,
    model_option,
    option,
    path_option,
    training_option,
)
from pmt_apps.kit.settings import TransformerSettings
from pmt_apps.transformer_optimizer import OptimizerName

generation_option = functools.partial(option, group="generation", transient=True, changeable=True)

PRESETS: dict[str, dict[str, Any]] = {
    "sample": {},
    "nanogpt-cpu": {"epochs": 8, "steps": 250},
    "best": {
        "epochs": 8,
        "steps": 250,
        "optimizer": "muon",
        "positions": "rotary",
        "lr": 1e-2,
        "final_lr": 0.0,
    },
}
"""Defaults by preset. nanogpt-cpu is the CPU setting of nanoGPT's README for tiny Shakespeare; best
has its sizes, steps and tokens, and is trained better: docs/experiments/lm.md."""


@dataclass(frozen=True)
class Settings(TransformerSettings):
    """Settings of the language-model app."""

    renamed: ClassVar[Mapping[str, str]] = {"context": "max_length", "level": "tokenizer"}
    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        f"--preset {name}": {"preset": name} for name in ("nanogpt-cpu", "best")
    }

    out: Path = Path("runs/lm")
    epochs: int = training_option(4, "epochs of --steps steps, each a row of the history", **EPOCHS)
    steps: int = training_option(250, "steps per epoch, on chunks at random positions", **EPOCHS)
    batch_size: int = training_option(12, "chunks per step", **BATCH_SIZE)
    lr: float = 1e-3
    limit: int | None = data_option(
        None, "use only the first N characters of the corpus", at_least=1, metavar="N"
    )
    corpus: Path | None = path_option("training text, plain or gzip")
    encoding: str = data_option("utf-8", "of the corpus, e.g. latin-1")
    dev_fraction: float = data_option(
        0.1, "fraction of the corpus, at its end, that is held out", above=0, below=1
    )
    tokenizer: Literal["char", "bpe"] = model_option(
        "char", "tokens are characters, or subwords (byte-pair encoding)"
    )
    merges: int = model_option(
        500, "merges of the byte-pair encoding", at_least=1, at_most=1_000_000
    )
    preset: Literal["sample", "nanogpt-cpu", "best"] = model_option(
        "sample",
        "other defaults: nanogpt-cpu are nanoGPT's for tiny Shakespeare on a CPU (2,000 steps), "
        "best has the same sizes and steps, and Muon, rotary positions and a higher rate that "
        "falls to 0",
    )
    hidden: int | None = model_option(
        None, "width of the feed-forward networks", default_text="4 times --width", **SIZE
    )
    layers: int = model_option(4, "layers of the decoder", **LAYERS)
    max_length: int = model_option(64, "context length in tokens", **SIZE)
    positions: Literal["learned", "sinusoidal", "rotary", "alibi", "relative", "none"] = (
        model_option("learned", "encoding of positions")
    )
    bias: bool = model_option(False, "biases in linear layers and norms")
    dropout: float = 0.0
    optimizer: OptimizerName = training_option(
        "adamw", "of all parameters; muon: of the layers' matrices, and adamw of the others"
    )
    final_lr: float = training_option(
        0.1, "last learning rate, as a fraction of --lr", at_least=0, at_most=1
    )
    warmup: int = training_option(100, "warm-up steps, at most a tenth of all steps", at_least=0)
    weight_decay: float = 0.1
    beta2: float = training_option(0.99, "of AdamW", at_least=0, below=1)
    clip_norm: float = training_option(1.0, "largest norm of the gradient", above=0)
    generate: str | None = option(
        None,
        "continue PROMPT with the run in --out and print the text as it is generated",
        group="run",
        transient=True,
        loads_run=True,
        const="",
        metavar="PROMPT",
    )
    tokens: int = generation_option(
        300, "tokens to generate", at_least=1, at_most=1_000_000_000, metavar="N"
    )
    temperature: float = generation_option(0.8, "of sampling; 0: greedy", at_least=0)
    top_k: int | None = generation_option(
        None, "sample from the K most likely tokens", at_least=1, metavar="K"
    )
    top_p: float | None = generation_option(
        None,
        "sample from the smallest set of tokens with total probability P (nucleus sampling)",
        above=0,
        at_most=1,
        metavar="P",
    )

    @classmethod
    def defaults(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the defaults of the preset."""
        return PRESETS[given.get("preset", "sample")]
