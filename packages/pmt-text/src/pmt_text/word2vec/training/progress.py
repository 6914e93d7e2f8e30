"""`LossSums`: what is added up over an epoch.

What word2vec tells of an epoch, under way and at its end.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LossSums", "EpochResult", "Word2VecProgress"]


@dataclass(slots=True)
class LossSums:
    """Sums over pieces of the text; they are added in any order, whoever learned the pieces.

    Attributes:
        loss: over all predictions, each at the moment of its step.
        predictions: how many there were: pairs (skip-gram) or words (CBOW).
        words: words of the vocabulary read.
        trained_words: those that subsampling kept.
    """

    loss: float = 0.0
    predictions: float = 0.0
    words: int = 0
    trained_words: int = 0

    def add(self, other: LossSums) -> None:
        """In place."""
        self.loss += other.loss
        self.predictions += other.predictions
        self.words += other.words
        self.trained_words += other.trained_words

    @property
    def mean(self) -> float:
        """Loss of a prediction."""
        return self.loss / max(self.predictions, 1)


@dataclass(frozen=True, slots=True)
class Word2VecProgress:
    """How far an epoch has come.

    Attributes:
        words: words of the vocabulary read in this epoch.
        total_words: those of a whole epoch.
        loss: mean loss per prediction so far in this epoch.
        learning_rate: the one of the words read last.
    """

    words: int
    total_words: int
    loss: float
    learning_rate: float


@dataclass(frozen=True, slots=True)
class EpochResult:
    """A whole epoch.

    Attributes:
        epoch: its number, from 1.
        loss: true mean over all predictions of the epoch, each at the moment of its step.
        predictions: how many there were: pairs (skip-gram) or words (CBOW).
        words: words of the vocabulary read.
        trained_words: those that subsampling kept.
        learning_rate: at the end of the epoch.
    """

    epoch: int
    loss: float
    predictions: int
    words: int
    trained_words: int
    learning_rate: float
