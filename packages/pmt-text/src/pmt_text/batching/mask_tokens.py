"""Hide words for a model to guess: masked language modeling (Devlin et al. 2018, section 3.1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_core import DtypeError, SettingsError, ShapeError
from pmt_text.tokenizers.vocabulary import MASK, SPECIAL_TOKENS

__all__ = ["NOT_MASKED", "MaskedTokens", "mask_tokens"]

NOT_MASKED = -100
"""The label of a place that is not to be guessed; losses leave it out."""

_FIRST_WORD = len(SPECIAL_TOKENS)


@dataclass(frozen=True, slots=True, eq=False)
class MaskedTokens:
    """ids: what the model reads. labels: the ids to guess, `NOT_MASKED` elsewhere.

    Both int64, of the shape of the ids they were made of.
    """

    ids: NDArray[np.int64]
    labels: NDArray[np.int64]


def mask_tokens(
    ids: NDArray[np.integer],
    words: int,
    rng: np.random.Generator,
    *,
    rate: float = 0.15,
    masked: float = 0.8,
    random: float = 0.1,
) -> MaskedTokens:
    """Choose words at random, each with probability `rate`, and hide them.

    ids: of any shape, e.g. a padded batch (b, t). Special tokens, ``<unk>`` among them, are never
    chosen and never put in. words: ids in the vocabulary, the special tokens included.
    A chosen word is replaced by ``<mask>`` with probability `masked`, by a word drawn evenly from
    the vocabulary with probability `random`, and otherwise stays: the model has to have an opinion
    on words that it can see, too, as it sees all of them when it is used.

    Three numbers are drawn for every place, whatever stands there, so the same rng and shape give
    the same choice. Raises SettingsError, DtypeError, ShapeError.
    """
    _check(ids, words, rate, masked, random)
    chosen = (rng.random(ids.shape) < rate) & (ids >= _FIRST_WORD)
    fate = rng.random(ids.shape)
    drawn = rng.integers(_FIRST_WORD, max(words, _FIRST_WORD + 1), ids.shape)
    hidden = ids.astype(np.int64)
    hidden[chosen & (fate < masked)] = MASK
    replaced = chosen & (fate >= masked) & (fate < masked + random)
    hidden[replaced] = drawn[replaced]
    return MaskedTokens(hidden, np.where(chosen, ids, NOT_MASKED).astype(np.int64))


def _check(ids: NDArray[np.integer], words: int, rate: float, masked: float, random: float) -> None:
    if ids.dtype.kind not in "iu":
        raise DtypeError(f"ids are integers, got dtype {ids.dtype}")
    if not 0 <= rate <= 1:
        raise SettingsError(f"rate is a probability, got {rate}")
    if not (masked >= 0 and random >= 0 and masked + random <= 1):
        raise SettingsError(
            f"masked and random are probabilities that add up to at most 1, got {masked} and "
            f"{random}"
        )
    if ids.size and not (ids.min() >= 0 and ids.max() < words):
        raise ShapeError(
            f"ids lie in 0 to {words - 1} for a vocabulary of {words}, got {ids.min()} to "
            f"{ids.max()}"
        )
