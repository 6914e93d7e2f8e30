"""Hiding words: how often, what for, and never the special tokens."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from pmt_core import IGNORE_LABEL, DtypeError, RandomStream, SettingsError, ShapeError
from pmt_text import MASK, SPECIAL_TOKENS, mask_tokens

WORDS = 1005
SPECIALS = len(SPECIAL_TOKENS)


def stream(seed: int = 1) -> np.random.Generator:
    return RandomStream(seed, "mask").generator()


def within(count: int, n: int, p: float) -> bool:
    """Whether `count` of n lies within five standard deviations of a binomial's mean."""
    return abs(count - n * p) < 5 * np.sqrt(n * p * (1 - p))


def test_shares_are_those_of_bert() -> None:
    ids = np.random.default_rng(2).integers(SPECIALS, WORDS, (2000, 100))
    masked_tokens = mask_tokens(ids, WORDS, stream())
    chosen = masked_tokens.labels != IGNORE_LABEL
    n = int(chosen.sum())
    assert within(n, ids.size, 0.15)
    masked = chosen & (masked_tokens.ids == MASK)
    unchanged = chosen & (masked_tokens.ids == ids)
    replaced = chosen & ~masked & ~unchanged
    assert within(int(masked.sum()), n, 0.8)
    # A word drawn at random is the word itself once in a thousand times.
    assert within(int(replaced.sum()), n, 0.1 * (1 - 1 / (WORDS - SPECIALS)))
    assert (masked_tokens.labels[chosen] == ids[chosen]).all()
    assert (masked_tokens.ids[~chosen] == ids[~chosen]).all()
    # Words are drawn evenly: chi-squared of 1000 cells has mean 999 and deviation 45.
    counts = np.bincount(masked_tokens.ids[replaced], minlength=WORDS)
    assert not counts[:SPECIALS].any()
    expected = replaced.sum() / (WORDS - SPECIALS)
    chi_squared = float(((counts[SPECIALS:] - expected) ** 2 / expected).sum())
    assert abs(chi_squared - 999) < 5 * 45
    # No place of a row is favored.
    by_place = chosen.sum(axis=0)
    assert all(within(int(count), len(ids), 0.15) for count in by_place)


def test_other_shares() -> None:
    ids = np.random.default_rng(2).integers(SPECIALS, WORDS, 100_000)
    shares: Mapping[str, float] = {"rate": 0.4, "masked": 0.5, "random": 0.0}
    masked_tokens = mask_tokens(ids, WORDS, stream(), **shares)
    chosen = masked_tokens.labels != IGNORE_LABEL
    assert within(int(chosen.sum()), ids.size, 0.4)
    assert within(int((masked_tokens.ids == MASK).sum()), int(chosen.sum()), 0.5)
    assert ((masked_tokens.ids == ids) | (masked_tokens.ids == MASK)).all()


def test_special_tokens_are_never_touched() -> None:
    ids = np.random.default_rng(3).integers(0, 2 * SPECIALS, (50, 40)).astype(np.int32)
    masked_tokens = mask_tokens(ids, 2 * SPECIALS, stream(), rate=1.0, masked=0.0, random=1.0)
    special = ids < SPECIALS
    assert (masked_tokens.labels == np.where(special, IGNORE_LABEL, ids)).all()
    assert (masked_tokens.ids[special] == ids[special]).all()
    assert (masked_tokens.ids[~special] >= SPECIALS).all()


def test_the_same_stream_gives_the_same_choice_and_the_input_stays() -> None:
    ids = np.random.default_rng(4).integers(SPECIALS, WORDS, (8, 20))
    before = ids.copy()
    once, again, other = (mask_tokens(ids, WORDS, stream(seed)) for seed in (1, 1, 2))
    assert (once.ids == again.ids).all()
    assert (once.labels == again.labels).all()
    assert (once.labels != other.labels).any()
    assert (ids == before).all()


def test_whole_words_are_chosen_and_replaced_alike() -> None:
    rng = np.random.default_rng(5)
    ids = rng.integers(SPECIALS, WORDS, (500, 60))
    ids[:, ::15] = rng.integers(0, SPECIALS, ids[:, ::15].shape)
    continues = np.arange(WORDS) % 3 == 0
    continues[:SPECIALS] = False
    masked_tokens = mask_tokens(ids, WORDS, stream(), continues=continues)
    chosen = masked_tokens.labels != IGNORE_LABEL
    is_mask, kept = masked_tokens.ids == MASK, masked_tokens.ids == ids
    words = 0
    for i, row in enumerate(ids.tolist()):
        start = 0
        for stop in range(1, len(row) + 1):
            if stop < len(row) and continues[row[stop]]:
                continue
            first = start + (row[start] < SPECIALS)  # a special token is never chosen
            word = slice(first, stop)
            assert len(set(chosen[i, word])) <= 1
            assert len(set(is_mask[i, word] & chosen[i, word])) <= 1
            words += first < stop and bool(chosen[i, first])
            start = stop
    assert words > 1000
    assert (kept | chosen).all()
    share = chosen.sum() / (ids >= SPECIALS).sum()
    assert abs(share - 0.15) < 0.01  # of the tokens, as without words


def test_without_pieces_that_continue_words_are_tokens() -> None:
    ids = np.random.default_rng(6).integers(0, WORDS, (20, 30))
    tokens = mask_tokens(ids, WORDS, stream())
    words = mask_tokens(ids, WORDS, stream(), continues=np.zeros(WORDS, bool))
    np.testing.assert_array_equal(words.ids, tokens.ids)
    np.testing.assert_array_equal(words.labels, tokens.labels)
    empty = np.empty((0, 0), np.int64)
    assert mask_tokens(empty, WORDS, stream(), continues=np.ones(WORDS, bool)).ids.shape == (0, 0)
    flat = mask_tokens(np.full(5, 9), WORDS, stream(), rate=0.5, continues=np.ones(WORDS, bool))
    assert len(set(flat.labels.tolist())) == 1  # one word


def test_nothing_to_hide() -> None:
    specials = np.arange(SPECIALS)[np.newaxis]
    masked_tokens = mask_tokens(specials, SPECIALS, stream(), rate=1.0)
    assert (masked_tokens.ids == specials).all()
    assert (masked_tokens.labels == IGNORE_LABEL).all()
    assert mask_tokens(np.empty((0, 0), np.int64), WORDS, stream()).ids.shape == (0, 0)
    whole = np.full((3, 4), 7)
    assert (mask_tokens(whole, WORDS, stream(), rate=0.0).ids == whole).all()


def test_wrong_arguments_are_named() -> None:
    ids = np.full((2, 3), 7)
    with pytest.raises(SettingsError, match="rate"):
        mask_tokens(ids, WORDS, stream(), rate=1.5)
    with pytest.raises(SettingsError, match="add up"):
        mask_tokens(ids, WORDS, stream(), masked=0.8, random=0.3)
    with pytest.raises(ShapeError, match="0 to 6"):
        mask_tokens(ids, 7, stream())
    with pytest.raises(DtypeError, match="integers"):
        mask_tokens(ids.astype(float), WORDS, stream())  # type: ignore[arg-type]
    with pytest.raises(DtypeError, match="boolean"):
        mask_tokens(ids, 9, stream(), continues=np.zeros(9))  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match="continues"):
        mask_tokens(ids, 9, stream(), continues=np.zeros(8, bool))
