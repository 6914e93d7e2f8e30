"""Masked language modeling: replace random tokens by a mask (Devlin et al. 2018, section 3.1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_core import IGNORE_LABEL, DtypeError, SettingsError, ShapeError
from pmt_text.tokenizers.vocabulary import MASK, SPECIAL_TOKENS

_FIRST_WORD = len(SPECIAL_TOKENS)


@dataclass(frozen=True, slots=True, eq=False)
class MaskedTokens:
    """Input and labels of masked language modeling, int64, of the shape of the original ids."""

    ids: NDArray[np.int64]
    labels: NDArray[np.int64]  # the original ids of the chosen tokens, `IGNORE_LABEL` elsewhere


def mask_tokens(
    ids: NDArray[np.integer],
    words: int,
    rng: np.random.Generator,
    *,
    rate: float = 0.15,
    masked: float = 0.8,
    random: float = 0.1,
) -> MaskedTokens:
    """Choose each token with probability `rate` as a label, and mask most of the chosen ones.

    A chosen token is replaced by ``<mask>`` with probability `masked`, by a uniformly drawn token
    of the vocabulary with probability `random`, and is kept otherwise: after pretraining the
    model sees all tokens, so it must also learn to predict visible ones. Special tokens,
    including ``<unk>``, are never chosen and never drawn. Three numbers are drawn per position,
    whatever its token, so the same rng and shape give the same choice.

    Args:
        ids: integers of any shape, e.g. a padded batch (b, t).
        words: size of the vocabulary, special tokens included.
        rng: random generator.
        rate: probability that a token is chosen.
        masked: probability that a chosen token is replaced by ``<mask>``.
        random: probability that a chosen token is replaced by another one.

    Returns:
        `ids` and `labels`, int64, of the shape of the given ids; a label is `IGNORE_LABEL` where no
        token was chosen.

    Raises:
        SettingsError: if a probability is not one, or two of them add up to more than 1.
        DtypeError: if the ids are no integers.
        ShapeError: if an id is not in the vocabulary.

    Examples:
        >>> import numpy as np
        >>> from pmt_text import mask_tokens
        >>> ids = np.array([[2, 10, 11, 12, 13, 14, 3]])  # <cls> five words <sep>
        >>> masked = mask_tokens(ids, 100, np.random.default_rng(3), rate=0.5)
        >>> masked.ids  # 4 is <mask>
        array([[ 2,  4, 11, 12,  4,  4,  3]])
        >>> masked.labels  # -100: not predicted
        array([[-100,   10, -100, -100,   13,   14, -100]])
    """
    _check(ids, words, rate, masked, random)
    chosen = (rng.random(ids.shape) < rate) & (ids >= _FIRST_WORD)
    action = rng.random(ids.shape)
    drawn = rng.integers(_FIRST_WORD, max(words, _FIRST_WORD + 1), ids.shape)
    inputs = ids.astype(np.int64)
    inputs[chosen & (action < masked)] = MASK
    replaced = chosen & (action >= masked) & (action < masked + random)
    inputs[replaced] = drawn[replaced]
    return MaskedTokens(inputs, np.where(chosen, ids, IGNORE_LABEL).astype(np.int64))


def _check(ids: NDArray[np.integer], words: int, rate: float, masked: float, random: float) -> None:
    if ids.dtype.kind not in "iu":
        raise DtypeError(f"ids must be integers, got dtype {ids.dtype}")
    if not 0 <= rate <= 1:
        raise SettingsError(f"rate must be a probability, got {rate}")
    if not (masked >= 0 and random >= 0 and masked + random <= 1):
        expected = "masked and random must be probabilities that add up to at most 1"
        raise SettingsError(f"{expected}, got {masked} and {random}")
    if ids.size and not (ids.min() >= 0 and ids.max() < words):
        expected = f"ids must lie in 0 to {words - 1} for a vocabulary of {words}"
        raise ShapeError(f"{expected}, got {ids.min()} to {ids.max()}")
