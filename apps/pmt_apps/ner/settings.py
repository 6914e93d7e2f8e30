"""Settings of `train_ner.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from pmt_apps.kit.options import option
from pmt_apps.kit.settings import AppSettings


@dataclass(frozen=True)
class Settings(AppSettings):
    """Settings of the NER app."""

    renamed: ClassVar[Mapping[str, str]] = {
        "longest": "max_length",
        "lm_guessed": "mlm_vocabulary",
    }

    out: Path = Path("runs/ner")
    epochs: int = option(
        20,
        "passes over the training data",
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
        "column of the words, from 0, or negative from the last; detected by default",
        group="data",
        metavar="N",
    )
    tag_column: int | None = option(None, "column of the tags, likewise", group="data", metavar="N")
    encoding: str = option("utf-8", "of the CoNLL files, e.g. latin-1", group="data")
    vectors: Path | None = option(
        None,
        "initial word vectors: a word2vec file, text or binary",
        group="data",
        metavar="F",
    )
    tune_vectors: bool = option(True, "train the given vectors too", group="model")
    vector_words: int = option(
        200_000, "use only the first N words of --vectors", group="data", at_least=1, metavar="N"
    )
    lm_corpus: Path | None = option(
        None,
        "plain text (also .zip, .gz) to pre-train the encoder on by masked language modeling; "
        "saved in pretrain.npz",
        group="pre-training",
        metavar="F",
    )
    lm_words: int = option(
        6_000_000, "use only its first N words", group="pre-training", at_least=1, metavar="N"
    )
    lm_epochs: int = option(2, "passes over it", group="pre-training", at_least=1)
    lm_min_count: int = option(
        10, "smallest frequency of its words; rarer ones are unknown", group="pre-training",
        at_least=1,
    )  # fmt: skip
    mlm_vocabulary: int = option(
        10_000, "most frequent words that are masked and predicted", group="pre-training",
        at_least=1,
    )  # fmt: skip
    lm_batch_size: int = option(32, "sentences per step", group="pre-training", at_least=1)
    lm_lr: float = option(2e-3, "highest learning rate", group="pre-training", above=0)
    encoder: Path | None = option(
        None,
        "pretrain.npz or model.npz of another run of the same sizes to start from",
        group="pre-training",
        metavar="F",
    )
    scheme: Literal["IOB1", "IOB2", "IOBES"] = option(
        "IOBES", "tag scheme of the model, whatever that of the files", group="model"
    )
    min_count: int = option(
        1, "smallest frequency of words; rarer ones are unknown", group="model", at_least=1
    )
    join: int = option(
        0,
        "join neighboring sentences of a document up to N words",
        group="model",
        at_least=0,
        metavar="N",
    )
    max_length: int = option(
        256, "most words that are read at once; longer sentences are cut", group="model", at_least=2
    )
    word_width: int = option(100, "width of the trained word vectors", group="model", at_least=1)
    filters: int = option(60, "filters of the character CNN", group="model", at_least=1)
    width: int = option(128, "model width", group="model", at_least=1)
    heads: int = option(4, "attention heads, a divisor of --width", group="model", at_least=1)
    hidden: int = option(256, "width of the feed-forward networks", group="model", at_least=1)
    layers: int = option(2, "encoder layers", group="model", at_least=1)
    dropout: float = option(
        0.3, "dropout rate in the encoder", group="training", at_least=0, below=1
    )
    input_dropout: float = option(
        0.4, "dropout rate on the word embeddings", group="training", at_least=0, below=1
    )
    word_dropout: float = option(
        0.3,
        "a: a word of frequency n is replaced by the unknown word with probability a / (a + n)",
        group="training",
        at_least=0,
    )
    weight_decay: float = option(0.01, "of matrices and tables", group="training", at_least=0)
    warmup: float = option(
        0.1,
        "fraction of the steps that are warm-up",
        group="training",
        at_least=0,
        below=1,
    )
    average: float = option(
        0.998,
        "decay of the moving average of the weights that is saved; 0: no average",
        group="training",
        at_least=0,
        below=1,
    )
    patience: int = option(
        10, "epochs without a better dev F1 before stopping", group="training", at_least=1
    )

    @classmethod
    def defaults(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return narrower word vectors beside given ones, and a small model for the sample."""
        with_vectors = {"word_width": 50} if "vectors" in given else {}
        if "train" in given:
            return with_vectors
        return {"epochs": 24, "word_width": 50, "filters": 30, "width": 64, "hidden": 128}
