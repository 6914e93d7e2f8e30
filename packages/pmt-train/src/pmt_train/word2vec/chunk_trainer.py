"""`ChunkTrainer`: the updates for a chunk of text, their size, and the protocol of a sampler."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from pmt_nn import (
    CbowKernel,
    SkipGramKernel,
    SmallStepKernel,
    SubwordInputs,
    TreeKernel,
    WindowArrays,
    Word2VecKernel,
)
from pmt_train.word2vec.word2vec import Word2VecSettings, learning_rate_at


class Word2VecSampler(Protocol):
    """The source of training samples, e.g. `pmt_text.ChunkSampler`.

    Samples depend on the epoch and the number of the chunk alone: chunks are sampled in any order,
    by copies of the sampler in several processes.

    Attributes:
        counts: (v,) occurrences of the words.
        keep_probabilities: (v,) of subsampling.
        noise_weights: (v,) unnormalized noise distribution.
        window: Maximum window size.
        words, chunk_words: Words of an epoch and of a chunk; the last chunk may be shorter.

    A sampler may have `subwords`: offsets and rows of the parts of words, see
    `pmt_nn.SubwordInputs`; its model has that many more input vectors.

    Examples:
        A whole sampler is shown at `Word2VecTrainer`. An epoch yields the number of each chunk:

        >>> class Chunks:
        ...     def __len__(self):
        ...         return 3
        ...
        ...     def epoch(self, n):
        ...         return ((n, number) for number in range(len(self)))
        >>> list(Chunks().epoch(5))
        [(5, 0), (5, 1), (5, 2)]
    """

    counts: NDArray[np.int64]
    keep_probabilities: NDArray[np.float32]
    noise_weights: NDArray[np.float64]
    window: int
    words: int
    chunk_words: int

    def __len__(self) -> int:
        """Number of chunks of an epoch."""

    def epoch(self, n: int) -> Iterator[tuple[int, int]]:
        """Return the batches of epoch n: (n, number) for each chunk."""

    def sample(
        self, epoch: int, number: int, size: tuple[int, int], noise_shape: tuple[int, ...] | None
    ) -> WindowArrays:
        """Draw the samples of chunk `number` (from 0) in epoch `epoch` (from 0).

        size: (b, r), words of a block and blocks of an update. noise_shape: shape of the noise
        words of an update; None: no noise.
        """

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return arrays and JSON values from which another process builds a copy."""

    @classmethod
    def from_state(cls, arrays: Mapping[str, NDArray[Any]], values: Mapping[str, Any]) -> Self:
        """Build the copy that `state` described."""

    @property
    def descriptors(self) -> list[int]:
        """File descriptors that a process inherits in order to build a copy."""


class ChunkTrainer:
    """Trains on chunks of text, on tables that other processes may update at the same time.

    Args:
        settings: Hyperparameters.
        sampler: Source of the samples.
        tables: Input vectors (v + 1, d) and output vectors (rows + 1, d), each with a padding row
            at the end.
        workers: Number of processes that train at once, see `update_size`.

    Attributes:
        untrained_loss: Loss of a prediction if all scores are 0.
    """

    def __init__(
        self,
        settings: Word2VecSettings,
        sampler: Word2VecSampler,
        tables: tuple[NDArray[np.float32], NDArray[np.float32]],
        workers: int = 1,
    ) -> None:
        self._settings = settings
        self._sampler = sampler
        self._tables = tables
        self._kernel = _kernel(settings, sampler)
        subwords = _subwords(sampler, len(tables[0]) - 1)
        targets = self._kernel.targets_per_prediction
        self.untrained_loss = math.log(2) * targets
        self._size = update_size(settings, sampler, targets, workers, subwords)
        self._kernel.reserve(self._size)
        self._small_size = small_step_size(settings, sampler.window)
        self._small_steps = _small_step_kernel(settings, sampler, self._small_size, workers)
        for kernel in (self._kernel, self._small_steps):
            if kernel is not None:
                kernel.subwords = subwords
        self._is_stable: bool | None = None  # one step for an update; None: not judged yet

    def train(self, chunks: Sequence[tuple[int, int]], lr_scale: float) -> tuple[float, float]:
        """Update the tables in place; return the sum of the loss, and the number of predictions.

        chunks: (epoch, number) of each, both from 0. lr_scale: factor on the learning rate.
        """
        loss = predictions = 0.0
        self._is_stable = None
        for epoch, number in chunks:
            part = number * self._sampler.chunk_words / self._sampler.words
            rate = learning_rate_at(self._settings, epoch, part) * lr_scale
            kernel, windows = self._samples(epoch, number, rate)
            sums = kernel.train(windows, rate, *self._tables)
            loss += sums[0]
            predictions += sums[1]
        return loss, predictions

    def _samples(self, epoch: int, number: int, rate: float) -> tuple[Word2VecKernel, WindowArrays]:
        """Return the kernel for a chunk, and its samples.

        Small steps are made at the beginning, where vectors are short and grow exponentially; of
        words that are often repeated, where they take no more time; and where one step for an
        update would not be stable.
        """
        sampler, small = self._sampler, self._small_steps
        words = epoch * sampler.words + number * sampler.chunk_words
        begins = words * _predictions(self._settings, sampler.window) < _FIRST_PREDICTIONS
        if small is None or not (begins or small.noise_shape is None):
            windows = sampler.sample(epoch, number, self._size, self._kernel.noise_shape)
            if small is None or self._takes_one_step(small, windows, number, rate):
                return self._kernel, windows
        return small, sampler.sample(epoch, number, self._small_size, small.noise_shape)

    def _takes_one_step(
        self, small: SmallStepKernel, windows: WindowArrays, number: int, rate: float
    ) -> bool:
        """Return whether one step of the learning rate is stable, and no slower than several.

        Both are judged by one of the updates; the curvature, which takes as long as an update, by
        one of the first chunk of a call of `train`. A run is resumed between two calls.
        """
        update = number % max(len(windows.centers) - 1, 1)  # the last one may be short
        words = windows.contexts[update]
        if len(np.unique(words)) < _MIN_DISTINCT * len(words):
            return False
        if self._is_stable is None:
            curvature = small.curvature(windows, update, *self._tables)
            self._is_stable = rate * curvature <= _MAX_CURVATURE[self._settings.model]
        return self._is_stable


def _subwords(sampler: Word2VecSampler, pad: int) -> SubwordInputs | None:
    """Return the parts of the words of a sampler that has any. pad: row behind all parts."""
    parts = getattr(sampler, "subwords", None)
    return None if parts is None else SubwordInputs(*parts, pad=pad)


def _kernel(settings: Word2VecSettings, sampler: Word2VecSampler) -> Word2VecKernel:
    counts, window = sampler.counts, sampler.window
    d, share_error = settings.dimension, settings.share_error
    if settings.loss == "hs":
        is_cbow = settings.model == "cbow"
        return TreeKernel(counts, d, window, is_cbow=is_cbow, share_error=share_error)
    sizes = (len(counts), d, window, settings.negatives, settings.block_negatives)
    if settings.model == "skipgram":
        return SkipGramKernel(*sizes)
    return CbowKernel(*sizes, share_error=share_error)


_FIRST_PREDICTIONS = 50_000  # of a training, in small steps
_MIN_DISTINCT = 0.5  # share of the words of an update, below which it takes several steps
# Times the learning rate, above which an update takes several steps. 2 is where one step overshoots
# in the worst direction of the busiest row. An update of other words has another such direction;
# and with CBOW, a step of one input moves only a part of the mean.
_MAX_CURVATURE = {"skipgram": 3.0, "cbow": 6.0}
_SMALL_WORDS, _SMALL_PAIRS = 64, 1344  # of an update in small steps, at most
# Noise words of an update in small steps: so many that each counts less than 0.65 / learning rate.
_NOISE_STEP, _MIN_NOISE, _MAX_NOISE = 0.65, 128, 256


def small_step_size(settings: Word2VecSettings, window: int) -> tuple[int, int]:
    """Return (words of a block, blocks of an update) in small steps."""
    return max(min(_SMALL_WORDS, _SMALL_PAIRS // _predictions(settings, window)), 1), 1


def _predictions(settings: Word2VecSettings, window: int) -> int:
    """Return the number of predictions for each word: the mean of 2 x (1 ... window), or one."""
    return window + 1 if settings.model == "skipgram" else 1


def _small_step_kernel(
    settings: Word2VecSettings, sampler: Word2VecSampler, size: tuple[int, int], workers: int
) -> SmallStepKernel | None:
    """Return None if the loss is another, or the size of updates was chosen."""
    if settings.loss == "hs" or settings.update_blocks:
        return None
    terms = settings.negatives * size[0] * _predictions(settings, sampler.window)
    noise = math.ceil(terms * settings.learning_rate / _NOISE_STEP / 32) * 32
    return SmallStepKernel(
        len(sampler.counts),
        settings.dimension,
        sampler.window,
        settings.negatives,
        sampler.noise_weights,
        min(max(noise, _MIN_NOISE), _MAX_NOISE),
        is_cbow=settings.model == "cbow",
        share_error=settings.share_error,
        processes=workers,
    )


_MAX_TERMS = 4.0  # of a row, in units of 1 / learning rate
# Words of an update. Beyond 256 the arrays exceed the core's cache. With skip-gram a word takes
# part in so many terms that long updates slow down learning in the first epoch; 128 hardly do.
_MAX_WORDS = {"skipgram": 128, "cbow": 256}


def update_size(
    settings: Word2VecSettings,
    sampler: Word2VecSampler,
    targets_per_prediction: float,
    workers: int = 1,
    subwords: SubwordInputs | None = None,
) -> tuple[int, int]:
    """Return (words of a block, blocks of an update) that keep training stable.

    All gradients of an update are taken at the same weights, and those of a repeated word are
    added. A row with n terms moves by up to n times the learning rate; if that is much, it
    overshoots, further every time, and training diverges. So an update has as many words as let
    the busiest row of either side, noise included, expect n <= 4 / learning rate. The curvature at
    the present vectors may demand more, see `SmallStepKernel`.

    Updates of several workers are asynchronous: a gradient may be one update per other worker out
    of date. Descent by gradients that are D steps old is stable up to about 1 / (D + 1) of the step
    size of fresh ones, so all workers share these words.

    If words are composed of parts, those that share parts with a word count with it.

    `settings.update_blocks` is used if it is not 0. `targets_per_prediction` is the mean number of
    terms of a prediction.
    """
    if settings.update_blocks:
        return settings.block_words, settings.update_blocks
    counts = sampler.counts * sampler.keep_probabilities
    contexts = sampler.window + 1  # contexts that a word is in: the mean of 2 x (1 ... window)
    share = float(counts.max() / counts.sum())
    # A word also moves with the words that it shares parts with.
    moved = share if subwords is None else subwords.busiest_share(counts)
    busiest_input = targets_per_prediction * contexts * moved
    if settings.loss == "hs":
        busiest_output = 0.0  # the steps near the root are bounded, see `TreeKernel`
    else:
        noise = sampler.noise_weights
        busiest_output = share + settings.negatives * float(noise.max() / noise.sum())
        busiest_output *= _predictions(settings, sampler.window)
    terms = max(busiest_input, busiest_output)  # for each word of the update
    words = max(int(_MAX_TERMS / (settings.learning_rate * terms * workers)), 1)
    block = min(settings.block_words, words)
    return block, min(words, max(_MAX_WORDS[settings.model], block)) // block
