"""The corpus of a pre-training run: a tokenizer that is learned from it, and its ids."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.files import SAMPLES, check_input_file
from pmt_apps.kit.run import Run
from pmt_apps.pretraining.settings import Settings
from pmt_core import DataError
from pmt_text import SEP, TextCorpus, Tokenizer, bert_words, learn_word_pieces
from pmt_train import progress_bar

MOST_WORDS = 100_000  # different ones that the pieces are learned from: 99 % of a large text
_CHARACTERS = 1000  # different ones that have pieces
_CACHED = 1 << 18
_LINE_END = b"\xff"  # as `TextCorpus` gives it


@dataclass(frozen=True)
class Corpus:
    """An encoded text, split into a training and a held-out part.

    Attributes:
        tokenizer: text to ids.
        train, dev: ids of pieces, with a separator after each document, (n,) and (m,).
        words: number of words of the whole text, separated by blanks.
    """

    tokenizer: Tokenizer
    train: NDArray[np.int32]
    dev: NDArray[np.int32]
    words: int

    @property
    def pieces_per_word(self) -> float:
        """Mean number of pieces of a word."""
        return (len(self.train) + len(self.dev)) / max(self.words, 1)


def read_corpus(settings: Settings, run: Run[Settings]) -> Corpus:
    """Read the corpus twice: to learn the tokenizer, and to encode it.

    Raises:
        DataError: the text is too short for one chunk to train on and one to score.
    """
    path = settings.corpus or SAMPLES / "lm.txt.gz"
    check_input_file(path, "plain text")
    counts = count_words(path, settings)
    words = counts.total() - counts[_LINE_END]
    run.log_file("corpus", path, words)
    del counts[_LINE_END]
    tokenizer = learn_tokenizer(counts, settings)
    ids = encode(path, settings, tokenizer, words)
    dev = max(round(len(ids) * settings.dev_fraction), settings.max_length + 1)
    if len(ids) < dev + settings.max_length + 1:
        raise DataError(
            f"{path}: {len(ids):,} tokens are too few for chunks of {settings.max_length} to train "
            "on and to hold out; give more text, or a smaller --max-length"
        )
    corpus = Corpus(tokenizer, ids[:-dev], ids[-dev:], words)
    run.say(
        f"{words:,} words, {len(ids):,} tokens ({corpus.pieces_per_word:.2f} a word), the last "
        f"{dev:,} held out; vocabulary of {len(tokenizer):,}"
    )
    return corpus


def count_words(path: Path, settings: Settings) -> Counter[bytes]:
    """Return how often each word separated by blanks occurs, and each end of a line."""
    counts: Counter[bytes] = Counter()
    with progress_bar(settings.limit, "counting words", "word") as bar:
        for words in _word_lists(path, settings):
            counts.update(words)
            bar.update(len(words))
    return counts


def learn_tokenizer(counts: Counter[bytes], settings: Settings) -> Tokenizer:
    """Return a WordPiece tokenizer whose pieces are learned from the most frequent words."""
    words: Counter[str] = Counter()
    with progress_bar(len(counts), "splitting words", "word") as bar:
        for text, count in counts.items():
            for word in bert_words(text.decode("utf-8", "replace"), lower=settings.lower):
                words[word] += count
            bar.update(1)
    frequent = dict(words.most_common(MOST_WORDS))
    with progress_bar(1, "learning the tokenizer", "vocabulary", delay=0) as bar:
        pieces = learn_word_pieces(frequent, settings.vocabulary, characters=_CHARACTERS)
        bar.update(1)
    return Tokenizer.word_piece(pieces, lower=settings.lower, max_length=settings.max_length)


def encode(path: Path, settings: Settings, tokenizer: Tokenizer, words: int) -> NDArray[np.int32]:
    """Return the ids of a text without special tokens, but for a separator after each document.

    An empty line ends a document; in a text without empty lines, each line is one.
    """
    cache = _WordIds(tokenizer)
    previous = _LINE_END
    ids = array("i")
    ends = array("q")  # of lines, in ids
    empty = array("q")  # of documents
    with progress_bar(words, "encoding", "word") as bar:
        for block in _word_lists(path, settings):
            for word in block:
                if word != _LINE_END:
                    ids.extend(cache[word])
                elif previous == _LINE_END:
                    empty.append(len(ids))
                else:
                    ends.append(len(ids))
                previous = word
            bar.update(len(block))
    positions = np.unique(np.frombuffer(empty if empty else ends, np.int64))
    flat = np.frombuffer(ids, np.int32)
    return np.insert(flat, positions, np.int32(SEP))


class _WordIds(dict[bytes, tuple[int, ...]]):
    """The ids of words; those of the first ones are computed once."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        super().__init__()
        self._tokenizer = tokenizer

    def __missing__(self, word: bytes) -> tuple[int, ...]:
        ids = tuple(self._tokenizer.encode(word.decode("utf-8", "replace")).tolist())
        if len(self) < _CACHED:
            self[word] = ids
        return ids


def _word_lists(path: Path, settings: Settings) -> Iterator[list[bytes]]:
    """Yield the words separated by blanks in lists, with `_LINE_END` after each line."""
    return TextCorpus(path, sentences="lines", limit=settings.limit).word_lists()
