"""`WindowBatches`: center words and their contexts in batches, for a model on the tape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from pmt_core import RandomStream, SettingsError
from pmt_text.word2vec.corpus.text_corpus import TextCorpus
from pmt_text.word2vec.corpus.token_file import TextChunk, encode_chunks
from pmt_text.word2vec.corpus.word_counts import WordCounts
from pmt_text.word2vec.sampling.chunk_sampler import in_window
from pmt_text.word2vec.sampling.word_sampling import AliasTable, SamplingSettings

_CHUNK_WORDS = 50_000


@dataclass(frozen=True, slots=True, eq=False)
class WindowBatch:
    """n center words, each with at least one context word; n may be 0.

    Attributes:
        words: (n,) center words.
        neighbors: (n, 2 window) context words, 0 where there is none.
        mask: (n, 2 window), True for a context word.

    Examples:
        >>> import numpy as np
        >>> from pmt_text import WindowBatch
        >>> mask = np.array([[False, True], [True, True]])
        >>> batch = WindowBatch(np.array([5, 6]), np.array([[0, 6], [5, 7]]), mask)
        >>> centers, contexts = batch.pairs()
        >>> centers, contexts
        (array([5, 6, 6]), array([6, 5, 7]))
    """

    words: NDArray[np.int64]
    neighbors: NDArray[np.int64]
    mask: NDArray[np.bool_]

    def pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the pairs of skip-gram: center words (p,) and context words (p,)."""
        return np.repeat(self.words, self.mask.sum(axis=1)), self.neighbors[self.mask]

    def __len__(self) -> int:
        return len(self.words)


class WindowBatches:
    r"""The context windows of a corpus; each epoch draws subsampling and window sizes anew.

    Batches are in the order of the text. All random numbers depend on the stream and the epoch.

    Args:
        corpus: the text.
        counts: of `count_words` for it.
        settings: of the windows, subsampling and noise.
        batch_size: center words of a batch.
        stream: source of all random numbers.

    Raises:
        SettingsError: if the batch size is below 1.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_core import RandomStream
        >>> from pmt_text import SamplingSettings, TextCorpus, WindowBatches, count_words
        >>> _ = Path("text.txt").write_text("to be or not to be\n")
        >>> corpus = TextCorpus("text.txt")
        >>> counts = count_words(corpus, min_count=1)
        >>> settings = SamplingSettings(window=1, subsample=0)
        >>> batches = WindowBatches(corpus, counts, settings, 4, RandomStream(0))
        >>> [[counts.words[i] for i in batch.words] for batch in batches.epoch(0)]
        [['to', 'be', 'or', 'not'], ['to', 'be']]
    """

    def __init__(
        self,
        corpus: TextCorpus,
        counts: WordCounts,
        settings: SamplingSettings,
        batch_size: int,
        stream: RandomStream,
    ) -> None:
        if batch_size < 1:
            raise SettingsError(f"batch_size is 1 or more, got {batch_size}")
        self._corpus, self._counts, self._window = corpus, counts, settings.window
        self._batch_size, self._stream = batch_size, stream
        self._keep = settings.keep_probabilities(counts.counts)
        self._noise = AliasTable(settings.noise_weights(counts.counts))

    def epoch_length(self, n: int) -> int:
        """Return the expected number of batches of epoch n; subsampling draws a few more or fewer.

        It serves schedules and progress bars.
        """
        words = float((self._keep * self._counts.counts).sum())
        return max(round(words / self._batch_size), 1)

    def noise(self, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.int64]:
        """Draw noise words of the given shape."""
        return self._noise.draw(shape, rng).astype(np.int64)

    def epoch(self, n: int) -> Iterator[WindowBatch]:
        """Iterate over the batches of epoch n (0, 1, ...), the same ones at every call.

        If subsampling leaves no word with a neighbor, there is one batch without words.
        """
        is_empty = True
        for chunk in encode_chunks(self._corpus, self._counts, _CHUNK_WORDS):
            windows = self._windows(chunk, self._stream.child(n, chunk.number).generator())
            for start in range(0, len(windows), self._batch_size):
                part = slice(start, start + self._batch_size)
                yield WindowBatch(windows.words[part], windows.neighbors[part], windows.mask[part])
                is_empty = False
        if is_empty:
            none = np.zeros((0, 2 * self._window), np.int64)
            yield WindowBatch(none[:, 0], none, none != 0)

    def _windows(self, chunk: TextChunk, rng: np.random.Generator) -> WindowBatch:
        keep = rng.random(len(chunk.words), np.float32) < self._keep[chunk.words]
        words, sentences = chunk.words[keep].astype(np.int64), chunk.sentences[keep]
        w, n = self._window, len(words)
        near = in_window(sentences, rng.integers(1, w + 1, n), w, n + 1)[:n]  # n may be 0
        mask = np.delete(near, w, axis=1)  # without the center itself
        contexts = sliding_window_view(np.pad(words, (w, w + 1)), 2 * w + 1)[:n]
        neighbors = np.where(mask, np.delete(contexts, w, axis=1), 0)
        some = mask.any(axis=1)
        return WindowBatch(words[some], neighbors[some], mask[some])
