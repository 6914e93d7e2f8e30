"""Recurrent networks: fused scans against composed ones, masks, directions, states."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_autograd import Tensor, gradients
from pmt_core import DtypeError, SettingsError, ShapeError, StateError
from pmt_nn import (
    GRU,
    LSTM,
    RNN,
)

kinds = pytest.mark.parametrize("kind", [RNN, GRU, LSTM])
MASK = np.array([[True, True, True, False, False], [True, False, True, True, True]])


def states_of(last) -> list[Tensor]:
    return list(last) if isinstance(last, tuple) else [last]


@kinds
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 2])
def test_shapes_and_names(rng, kind, bidirectional, layers) -> None:
    model = kind(4, 3, rng, layers=layers, bidirectional=bidirectional)
    outputs, last = model(Tensor(rng.normal(size=(2, 5, 4)).astype(np.float32)), MASK)
    directions = 2 if bidirectional else 1
    assert outputs.shape == (2, 5, 3 * directions)
    assert outputs.dtype == np.float32
    for state in states_of(last):
        assert state.shape == (layers * directions, 2, 3)
    grads = gradients((outputs**2).sum() + sum((s**3).sum() for s in states_of(last)))
    assert set(grads) == set(model.parameters())


@kinds
def test_padding_more_changes_nothing(rng, kind) -> None:
    model = kind(4, 3, rng, layers=2, bidirectional=True, dtype=np.float64)
    x = rng.normal(size=(2, 5, 4))

    def outcome(left: int, right: int):
        up = ((0, 0), (left, right))
        wide = np.pad(x, (*up, (0, 0)), constant_values=9.0)
        outputs, last = model(Tensor(wide), np.pad(MASK, up))
        assert (outputs.data[~np.pad(MASK, up)] == 0).all()
        grads = gradients((outputs**3).sum() + sum((s**3).sum() for s in states_of(last)))
        values = [s.data for s in states_of(last)] + [grads[p] for p in model.parameters()]
        return [outputs.data[:, left : left + 5], *values]

    plain = outcome(0, 0)
    for pads in ((0, 4), (3, 0), (2, 2)):
        for a, b in zip(plain, outcome(*pads), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-12)


@kinds
def test_a_masked_step_is_left_out(rng, kind) -> None:
    model = kind(4, 3, rng, bidirectional=True, dtype=np.float64)
    x = rng.normal(size=(1, 5, 4))
    mask = np.array([[True, False, True, True, False]])
    outputs, last = model(Tensor(x), mask)
    short, short_last = model(Tensor(x[:, mask[0]]))
    np.testing.assert_allclose(outputs.data[:, mask[0]], short.data, atol=1e-13)
    for a, b in zip(states_of(last), states_of(short_last), strict=True):
        np.testing.assert_allclose(a.data, b.data, atol=1e-13)


@kinds
def test_an_empty_row_gives_zeros_and_no_gradients(rng, kind) -> None:
    model = kind(4, 3, rng, dtype=np.float64)
    x = Tensor(rng.normal(size=(2, 3, 4)), requires_grad=True)
    outputs, last = model(x, np.array([[True] * 3, [False] * 3]))
    assert (outputs.data[1] == 0).all()
    assert (states_of(last)[0].data[:, 1] == 0).all()
    grads = gradients((outputs**2).sum() + (states_of(last)[0] ** 2).sum())
    assert (grads[x][1] == 0).all()
    assert (grads[x][0] != 0).all()


@kinds
def test_going_on_from_a_state_equals_one_pass(rng, kind) -> None:
    model = kind(4, 3, rng, layers=2, dtype=np.float64)
    x = rng.normal(size=(2, 7, 4))
    whole, _ = model(Tensor(x))
    first, state = model(Tensor(x[:, :3]))
    second, _ = model(Tensor(x[:, 3:]), None, state)
    np.testing.assert_allclose(np.concatenate([first.data, second.data], 1), whole.data, atol=1e-13)


@kinds
def test_one_direction_never_sees_the_future(rng, kind) -> None:
    model = kind(4, 3, rng, layers=2, dtype=np.float64)
    x = rng.normal(size=(1, 6, 4))
    before = model(Tensor(x))[0].data
    x[:, 3] += 1
    after = model(Tensor(x))[0].data
    np.testing.assert_array_equal(after[:, :3], before[:, :3])
    assert (after[:, 3:] != before[:, 3:]).all()


@kinds
def test_both_directions_mirror_each_other(rng, kind) -> None:
    model = kind(4, 3, rng, bidirectional=True, dtype=np.float64)
    model.cells[1].load_state_dict(model.cells[0].state_dict())
    x = rng.normal(size=(2, 5, 4))
    y, back = model(Tensor(x))[0].data, model(Tensor(x[:, ::-1].copy()))[0].data
    np.testing.assert_allclose(y[..., :3], back[:, ::-1, 3:], atol=1e-13)


def test_dropout_between_layers_alone(rng) -> None:
    x = Tensor(rng.normal(size=(2, 3, 4)).astype(np.float32))
    single_layer = RNN(4, 8, rng, dropout=0.5)
    np.testing.assert_array_equal(single_layer(x)[0].data, single_layer(x)[0].data)
    two = RNN(4, 8, rng, layers=2, dropout=0.5)
    with pytest.raises(StateError, match="rng"):
        two(x)
    a, b = (two(x, rng=np.random.default_rng(s))[0].data for s in (1, 2))
    assert (a != b).any()


def test_first_values(rng) -> None:
    model = LSTM(4, 3, rng)
    cell = model.cells[0]
    assert cell.input.bias.data.tolist() == [0] * 3 + [1] * 3 + [0] * 6
    for block in np.split(cell.weight.data, 4, axis=1):
        np.testing.assert_allclose(block @ block.T, np.eye(3), atol=1e-6)


def test_complaints(rng) -> None:
    model, x = GRU(4, 3, rng), Tensor(np.ones((2, 5, 4), np.float32))
    with pytest.raises(ShapeError, match=r"\(b, t, 4\)"):
        model(Tensor(np.ones((2, 5, 3), np.float32)))
    with pytest.raises(ShapeError, match="mask"):
        model(x, np.ones((2, 4), bool))
    with pytest.raises(DtypeError, match="boolean"):
        model(x, np.ones((2, 5)))
    with pytest.raises(ShapeError, match=r"\(1, 2, 3\)"):
        model(x, None, Tensor(np.zeros((2, 3), np.float32)))
    with pytest.raises(SettingsError, match="layers"):
        GRU(4, 3, rng, layers=0)
