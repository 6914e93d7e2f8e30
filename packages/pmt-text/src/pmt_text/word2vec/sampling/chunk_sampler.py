"""`ChunkSampler`: the training samples of a chunk of text as arrays of blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from numpy.typing import NDArray

from pmt_core import RandomStream
from pmt_text.word2vec.corpus.text_corpus import TextCorpus
from pmt_text.word2vec.corpus.token_file import TokenFile
from pmt_text.word2vec.corpus.word_counts import WordCounts
from pmt_text.word2vec.sampling.word_sampling import AliasTable, SamplingSettings

_CHUNK_WORDS = 10_000

SubwordParts = tuple[NDArray[np.integer], NDArray[np.integer]]
"""Offsets (v + 1,) and rows (p,) of the parts of words, see `CharacterNgrams.parts`."""


@dataclass(frozen=True, slots=True, eq=False)
class ContextWindows:
    """The words of a chunk in u updates of r blocks of b words, with their contexts.

    A block has the w words before and after it as context: m = b + 2 w.

    Attributes:
        centers: (u, r, b) int32 word ids; the padding id beyond the end of the chunk.
        contexts: (u, r b + 2 w) int32 word ids: the words of an update with w words on either end.
        context_mask: (u, r, b, m) float32, 1 if the word is in the context window of the center.
        context_counts: (u, r, b) float32, the number of context words of each center.
        noise: (u, ...) int32 noise words, or None.
    """

    centers: NDArray[np.int32]
    contexts: NDArray[np.int32]
    context_mask: NDArray[np.float32]
    context_counts: NDArray[np.float32]
    noise: NDArray[np.int32] | None = None


def context_windows(
    words: NDArray[np.int32],
    sentences: NDArray[np.int32],
    window_sizes: NDArray[np.integer],
    window: int,
    size: tuple[int, int],
    pad: int,
) -> ContextWindows:
    """Cut words into blocks with their context windows.

    The context of a word is the words of its sentence at a distance of at most its window size,
    without the word itself. `words`, `sentences` and `window_sizes` are (n,): word ids, sentence
    ids and sizes from 1 to `window`. `size` is (b, r), words of a block and blocks of an update;
    `pad` is the word id of the padding.
    """
    n, (b, r) = len(words), size
    m = b + 2 * window
    u = max(-(-n // (r * b)), 1)  # padding alone if subsampling kept no word
    length = u * r * b
    padded = np.full(length + 2 * window, pad, np.int32)
    padded[window : window + n] = words
    contexts = sliding_window_view(padded, r * b + 2 * window)[:: r * b][:u]
    mask = np.zeros((u * r, b, m), np.float32)
    step = mask.itemsize
    # Row j of a block has its window in columns j ... j + 2 w: a band, as rows of one array.
    band = as_strided(mask, (u * r, b, 2 * window + 1), (b * m * step, (m + 1) * step, step))
    near = in_window(sentences, window_sizes, window, length).astype(np.float32)
    band[:] = near.reshape(u * r, b, -1)
    centers = padded[window : window + length].reshape(u, r, b)
    context_counts = (near @ np.ones(2 * window + 1, np.float32)).reshape(u, r, b)
    return ContextWindows(centers, contexts, mask.reshape(u, r, b, m), context_counts)


def in_window(
    sentences: NDArray[np.int32], window_sizes: NDArray[np.integer], window: int, length: int
) -> NDArray[np.bool_]:
    """Return (length, 2 window + 1): whether the word at distance -window ... window is context."""
    n = len(sentences)
    padded = np.full(length + 2 * window, -1, np.int32)
    padded[window : window + n] = sentences
    center_sentences = padded[window : window + length]
    sizes = np.zeros(length, np.int8)
    sizes[:n] = window_sizes
    distances = np.abs(np.arange(-window, window + 1, dtype=np.int8))
    near = (sizes[:, np.newaxis] >= distances) & (distances > 0)
    near &= sliding_window_view(padded, 2 * window + 1) == center_sentences[:, np.newaxis]
    return near


class ChunkSampler:
    r"""Draws the training samples of word2vec from a token file, a chunk at a time.

    The draws depend on the stream, the epoch and the number of the chunk alone, so chunks can be
    sampled in any order and by any process. Use it as a context manager, or call `close`.

    Attributes:
        counts: (v,) occurrences of the words, as given.
        keep_probabilities: (v,) of subsampling.
        noise_weights: (v,) unnormalized noise distribution.
        window: Maximum window size.
        words, chunk_words: Tokens of an epoch and of a chunk; the last chunk may be shorter.
        subwords: What word vectors are composed of, as `CharacterNgrams.parts` returns it; None:
            each word has a vector of its own.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_core import RandomStream
        >>> from pmt_text import ChunkSampler, SamplingSettings, TextCorpus, count_words
        >>> _ = Path("text.txt").write_text("to be or not to be\n")
        >>> corpus = TextCorpus("text.txt")
        >>> counts = count_words(corpus, min_count=1)
        >>> settings = SamplingSettings(window=1, subsample=0)
        >>> with ChunkSampler.from_corpus(corpus, counts, settings, RandomStream(0)) as sampler:
        ...     windows = sampler.sample(0, 0, size=(3, 1), noise_shape=(2,))
        >>> [[counts.words[i] for i in block] for block in windows.centers[:, 0]]
        [['to', 'be', 'or'], ['not', 'to', 'be']]
        >>> windows.contexts.shape, windows.noise.shape  # 2 updates: 3 words and 1 on either end
        ((2, 5), (2, 2))
    """

    def __init__(
        self,
        tokens: TokenFile,
        counts: NDArray[np.int64],
        settings: SamplingSettings,
        stream: RandomStream,
        subwords: SubwordParts | None = None,
    ) -> None:
        self.counts = counts
        self.subwords = subwords
        self.keep_probabilities = settings.keep_probabilities(counts)
        self.noise_weights = settings.noise_weights(counts)
        self.window = settings.window
        self.words = tokens.words
        self.chunk_words = tokens.chunk_words
        self._tokens = tokens
        self._settings = settings
        self._stream = stream

    @classmethod
    def from_corpus(
        cls,
        corpus: TextCorpus,
        counts: WordCounts,
        settings: SamplingSettings,
        stream: RandomStream,
        subwords: SubwordParts | None = None,
    ) -> Self:
        """Encode a corpus and sample from it. Raises what `TokenFile.write` raises."""
        tokens = TokenFile.write(corpus, counts, _CHUNK_WORDS)
        return cls(tokens, counts.counts, settings, stream, subwords)

    @cached_property
    def _noise(self) -> AliasTable:  # built only in a process that draws
        return AliasTable(self.noise_weights)

    def __len__(self) -> int:
        """Number of chunks."""
        return len(self._tokens)

    def epoch(self, n: int) -> Iterator[tuple[int, int]]:
        """Return (n, number) for each chunk: the batches of epoch n for `Word2VecTrainer`."""
        return ((n, number) for number in range(len(self)))

    def sample(
        self, epoch: int, number: int, size: tuple[int, int], noise_shape: tuple[int, ...] | None
    ) -> ContextWindows:
        """Draw the samples of chunk `number` (from 0) in epoch `epoch` (from 0).

        size: (b, r), words of a block and blocks of an update. noise_shape: shape of the noise
        words of an update; None: no noise.
        """
        chunk = self._tokens.chunk(number)
        generator = self._stream.child("piece", epoch, number).generator()
        keep = generator.random(len(chunk.words), np.float32) < self.keep_probabilities[chunk.words]
        words, sentences = chunk.words[keep], chunk.sentences[keep]
        sizes = generator.integers(1, self.window + 1, len(words), np.int8)
        windows = context_windows(words, sentences, sizes, self.window, size, len(self.counts))
        if noise_shape is None:
            return windows
        noise = self._noise.draw((len(windows.centers), *noise_shape), generator)
        return replace(windows, noise=noise)

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return arrays and JSON values from which another process builds the same sampler."""
        arrays: dict[str, NDArray[Any]] = {"counts": self.counts}
        if self.subwords is not None:
            arrays["subword_offsets"], arrays["subword_rows"] = self.subwords
        return arrays, {
            "tokens": self._tokens.handle,
            "words": self.words,
            "chunk_words": self.chunk_words,
            "settings": asdict(self._settings),
            "stream": self._stream.to_dict(),
        }

    @classmethod
    def from_state(cls, arrays: Mapping[str, NDArray[Any]], values: Mapping[str, Any]) -> Self:
        """Build the sampler that `state` described; both read the same token file."""
        tokens = TokenFile.attach(values["tokens"], values["words"], values["chunk_words"])
        settings = SamplingSettings(**values["settings"])
        stream = RandomStream.from_dict(values["stream"])
        subwords = None
        if "subword_rows" in arrays:
            subwords = arrays["subword_offsets"], arrays["subword_rows"]
        return cls(tokens, np.array(arrays["counts"]), settings, stream, subwords)

    @property
    def descriptors(self) -> list[int]:
        """File descriptors that a process inherits in order to build the same sampler."""
        return self._tokens.descriptors

    def close(self) -> None:
        """Close the token file, which has no name."""
        self._tokens.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
