"""Settings of `train_word2vec.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from pmt_apps.kit.options import (
    BATCH_SIZE,
    SIZE,
    data_option,
    model_option,
    option,
    training_option,
)
from pmt_apps.kit.settings import AppSettings
from pmt_core import SettingsError
from pmt_text import CharacterNgrams

TASK = "word2vec"
DEFAULT_RATES = {"skipgram": 0.025, "cbow": 0.05, "tape": 0.005}
SAMPLE_DEFAULTS = {"epochs": 12, "dimension": 50, "min_count": 3}
"""Defaults for the shipped text, which is small."""
_MIRRORS = ("https://mattmahoney.net/dc", "http://mattmahoney.net/dc")


@dataclass(frozen=True)
class Settings(AppSettings):
    """Settings of the word2vec app."""

    renamed: ClassVar[Mapping[str, str]] = {"form": "implementation"}

    out: Path = Path("runs/word2vec")
    epochs: int = 5
    lr: float = training_option(
        DEFAULT_RATES["skipgram"],
        "learning rate at the beginning; it decreases linearly to nearly 0 "
        f"(cbow: {DEFAULT_RATES['cbow']}, --implementation tape: {DEFAULT_RATES['tape']})",
        above=0,
    )
    batch_size: int = training_option(
        256, "words per step of --implementation tape, and per batch of --predict", **BATCH_SIZE
    )
    limit: int | None = option(
        None, "use only the first N words", group="run", at_least=1, metavar="N"
    )
    corpus: Path | None = data_option(None, "text to train on: plain, .gz or .zip", metavar="FILE")
    sentences: Literal["lines", "chunks"] = data_option(
        "lines", "context windows end with the line, or only every 1,000 words"
    )
    reading: Literal["spaces", "cased", "lower"] = data_option(
        "spaces",
        "words are what is between spaces; or punctuation is split off and digits are 0, with "
        "the case kept or in lower case",
    )
    questions: Path | None = data_option(
        None, "analogies to evaluate on (questions-words.txt)", metavar="FILE"
    )
    wordsim: Path | None = data_option(
        None, "word pairs with human similarity scores (WordSim-353)", metavar="FILE"
    )
    restrict: int = data_option(
        30_000, "evaluate analogies among the N most frequent words", at_least=1
    )
    download: Literal["text8"] | None = data_option(
        None, "download a public text, and do nothing else", transient=True
    )
    into: Path = data_option(Path("data"), "folder of --download", transient=True, metavar="DIR")
    base_url: tuple[str, ...] = data_option(
        _MIRRORS, "servers that --download tries, in this order", transient=True, metavar="URL"
    )
    model: Literal["skipgram", "cbow"] = model_option(
        "skipgram", "a word predicts its neighbors, or they predict the word"
    )
    loss: Literal["ns", "hs"] = model_option("ns", "negative sampling, or hierarchical softmax")
    implementation: Literal["fast", "tape"] = model_option(
        "fast", "gradients by hand for blocks of words, or layers on the tape"
    )
    dimension: int = model_option(100, "length of a word vector", **SIZE)
    min_count: int = model_option(5, "rarer words are left out", at_least=1)
    max_words: int | None = model_option(
        None, "keep the N most frequent words", at_least=2, metavar="N"
    )
    min_n: int = model_option(
        3, "shortest character n-grams of --max-n", at_least=1, at_most=64, metavar="N"
    )
    max_n: int = model_option(
        0,
        "longest character n-grams that words are composed of, with those of --min-n on, as in "
        "fastText; 0: none",
        at_least=0,
        at_most=64,
        metavar="N",
    )
    buckets: int = model_option(
        200_000, "vectors that the n-grams share by their hash", at_least=1, at_most=1 << 24
    )
    window: int = training_option(5, "maximum distance of a context word", at_least=1, at_most=100)
    negatives: int = training_option(5, "noise words per prediction", at_least=1, at_most=10_000)
    subsample: float = training_option(
        1e-3, "threshold of subsampling frequent words; 0: none", at_least=0, below=1
    )
    neighbors: str | None = option(
        None,
        "print the nearest words of a word, with the run in --out",
        transient=True,
        group="run",
        metavar="WORD",
    )
    analogy: tuple[str, ...] = option(
        (),
        "answer with the run in --out: A is to B as C is to what?",
        transient=True,
        group="run",
        metavar="WORD",
    )

    def __post_init__(self) -> None:
        """Check that the settings of n-grams fit together."""
        super().__post_init__()
        if self.max_n and self.max_n < self.min_n:
            raise SettingsError(
                f"--max-n {self.max_n} is below --min-n {self.min_n}: give the longest n-grams at "
                "least the length of the shortest, or --max-n 0 for none"
            )
        if self.max_n and self.implementation == "tape":
            raise SettingsError("--max-n needs --implementation fast: leave one of them out")

    @property
    def ngrams(self) -> CharacterNgrams | None:
        """The n-grams that words are composed of; None without --max-n."""
        if not self.max_n:
            return None
        return CharacterNgrams(self.min_n, self.max_n, self.buckets)

    @classmethod
    def defaults(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return defaults by corpus (the shipped one is small), model and implementation."""
        implementation = given.get("implementation", "fast")
        name = "tape" if implementation == "tape" else given.get("model", "skipgram")
        rate = {"lr": DEFAULT_RATES[name]}
        return rate if "corpus" in given else {**SAMPLE_DEFAULTS, **rate}
