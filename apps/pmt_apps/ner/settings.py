"""Settings of `train_ner.py`."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from pmt_apps.encoder.width import NARROW, fine_tuning_defaults
from pmt_apps.kit.options import (
    BATCH_SIZE,
    EPOCHS,
    SIZE,
    data_option,
    model_option,
    option,
    path_option,
    training_option,
)
from pmt_apps.kit.settings import TransformerSettings
from pmt_core import SettingsError

pretraining_option = functools.partial(option, group="pre-training")
SAMPLE_DEFAULTS = {
    "epochs": 24, "word_width": 50, "filters": 30, "width": 64, "hidden": 128,
    "document_context": False, "consistency": 1.0,
}  # fmt: skip


FINE_TUNING_DEFAULTS = {
    "epochs": 8, "lr": 2e-4, "dropout": 0.2, "average": 0.0, "patience": 6, "fine_tunes": True,
    "consistency": 1.0,
}  # fmt: skip
"""Defaults with the folder of a pre-trained encoder."""

PRESETS: dict[str, dict[str, Any]] = {
    "plain": {}, "quick": {"epochs": 8}, "best": {"members": 5},
}  # fmt: skip
"""What the presets set other than the options' own defaults, which are those of "plain"."""

MOST_MEMBERS = 64


@dataclass(frozen=True)
class Settings(TransformerSettings):
    """Settings of the NER app."""

    renamed: ClassVar[Mapping[str, str]] = {"longest": "max_length", "lm_guessed": "mlm_vocabulary"}

    out: Path = Path("runs/ner")
    preset: Literal["plain", "quick", "best"] = model_option(
        "plain", "plain: one tagger; quick: one for fewer epochs; best: an ensemble of five"
    )
    epochs: int = training_option(
        20,
        "passes over the training data",
        **EPOCHS,
        default_text="20, quick: 8; 24 on the shipped sample, which also has a smaller model",
    )
    batch_size: int = 16
    lr: float = 1.5e-3
    train: Path | None = path_option("training sentences (CoNLL); needs --dev")
    dev: Path | None = path_option("sentences that choose the best weights")
    test: Path | None = path_option("sentences to score once, at the end")
    word_column: int | None = data_option(
        None,
        "column of the words in all files, from 0, or negative from the last; decided by default",
    )
    tag_column: int | None = data_option(None, "column of the tags, likewise")
    encoding: str = data_option("utf-8", "of the CoNLL files, e.g. latin-1")
    folds: int | None = data_option(
        None,
        "cross-validate: train N times more, each time score another N-th of the documents of "
        "--train, by a single tagger",
        at_least=2,
        at_most=1000,
        metavar="N",
    )
    vectors: Path | None = path_option(
        "initial word vectors: a word2vec file, text or binary, or the subwords.npz of a word2vec "
        "run, which has vectors of all words"
    )
    keep_case: bool = model_option(
        False, "tell words apart that differ in case, for --vectors of a cased text"
    )
    tune_vectors: bool = model_option(True, "train the given vectors too")
    vector_words: int = data_option(
        200_000, "use only the first N words of --vectors", at_least=1, metavar="N"
    )
    lm_corpus: Path | None = path_option(
        "plain text (also .zip, .gz) to pre-train the encoder on by masked language modeling; "
        "saved in pretrain.npz",
        group="pre-training",
    )
    lm_words: int = pretraining_option(
        6_000_000, "use only its first N words", at_least=1, metavar="N"
    )
    lm_epochs: int = pretraining_option(2, "passes over it", **EPOCHS)
    lm_min_count: int = pretraining_option(10, "smallest frequency of its words", at_least=1)
    mlm_vocabulary: int = pretraining_option(
        10_000, "number of its most frequent words that are masked and predicted", at_least=1
    )
    lm_batch_size: int = pretraining_option(32, "sentences per step", **BATCH_SIZE)
    lm_lr: float = pretraining_option(2e-3, "highest learning rate", above=0)
    encoder: Path | None = path_option(
        "folder of a pre-trained encoder (BERT, MiniLM, ...) to fine-tune, with an --lr of 1e-3 by "
        f"default if its width is {NARROW} or less; or pretrain.npz or model.npz of another run of "
        "the same sizes to start from",
        group="pre-training",
    )
    fine_tunes: bool = option(
        False, "--encoder is a folder to fine-tune; found by default", group="pre-training"
    )
    members: int = model_option(
        1,
        "taggers whose scores are averaged; each has initial weights and an order of its own",
        default_text="by the preset: 1, best: 5",
        at_least=1,
        at_most=MOST_MEMBERS,
        metavar="K",
    )
    consistency: float = model_option(
        0.5,
        "weight of what the same word is elsewhere in its document, where sentences are of several "
        "documents; 0: each sentence is tagged by itself",
        default_text="0.5; 1 without --document-context, with --encoder, on the shipped sample",
        at_least=0,
        at_most=100,
    )
    document_context: bool = model_option(
        True,
        "add mean vectors of words of its document and of the neighboring sentences to each word, "
        "where sentences of --train are of several documents; not on the shipped sample",
    )
    scheme: Literal["IOB1", "IOB2", "IOBES"] = model_option(
        "IOBES", "tag scheme of the model, whatever that of the files"
    )
    min_count: int = model_option(1, "smallest frequency of words", at_least=1)
    join: int = model_option(
        0, "join neighboring sentences of a document up to N words", at_least=0, metavar="N"
    )
    max_length: int = model_option(
        256,
        "most words that are read at once; longer sentences are cut, entities too",
        at_least=2,
        at_most=1 << 16,
    )
    word_width: int = model_option(100, "width of the trained word vectors", **SIZE)
    filters: int = model_option(60, "filters of the character CNN", **SIZE)
    hidden: int = 256
    dropout: float = 0.3
    input_dropout: float = training_option(
        0.4, "dropout rate on the word embeddings", at_least=0, below=1
    )
    word_dropout: float = training_option(
        0.3,
        "a: a word of frequency n is replaced by the unknown word with probability a / (a + n)",
        at_least=0,
        at_most=1e9,
    )
    entity_swap: float = training_option(
        0.0,
        "probability that an entity is replaced by another one of its type in train, anew in each "
        "epoch",
        at_least=0,
        at_most=1,
        metavar="P",
    )
    warmup: float = training_option(
        0.1, "fraction of the steps that are warm-up", at_least=0, below=1
    )
    average: float = training_option(
        0.998, "decay of the moving average of the weights that is saved; 0: none", at_least=0,
        below=1,
    )  # fmt: skip
    patience: int = training_option(
        10, "epochs without a better dev F1 before stopping", at_least=1
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fine_tunes and (self.vectors or self.lm_corpus):
            raise SettingsError(
                "a pre-trained encoder takes the place of --vectors and --lm-corpus; leave them "
                "out, or leave --encoder out"
            )

    @classmethod
    def defaults(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return those of the preset; narrower word vectors beside given ones; the sample's."""
        preset = PRESETS[given.get("preset", "plain")]
        encoder = given.get("encoder")
        if isinstance(encoder, Path) and encoder.is_dir():
            usual = {**FINE_TUNING_DEFAULTS, **preset}
            return fine_tuning_defaults(encoder, usual)
        if "train" not in given:
            return {**SAMPLE_DEFAULTS, **preset}
        with_vectors = {"word_width": 50} if "vectors" in given else {}
        without = {} if given.get("document_context", True) else {"consistency": 1.0}
        return {**with_vectors, **without, **preset}
