"""Containers say how data flows; small layers without parameters."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_autograd import Tensor, gradients, relu
from pmt_core import SettingsError, ShapeError, StateError
from pmt_nn import (
    ELU,
    GELU,
    AxisDot,
    AxisMean,
    Concatenate,
    Dropout,
    Flatten,
    Lambda,
    LeakyReLU,
    Linear,
    LogSoftmax,
    ModuleList,
    Parallel,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
    TransformerConfig,
    TransformerLayer,
)


def t(values) -> Tensor:
    return Tensor(np.asarray(values, np.float64))


def test_sequential_runs_in_order(rng) -> None:
    first, second = Linear(3, 4, rng), Linear(4, 2, rng)
    model, x = Sequential(first, relu, second), Tensor(rng.normal(size=(5, 3)).astype(np.float32))
    np.testing.assert_array_equal(model(x).data, second(relu(first(x))).data)
    assert [name for name, _ in model.named_parameters()] == [
        "parts.0.weight",
        "parts.0.bias",
        "parts.2.weight",
        "parts.2.bias",
    ]
    assert len(model) == 3
    assert model[0] is first
    assert list(model)[2] is second


def test_settings_go_to_the_parts_that_take_them(rng) -> None:
    model = Sequential(
        TransformerLayer(TransformerConfig(width=4, heads=2, hidden=8, dropout=0.0), rng),
        Linear(4, 4, rng),
        Sequential(Dropout(0.5), relu),
    )
    x = Tensor(rng.normal(size=(2, 3, 4)).astype(np.float32))
    mask = np.array([[True, True, False]] * 2)
    with pytest.raises(StateError, match="rng"):
        model(x, mask=mask)
    y = model(x, mask=mask, rng=np.random.default_rng(1))
    assert (y.data == 0).mean() > 0.3
    model.eval()
    changed = x.data.copy()
    changed[:, 2] = 9
    np.testing.assert_array_equal(
        model(Tensor(changed), mask=mask).data[:, :2], model(x, mask=mask).data[:, :2]
    )
    assert (model(Tensor(changed)).data[:, :2] != model(x).data[:, :2]).any()


def test_a_setting_that_nobody_takes_is_an_error(rng) -> None:
    model = Sequential(Linear(2, 2, rng), Dropout(0.1)).eval()
    with pytest.raises(SettingsError, match=r"mask.*rng"):
        model(Tensor(np.ones((1, 2), np.float32)), mask=None)
    model(Tensor(np.ones((1, 2), np.float32)), rng=None)


def test_several_inputs_and_outputs() -> None:
    model = Sequential(
        Parallel(lambda a, b: a + b, lambda a, b: a * b), lambda s, p: (s, p, s - p), Concatenate()
    )
    assert model(t([1.0, 2.0]), t([3.0, 4.0])).data.tolist() == [4, 6, 3, 8, 1, -2]
    split = Parallel(lambda a: a + 1, lambda b: b * 2, split=True)
    assert [y.data.tolist() for y in split(t([1.0]), t([5.0]))] == [[2], [10]]
    with pytest.raises(ShapeError, match="2 branches"):
        split(t([1.0]))
    with pytest.raises(SettingsError, match="part 1"):
        Sequential(relu, 3)


def test_empty_sequential_is_the_identity() -> None:
    x = t([1.0])
    assert Sequential()(x) is x


def test_residual(rng) -> None:
    inner, short = Linear(3, 3, rng), Linear(3, 5, rng)
    x = Tensor(rng.normal(size=(2, 3)).astype(np.float32))
    np.testing.assert_allclose(Residual(inner)(x).data, x.data + inner(x).data)
    wide = Residual(Linear(3, 5, rng), short)
    np.testing.assert_allclose(wide(x).data, short(x).data + wide[0](x).data)
    with pytest.raises(ShapeError, match="shortcut"):
        Residual(Linear(3, 5, rng))(x)
    grads = gradients(Residual(lambda v: v * 2.0)(Tensor([1.0], requires_grad=True)).sum())
    assert next(iter(grads.values())).tolist() == [3]


def test_train_and_eval_reach_the_parts(rng) -> None:
    drop = Dropout(0.5)
    model = Residual(Sequential(Parallel(drop), lambda x: x))
    model.eval()
    assert not drop.training


def test_module_list(rng) -> None:
    layers = ModuleList(Linear(2, 2, rng) for _ in range(2))
    layers.append(Linear(2, 1, rng))
    assert len(layers) == 3
    assert layers[2].weight.shape == (2, 1)
    assert [m.weight.shape for m in layers] == [(2, 2), (2, 2), (2, 1)]
    assert [n for n, _ in layers.named_parameters()][:2] == ["items.0.weight", "items.0.bias"]


def test_flatten() -> None:
    assert Flatten()(t(np.ones((2, 3, 4, 5)))).shape == (2, 60)
    assert Flatten(2)(t(np.ones((2, 3, 4, 5)))).shape == (2, 3, 20)
    assert Flatten()(t(np.ones((0, 3, 4)))).shape == (0, 12)
    with pytest.raises(ShapeError):
        Flatten()(t([1.0]))


def test_axis_mean_and_axis_dot_by_hand() -> None:
    x = Tensor(np.arange(12.0).reshape(2, 2, 3), requires_grad=True)
    assert AxisMean()(x).data.tolist() == [[1.5, 2.5, 3.5], [7.5, 8.5, 9.5]]
    assert AxisMean(-1, keepdims=True)(x).data.tolist() == [[[1], [4]], [[7], [10]]]
    y = AxisDot()(x)
    assert y.data.tolist() == [0 * 3 + 1 * 4 + 2 * 5, 6 * 9 + 7 * 10 + 8 * 11]
    assert gradients(y.sum())[x][0].tolist() == [[3, 4, 5], [0, 1, 2]]
    for bad, axis in [((2, 3, 3), 1), ((3, 2), 1), ((2,), 0)]:
        with pytest.raises(ShapeError, match="AxisDot"):
            AxisDot(axis)(t(np.ones(bad)))


def test_lambda_gets_its_gradient_from_the_tape() -> None:
    x = Tensor([2.0, 3.0], requires_grad=True)
    assert gradients(Lambda(lambda v: v * v * v)(x).sum())[x].tolist() == [12, 27]


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (ReLU(), lambda x: np.maximum(x, 0)),
        (LeakyReLU(0.2), lambda x: np.where(x > 0, x, 0.2 * x)),
        (ELU(2.0), lambda x: np.where(x > 0, x, 2 * (np.exp(x) - 1))),
        (SiLU(), lambda x: x / (1 + np.exp(-x))),
        (Tanh(), np.tanh),
        (Sigmoid(), lambda x: 1 / (1 + np.exp(-x))),
        (Softmax(0), lambda x: np.exp(x) / np.exp(x).sum(0)),
        (LogSoftmax(), lambda x: x - np.log(np.exp(x).sum(-1, keepdims=True))),
        (GELU(), lambda x: x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))) / 2),
    ],
    ids=lambda v: type(v).__name__,
)
def test_activations(rng, layer, expected) -> None:
    x = rng.normal(size=(3, 4))
    np.testing.assert_allclose(layer(Tensor(x)).data, expected(x), rtol=1e-12)


def test_exact_gelu_against_the_scalar_error_function(rng) -> None:
    from math import erf

    x = np.linspace(-7, 7, 141)
    expected = [v * (1 + erf(v / 2**0.5)) / 2 for v in x]
    np.testing.assert_allclose(GELU(exact=True)(Tensor(x)).data, expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(GELU()(Tensor(x)).data, expected, atol=5e-4)


def test_exact_gelu_in_float32_is_exact_to_its_last_digits() -> None:
    from math import erf

    x = np.linspace(-9, 9, 4001).astype(np.float32)
    expected = [float(v) * (1 + erf(float(v) / 2**0.5)) / 2 for v in x]
    got = GELU(exact=True)(Tensor(x)).data
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, expected, rtol=3e-7, atol=4e-7)
