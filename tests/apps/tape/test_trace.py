"""The small computations of the page: values and gradients against independent formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pmt_apps.tape.computations import COMPUTATIONS
from pmt_apps.tape.trace import traced
from pmt_core import DataError


def loss_of(name: str, inputs: dict[str, Any]) -> float:
    return float(traced(COMPUTATIONS[name], inputs)["nodes"][-1]["value"])


def gradient_of(name: str, leaf: str, inputs: dict[str, Any]) -> np.ndarray:
    nodes = traced(COMPUTATIONS[name], inputs)["nodes"]
    return np.array(next(node["grad"] for node in nodes if node["label"] == leaf))


@pytest.mark.parametrize("name", COMPUTATIONS)
def test_gradients_are_differences_of_the_loss(name: str) -> None:
    computation = COMPUTATIONS[name]
    rng = np.random.default_rng(0)
    start: dict[str, Any] = {
        key: value if key in computation.whole else rng.normal(size=np.shape(value)).round(3)
        for key, value in computation.inputs.items()
    }
    inputs = {key: np.asarray(value).tolist() for key, value in start.items()}
    for leaf in set(computation.inputs) - computation.constants:
        gradient = gradient_of(name, leaf, inputs)
        assert gradient.shape == np.shape(computation.inputs[leaf])
        for index in np.ndindex(gradient.shape):
            losses = []
            for change in (-1e-2, 1e-2):
                moved = np.array(start[leaf])
                moved[index] += change
                losses.append(loss_of(name, {**inputs, leaf: moved.tolist()}))
            slope = (losses[1] - losses[0]) / 2e-2
            assert gradient[index] == pytest.approx(slope, abs=2e-3, rel=1e-3)


def test_the_gradient_of_cross_entropy_is_softmax_less_one_at_the_label() -> None:
    z = np.array([0.5, -1.0, 2.0])
    expected = np.exp(z) / np.exp(z).sum() - np.eye(3)[1]
    inputs = {"z": z.tolist(), "label": 1}
    assert gradient_of("cross-entropy", "z", inputs) == pytest.approx(expected, abs=1e-6)
    assert loss_of("cross-entropy", inputs) == pytest.approx(-np.log(expected[1] + 1), rel=1e-5)


def test_the_tables_of_a_head_are_those_of_attention() -> None:
    nodes = {node["name"]: np.array(node["value"]) for node in
             traced(COMPUTATIONS["attention"], {})["nodes"] if node["name"]}  # fmt: skip
    x, wq, wk, wv = (np.array(COMPUTATIONS["attention"].inputs[k]) for k in ("X", "Wq", "Wk", "Wv"))
    scores = x @ wq @ (x @ wk).T / np.sqrt(2)
    weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert nodes["scores"] == pytest.approx(scores, abs=1e-5)
    assert nodes["weights"] == pytest.approx(weights, abs=1e-5)
    assert nodes["out"] == pytest.approx(weights @ x @ wv, abs=1e-5)


def test_every_operation_has_a_step_and_says_what_it_does() -> None:
    for computation in COMPUTATIONS.values():
        nodes = traced(computation, {})["nodes"]
        operations = [node for node in nodes if not node["is_leaf"]]
        assert sorted(node["step"] for node in operations) == list(range(len(operations)))
        assert all(node["rule"] for node in operations)
        assert {node["label"] for node in nodes if node["is_leaf"]} <= {
            *computation.inputs, "constant"
        }  # fmt: skip


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"v": 1}, "expected some of x, w, b, y; got v"),
        ({"x": [1]}, "x: expected numbers, 2; got"),
        ({"x": [[1, 2], [3]]}, "x: expected numbers, 2"),
        ({"x": ["1", "2"]}, "x: expected numbers"),
        ({"b": None}, "b: expected numbers, one number"),
        ({"b": 21}, "from -20 to 20"),
        ({"b": 10**30}, "b: expected numbers"),
    ],
)
def test_other_inputs_are_refused(inputs: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        traced(COMPUTATIONS["neuron"], inputs)


@pytest.mark.parametrize("label", [3, -1, 0.5])
def test_a_label_is_a_whole_number(label: float) -> None:
    with pytest.raises(DataError, match="a whole number from 0 to 2"):
        traced(COMPUTATIONS["cross-entropy"], {"label": label})
