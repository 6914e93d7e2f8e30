"""`LossSums`: what is added up over an epoch."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LossSums"]


@dataclass(slots=True)
class LossSums:
    """Sums over pieces of the text; they are added in any order, whoever learnt the pieces.

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
