"""The learning rate of word2vec."""

from __future__ import annotations

from pmt_text.word2vec.word2vec_settings import Word2VecSettings

__all__ = ["learning_rate_at"]


def learning_rate_at(settings: Word2VecSettings, epoch: int, part: float) -> float:
    """Falls in a line over all epochs. epoch: from 0; part: of it that is done, 0 ... 1."""
    first, last = settings.learning_rate, settings.last_learning_rate
    return first - (first - last) * min((epoch + part) / settings.epochs, 1.0)
