"""Without a tape the classifier of pairs computes on the rows of its tokens: the same logits."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from pmt_autograd import no_grad
from pmt_core import ShapeError
from pmt_nn import PairClassifier, PairClassifierConfig

MASKS = {
    "one pair": np.ones((1, 7), np.bool_),
    "padding at the ends": np.arange(7) < np.array([[7], [4], [4], [6]]),
    "gaps": np.array([[True, False, True, True], [True, True, False, True]]),
    "no pairs": np.ones((0, 5), np.bool_),
}


def a_batch(rng: np.random.Generator, mask: np.ndarray) -> SimpleNamespace:
    return SimpleNamespace(
        ids=np.where(mask, rng.integers(2, 50, mask.shape), 0),
        segments=np.where(np.arange(mask.shape[1]) < 3, 0, 1) * mask,
        match_types=np.where(mask, rng.integers(0, 3, mask.shape), 0),
        mask=mask,
        features=None,
    )


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("positions", ["learned", "sinusoidal", "none"])
@pytest.mark.parametrize("norm_first", [True, False])
def test_logits_are_those_of_the_recorded_pass(rng, name, positions, norm_first) -> None:
    config = PairClassifierConfig(
        vocabulary=50, width=16, heads=2, hidden=24, layers=2, max_length=8,
        positions=positions, norm_first=norm_first, compare=norm_first,
    )  # fmt: skip
    model = PairClassifier(config, rng).eval()
    batch = a_batch(rng, MASKS[name])
    recorded = model(batch).data
    for _ in range(2):
        with no_grad():
            np.testing.assert_allclose(model(batch).data, recorded, atol=2e-6)
    model.words.weight.data[...] *= 2
    recorded = model(batch).data
    with no_grad():
        np.testing.assert_allclose(model(batch).data, recorded, atol=2e-6)


def test_a_pair_that_is_too_long_is_refused(rng) -> None:
    config = PairClassifierConfig(vocabulary=50, width=16, heads=2, hidden=24, max_length=6)
    model = PairClassifier(config, rng).eval()
    with no_grad(), pytest.raises(ShapeError, match="longer than the 6 positions"):
        model(a_batch(rng, MASKS["one pair"]))
