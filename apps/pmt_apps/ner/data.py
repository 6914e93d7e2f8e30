"""The sentences and the word vectors of a run of `train_ner.py`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.files import SAMPLES, check_input_file
from pmt_apps.kit.run import Run
from pmt_apps.kit.settings import split_files
from pmt_apps.ner.settings import Settings
from pmt_core import SettingsError, tag_spans
from pmt_text import (
    SPECIAL_TOKENS,
    ConllFile,
    SentenceEncoder,
    TaggedSentence,
    WordVectors,
    fold_word,
    letters_only,
    load_conll,
    load_subword_vectors,
    load_word_vectors,
)
from pmt_train import warn

Splits = dict[str, ConllFile]


def read_splits(settings: Settings, run: Run[Settings]) -> Splits:
    """Load "train" and "dev", and "test" if it is given, all with the columns of train."""
    samples = {name: [SAMPLES / f"ner_{name}.conll"] for name in ("train", "dev")}
    paths = split_files(settings, {name: [name] for name in ("train", "dev", "test")}, samples)
    splits: Splits = {}
    for name in ("train", "dev", "test"):
        if name in paths:
            splits[name] = _read(name, paths[name][0], settings, run, splits.get("train"))
    _check_types(splits)
    return splits


def _read(
    role: str, path: Path, settings: Settings, run: Run[Settings], train: ConllFile | None
) -> ConllFile:
    """Load the sentences of a file, print how it is read, and warn of dropped sentences.

    train: the file whose columns this one has.
    """
    check_input_file(path, f"tagged sentences ({role})")
    file = load_conll(
        path,
        word_column=settings.word_column,
        tag_column=settings.tag_column,
        columns=train.columns if train is not None else None,
        encoding=settings.encoding,
        limit=settings.limit if role == "train" else None,
    )
    for warning in file.warnings():
        warn(f"warning: {warning}")
    if any(reason.startswith("not text") for reason in file.dropped):
        warn(f"warning: if {path} is in another encoding, name it by --encoding, e.g. latin-1")
    if train is not None and train.columns.count != file.columns.count:
        warn(
            f"warning: {role} has {file.columns.count} columns, train {train.columns.count}; those "
            f"of {role} are decided from its own rows"
        )
    run.log_file(role, path, len(file))
    entities = sum(len(tag_spans(sentence.tags or ())) for sentence in file.sentences)
    run.say(
        f"{role}: {len(file):,} sentences, {file.tokens:,} words, {entities:,} entities "
        f"of {len(file.types)} types; tags are {file.scheme}, in column {file.columns.tag} of "
        f"{file.columns.count}\n  {file.reading()}"
    )
    return file


def _check_types(splits: Splits) -> None:
    """Check that train has entities; warn of types that are missing in it and cannot be learned.

    Raises:
        SettingsError: train has no entities.
    """
    if not splits["train"].types:
        raise SettingsError(
            f"{splits['train'].path} has no entities: all tags in its column "
            f"{splits['train'].columns.tag} (from 0) are 'O'; choose another by --tag-column"
        )
    for name, split in splits.items():
        new = sorted(set(split.types) - set(splits["train"].types))
        if new:
            warn(f"warning: {name} has types that are not in train: {', '.join(new)}")


def read_vectors(
    settings: Settings, run: Run[Settings], splits: Mapping[str, ConllFile]
) -> WordVectors | None:
    """Load the word vectors of `--vectors`; None without it.

    With vectors of n-grams, the words of all splits that are not in the file have vectors, too.
    """
    if settings.vectors is None:
        return None
    check_input_file(settings.vectors, "word vectors")
    if settings.vectors.suffix == ".npz":
        return _composed_vectors(settings, run, settings.vectors, splits)
    vectors = load_word_vectors(settings.vectors, limit=settings.vector_words)
    run.log_file("vectors", settings.vectors, len(vectors))
    run.say(f"vectors: {len(vectors):,} words, {vectors.width} numbers each")
    return vectors


def _composed_vectors(
    settings: Settings, run: Run[Settings], path: Path, splits: Mapping[str, ConllFile]
) -> WordVectors:
    """Load vectors with n-grams, and add those of the words of the splits."""
    subwords = load_subword_vectors(path, limit=settings.vector_words)
    known = subwords.vectors
    used = {
        fold_word(word, lower=False): None  # digits as 0, as in the text of the vectors
        for split in splits.values()
        for sentence in split.sentences
        for word in sentence.words
    }
    new = [word for word in used if word not in known]
    run.log_file("vectors", path, len(known))
    run.say(
        f"vectors: {len(known):,} words, {known.width} numbers each; {len(new):,} more words by "
        f"n-grams of {subwords.ngrams.min_n} to {subwords.ngrams.max_n} letters"
    )
    return WordVectors([*known.words, *new], np.concatenate([known.matrix, subwords.of(new)]))


def build_encoder(
    settings: Settings,
    sentences: Sequence[TaggedSentence],
    vectors: WordVectors | None,
    more_words: Iterable[str] = (),
) -> SentenceEncoder:
    """Return the encoder of training sentences and of word vectors.

    Args:
        settings: scheme and min_count.
        sentences: the training sentences.
        vectors: their words follow those with trained vectors in the vocabulary.
        more_words: folded words of other texts that also get trained vectors.
    """
    return SentenceEncoder.learn(
        sentences,
        scheme=settings.scheme,
        min_count=settings.min_count,
        more_learned=more_words,
        further_words=(_folded(settings, word) for word in vectors.words) if vectors else (),
        lower=not settings.keep_case,
    )


def _folded(settings: Settings, word: str) -> str:
    return fold_word(word, lower=not settings.keep_case)


def vector_table(encoder: SentenceEncoder, vectors: WordVectors) -> NDArray[np.float32]:
    """Return a vector for each word of the encoder, (words, d), scaled to a mean length of 1.

    Words missing from the file have the vector of the word without punctuation, or zeros; special
    tokens have zeros. Of words that differ in case only, which the encoder may not tell apart, the
    first one counts.
    """
    rows: dict[str, int] = {}
    for i, word in enumerate(vectors.words):
        rows.setdefault(fold_word(word, lower=encoder.lower, digits=encoder.digits), i)
    table = np.zeros((len(encoder.words), vectors.width), np.float32)
    for i, word in enumerate(encoder.words.to_json()):
        row = rows.get(word, rows.get(letters_only(word)))
        if row is not None and word not in SPECIAL_TOKENS:
            table[i] = vectors.matrix[row]
    matrix = vectors.matrix
    # In float64: squares of large float32 numbers overflow, and so may the mean length.
    lengths = np.sqrt(np.einsum("ij,ij->i", matrix, matrix, dtype=np.float64))
    scaled: NDArray[np.float32] = (table / np.maximum(lengths.mean(), 1e-12)).astype(np.float32)
    return scaled
