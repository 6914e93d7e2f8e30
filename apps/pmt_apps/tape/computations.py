"""Computations that fit on a page: a neuron, a network, cross-entropy, an attention head."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import pmt_autograd as ag
from pmt_autograd import Tensor

Tensors = dict[str, Tensor]


@dataclass(frozen=True, eq=False)
class Computation:
    """A small computation that ends in a loss.

    Attributes:
        name: in addresses.
        title, about: for people.
        inputs: name -> numbers to begin with; each gets a gradient.
        compute: from the inputs to the loss. It adds the results that have a name.
        constants: names of the inputs without a gradient.
        whole: names of the inputs that are whole numbers, and the number that each is below.
        rows, columns: name of an input or result -> what its rows or columns stand for.
    """

    name: str
    title: str
    about: str
    inputs: Mapping[str, Any]
    compute: Callable[[Tensors], Tensor]
    constants: frozenset[str] = frozenset()
    whole: Mapping[str, int] = field(default_factory=dict)
    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def _neuron(t: Tensors) -> Tensor:
    t["z"] = t["x"] @ t["w"] + t["b"]
    t["a"] = ag.sigmoid(t["z"])
    return (t["a"] - t["y"]) ** 2


def _network(t: Tensors) -> Tensor:
    t["h"] = ag.tanh(t["x"] @ t["W1"] + t["b1"])
    t["z"] = t["h"] @ t["W2"] + t["b2"]
    return ((t["z"] - t["y"]) ** 2).sum()


def _cross_entropy(t: Tensors) -> Tensor:
    t["sum"] = ag.exp(t["z"]).sum()
    t["log p"] = t["z"] - ag.log(t["sum"])
    return -t["log p"][t["label"].data]


def _attention(t: Tensors) -> Tensor:
    t["Q"] = t["X"] @ t["Wq"]
    t["K"] = t["X"] @ t["Wk"]
    t["V"] = t["X"] @ t["Wv"]
    t["scores"] = t["Q"] @ t["K"].T * float(1 / np.sqrt(t["K"].shape[1]))
    t["weights"] = ag.softmax(t["scores"], axis=-1)
    t["out"] = t["weights"] @ t["V"]
    return ((t["out"] - t["target"]) ** 2).sum()


_WORDS = ("the", "cat", "sleeps")
_BY_WORD = dict.fromkeys(("X", "Q", "K", "V", "scores", "weights", "out", "target"), _WORDS)

COMPUTATIONS: Mapping[str, Computation] = {
    each.name: each
    for each in (
        Computation(
            "neuron",
            "One neuron with its loss",
            "A weighted sum, a sigmoid, and the square of what is missing from the target y. The "
            "gradient of a weight is the gradient of z times the weight's input.",
            {"x": [1.0, -2.0], "w": [0.5, 0.25], "b": 0.1, "y": 1.0},
            _neuron,
            frozenset({"y"}),
        ),
        Computation(
            "network",
            "A network of two layers",
            "Two inputs, three hidden units with tanh, one output, and the square of its error. "
            "Where tanh is flat, little of the gradient passes.",
            {
                "x": [[1.0, 0.5]],
                "W1": [[0.4, -0.6, 0.9], [-0.3, 0.8, 0.2]],
                "b1": [0.1, 0.0, -0.2],
                "W2": [[0.7], [-0.5], [0.3]],
                "b2": [0.2],
                "y": [[1.0]],
            },
            _network,
            frozenset({"x", "y"}),
        ),
        Computation(
            "cross-entropy",
            "Softmax and cross-entropy",
            "The loss is minus the log of the probability of the right class. At the end the "
            "gradient of z is softmax(z) with 1 subtracted at the label.",
            {"z": [2.0, 1.0, -1.0], "label": 0},
            _cross_entropy,
            frozenset({"label"}),
            {"label": 3},
        ),
        Computation(
            "attention",
            "One attention head",
            "Each word asks with its query; the scores with the keys become weights, which sum "
            "to 1 in each row, and the output is the weighted mean of the values.",
            {
                "X": [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]],
                "Wq": [[1.0, 0.0], [0.0, 2.0]],
                "Wk": [[0.0, 1.0], [1.0, 0.0]],
                "Wv": [[1.0, -1.0], [0.5, 1.0]],
                "target": [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]],
            },
            _attention,
            frozenset({"target"}),
            rows=_BY_WORD,
            columns=dict.fromkeys(("scores", "weights"), _WORDS),
        ),
    )
}
"""By name."""
