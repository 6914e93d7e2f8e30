"""The sentences and the vectors that a run of `train_ner.py` is given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.files import SAMPLES, check_input_file
from pmt_apps.kit.run import Run
from pmt_apps.kit.split_files import split_files
from pmt_apps.ner.settings import Settings
from pmt_core import SettingsError, tag_spans
from pmt_text import (
    ConllFile,
    SentenceEncoder,
    TaggedSentence,
    WordVectors,
    fold_word,
    letters_only,
    load_conll,
    load_word_vectors,
)
from pmt_train import warn

Splits = dict[str, ConllFile]


def read_splits(settings: Settings, run: Run[Settings]) -> Splits:
    """The files "train" and "dev", and "test" where it is given."""
    samples = {name: [SAMPLES / f"ner_{name}.conll"] for name in ("train", "dev")}
    paths = split_files(settings, {name: [name] for name in ("train", "dev", "test")}, samples)
    splits = {name: _read(name, path, settings, run) for name, (path,) in paths.items()}
    _warn_of_new_types(splits)
    return splits


def _read(role: str, path: Path, settings: Settings, run: Run[Settings]) -> ConllFile:
    """The sentences of a file; what is broken in it is named and left out."""
    check_input_file(path, f"tagged sentences ({role})")
    found = load_conll(
        path,
        word_column=settings.word_column,
        tag_column=settings.tag_column,
        encoding=settings.encoding,
        limit=settings.limit if role == "train" else None,
    )
    for warning in found.warnings():
        warn(f"warning: {warning}")
    run.log_file(role, path, len(found))
    entities = sum(len(tag_spans(sentence.tags or ())) for sentence in found.sentences)
    run.say(
        f"{role}: {len(found):,} sentences, {found.tokens:,} words, {entities:,} entities of "
        f"{len(found.types)} types; tags are {found.scheme}, in column {found.columns.tag} of "
        f"{found.columns.count}"
    )
    return found


def _warn_of_new_types(splits: Splits) -> None:
    """A type that training never meets cannot be found; what there is of it counts as missed."""
    if not splits["train"].types:
        raise SettingsError(
            f"{splits['train'].path} has no entities to learn from: all its tags are 'O'; is it "
            "the right --tag-column?"
        )
    for name, split in splits.items():
        new = sorted(set(split.types) - set(splits["train"].types))
        if new:
            warn(f"warning: {name} has types that are not in train: {', '.join(new)}")


def read_vectors(settings: Settings, run: Run[Settings]) -> WordVectors | None:
    """The word vectors, if any were asked for."""
    if settings.vectors is None:
        return None
    check_input_file(settings.vectors, "word vectors")
    found = load_word_vectors(settings.vectors, limit=settings.vector_words)
    run.log_file("vectors", settings.vectors, len(found))
    run.say(f"vectors: {len(found):,} words, {found.width} numbers each")
    return found


def learn_encoder(
    settings: Settings,
    sentences: Sequence[TaggedSentence],
    vectors: WordVectors | None,
    more_learned: Iterable[str] = (),
) -> SentenceEncoder:
    """The vocabularies of the training sentences, and the words of the vectors behind them.

    more_learned: folded words of other texts to learn.
    """
    return SentenceEncoder.learn(
        sentences,
        scheme=settings.scheme,
        min_count=settings.min_count,
        more_learned=more_learned,
        further_words=map(fold_word, vectors.words) if vectors else (),
    )


def vector_table(encoder: SentenceEncoder, vectors: WordVectors) -> NDArray[np.float32]:
    """A vector for each word of the encoder, (words, d), their mean length 1; zeros for none.

    A word without a vector has that of its letters alone: files of vectors often have no marks.
    """
    rows: dict[str, int] = {}
    for i, word in enumerate(vectors.words):
        rows.setdefault(fold_word(word), i)
    found = np.zeros((len(encoder.words), vectors.width), np.float32)
    for i, word in enumerate(encoder.words.to_json()):
        row = rows.get(word, rows.get(letters_only(word)))
        if row is not None and not word.startswith("<"):
            found[i] = vectors.matrix[row]
    lengths = np.linalg.norm(vectors.matrix, axis=1)
    return found / max(float(lengths.mean()), 1e-12)
