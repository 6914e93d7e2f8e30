"""`WindowBatches`: words and their neighbors in batches, for a model on the tape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_core import RandomStream, SettingsError
from pmt_text.word2vec.corpus.encoded_text import TextPiece, text_pieces
from pmt_text.word2vec.corpus.text_corpus import TextCorpus
from pmt_text.word2vec.corpus.word_counts import WordCounts
from pmt_text.word2vec.sampling.negative_samples import AliasTable
from pmt_text.word2vec.sampling.subsampling import keep_probabilities
from pmt_text.word2vec.settings import Word2VecSettings

__all__ = ["WindowBatch", "WindowBatches"]

_PIECE = 50_000  # words encoded at a time


@dataclass(frozen=True, slots=True, eq=False)
class WindowBatch:
    """n words, each with at least one neighbor.

    Attributes:
        words: (n,). neighbors: (n, 2 window), 0 where there is none. mask: the same shape, True
        for a neighbor.
    """

    words: NDArray[np.int64]
    neighbors: NDArray[np.int64]
    mask: NDArray[np.bool_]

    def pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Every word with every one of its neighbors, as skip-gram wants them: (p,) and (p,)."""
        return np.repeat(self.words, self.mask.sum(axis=1)), self.neighbors[self.mask]

    def __len__(self) -> int:
        return len(self.words)

    def shard(self, i: int, n: int) -> WindowBatch:
        """Part `i` of `n`."""
        return WindowBatch(self.words[i::n], self.neighbors[i::n], self.mask[i::n])


class WindowBatches:
    """The windows of a corpus, an epoch at a time; subsampling and window sizes are drawn anew.

    corpus, counts: the text, and what `count_words` found in it. settings: of them the window,
    subsampling and the noise. batch_size: words of a batch. stream: everything random comes
    from it, keyed by the epoch. Batches come in the order of the text.
    """

    def __init__(
        self,
        corpus: TextCorpus,
        counts: WordCounts,
        settings: Word2VecSettings,
        batch_size: int,
        stream: RandomStream,
    ) -> None:
        if batch_size < 1:
            raise SettingsError(f"batch_size is 1 or more, got {batch_size}")
        self._corpus, self._counts, self._window = corpus, counts, settings.window
        self._batch_size, self._stream = batch_size, stream
        self._keep = keep_probabilities(counts.counts, settings.subsample)
        self._noise = AliasTable(counts.counts.astype(np.float64) ** settings.noise_power)

    @property
    def expected(self) -> int:
        """About so many batches an epoch has; chance makes it a few more or less."""
        kept = float((self._keep * self._counts.counts).sum())
        return max(round(kept / self._batch_size), 1)

    def noise(self, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.int64]:
        """Noise words, drawn ~ count ** noise_power."""
        return self._noise.draw(shape, rng).astype(np.int64)

    def epoch(self, n: int) -> Iterator[WindowBatch]:
        """The batches of epoch n (0, 1, ...): the same ones whenever it is asked for."""
        for piece in text_pieces(self._corpus, self._counts, _PIECE):
            whole = self._windows(piece, self._stream.child(n, piece.number).generator())
            for start in range(0, len(whole), self._batch_size):
                part = slice(start, start + self._batch_size)
                yield WindowBatch(whole.words[part], whole.neighbors[part], whole.mask[part])

    def _windows(self, piece: TextPiece, rng: np.random.Generator) -> WindowBatch:
        kept = rng.random(len(piece.words), np.float32) < self._keep[piece.words]
        words, sentences = piece.words[kept].astype(np.int64), piece.sentences[kept]
        reach = rng.integers(1, self._window + 1, len(words))
        offsets = np.concatenate([np.arange(-self._window, 0), np.arange(1, self._window + 1)])
        places = np.arange(len(words))[:, np.newaxis] + offsets  # (n, 2 window)
        mask = (places >= 0) & (places < len(words)) & (np.abs(offsets) <= reach[:, np.newaxis])
        places = np.where(mask, places, 0)
        mask &= sentences[places] == sentences[:, np.newaxis]
        neighbors = np.where(mask, words[places], 0)
        some = mask.any(axis=1)
        return WindowBatch(words[some], neighbors[some], mask[some])
