"""`tape_values`: the values and gradients of a tape are those of the computation."""

from __future__ import annotations

import numpy as np
import pytest

import pmt_autograd as ag
from pmt_autograd import Tensor, tape_values
from pmt_core import StateError


def leaf(*numbers: float) -> Tensor:
    return Tensor(np.array(numbers), requires_grad=True)


def test_a_neuron_has_the_values_and_gradients_of_calculus() -> None:
    x, w, b = Tensor(np.array([1.0, 2.0])), leaf(0.5, -0.25), leaf(0.1)
    nodes = tape_values(lambda: (ag.tanh((x * w).sum() + b) ** 2).sum(), {"x": x, "w": w, "b": b})
    labels = [node.label for node in nodes]
    assert labels == ["w", "b", "x", "constant", "multiply", "sum", "add", "tanh", "power", "sum"]
    by_label = dict(zip(labels, nodes, strict=True))
    z = np.array([0.1])
    slope = 2 * np.tanh(z) * (1 - np.tanh(z) ** 2)
    assert by_label["tanh"].value == pytest.approx(np.tanh(z))
    assert by_label["tanh"].grad == pytest.approx(2 * np.tanh(z))
    assert by_label["w"].grad == pytest.approx(slope * np.array([1.0, 2.0]))
    assert by_label["b"].grad == pytest.approx(slope)
    assert by_label["x"].grad is None
    assert by_label["x"].is_leaf
    assert by_label["constant"].value == 2
    assert by_label["multiply"].inputs == (2, 0)
    first, second = by_label["multiply"].input_grads
    assert first is None
    assert second == pytest.approx(slope * np.array([1.0, 2.0]))
    steps = {node.label: node.step for node in nodes[4:-1]}
    assert steps == {"power": 1, "tanh": 2, "add": 3, "multiply": 5, "sum": 4}
    assert nodes[-1].step == 0
    assert nodes[-1].grad == 1
    assert w.grad is None


def test_a_gradient_is_the_sum_over_the_uses() -> None:
    x = leaf(3.0)
    nodes = tape_values(lambda: (x * x + ag.exp(x)).sum(), {"x": x})
    product = next(node for node in nodes if node.label == "multiply")
    assert product.inputs == (0, 0)
    assert [float(np.sum(grad)) for grad in product.input_grads if grad is not None] == [3, 3]
    assert nodes[0].grad == pytest.approx(6 + np.exp(3.0))


def test_every_node_has_the_gradient_of_its_uses() -> None:
    rng = np.random.default_rng(0)
    x, w = (Tensor(rng.normal(size=(3, 3)), requires_grad=True) for _ in range(2))
    nodes = tape_values(lambda: (ag.softmax(x @ w, axis=-1) @ x * w).mean())
    for i, node in enumerate(nodes[:-1]):
        arriving = [
            grad
            for user in nodes
            for index, grad in zip(user.inputs, user.input_grads, strict=True)
            if index == i and grad is not None
        ]
        assert node.grad is not None
        assert np.allclose(node.grad, np.sum(arriving, axis=0))
    assert next(node for node in nodes if node.label == "softmax").settings == {"axis": -1}


def test_results_have_the_names_that_the_computation_gives() -> None:
    names = {"x": leaf(1.0, 2.0)}

    def compute() -> Tensor:
        names["activation"] = ag.exp(names["x"])
        return names["activation"].sum()

    nodes = tape_values(compute, names)
    assert [(node.label, node.name) for node in nodes] == [
        ("x", ""), ("exp", "activation"), ("sum", ""),
    ]  # fmt: skip


def test_several_outputs_are_nodes_and_row_sparse_gradients_are_dense() -> None:
    table = Tensor(np.arange(8.0).reshape(4, 2), requires_grad=True)
    rows = np.array([1, 1])
    nodes = tape_values(lambda: ag.split(ag.take_rows(table, rows), sections=2, axis=1)[1].sum())
    labels = [node.label for node in nodes]
    assert labels == ["leaf", "constant", "take_rows", "split", "split[1]", "sum"]
    assert nodes[3].value is None
    assert nodes[4].value is not None
    assert nodes[4].value.tolist() == [[3], [3]]
    assert nodes[4].grad is not None
    assert nodes[4].grad.tolist() == [[1], [1]]
    assert nodes[0].grad is not None
    assert nodes[0].grad.tolist() == [[0, 0], [0, 2], [0, 0], [0, 0]]


def test_without_a_tape_it_is_an_error() -> None:
    with pytest.raises(StateError, match="no tape"):
        tape_values(lambda: Tensor(np.ones(3)).sum())
