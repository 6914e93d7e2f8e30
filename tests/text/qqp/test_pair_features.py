"""Features of pairs, by hand."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import numpy as np
import pytest

from pmt_text import (
    PAIR_FEATURES,
    InverseDocumentFrequency,
    pair_features,
)


def rarity(**nats: float) -> InverseDocumentFrequency:
    """Words as rare as said: log(n / (1 + d)) with n = e^12, d chosen so."""
    n = round(math.exp(12))
    return InverseDocumentFrequency(
        n, {word: round(n / math.exp(value)) - 1 for word, value in nats.items()}
    )


def of(a: str, b: str, idf: InverseDocumentFrequency) -> dict[str, float]:
    return dict(zip(PAIR_FEATURES, pair_features(a.split(), b.split(), idf), strict=True))


def test_features_by_hand() -> None:
    idf = rarity(how=1.0, do=1.0, i=1.0, swim=5.0, run=6.0)
    features = of("how do i swim", "how do i run fast 9", idf)
    union = 3 + 5 + 6 + 2 * idf.maximum
    expected = {
        "words shared: Jaccard": 3 / 7,
        "words shared: Jaccard, by rarity": 3 / union,
        "bigrams shared: Dice": 2 * 2 / (3 + 5),
        "longest common subsequence, by the shorter text": 3 / 4,
        "longest common subsequence, by the longer text": 3 / 6,
        "the first two words are the same": 1,
        "the last two words are the same": 0,
        "numbers in one alone": 1,
        "the same numbers": 0,
        "no numbers in either": 0,
        "missing words: how many, in the text with fewer": math.log(2),
        "missing words: how many, in the text with more": math.log(4),
        "missing words: how many carry content": math.log1p(3),
        "shared words: the rarest": 1 / idf.maximum,
        "the same question words": 1,
        "the same words": 0,
    }
    assert {name: features[name] for name in expected} == pytest.approx(expected, rel=1e-4)


def test_negations_comparisons_and_equal_texts() -> None:
    idf = rarity(how=1.0, do=1.0, i=1.0, swim=5.0, run=6.0)
    other = of("why not swim", "how do i swim or run", idf)
    assert other["a negation in one alone"] == 1
    assert other["a comparison in one alone"] == 1
    assert other["the same question words"] == 0
    same = of("how do i swim", "how do i swim", idf)
    assert all(same[name] == pytest.approx(1) for name in PAIR_FEATURES if "shared:" in name[:14])
    assert same["the same words"] == 1


def test_features_are_finite_and_the_same_either_way() -> None:
    rng = np.random.default_rng(1)
    words = [
        "how",
        "do",
        "i",
        "swim",
        "swimming",
        "run",
        "not",
        "or",
        "3",
        "14",
        "best",
        "india",
        "zyx",
    ]
    idf = InverseDocumentFrequency.build([rng.choice(words, 5).tolist() for _ in range(50)])
    for _ in range(300):
        a, b = (rng.choice(words, rng.integers(0, 9)).tolist() for _ in range(2))
        forth, back = pair_features(a, b, idf), pair_features(b, a, idf)
        assert forth == back
        assert len(forth) == len(PAIR_FEATURES)
        assert np.isfinite(forth).all()
        assert 0 <= min(forth) <= max(forth) < 5


def test_features_do_not_depend_on_the_order_of_sets() -> None:
    """Python orders a set of strings anew in every process; a resumed run needs the same bits."""
    program = (
        "from pmt_text import *\n"
        "t = [f'a{i} b{i * i} c{i % 7} d'.split() for i in range(99)]\n"
        "r = InverseDocumentFrequency.build(t)\n"
        "a, b = sum(t[:9], []), sum(t[5:19], [])\n"
        "print([x.hex() for x in pair_features(a, b, r)], r.to_json())\n"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in (1, 2, 3)
    }
    assert len(answers) == 1
