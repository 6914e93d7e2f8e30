"""Sums of products and chains of operations beside torch on random configurations (`-m oracle`)."""

from __future__ import annotations

from math import prod
from typing import Any

import pytest
from random_arrays import Draw
from torch_comparison import Comparison, Inputs, hold, largest

import pmt_autograd as ag

pytestmark = pytest.mark.oracle


def factors(draw: Draw, *shapes: tuple[int, ...]) -> list[Any]:
    return [draw.array(shape, exponent=10, spread=False) for shape in shapes]


def matrices(draw: Draw) -> Inputs:
    n, k, m = (draw.length() for _ in range(3))
    batch = draw.shape(0, 2)
    a = (*draw.broadcastable(batch), n, k) if draw.chance(0.8) else (k,)
    b = (*draw.broadcastable(batch), k, m) if draw.chance(0.8) else (k,)
    return factors(draw, a, b), {}


def vectors(draw: Draw) -> Inputs:
    return factors(draw, (draw.length(),), (draw.length(),)), {}


def tensors(draw: Draw) -> Inputs:
    """Any number of summed axes at any place."""
    shared, left, right = (draw.shape(0, 2) for _ in range(3))
    a, b = (*left, *shared), (*shared, *right)
    order_a, order_b = draw.rng.permutation(len(a)), draw.rng.permutation(len(b))
    axes_a = [int(list(order_a).index(len(left) + i)) for i in range(len(shared))]
    axes_b = [int(list(order_b).index(i)) for i in range(len(shared))]
    shapes = tuple(a[i] for i in order_a), tuple(b[i] for i in order_b)
    return factors(draw, *shapes), {"axes": (axes_a, axes_b)}


EQUATIONS = (
    "ij,jk->ik", "bij,bjk->bik", "bhtk,bhsk->bhts", "ij->j", "ij->", "ii->i", "ii", "iij,j->i",
    "i,j->ij", "ij,ij->", "i,ik,k->", "ij,k->i", "...i,...i->...", "...ij,jk", "bi,oij,bj->bo",
    "ab,bc,cd->ad", "ij,ji", "ij,j", "abc->cab", "ij,ij,ij->i",
)  # fmt: skip


def equation(draw: Draw) -> Inputs:
    subscripts = draw.choice(EQUATIONS)
    terms = subscripts.partition("->")[0].split(",")
    sizes = {letter: draw.length() for letter in sorted({*"".join(terms)} - {"."})}
    batch = draw.shape(0, 2)
    shapes = []
    for term in terms:
        before = draw.broadcastable(batch) if "..." in term else ()
        shapes.append((*before, *(sizes[letter] for letter in term.replace("...", ""))))
    if len(terms) > 2:  # of infinities the order of the products matters, and it is open
        return [draw.normal(*shape) for shape in shapes], {"subscripts": subscripts}
    return factors(draw, *shapes), {"subscripts": subscripts}


def torch_einsum(torch: Any, *operands: Any, subscripts: str) -> Any:
    return torch.einsum(subscripts, *operands)


def of_products(*arrays: Any, **settings: Any) -> dict[str, float]:
    """The terms of a sum may cancel: for a gradient, those of the products of all other factors."""
    sizes = [max(largest(array), 1e-300) for array in arrays]
    gradients = {f"gradient {i}": prod(sizes) / size for i, size in enumerate(sizes)}
    return {"output 0": prod(sizes), **gradients}


def torch_tensordot(torch: Any, a: Any, b: Any, axes: Any) -> Any:
    return torch.tensordot(a, b, axes)


SUMS = [
    Comparison("matmul", ag.matmul, lambda t, a, b: a @ b, matrices, scales=of_products),
    Comparison("outer", ag.outer, lambda t, a, b: t.outer(a, b), vectors, scales=of_products),
    Comparison("tensordot", ag.tensordot, torch_tensordot, tensors, scales=of_products),
    Comparison("einsum", ag.einsum, torch_einsum, equation, scales=of_products, edges=False),
]

LINKS: dict[str, tuple[Any, Any]] = {
    "sqrt": (ag.sqrt, lambda t, x: t.sqrt(x)),
    "log": (ag.log, lambda t, x: t.log(x)),
    "exp": (ag.exp, lambda t, x: t.exp(x)),
    "relu": (ag.relu, lambda t, x: t.relu(x)),
    "reciprocal": (lambda x: 1 / x, lambda t, x: 1 / x),
    "clip": (lambda x: ag.clip(x, low=0.0), lambda t, x: t.clip(x, min=0.0)),
    "maximum": (lambda x: ag.maximum(x, 0.0), lambda t, x: t.maximum(x, t.zeros_like(x))),
    "square": (ag.square, lambda t, x: t.square(x)),
    "tanh": (ag.tanh, lambda t, x: t.tanh(x)),
    "power": (lambda x: x**1.5, lambda t, x: x**1.5),
    "where": (lambda x: ag.where(x.data > 0, x, 0.0), lambda t, x: t.where(x > 0, x, 0.0)),
    "leaky": (lambda x: ag.leaky_relu(x, slope=0.0), lambda t, x: t.relu(x)),
}  # fmt: skip


def links(draw: Draw) -> Inputs:
    names = tuple(draw.rng.permutation(list(LINKS))[: draw.integer(2, 3)].tolist())
    return [draw.array(draw.shape(), exponent=8) + 0], {"names": names}  # -0 becomes 0: 1 / -0


def our_chain(x: Any, names: Any) -> Any:
    for name in names:
        x = LINKS[name][0](x)
    return x


def torch_chain(torch: Any, x: Any, names: Any) -> Any:
    for name in names:
        x = LINKS[name][1](torch, x)
    return x


def of_chain(x: Any, names: Any) -> dict[str, float]:
    """Near 1, tanh has a slope that is a difference from 1."""
    return {"gradient 0": 10.0 if "tanh" in names else 0.0}


CHAIN = Comparison("chain", our_chain, torch_chain, links, scales=of_chain)


@pytest.mark.parametrize("comparison", [*SUMS, CHAIN], ids=str)
def test_torch_agrees(comparison: Comparison) -> None:
    hold(comparison)
