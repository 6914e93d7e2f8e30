"""Settings of `train_lm.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from pmt_apps.kit.options import option
from pmt_apps.kit.settings import AppSettings

PRESETS: dict[str, dict[str, Any]] = {
    "sample": {},
    "nanogpt-cpu": {"epochs": 8, "steps": 250},
}
"""Defaults by preset; nanogpt-cpu is the CPU setting of nanoGPT's README for tiny Shakespeare."""


@dataclass(frozen=True)
class Settings(AppSettings):
    """Settings of the language-model app."""

    renamed: ClassVar[Mapping[str, str]] = {"context": "max_length", "level": "tokenizer"}

    out: Path = Path("runs/lm")
    epochs: int = option(
        4, "epochs of --steps steps, each a row of the history", group="training", at_least=1
    )
    steps: int = option(
        250, "steps per epoch, on chunks at random positions", group="training", at_least=1
    )
    batch_size: int = option(12, "chunks per step", group="training", at_least=1)
    lr: float = 1e-3
    limit: int | None = option(
        None, "use only the first N characters of the corpus", group="data", at_least=1, metavar="N"
    )
    corpus: Path | None = option(None, "training text, plain or gzip", group="data", metavar="F")
    encoding: str = option("utf-8", "of the corpus, e.g. latin-1", group="data")
    dev_fraction: float = option(
        0.1, "fraction of the corpus, at its end, that is held out", group="data", above=0, below=1
    )
    tokenizer: Literal["char", "bpe"] = option(
        "char", "tokens are characters, or subwords (byte-pair encoding)", group="model"
    )
    merges: int = option(500, "merges of the byte-pair encoding", group="model", at_least=1)
    preset: Literal["sample", "nanogpt-cpu"] = option(
        "sample",
        "other defaults: nanogpt-cpu are nanoGPT's for tiny Shakespeare on a CPU (2,000 steps)",
        group="model",
    )
    layers: int = option(4, "decoder layers", group="model", at_least=1)
    heads: int = option(4, "attention heads, a divisor of --width", group="model", at_least=1)
    width: int = option(128, "model width", group="model", at_least=1)
    hidden: int | None = option(
        None,
        "width of the feed-forward networks",
        group="model",
        at_least=1,
        default_text="4 times --width",
    )
    max_length: int = option(64, "context length in tokens", group="model", at_least=1)
    positions: Literal["learned", "sinusoidal", "rotary", "alibi", "relative", "none"] = option(
        "learned", "encoding of positions", group="model"
    )
    bias: bool = option(False, "biases in linear layers and norms", group="model")
    dropout: float = option(0.0, "dropout rate", group="training", at_least=0, below=1)
    final_lr: float = option(
        0.1,
        "last learning rate, as a fraction of --lr",
        group="training",
        at_least=0,
        at_most=1,
    )
    warmup: int = option(
        100, "warm-up steps, at most a tenth of all steps", group="training", at_least=0
    )
    weight_decay: float = option(0.1, "of matrices", group="training", at_least=0)
    beta2: float = option(0.99, "of AdamW", group="training", at_least=0, below=1)
    clip_norm: float = option(1.0, "largest norm of the gradient", group="training", above=0)
    generate: str | None = option(
        None,
        "continue PROMPT with the run in --out and print the text as it is generated",
        group="run",
        transient=True,
        loads_run=True,
        const="",
        metavar="PROMPT",
    )
    tokens: int = option(
        300, "tokens to generate", group="generation", at_least=1, transient=True, metavar="N"
    )
    temperature: float = option(
        0.8, "of sampling; 0: greedy", group="generation", at_least=0, transient=True
    )
    top_k: int | None = option(
        None,
        "sample from the K most likely tokens",
        group="generation",
        at_least=1,
        transient=True,
        metavar="K",
    )
    top_p: float | None = option(
        None,
        "sample from the smallest set of tokens with total probability P (nucleus sampling)",
        group="generation",
        above=0,
        at_most=1,
        transient=True,
        metavar="P",
    )

    @classmethod
    def defaults(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the defaults of the preset."""
        return PRESETS[given.get("preset", "sample")]
