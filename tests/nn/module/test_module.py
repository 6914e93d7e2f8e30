"""Module: names, ties, sealed attributes, modes, and what its state may hold."""

from __future__ import annotations

import pydoc
import re

import numpy as np
import pytest
from inputs import stream

from pmt_autograd import Tensor, gradients
from pmt_core import DataError, DtypeError, ShapeError
from pmt_nn import (
    Dropout,
    Embedding,
    LayerNorm,
    Linear,
    Module,
    Parameter,
    Residual,
    Sequential,
)


class Zoo(Module):
    """Parameters and modules in every kind of place."""

    def __init__(self) -> None:
        self.first = Linear(2, 3, stream())
        self.stack = [LayerNorm(3), (Linear(3, 3, stream()), Dropout(0.5))]
        self.by_name = {"left": Embedding(4, 3, stream()), "right": Parameter([1.0, 2.0])}
        self.own = Parameter(np.zeros((2, 2), np.float32))
        self.tied = self.first
        self.tied_weight = self.first.weight
        self.number = 3

    def forward(self, x: Tensor) -> Tensor:
        return self.first(x)


def test_dotted_names_in_order_and_tied_once() -> None:
    names = [name for name, _ in Zoo().named_parameters()]
    assert names == [
        "first.weight",
        "first.bias",
        "stack.0.weight",
        "stack.0.bias",
        "stack.1.0.weight",
        "stack.1.0.bias",
        "by_name.left.weight",
        "by_name.right",
        "own",
    ]
    assert [name for name, _ in Zoo().named_modules()] == [
        "",
        "first",
        "stack.0",
        "stack.1.0",
        "stack.1.1",
        "by_name.left",
    ]


def test_parameter_count_counts_a_tied_one_once() -> None:
    assert Zoo().parameter_count() == 6 + 3 + 3 + 3 + 9 + 3 + 12 + 2 + 4


def test_a_tied_parameter_gets_both_gradients() -> None:
    class Tied(Module):
        def __init__(self) -> None:
            self.first = Parameter([[1.0, 2.0], [3.0, 4.0]])
            self.second = self.first

        def forward(self, x: Tensor) -> Tensor:
            return (x @ self.first) @ self.second

    model, x = Tied(), np.array([[1.0, -1.0]], np.float32)
    grads = gradients(model(Tensor(x)).sum())
    w, ones = model.first.data, np.ones((1, 2), np.float32)
    assert list(grads) == [model.first]
    np.testing.assert_allclose(grads[model.first], x.T @ (ones @ w.T) + (x @ w).T @ ones)


def test_a_misspelled_attribute_is_an_error_with_a_suggestion() -> None:
    layer = Dropout(0.1)
    with pytest.raises(AttributeError, match="did you mean 'rate'"):
        layer.rat = 0.2
    with pytest.raises(AttributeError, match="__init__"):
        layer.something_else = 1
    layer.rate = 0.2
    assert layer.rate == 0.2


def test_a_subclass_may_set_attributes_after_super_init() -> None:
    class Sub(Linear):
        def __init__(self) -> None:
            super().__init__(2, 2, stream())
            self.more = Parameter([1.0])

    layer = Sub()
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias", "more"]
    with pytest.raises(AttributeError):
        layer.other = 1


def test_forward_is_to_be_written() -> None:
    class Nothing(Module):
        pass

    with pytest.raises(NotImplementedError, match="Nothing"):
        Nothing()(1)


def test_train_and_eval_reach_every_module() -> None:
    zoo = Zoo()
    assert zoo.eval() is zoo
    assert not any(module.training for _, module in zoo.named_modules())
    zoo.train()
    assert all(module.training for _, module in zoo.named_modules())
    Linear(1, 1, stream()).eval()
    assert Module.training  # the class default is nobody's to change


def test_state_dict_is_a_copy() -> None:
    layer = Linear(2, 2, stream())
    state = layer.state_dict()
    layer.weight.data += 1
    assert (state["weight"] != layer.weight.data).all()


def test_load_writes_into_the_arrays_there_are() -> None:
    """Parameters may be views into one flat buffer: loading must not cut them off."""
    layer = Linear(2, 2, stream())
    flat = np.zeros(6, np.float32)
    layer.weight.data, layer.bias.data = flat[:4].reshape(2, 2), flat[4:]
    layer.load_state_dict({"weight": np.eye(2), "bias": np.array([5, 6])})
    assert flat.tolist() == [1, 0, 0, 1, 5, 6]


def test_loading_names_everything_wrong_at_once_and_changes_nothing() -> None:
    layer = Zoo()
    before = layer.state_dict()
    state = {**before, "first.weight": np.ones((3, 2)), "extra": np.ones(1)}
    state["own"] = np.ones((2, 2))
    del state["stack.0.weight"]
    with pytest.raises(ShapeError) as caught:
        layer.load_state_dict(state)
    text = str(caught.value)
    assert "missing stack.0.weight" in text
    assert "unexpected extra" in text
    assert "first.weight: expected shape (2, 3), got (3, 2)" in text
    for name, array in layer.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize(
    ("bias", "error"),
    [
        (np.array(["a", "b"]), DtypeError),
        (np.array([1j, 2]), DtypeError),
        (np.array([None, None]), DtypeError),
        (np.array([1, np.nan]), DataError),
        (np.array([1, -np.inf]), DataError),
        (np.array([1, 1e300]), DataError),
    ],
)
def test_loading_bad_numbers_is_refused_before_anything_is_changed(bias, error) -> None:
    layer = Linear(2, 2, stream())
    before = layer.state_dict()
    for act in (layer.load_state_dict, layer.check_state_dict):
        with pytest.raises(error, match="bias"):
            act({"weight": np.zeros((2, 2)), "bias": bias})
        np.testing.assert_array_equal(layer.weight.data, before["weight"])
    layer.check_state_dict({"weight": np.zeros((2, 2)), "bias": np.ones(2)})
    np.testing.assert_array_equal(layer.weight.data, before["weight"])


@pytest.mark.parametrize("state", [None, 1, [], "text"])
def test_loading_what_is_no_dictionary_is_refused(state) -> None:
    with pytest.raises(ShapeError, match="expected arrays by name"):
        Linear(2, 2, stream()).load_state_dict(state)


def test_loading_casts_to_the_dtype_of_the_parameter() -> None:
    layer = Linear(2, 2, stream())
    layer.load_state_dict({k: v.astype(np.float64) for k, v in layer.state_dict().items()})
    assert layer.weight.dtype == np.float32


def test_repr_is_the_tree_of_modules_with_sizes() -> None:
    model = Sequential(
        Residual(Linear(64, 64, stream(), bias=False)), Dropout(0.5), Linear(64, 32, rng=stream())
    )
    model.parts[1].rate = 0.2
    assert repr(model).splitlines() == [
        "Sequential()                             6,176 parameters",
        "  parts.0: Residual()                    4,096",
        "    parts.0: Linear(64, 64, bias=False)  4,096",
        "  parts.1: Dropout(0.2)",
        "  parts.2: Linear(64, 32)                2,080",
    ]


def test_help_shows_the_parameters_of_a_constructor() -> None:
    signature = (
        "Linear(n_in: 'int', n_out: 'int', rng: 'np.random.Generator', *, bias: 'bool' = True"
    )
    # Python 3.13 breaks a long signature into lines.
    shown = re.sub(r"[\s|]", "", pydoc.plain(pydoc.render_doc(Linear)))
    assert signature.replace(" ", "") in shown
