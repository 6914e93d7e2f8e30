"""`Word2VecSettings`: everything that word2vec training can be told."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pmt_core import SettingsError

__all__ = ["Word2VecSettings"]

_LARGEST_WINDOW = 100


@dataclass(frozen=True, slots=True)
class Word2VecSettings:
    """The settings of Mikolov et al. 2013a, 2013b, with the names of their program where there
    are any.

    Attributes:
        model: "skipgram" (a word's vector predicts every neighbor) or "cbow" (the mean of the
            neighbors' vectors predicts the word).
        loss: "ns", negative sampling, or "hs", hierarchical softmax.
        dimension: d, length of the vectors.
        window: the most words to either side; of every word it is drawn from 1 ... window.
        negatives: noise words per prediction (ns).
        subsample: t; a word of relative frequency f is kept with probability
            min(1, sqrt(t / f) + t / f), as the C program does; 0 keeps all.
        noise_power: noise words are drawn with probability ~ count ** noise_power.
        learning_rate, last_learning_rate: it falls linearly from the one to the other.
        epochs: passes over the corpus.
        share_error: cbow only. False: every context word takes the whole error of the mean, as
            in the C program and gensim; True: its c-th part, the exact gradient of the loss.
        block_words: consecutive words whose score matrix is computed at once.
        block_negatives: noise words shared by a block (CBOW: by an update); their terms are
            weighted so that the expected loss is that of `negatives` draws for every prediction.
        update_blocks: blocks between two writes of the weights; 0: as many as keep training
            stable with the workers there are, see `update_size`, which may shorten the blocks, too.
    """

    model: str = "skipgram"
    loss: str = "ns"
    dimension: int = 100
    window: int = 5
    negatives: int = 5
    subsample: float = 1e-3
    noise_power: float = 0.75
    learning_rate: float = 0.025
    last_learning_rate: float = 1e-4
    epochs: int = 5
    share_error: bool = False
    block_words: int = 32
    block_negatives: int = 32
    update_blocks: int = 0

    def __post_init__(self) -> None:
        """Raises `SettingsError` for what makes no sense."""
        self._check(self.model in ("skipgram", "cbow"), "model", "skipgram or cbow")
        self._check(self.loss in ("ns", "hs"), "loss", "ns or hs")
        for name in (
            "dimension", "negatives", "epochs", "block_words", "block_negatives",
        ):  # fmt: skip
            self._check(getattr(self, name) >= 1, name, "1 or more")
        self._check(self.update_blocks >= 0, "update_blocks", "0 or more")
        self._check(1 <= self.window <= _LARGEST_WINDOW, "window", f"1 to {_LARGEST_WINDOW}")
        self._check(0 <= self.subsample < 1, "subsample", "0 (keep all) or more, below 1")
        self._check(math.isfinite(self.noise_power), "noise_power", "a finite number")
        self._check(0 < self.learning_rate < math.inf, "learning_rate", "above 0")
        self._check(
            0 <= self.last_learning_rate <= self.learning_rate,
            "last_learning_rate",
            f"0 to the learning_rate {self.learning_rate}",
        )

    def _check(self, good: bool, name: str, wanted: str) -> None:
        if not good:
            raise SettingsError(f"{name} must be {wanted}, not {getattr(self, name)!r}")
