"""Without a tape the tagger computes on the rows of its words: the same scores, and errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from inputs import Sentences, tagger_config

from pmt_autograd import no_grad, operation_hook
from pmt_core import ShapeError
from pmt_nn import EntityTagger

CONFIG = tagger_config(words=12)


def a_batch(rng: np.random.Generator, mask: np.ndarray) -> Sentences:
    shape = mask.shape
    words = np.where(mask, rng.integers(2, 12, shape), 0)
    letters = np.where(mask[..., np.newaxis], rng.integers(1, 9, (*shape, 5)), 0)
    shapes = np.where(mask, rng.integers(2, 6, shape), 0)
    return Sentences.of(words, letters, shapes, mask, rng.integers(0, 3, shape))


def operations(model: EntityTagger, batch: Sentences) -> tuple[np.ndarray, set[str]]:
    """Return the scores of the ordinary way, which hooks see, and the operations in it."""
    names: set[str] = set()

    def noted(name, function):
        names.add(name)
        return function

    with no_grad(), operation_hook(noted):
        scores = model(batch).data
    return scores, names


MASKS = {
    "full": np.ones((3, 6), np.bool_),
    "one sentence": np.ones((1, 5), np.bool_),
    "padding at the ends": np.arange(6) < np.array([[6], [2], [0], [5], [2]]),
    "gaps": np.array([[True, False, True], [False, True, True]]),
    "no sentences": np.ones((0, 4), np.bool_),
    "no words": np.zeros((2, 3), np.bool_),
}


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("settings", [{}, {"vector_width": 3, "learned": 7}])
def test_scores_are_those_of_the_recorded_pass(rng, name, settings) -> None:
    mask = MASKS[name]
    vectors = rng.normal(size=(12, 3)) if settings else None
    model = EntityTagger(replace(CONFIG, **settings), rng, unknown_id=1, vectors=vectors).eval()
    batch = a_batch(rng, mask)
    recorded = model(batch).data
    with no_grad():
        inferred = model(batch).data
    assert inferred.dtype == np.float32
    np.testing.assert_allclose(inferred, recorded, atol=2e-6)
    seen, names = operations(model, batch)
    np.testing.assert_allclose(seen, recorded, atol=2e-6)
    assert "feed_forward" in names or not batch.mask.size


def test_a_changed_weight_changes_the_scores(rng) -> None:
    model = EntityTagger(CONFIG, rng, unknown_id=1).eval()
    batch = a_batch(rng, MASKS["full"])
    with no_grad():
        before = model(batch).data
    for parameter in model.parameters():
        parameter.data[...] += rng.normal(size=parameter.shape) / 10
    recorded = model(batch).data
    with no_grad():
        np.testing.assert_allclose(model(batch).data, recorded, atol=2e-6)
    assert np.abs(before - recorded).max() > 1e-2


def test_dropout_and_wrong_ids_are_as_ever(rng) -> None:
    model = EntityTagger(replace(CONFIG, dropout=0.3), rng, unknown_id=1)
    batch = a_batch(rng, MASKS["full"])
    with no_grad():
        dropped = [model(batch, rng=np.random.default_rng(seed)).data for seed in (1, 2)]
    assert np.abs(dropped[0] - dropped[1]).max() > 1e-3
    model.eval()
    with no_grad(), pytest.raises(ShapeError, match="ids lie in"):
        model(replace(batch, shapes=np.full(batch.mask.shape, 99)))
    with no_grad(), pytest.raises(ShapeError):
        model(replace(batch, mask=batch.mask[:, :-1]))
