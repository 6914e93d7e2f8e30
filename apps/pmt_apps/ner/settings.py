"""Settings of `train_ner.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pmt_apps.kit.options import option
from pmt_apps.kit.settings import AppSettings


@dataclass(frozen=True)
class Settings(AppSettings):
    """Settings of the NER app."""

    out: Path = Path("runs/ner")
    epochs: int = option(
        20,
        "times to go through the training data",
        group="training",
        at_least=1,
        default_text="20; 24 on the shipped sample, which also has a smaller model",
    )
    batch_size: int = 16
    lr: float = 1.5e-3
    train: Path | None = option(
        None, "training sentences (CoNLL); needs --dev", group="data", metavar="F"
    )
    dev: Path | None = option(
        None, "sentences that choose the best weights", group="data", metavar="F"
    )
    test: Path | None = option(
        None, "sentences to score once, at the end", group="data", metavar="F"
    )
    word_column: int | None = option(
        None,
        "column of the words, from 0, or below 0 from the last; found out where not given",
        group="data",
        metavar="N",
    )
    tag_column: int | None = option(None, "column of the tags, likewise", group="data", metavar="N")
    encoding: str = option("utf-8", "of the CoNLL files, e.g. latin-1", group="data")
    vectors: Path | None = option(
        None,
        "word vectors to start from: a file of word2vec, text or binary",
        group="data",
        metavar="F",
    )
    tune_vectors: bool = option(
        True, "train on the vectors, too, instead of keeping them as they are", group="model"
    )
    vector_words: int = option(
        200_000, "take only the first N words of --vectors", group="data", at_least=1, metavar="N"
    )
    lm_corpus: Path | None = option(
        None,
        "plain text (also .zip, .gz) to train the encoder on first, by guessing hidden words; "
        "kept in pretrain.npz",
        group="pre-training",
        metavar="F",
    )
    lm_words: int = option(
        6_000_000, "read the first N words of it", group="pre-training", at_least=1, metavar="N"
    )
    lm_epochs: int = option(2, "times to go through them", group="pre-training", at_least=1)
    lm_min_count: int = option(
        10, "rarer words of it are unknown", group="pre-training", at_least=1
    )
    lm_guessed: int = option(10_000, "most words to choose among", group="pre-training", at_least=1)
    lm_batch_size: int = option(32, "sentences per step", group="pre-training", at_least=1)
    lm_lr: float = option(2e-3, "highest learning rate", group="pre-training", above=0)
    encoder: Path | None = option(
        None,
        "the pretrain.npz or model.npz of another run to start from, of the same sizes",
        group="pre-training",
        metavar="F",
    )
    scheme: Literal["IOB1", "IOB2", "IOBES"] = option(
        "IOBES", "how the model tells entities, whatever the files do", group="model"
    )
    min_count: int = option(1, "rarer words are unknown", group="model", at_least=1)
    join: int = option(
        0,
        "join neighboring sentences of a document while they have so many words or fewer",
        group="model",
        at_least=0,
        metavar="N",
    )
    longest: int = option(
        256, "longer sentences are cut to be read, in words", group="model", at_least=2
    )
    word_width: int = option(100, "width of the learned word vectors", group="model", at_least=1)
    filters: int = option(60, "filters over the letters of a word", group="model", at_least=1)
    width: int = option(128, "model width d", group="model", at_least=1)
    heads: int = option(4, "attention heads, divides the width", group="model", at_least=1)
    hidden: int = option(256, "width of the feed-forward networks", group="model", at_least=1)
    layers: int = option(2, "encoder layers", group="model", at_least=1)
    dropout: float = option(0.3, "rate in the encoder", group="training", at_least=0, below=1)
    input_dropout: float = option(
        0.4, "rate on what is known of a word", group="training", at_least=0, below=1
    )
    word_dropout: float = option(
        0.3,
        "a: a word met n times is read as unknown with chance a / (a + n)",
        group="training",
        at_least=0,
    )
    weight_decay: float = option(0.01, "of matrices and tables", group="training", at_least=0)
    warmup: float = option(
        0.1,
        "share of the steps in which the learning rate rises",
        group="training",
        at_least=0,
        below=1,
    )
    average: float = option(
        0.998,
        "decay of the average of the weights that is kept; 0: none",
        group="training",
        at_least=0,
        below=1,
    )
    patience: int = option(
        10, "epochs without a better dev F1 after which to stop", group="training", at_least=1
    )

    @classmethod
    def defaults(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Vectors teach fast; the shipped sample is small and wants a small model."""
        of_vectors = {"word_width": 50} if "vectors" in given else {}
        if "train" in given:
            return of_vectors
        return {"epochs": 24, "word_width": 50, "filters": 30, "width": 64, "hidden": 128}
