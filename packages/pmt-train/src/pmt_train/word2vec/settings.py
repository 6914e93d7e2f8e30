"""`Word2VecSettings` and the learning-rate schedule."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pmt_core import SettingsError

__all__ = ["Word2VecSettings", "learning_rate_at"]


@dataclass(frozen=True, slots=True)
class Word2VecSettings:
    """The hyperparameters of Mikolov et al. 2013a, 2013b, under the names of their program.

    Attributes:
        model: "skipgram" (a word predicts each of its neighbors) or "cbow" (the mean of the
            neighbors' vectors predicts the word).
        loss: "ns", negative sampling, or "hs", hierarchical softmax.
        dimension: d, length of the vectors.
        negatives: Noise words of a prediction (ns).
        learning_rate: At the beginning; it decreases linearly to `last_learning_rate`.
        last_learning_rate: At the end of the last epoch.
        epochs: Passes over the corpus.
        share_error: CBOW only. False: each context word takes the whole error of the mean, as in
            the C program and gensim. True: the exact gradient of the loss.
        block_words: Consecutive words whose score matrix is computed at once.
        block_negatives: Noise words shared by a block (CBOW: by an update); weighted so that the
            expected loss is that of `negatives` draws for each prediction.
        update_blocks: Blocks of an update of the weights; 0: chosen by `update_size`, which may
            also shorten the blocks.

    Raises:
        SettingsError: A value is out of range.
    """

    model: str = "skipgram"
    loss: str = "ns"
    dimension: int = 100
    negatives: int = 5
    learning_rate: float = 0.025
    last_learning_rate: float = 1e-4
    epochs: int = 5
    share_error: bool = False
    block_words: int = 32
    block_negatives: int = 32
    update_blocks: int = 0

    def __post_init__(self) -> None:
        """Check the ranges."""
        self._check(self.model in ("skipgram", "cbow"), "model", "skipgram or cbow")
        self._check(self.loss in ("ns", "hs"), "loss", "ns or hs")
        for name in ("dimension", "negatives", "epochs", "block_words", "block_negatives"):
            self._check(getattr(self, name) >= 1, name, "1 or more")
        self._check(self.update_blocks >= 0, "update_blocks", "0 or more")
        self._check(0 < self.learning_rate < math.inf, "learning_rate", "above 0")
        self._check(
            0 <= self.last_learning_rate <= self.learning_rate,
            "last_learning_rate",
            f"0 to the learning_rate {self.learning_rate}",
        )

    def _check(self, good: bool, name: str, expected: str) -> None:
        if not good:
            raise SettingsError(f"{name} must be {expected}, not {getattr(self, name)!r}")


def learning_rate_at(settings: Word2VecSettings, epoch: int, part: float) -> float:
    """Return the linearly decreasing learning rate.

    Args:
        settings: First and last rate, and the number of epochs.
        epoch: From 0.
        part: Part of the epoch that is done, 0 ... 1.
    """
    first, last = settings.learning_rate, settings.last_learning_rate
    return first - (first - last) * min((epoch + part) / settings.epochs, 1.0)
