"""The third final: the gradients of the answers equal those of pmt."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from pmt_autograd import Tensor, gradients
from pmt_nn import (
    LanguageModel,
    LanguageModelConfig,
    attention,
    cross_entropy,
    gelu,
    layer_norm,
)

GOAL = 1e-8
"""Largest difference of two gradients, relative to the largest number of pmt's."""

_HEADS = 2


@dataclass(frozen=True)
class Difference:
    """How far a gradient of the answers is from that of pmt.

    Attributes:
        name: of the parameter or argument.
        error: the largest difference, by the largest number of pmt's gradient.
    """

    name: str
    error: float


def differences(mine: ModuleType) -> list[Difference]:
    """Return the differences of all gradients: of operations, and of a whole decoder."""
    return [*_operations(mine), *_decoder(mine)]


def _difference(name: str, got: Any, right: np.ndarray) -> Difference:
    if got is None or np.shape(got) != right.shape:
        return Difference(name, float("inf"))
    scale = max(float(np.abs(right).max()), 1e-300)
    return Difference(name, float(np.abs(np.asarray(got) - right).max()) / scale)


def _operations(mine: ModuleType) -> list[Difference]:
    """Return the differences of single operations on random arrays."""
    rng = np.random.default_rng(0)
    x, gain, bias = rng.normal(size=(2, 5, 8)), rng.normal(size=8), rng.normal(size=8)
    queries, keys, values = (rng.normal(size=(2, n, 8)) for n in (4, 5, 5))
    labels = rng.integers(0, 8, (2, 5))
    mask = np.array([[True] * 5, [True, True, True, False, False]])

    def my_attention(q: Any, k: Any, v: Any) -> Any:
        heads = [mine.split_heads(each, _HEADS) for each in (q, k, v)]
        return mine.merge_heads(mine.attention(*heads, mask[:, np.newaxis, np.newaxis]))

    cases: list[tuple[str, Any, Any, tuple[np.ndarray, ...]]] = [
        ("matmul", mine.matmul, lambda a, b: a @ b, (x, gain[:, np.newaxis] * bias)),
        ("multiply", mine.multiply, lambda a, b: a * b, (x, gain)),
        ("layer_norm_op", mine.layer_norm_op, layer_norm, (x, gain, bias)),
        ("gelu_op", mine.gelu_op, gelu, (x,)),
        (
            "attention",
            my_attention,
            lambda q, k, v: attention(q, k, v, heads=_HEADS, mask=mask),
            (queries, keys, values),
        ),
        (
            "cross_entropy_op",
            lambda z: mine.cross_entropy_op(z, labels),
            lambda z: cross_entropy(z, labels),
            (x,),
        ),
        (
            "smoothed_cross_entropy_op",
            lambda z: mine.smoothed_cross_entropy_op(z, labels, 0.1),
            lambda z: cross_entropy(z, np.where(labels == 0, -100, labels), label_smoothing=0.1),
            (x,),
        ),
    ]
    results = []
    for name, answer, reference, arrays in cases:
        ours = [Tensor(array, requires_grad=True) for array in arrays]
        theirs = [mine.Tensor(array) for array in arrays]
        value = reference(*ours)
        grad = np.random.default_rng(1).normal(size=value.shape)
        right = gradients((value * grad).sum())
        mine.sum_axis(answer(*theirs) * grad).backward()
        for i, (got, our) in enumerate(zip(theirs, ours)):
            results.append(_difference(f"{name}, argument {i + 1}", got.grad, right[our]))
    return results


def _decoder(mine: ModuleType) -> list[Difference]:
    """Return the differences of all weights of a decoder with two blocks, for one loss."""
    rng = np.random.default_rng(2)
    config = LanguageModelConfig(
        vocabulary=11, width=8, heads=_HEADS, hidden=20, layers=2, dropout=0.0
    )
    model = LanguageModel(config, rng, dtype=np.float64)
    weights = mine.new_decoder(11, 8, 20, 2, rng)
    pairs = _weight_pairs(weights)
    state = {name: np.zeros_like(p.data) for name, p in model.named_parameters()}
    for name, columns, tensor in pairs:
        tensor.value[...] += 0.3 * rng.normal(size=tensor.value.shape)
        state[name][..., columns] = tensor.value
    model.load_state_dict(state)
    ids = rng.integers(0, 11, (3, 8))
    read, said = mine.shift(ids)
    mine.cross_entropy_op(mine.decoder(read, weights, _HEADS), said).backward()
    right = gradients(cross_entropy(model(ids[:, :-1]), ids[:, 1:]))
    parameters = dict(model.named_parameters())
    return [
        _difference(name, tensor.grad, np.asarray(right[parameters[name]])[..., columns])
        for name, columns, tensor in pairs
    ]


def _weight_pairs(weights: Any) -> list[tuple[str, slice, Any]]:
    """Return the name of each of pmt's parameters, the columns in it, and the answer's tensor."""
    every = slice(None)
    pairs = [("words.weight", every, weights["letters"])]
    for i, block in enumerate(weights["blocks"]):
        prefix = f"decoder.layers.{i}"
        d = block["attention"]["query"].value.shape[0]
        for j, name in enumerate(("query", "key", "value")):
            columns = slice(j * d, (j + 1) * d)
            pairs.append((f"{prefix}.attention.qkv.weight", columns, block["attention"][name]))
        pairs.append((f"{prefix}.attention.project.weight", every, block["attention"]["output"]))
        for name, (gain, bias) in zip(("attention", "feed_forward"), block["norms"]):
            pairs.append((f"{prefix}.{name}_norm.weight", every, gain))
            pairs.append((f"{prefix}.{name}_norm.bias", every, bias))
        for name in ("up", "down"):
            weight, bias = block[name]
            pairs.append((f"{prefix}.feed_forward.{name}.weight", every, weight))
            pairs.append((f"{prefix}.feed_forward.{name}.bias", every, bias))
    gain, bias = weights["norm"]
    return [*pairs, ("decoder.norm.weight", every, gain), ("decoder.norm.bias", every, bias)]
