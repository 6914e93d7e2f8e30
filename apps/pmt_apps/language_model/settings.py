"""Settings of `train_lm.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pmt_apps.kit.options import option
from pmt_apps.kit.settings import AppSettings

# The CPU setting that nanoGPT's README gives for tiny Shakespeare: no dropout, 2,000 steps.
NANOGPT_CPU: dict[str, Any] = {"epochs": 8, "steps": 250}
PRESETS: dict[str, dict[str, Any]] = {"sample": {}, "nanogpt-cpu": NANOGPT_CPU}


@dataclass(frozen=True)
class Settings(AppSettings):
    """Settings of the language model app."""

    out: Path = Path("runs/lm")
    epochs: int = option(
        4, "each of --steps; a line of the history is an epoch", group="training", at_least=1
    )
    steps: int = option(
        250, "steps of an epoch, each on windows from random places", group="training", at_least=1
    )
    batch_size: int = option(12, "windows per step", group="training", at_least=1)
    lr: float = 1e-3
    limit: int | None = option(
        None, "use only the first N characters of the corpus", group="data", at_least=1, metavar="N"
    )
    corpus: Path | None = option(
        None, "text to learn from, plain or gzip", group="data", metavar="F"
    )
    encoding: str = option("utf-8", "of the corpus, e.g. latin-1", group="data")
    dev_fraction: float = option(
        0.1, "the last part of the corpus, which is held out", group="data", above=0, below=1
    )
    level: Literal["char", "bpe"] = option(
        "char", "guess characters, or pieces of words (byte-pair encoding)", group="model"
    )
    merges: int = option(500, "of the byte-pair encoding", group="model", at_least=1)
    preset: Literal["sample", "nanogpt-cpu"] = option(
        "sample",
        "other defaults: nanogpt-cpu are nanoGPT's for tiny Shakespeare on a CPU (2,000 steps)",
        group="model",
    )
    layers: int = option(4, "of the decoder", group="model", at_least=1)
    heads: int = option(4, "of attention, a divisor of --width", group="model", at_least=1)
    width: int = option(128, "of a token's vector", group="model", at_least=1)
    hidden: int | None = option(
        None,
        "width of the feed-forward layer",
        group="model",
        at_least=1,
        default_text="4 times --width",
    )
    context: int = option(64, "most tokens that the model sees", group="model", at_least=1)
    positions: Literal["learned", "sinusoidal", "rotary", "alibi", "relative", "none"] = option(
        "learned", "how the model knows where a token stands", group="model"
    )
    bias: bool = option(False, "biases in linear layers and norms", group="model")
    dropout: float = option(0.0, "rate of dropout", group="training", at_least=0, below=1)
    final_lr: float = option(
        0.1, "the last learning rate, as a part of --lr", group="training", at_least=0, at_most=1
    )
    warmup: int = option(
        100,
        "steps until the learning rate is highest, but a tenth of all at most",
        group="training",
        at_least=0,
    )
    weight_decay: float = option(0.1, "of matrices", group="training", at_least=0)
    beta2: float = option(0.99, "of AdamW", group="training", at_least=0, below=1)
    clip_norm: float = option(1.0, "largest norm of the gradients", group="training", above=0)
    generate: str | None = option(
        None,
        "go on from a text with the run in --out: prints it as it is written",
        group="run",
        transient=True,
        loads_run=True,
        const="",
        metavar="PROMPT",
    )
    tokens: int = option(
        300, "to write after a prompt", group="writing", at_least=1, transient=True, metavar="N"
    )
    temperature: float = option(
        0.8, "below 1 bolder, above 1 wilder; 0 the likeliest", group="writing", at_least=0,
        transient=True,
    )  # fmt: skip
    top_k: int | None = option(
        None, "draw from the K likeliest tokens alone", group="writing", at_least=1, transient=True,
        metavar="K",
    )  # fmt: skip
    top_p: float | None = option(
        None, "draw from the fewest likeliest tokens that have probability P together",
        group="writing", above=0, at_most=1, transient=True, metavar="P",
    )  # fmt: skip

    @classmethod
    def defaults(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        return PRESETS[given.get("preset", "sample")]
