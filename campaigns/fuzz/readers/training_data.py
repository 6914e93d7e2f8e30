"""Training data of the applications: read, split and encoded as for a training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from campaigns.fuzz.mutations.files import Files
from campaigns.fuzz.readers.images import mnist_samples
from campaigns.fuzz.readers.reader import Reader
from campaigns.fuzz.readers.texts import (
    conll_samples,
    corpus_samples,
    hostile_texts,
    labeled_qqp_samples,
    parallel_samples,
)
from campaigns.fuzz.readers.vectors import text_samples
from pmt_apps.kit.run import Run
from pmt_apps.language_model.data import read_corpus as read_lm_corpus
from pmt_apps.language_model.settings import Settings as LmSettings
from pmt_apps.mnist.load_mnist import read_splits as read_digits
from pmt_apps.mnist.settings import Settings as MnistSettings
from pmt_apps.ner.data import build_encoder, read_vectors, vector_table
from pmt_apps.ner.data import read_splits as read_sentences
from pmt_apps.ner.settings import Settings as NerSettings
from pmt_apps.qqp.data.settings import Settings as QqpSettings
from pmt_apps.qqp.data.splits import read_splits as read_pairs
from pmt_apps.qqp.models.registry import make_pair_model
from pmt_apps.qqp.training.pretraining import read_pretraining_texts
from pmt_apps.translation.data import encode_training, read_corpora, train_tokenizer
from pmt_apps.translation.settings import Settings as TranslationSettings
from pmt_apps.word2vec.settings import Settings as Word2VecSettings
from pmt_apps.word2vec.training import read_corpus as read_word2vec_corpus


def _run(settings: Any) -> Run[Any]:
    return Run(settings, "fuzz", "fuzz")


def _qqp(folder: Path) -> None:
    path = folder / "a.txt"
    settings = QqpSettings(train=path, dev=path, extra=path, width=8, heads=2, layers=1, hidden=8)
    splits = read_pairs(_run(settings))
    model = make_pair_model(settings, splits)
    model.encode([(pair.question1, pair.question2) for pair in splits["dev"]])


def _pretraining_texts(folder: Path) -> None:
    read_pretraining_texts(folder / "a.txt", _run(QqpSettings()))


def _ner_samples() -> Iterator[Files]:
    vectors = [files["a.txt"] for files in text_samples()]
    for files, vector_file in zip(conll_samples(), vectors, strict=False):
        yield {"train.txt": files["a.txt"], "dev.txt": files["a.txt"], "vectors.txt": vector_file}


def _ner(folder: Path) -> None:
    settings = NerSettings(
        train=folder / "train.txt", dev=folder / "dev.txt", vectors=folder / "vectors.txt"
    )
    run = _run(settings)
    splits = read_sentences(settings, run)
    vectors = read_vectors(settings, run, splits)
    encoder = build_encoder(settings, splits["train"].sentences, vectors)
    if vectors is not None:
        vector_table(encoder, vectors)
    for split in splits.values():
        encoder.encode(split.sentences)


def _lm(folder: Path) -> None:
    for tokenizer in ("char", "bpe"):
        settings = LmSettings(corpus=folder / "a.txt", tokenizer=tokenizer, merges=20)
        read_lm_corpus(settings, _run(settings))


def _translation(folder: Path) -> None:
    source, target = folder / "a.en", folder / "a.de"
    settings = TranslationSettings(
        source=source, target=target, dev_source=source, dev_target=target, merges=20
    )
    train = read_corpora(settings, _run(settings))["train"]
    encode_training(train, train_tokenizer(train, settings), settings)


def _word2vec(folder: Path) -> None:
    read_word2vec_corpus(Word2VecSettings(corpus=folder / "a.txt", min_count=1))


def _mnist(folder: Path) -> None:
    settings = MnistSettings(data=folder / "a.npz")
    read_digits(settings, _run(settings))


DATA_READERS: Sequence[Reader] = (
    Reader(
        "data-qqp",
        _qqp,
        labeled_qqp_samples,
        ["pmt_apps.qqp.data.splits.read_splits"],
        hostile_texts("a.txt"),
    ),
    Reader(
        "data-qqp-pretraining",
        _pretraining_texts,
        corpus_samples,
        ["pmt_apps.qqp.training.pretraining.read_pretraining_texts"],
        hostile_texts("a.txt"),
    ),
    Reader(
        "data-ner",
        _ner,
        _ner_samples,
        ["pmt_apps.ner.data.read_splits", "pmt_apps.ner.data.read_vectors"],
        hostile_texts("train.txt", "dev.txt", "vectors.txt"),
    ),
    Reader(
        "data-lm",
        _lm,
        corpus_samples,
        ["pmt_apps.language_model.data.read_corpus"],
        hostile_texts("a.txt"),
    ),
    Reader(
        "data-translation",
        _translation,
        parallel_samples,
        ["pmt_apps.translation.data.read_corpora"],
        hostile_texts("a.en", "a.de"),
    ),
    Reader(
        "data-word2vec",
        _word2vec,
        corpus_samples,
        ["pmt_apps.word2vec.training.read_corpus"],
        hostile_texts("a.txt"),
    ),
    Reader("data-mnist", _mnist, mnist_samples, ["pmt_apps.mnist.load_mnist.read_splits"]),
)
