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
    continues: NDArray[np.bool_] | None = None,
) -> MaskedTokens:
    """Choose each token with probability `rate` as a label, and mask most of the chosen ones.

    A chosen token is replaced by ``<mask>`` with probability `masked`, by a uniformly drawn token
    of the vocabulary with probability `random`, and is kept otherwise: after pretraining the
    model sees all tokens, so it must also learn to predict visible ones. Special tokens,
    including ``<unk>``, are never chosen and never drawn. Three numbers are drawn per position,
    whatever its token, so the same rng and shape give the same choice.

    With `continues` words are chosen instead of tokens: what is drawn for the first piece of a word
    decides whether all of its pieces are chosen, and what replaces them. Otherwise a piece is
    often told by the other pieces of its word (whole word masking, as in the models of Devlin et
    al. of 2019).

    Args:
        ids: integers of any shape, e.g. a padded batch (b, t).
        words: size of the vocabulary, special tokens included.
        rng: random generator.
        rate: probability that a token is chosen.
        masked: probability that a chosen token is replaced by ``<mask>``.
        random: probability that a chosen token is replaced by another one.
        continues: of each id, whether it is a piece that continues a word, (words,). A row begins
            with a word, whatever its first id.

    Returns:
        `ids` and `labels`, int64, of the shape of the given ids; a label is `IGNORE_LABEL` where no
        token was chosen.

    Raises:
        SettingsError: if a probability is not one, or two of them add up to more than 1.
        DtypeError: if the ids are no integers, or `continues` is not boolean.
        ShapeError: if an id is not in the vocabulary, or `continues` is not (words,).

    Examples:
        >>> import numpy as np
        >>> from pmt_text import mask_tokens
        >>> ids = np.array([[2, 10, 11, 12, 13, 14, 3]])  # <cls> five words <sep>
        >>> masked = mask_tokens(ids, 100, np.random.default_rng(3), rate=0.5)
        >>> masked.ids  # 4 is <mask>
        array([[ 2,  4, 11, 12,  4,  4,  3]])
        >>> masked.labels  # -100: not predicted
        array([[-100,   10, -100, -100,   13,   14, -100]])
        >>> continues = np.arange(100) == 14  # a piece of the word before it
        >>> mask_tokens(ids, 100, np.random.default_rng(5), rate=0.5, continues=continues).ids
        array([[ 2, 10, 11,  4,  4,  4,  3]])
    """
    _check(ids, words, rate, masked, random)
    if continues is not None:
        _check_continues(continues, words)
    choice, action = rng.random(ids.shape), rng.random(ids.shape)
    if continues is not None and ids.ndim:
        first = _first_pieces(ids, continues)
        choice, action = (np.take_along_axis(x, first, axis=-1) for x in (choice, action))
    chosen = (choice < rate) & (ids >= _FIRST_WORD)
    drawn = rng.integers(_FIRST_WORD, max(words, _FIRST_WORD + 1), ids.shape)
    inputs = ids.astype(np.int64)
    inputs[chosen & (action < masked)] = MASK
    replaced = chosen & (action >= masked) & (action < masked + random)
    inputs[replaced] = drawn[replaced]
    return MaskedTokens(inputs, np.where(chosen, ids, IGNORE_LABEL).astype(np.int64))


def _first_pieces(ids: NDArray[np.integer], continues: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return for each id the index in its row of the first piece of its word, like ids."""
    index = np.arange(ids.shape[-1])
    starts = ~continues[ids] | (index == 0)
    return np.maximum.accumulate(np.where(starts, index, 0), axis=-1)


def _check_continues(continues: NDArray[np.bool_], words: int) -> None:
    if continues.dtype != np.bool_:
        raise DtypeError(f"continues must be boolean, got dtype {continues.dtype}")
    if continues.shape != (words,):
        raise ShapeError(f"continues must have shape {(words,)}, got {continues.shape}")


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
