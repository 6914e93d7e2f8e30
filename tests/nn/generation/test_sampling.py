"""Sampling: the distribution of the next token and draws from it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pmt_core import SettingsError
from pmt_nn import (
    next_token,
    token_distribution,
)


def test_top_p_keeps_the_fewest_tokens_that_reach_it() -> None:
    logits = np.log([[0.1, 0.4, 0.2, 0.3], [0.05, 0.9, 0.03, 0.02]])
    result = token_distribution(logits, top_p=0.69)
    np.testing.assert_allclose(result, [[0, 4 / 7, 0, 3 / 7], [0, 1, 0, 0]], atol=1e-12)
    result = token_distribution(logits, top_p=0.71)  # 0.4 + 0.3 do not reach it
    np.testing.assert_allclose(result[0], [0, 4 / 9, 2 / 9, 3 / 9], atol=1e-12)
    np.testing.assert_allclose(token_distribution(logits, top_p=1.0), np.exp(logits), atol=1e-12)


def test_top_p_counts_among_the_top_k() -> None:
    logits = np.log([[0.1, 0.4, 0.2, 0.3]])
    result = token_distribution(logits, top_k=2, top_p=0.56)  # 4/7 = 0.571 alone reaches it
    np.testing.assert_allclose(result, [[0, 1, 0, 0]], atol=1e-12)


@pytest.mark.parametrize(
    ("settings", "keep"),
    [
        ({}, [0, 1, 2, 3, 4, 5]),
        ({"temperature": 2.0}, [0, 1, 2, 3, 4, 5]),
        ({"top_k": 3}, [1, 2, 4]),
        ({"temperature": 0.5, "top_k": 3}, [1, 2, 4]),
        ({"top_p": 0.8}, [1, 2, 4]),
        ({"temperature": 1.5, "top_k": 4, "top_p": 0.9}, [1, 2, 4, 5]),
    ],
    ids=str,
)
def test_drawn_tokens_have_the_frequencies_of_the_formula(settings, keep) -> None:
    logits = np.array([-1.0, 2.0, 1.5, -0.5, 1.0, 0.0])
    n = 60_000
    drawn = next_token(np.tile(logits, (n, 1)), rng=np.random.default_rng(3), **settings)
    weights = np.zeros(6)
    weights[keep] = np.exp(logits[keep] / settings.get("temperature", 1.0))
    expected = weights / weights.sum()
    counts = np.bincount(drawn, minlength=6)
    assert (counts[expected == 0] == 0).all()
    live = expected > 0
    chi_square = ((counts - n * expected)[live] ** 2 / (n * expected[live])).sum()
    freedom = live.sum() - 1
    assert chi_square < freedom + 5 * math.sqrt(2 * freedom)


@pytest.mark.parametrize("settings", [{"temperature": 0}, {"top_k": 0}, {"top_p": 0}, {"top_p": 2}])
def test_settings_of_sampling_that_make_no_sense(settings) -> None:
    with pytest.raises(SettingsError, match=next(iter(settings))):
        next_token(np.zeros((1, 3)), rng=np.random.default_rng(0), **settings)


def test_the_last_token_may_be_of_no_probability() -> None:
    """A draw of all but 1 must not fall on it."""

    class Highest:
        def random(self, shape):
            return np.full(shape, np.nextafter(1.0, 0.0))

    logits = np.log([[1 / 3, 1 / 3, 1 / 3, 1e-300]])
    assert next_token(logits, rng=Highest(), top_k=3) == [2]


def test_drawn_tokens_follow_the_distribution() -> None:
    logits = np.log(np.tile([0.1, 0.2, 0.7], (20_000, 1)))
    drawn = next_token(logits, rng=np.random.default_rng(0))
    np.testing.assert_allclose(np.bincount(drawn) / 20_000, [0.1, 0.2, 0.7], atol=0.02)
    two = next_token(logits, rng=np.random.default_rng(0), top_k=2)
    np.testing.assert_allclose(np.bincount(two) / 20_000, [0, 2 / 9, 7 / 9], atol=0.02)
    cold = next_token(logits, rng=np.random.default_rng(0), temperature=0.05)
    assert (cold == 2).all()
    assert (next_token(logits) == 2).all()
    with pytest.raises(SettingsError, match="temperature"):
        next_token(logits, temperature=0)


# --- edges ----------------------------------------------------------------------------------------

CHOICES = np.array([[-2.0, 3.0, 1.0], [5.0, 5.0, -7.0]])


@pytest.mark.parametrize("temperature", [5e-324, 1e-310, 1e-300, 1e-30])
@pytest.mark.parametrize("settings", [{}, {"top_k": 2}, {"top_p": 0.9}, {"top_k": 1}], ids=str)
def test_a_tiny_temperature_is_the_most_likely_token(temperature, settings) -> None:
    for logits in (CHOICES, CHOICES.astype(np.float32), CHOICES * 1e300, -CHOICES[::-1] * 1e-300):
        p = token_distribution(logits, temperature=temperature, **settings)
        best = logits == logits.max(axis=1, keepdims=True)
        if "top_p" not in settings and temperature < 1e-300:
            np.testing.assert_allclose(p, best / best.sum(axis=1, keepdims=True), atol=1e-12)
        if temperature < 1e-300:
            drawn = next_token(logits, rng=np.random.default_rng(1), temperature=temperature)
            assert best[np.arange(2), drawn].all()


def test_infinite_logits_are_certain_or_excluded() -> None:
    logits = np.array([[0.0, math.inf, 5.0, -math.inf], [-math.inf, 1.0, -math.inf, 1.0]])
    expected = [[0, 1, 0, 0], [0, 0.5, 0, 0.5]]
    for settings in ({}, {"temperature": 1e-310}, {"temperature": 1e300}, {"top_k": 3}):
        np.testing.assert_allclose(token_distribution(logits, **settings), expected, atol=1e-12)
    assert next_token(logits).tolist() == [1, 1]
    assert next_token(logits, rng=np.random.default_rng(0), temperature=1e-310)[0] == 1


@pytest.mark.parametrize(
    "row", [[0.0, math.nan], [math.nan, math.nan], [math.nan, math.inf], [-math.inf, -math.inf]]
)
@pytest.mark.parametrize("settings", [{}, {"top_k": 1}, {"top_p": 0.5}], ids=str)
def test_logits_without_a_choice_are_refused(row, settings) -> None:
    logits = np.array([[0.0, 1.0], row], np.float32)
    for call in (
        lambda: next_token(logits),
        lambda: next_token(logits, rng=np.random.default_rng(0), **settings),
        lambda: token_distribution(logits, **settings),
    ):
        with pytest.raises(SettingsError, match="logits"):
            call()


@pytest.mark.parametrize(
    "settings",
    [
        *({"temperature": value} for value in (math.nan, math.inf, -1.0, -1e-310)),
        *({"top_k": value} for value in (-1, 1.5, True, 2.0)),
        *({"top_p": value} for value in (math.nan, -0.1, 1.1)),
    ],
    ids=str,
)
def test_settings_that_are_no_numbers_of_their_kind_are_refused(settings) -> None:
    with pytest.raises(SettingsError, match=next(iter(settings))):
        token_distribution(np.zeros((1, 3)), **settings)
