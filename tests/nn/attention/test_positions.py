"""Positions added to embeddings, and positions inside of attention."""

from __future__ import annotations

from math import cos, sin

import numpy as np
import pytest
from inputs import stream

from pmt_autograd import Tensor, gradients
from pmt_core import SettingsError, ShapeError
from pmt_nn import (
    Alibi,
    LearnedPositions,
    RelativeBias,
    SinusoidalPositions,
    attention,
    biased_attention,
    rotate,
    sinusoids,
)
from pmt_nn.attention.attention_positions import alibi_slopes, distance_buckets, relative_positions


def test_sinusoids_by_the_formula() -> None:
    table = sinusoids(7, 6, np.float64)
    for p in range(7):
        for i in range(3):
            angle = p / 10000 ** (2 * i / 6)
            assert table[p, 2 * i] == pytest.approx(sin(angle))
            assert table[p, 2 * i + 1] == pytest.approx(cos(angle))


@pytest.mark.parametrize("d", [1, 2, 5])
def test_sinusoids_of_any_width(d: int) -> None:
    table = sinusoids(4, d)
    assert table.shape == (4, d)
    assert table.dtype == np.float32
    assert np.isfinite(table).all()


@pytest.mark.parametrize("kind", ["sinusoidal", "learned"])
def test_positions_are_added_and_a_longer_sequence_is_refused(kind: str) -> None:
    layer = SinusoidalPositions(4, 6) if kind == "sinusoidal" else LearnedPositions(4, 6, stream())
    table = layer.table if kind == "sinusoidal" else layer.weight.data
    x = np.ones((2, 3, 6), np.float32)
    y = layer(Tensor(x))
    np.testing.assert_allclose(y.data, x + table[:3])
    assert y.dtype == np.float32
    layer(Tensor(np.ones((1, 4, 6), np.float32)))
    with pytest.raises(ShapeError, match=r"5 tokens.*4 positions"):
        layer(Tensor(np.ones((1, 5, 6), np.float32)))


def test_learned_positions_get_gradients_where_they_were_used() -> None:
    layer = LearnedPositions(5, 2, stream())
    grads = gradients(layer(Tensor(np.zeros((3, 2, 2), np.float32))).sum())[layer.weight]
    assert np.asarray(grads).tolist() == [[3, 3], [3, 3], [0, 0], [0, 0], [0, 0]]


def test_rotation_by_hand() -> None:
    x = np.zeros((1, 3, 4))
    x[..., 0] = 1  # the first pair turns by 1 per step, the second by 1/100
    x[..., 3] = 2
    y = rotate(x, heads=1).data[0]
    for p in range(3):
        np.testing.assert_allclose(
            y[p], [np.cos(p), np.sin(p), -2 * np.sin(p / 100), 2 * np.cos(p / 100)]
        )


def test_an_odd_head_width_cannot_be_rotated() -> None:
    with pytest.raises(ShapeError, match="even"):
        rotate(np.zeros((2, 5, 12)), heads=4)


def test_rotated_scores_depend_on_the_distance_alone(rng) -> None:
    q, k = rng.normal(size=(2, 1, 1, 8))
    scores = []
    for offset in (0, 5, 50):
        turned_q = rotate(q, heads=2, offset=offset + 3).data
        turned_k = rotate(k, heads=2, offset=offset).data
        scores.append((turned_q * turned_k).sum())
    np.testing.assert_allclose(scores, scores[0])


def test_alibi_by_the_paper() -> None:
    np.testing.assert_allclose(alibi_slopes(8), 2.0 ** -np.arange(1.0, 9))
    slopes = alibi_slopes(12)
    np.testing.assert_allclose(slopes[:8], 2.0 ** -np.arange(1.0, 9))
    np.testing.assert_allclose(slopes[8:], 2.0 ** -np.arange(0.5, 4))
    bias = Alibi(2).bias(2, 4, 2, np.float64).data
    np.testing.assert_allclose(bias[0] / alibi_slopes(2)[0], [[-2, -1, 0, -1], [-3, -2, -1, 0]])


def test_distance_buckets_distances() -> None:
    """32 buckets, two-sided: 8 exact ones a side, then by the logarithm up to 128."""
    places = np.arange(-200, 201)[np.newaxis]
    got = distance_buckets(places, 32, 128, True)[0]
    by_place = dict(zip(places[0].tolist(), got.tolist(), strict=True))
    assert [by_place[-n] for n in range(8)] == list(range(8))
    assert [by_place[n] for n in range(1, 8)] == list(range(17, 24))
    assert by_place[-8] == 8
    assert by_place[-127] == by_place[-200] == 15
    assert by_place[127] == by_place[200] == 31
    assert (np.diff(got[:201]) <= 0).all()
    one_sided = distance_buckets(places, 32, 128, False)[0]
    assert (one_sided[200:] == 0).all()
    assert one_sided[0] == 31
    assert one_sided[200 - 15] == 15


def test_relative_bias_is_the_table_by_distance(rng) -> None:
    layer = RelativeBias(3, rng, dtype=np.float64)
    bias = layer.bias(4, 6, 2, np.float64).data
    assert bias.shape == (3, 4, 6)
    for (i, j), column in np.ndenumerate(relative_positions(4, 6, 2)):
        assert column == j - (2 + i)
        np.testing.assert_array_equal(
            bias[:, i, j], layer.weight.data[distance_buckets(np.array(column), 32, 128, True)]
        )
    with pytest.raises(SettingsError, match="buckets"):
        RelativeBias(2, rng, buckets=64, max_distance=32)


def test_a_bias_of_zero_is_plain_attention(rng) -> None:
    q, k, v = rng.normal(size=(3, 2, 4, 8))
    np.testing.assert_allclose(
        biased_attention(q, k, v, np.zeros((1, 4, 4)), heads=2).data,
        attention(q, k, v, heads=2).data,
        atol=1e-13,
    )
