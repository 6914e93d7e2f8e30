"""Heads that begin at the neighbors of a token: where they attend, and what they leave alone."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_apps.pretraining.neighbor_heads import (
    attend_to_neighbors,
    position_columns,
    set_positions,
)
from pmt_apps.pretraining.settings import Settings
from pmt_apps.pretraining.training import build_model
from pmt_nn import Bert, capture


def encoder(**sizes: int) -> Bert:
    return build_model(Settings(max_length=48, **sizes), 100).encoder.eval()  # type: ignore[arg-type]


@pytest.mark.parametrize(("width", "heads"), [(128, 4), (64, 4), (96, 2)])
def test_each_head_of_the_first_layer_attends_to_one_neighbor(width: int, heads: int) -> None:
    model = encoder(width=width, heads=heads, layers=2)
    columns = position_columns(model)
    set_positions(model, 0.1)
    attend_to_neighbors(model)
    words = model.words.weight.data
    words[:, :columns] = 0
    words[:, columns:] *= 0.1 / np.sqrt(np.mean(words[:, columns:] ** 2))
    ids = np.random.default_rng(0).integers(5, 100, (8, 48))
    with capture(model) as captured:
        model(ids, None)
    weights = captured["encoder.layers.0.attention.weights"].mean(axis=0)  # (h, t, s)
    inside = np.arange(2, 46)
    for head, offset in zip(range(heads), (-1, 1, -2, 2), strict=False):
        assert weights[head, inside, inside + offset].mean() > 0.6
    later = captured["encoder.layers.1.attention.weights"]
    assert later.max() < 0.5


def test_positions_are_sinusoids_in_columns_of_their_own() -> None:
    model = encoder(width=64, heads=4, layers=1)
    set_positions(model, 0.1)
    table = model.positions.weight.data
    columns = position_columns(model)
    assert columns == 16  # the width of a head
    assert not table[:, columns:].any()
    assert np.mean(table[:, :columns] ** 2) == pytest.approx(0.01, rel=1e-5)
    similarity = table @ table.T  # depends on the distance alone, and falls with it
    np.testing.assert_allclose(similarity[0, :8], similarity[20, 20:28], atol=1e-6)
    assert (np.diff(similarity[0, :3]) < 0).all()


def test_wide_heads_leave_most_columns_to_words() -> None:
    assert position_columns(encoder(width=64, heads=1, layers=1)) == 16  # a quarter of the width
    assert position_columns(encoder(width=6, heads=2, layers=1)) == 0


def test_a_layer_behind_narrow_embeddings_stays_as_it_is() -> None:
    model = encoder(width=64, heads=4, layers=1, embedding=16)
    before = model.state_dict()
    attend_to_neighbors(model)
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_values_and_other_columns_of_the_first_layer_stay_as_they_are() -> None:
    model = encoder(width=64, heads=4, layers=1)
    before = model.state_dict()
    attend_to_neighbors(model)
    changed = model.state_dict()
    name = "encoder.layers.0.attention.qkv.weight"
    columns = position_columns(model)
    np.testing.assert_array_equal(changed[name][:, 128:], before[name][:, 128:])
    np.testing.assert_array_equal(changed[name][columns:], before[name][columns:])
    del before[name], changed[name]
    for other, array in changed.items():
        np.testing.assert_array_equal(array, before[other])
