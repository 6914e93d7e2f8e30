"""Values and gradients of many expressions beside torch, run as a black box (`-m oracle`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pmt_autograd as ag

pytestmark = pytest.mark.oracle

A, B = (4, 3), (4, 3)
POSITIVE = "positive"
INDEX = np.array([[2, 0, 0], [1, 1, 2], [0, 2, 1], [2, 2, 2]])
ROWS = np.array([3, 0, 0, 1])
MASK = INDEX > 0

Expression = Callable[..., Any]
# name, ours, torch's (None: the same text), shapes; x is positive where the last entry says so
CASES: list[tuple[str, Expression, Expression | None, tuple[Any, ...]]] = [
    ("add", lambda m, x, y: x + y, None, (A, B)),
    ("add broadcast", lambda m, x, y: x + y, None, (A, (3,))),
    ("subtract", lambda m, x, y: x - y, None, (A, (4, 1))),
    ("multiply", lambda m, x, y: x * y, None, (A, B)),
    ("multiply outer", lambda m, x, y: x * y, None, ((4, 1), (1, 3))),
    ("divide", lambda m, x, y: x / y, None, (A, B, POSITIVE)),
    ("scalar arithmetic", lambda m, x: 2 - 3 * x / 4 + 1 / (x * x + 1), None, (A,)),
    ("power 3", lambda m, x: x**3, None, (A,)),
    ("power -0.5", lambda m, x: x**-0.5, None, (A, POSITIVE)),
    ("power of tensors", lambda m, x, y: x**y, None, (A, B, POSITIVE)),
    ("power of a number", lambda m, x: 2.0**x, None, (A,)),
    ("negative", lambda m, x: -x, None, (A,)),
    ("absolute", lambda m, x: abs(x), None, (A,)),
    ("exp", lambda m, x: m.exp(x), None, (A,)),
    ("expm1", lambda m, x: m.expm1(x), None, (A,)),
    ("log", lambda m, x: m.log(x), None, (A, POSITIVE)),
    ("log1p", lambda m, x: m.log1p(x), None, (A, POSITIVE)),
    ("sqrt", lambda m, x: m.sqrt(x), None, (A, POSITIVE)),
    ("square", lambda m, x: m.square(x), None, (A,)),
    ("tanh", lambda m, x: m.tanh(x), None, (A,)),
    ("sigmoid", lambda m, x: m.sigmoid(x), None, (A,)),
    ("softplus", lambda m, x: m.softplus(x), lambda m, x: m.nn.functional.softplus(x), (A,)),
    ("sin", lambda m, x: m.sin(x), None, (A,)),
    ("cos", lambda m, x: m.cos(x), None, (A,)),
    ("arctan", lambda m, x: m.arctan(x), None, (A,)),
    ("erf", lambda m, x: m.erf(x), None, (A,)),
    ("exact gelu", lambda m, x: x * 0.5 * (1 + m.erf(x * 0.5**0.5)),
     lambda m, x: m.nn.functional.gelu(x), (A,)),
    ("relu", lambda m, x: m.relu(x), None, (A,)),
    ("leaky relu", lambda m, x: m.leaky_relu(x, slope=0.1),
     lambda m, x: m.nn.functional.leaky_relu(x, 0.1), (A,)),
    ("elu", lambda m, x: m.elu(x), lambda m, x: m.nn.functional.elu(x), (A,)),
    ("silu", lambda m, x: m.silu(x), lambda m, x: m.nn.functional.silu(x), (A,)),
    ("maximum", lambda m, x, y: m.maximum(x, y), None, (A, B)),
    ("maximum of equals", lambda m, x: m.maximum(x, x * 1), None, (A,)),
    ("minimum", lambda m, x, y: m.minimum(x, y), None, (A, (3,))),
    ("clip", lambda m, x: m.clip(x, low=-0.5, high=0.7),
     lambda m, x: m.clip(x, -0.5, 0.7), (A,)),
    ("where", lambda m, x, y: m.where(MASK, x, y),
     lambda m, x, y: m.where(m.tensor(MASK), x, y), (A, B)),
    ("sum", lambda m, x: x.sum(), None, (A,)),
    ("sum axis", lambda m, x: x.sum(axis=0), None, (A,)),
    ("sum axes kept", lambda m, x: x.sum(axis=(0, 2), keepdims=True), None, ((2, 3, 4),)),
    ("mean", lambda m, x: x.mean(axis=-1), None, (A,)),
    ("var", lambda m, x: x.var(axis=1), lambda m, x: x.var(dim=1, unbiased=False), (A,)),
    ("std", lambda m, x: x.std(axis=1), lambda m, x: x.std(dim=1, unbiased=False), (A,)),
    ("max", lambda m, x: x.max(axis=1), lambda m, x: x.amax(1), (A,)),
    ("max of ties", lambda m, x: (x * 0 + 1).max(axis=1) + x.sum(),
     lambda m, x: (x * 0 + 1).amax(1) + x.sum(), (A,)),
    ("min", lambda m, x: x.min(axis=0), lambda m, x: x.amin(0), (A,)),
    ("norm", lambda m, x: m.norm(x, axis=1), lambda m, x: m.linalg.vector_norm(x, dim=1), (A,)),
    ("logsumexp", lambda m, x: m.logsumexp(x, axis=1),
     lambda m, x: m.logsumexp(x, 1), (A,)),
    ("softmax", lambda m, x: m.softmax(x, axis=1), lambda m, x: m.softmax(x, 1), (A,)),
    ("log softmax", lambda m, x: m.log_softmax(x, axis=0),
     lambda m, x: m.log_softmax(x, 0), (A,)),
    ("cumsum", lambda m, x: x.cumsum(axis=0), None, (A,)),
    ("top k", lambda m, x: m.top_k(x, k=2)[0], lambda m, x: m.topk(x, 2)[0], (A,)),
    ("reshape", lambda m, x: x.reshape(2, 6), None, (A,)),
    ("transpose", lambda m, x: x.transpose(2, 0, 1), lambda m, x: x.permute(2, 0, 1), ((2, 3, 4),)),
    ("swapaxes", lambda m, x: x.swapaxes(0, -1), None, ((2, 3, 4),)),
    ("broadcast_to", lambda m, x: m.broadcast_to(x, shape=(2, 4, 3)),
     lambda m, x: m.broadcast_to(x, (2, 4, 3)), ((4, 1),)),
    ("squeeze, expand", lambda m, x: m.expand_dims(x.squeeze(1), axis=0),
     lambda m, x: x.squeeze(1).unsqueeze(0), ((4, 1, 3),)),
    ("flip", lambda m, x: m.flip(x, axis=1), lambda m, x: m.flip(x, (1,)), (A,)),
    ("concat", lambda m, x, y: m.concat(x, y, axis=1),
     lambda m, x, y: m.concat((x, y), 1), (A, (4, 2))),
    ("stack", lambda m, x, y: m.stack(x, y, axis=1), lambda m, x, y: m.stack((x, y), 1), (A, B)),
    ("split", lambda m, x: (lambda p: p[0] * p[2])(x.split([1, 3, 1], axis=1)),
     lambda m, x: (lambda p: p[0] * p[2])(x.split([1, 3, 1], 1)), ((4, 5),)),
    ("pad", lambda m, x: m.pad(x, widths=[(0, 0), (1, 2)], value=3.0),
     lambda m, x: m.nn.functional.pad(x, (1, 2), value=3.0), (A,)),
    ("tile", lambda m, x: m.tile(x, repeats=(2, 3)), lambda m, x: m.tile(x, (2, 3)), (A,)),
    ("repeat", lambda m, x: x.repeat(2, axis=1),
     lambda m, x: m.repeat_interleave(x, 2, 1), (A,)),
    ("index slice", lambda m, x: x[1:3, ::2], None, (A,)),
    ("index reversed rows", lambda m, x: x[[3, 1, 1]], None, (A,)),
    ("index mask", lambda m, x: x[MASK], None, (A,)),
    ("index arrays", lambda m, x: x[ROWS, INDEX[:, 0]], None, (A,)),
    ("take rows", lambda m, x: m.take_rows(x, ROWS, sparse=False),
     lambda m, x: m.nn.functional.embedding(m.tensor(ROWS), x), (A,)),
    ("take along axis", lambda m, x: m.take_along_axis(x, INDEX, axis=1),
     lambda m, x: m.take_along_dim(x, m.tensor(INDEX), 1), (A,)),
    ("scatter add", lambda m, x, y: m.scatter_add(x, ROWS, y),
     lambda m, x, y: x.index_add(0, m.tensor(ROWS), y), (A, B)),
    ("set items", lambda m, x, y: x.set(slice(1, 3), y),
     lambda m, x, y: m.slice_scatter(x, y, 0, 1, 3), (A, (2, 3))),
    ("matmul", lambda m, x, y: x @ y, None, (A, (3, 5))),
    ("matmul batch", lambda m, x, y: x @ y, None, ((2, 1, 4, 3), (5, 3, 2))),
    ("matmul vector", lambda m, x, y: x @ y, None, (A, (3,))),
    ("vector matmul", lambda m, x, y: x @ y, None, ((4,), (2, 4, 3))),
    ("outer", lambda m, x, y: m.outer(x, y), None, ((4,), (3,))),
    ("tensordot", lambda m, x, y: m.tensordot(x, y, ((1, 2), (0, 2))),
     lambda m, x, y: m.tensordot(x, y, ((1, 2), (0, 2))), ((2, 3, 4), (3, 5, 4))),
    ("einsum attention", lambda m, q, k: m.einsum(q, k, subscripts="bhtk,bhsk->bhts"),
     lambda m, q, k: m.einsum("bhtk,bhsk->bhts", q, k), ((2, 2, 3, 4), (2, 2, 5, 4))),
    ("einsum trace", lambda m, x: m.einsum(x, subscripts="ii->"),
     lambda m, x: m.einsum("ii->", x), ((3, 3),)),
    ("einsum bilinear", lambda m, x, w, y: m.einsum(x, w, y, subscripts="bi,oij,bj->bo"),
     lambda m, x, w, y: m.einsum("bi,oij,bj->bo", x, w, y), ((2, 3), (2, 3, 4), (2, 4))),
    ("layer norm", lambda m, x, g: (x - x.mean(axis=1, keepdims=True))
     / m.sqrt(x.var(axis=1, keepdims=True) + 1e-5) * g,
     lambda m, x, g: m.nn.functional.layer_norm(x, (3,), g), (A, (3,))),
    ("two layers", lambda m, x, w, b, v: m.tanh(x @ w + b) @ v, None,
     (A, (3, 6), (6,), (6, 2))),
    ("cross entropy", lambda m, x: -m.log_softmax(x, axis=1)[np.arange(4), ROWS % 3].mean(),
     lambda m, x: m.nn.functional.cross_entropy(x, m.tensor(ROWS % 3)), (A,)),
]  # fmt: skip


def test_there_are_more_than_60_expressions() -> None:
    assert len(CASES) > 60
    assert len({name for name, *_ in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_value_and_gradients(case) -> None:
    torch = pytest.importorskip("torch")
    _, ours, theirs, shapes = case
    rng = np.random.default_rng(3)
    arrays = [rng.normal(size=s).astype(np.float32) for s in shapes if s != POSITIVE]
    if POSITIVE in shapes:
        arrays = [np.abs(array) + np.float32(0.5) for array in arrays]

    tensors = [ag.Tensor(array, requires_grad=True) for array in arrays]
    value = ours(ag, *tensors)
    cotangent = rng.normal(size=value.shape).astype(np.float32)
    value.backward(cotangent)

    oracles = [torch.tensor(array, requires_grad=True) for array in arrays]
    expected = (theirs or ours)(torch, *oracles)
    expected.backward(torch.tensor(cotangent))

    assert value.dtype == np.float32
    np.testing.assert_allclose(value.data, expected.detach().numpy(), rtol=1e-5, atol=1e-5)
    for tensor, oracle in zip(tensors, oracles, strict=True):
        scale = max(1.0, float(oracle.grad.abs().max()))
        np.testing.assert_allclose(tensor.grad, oracle.grad, rtol=1e-5, atol=1e-5 * scale)
