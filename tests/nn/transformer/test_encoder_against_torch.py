"""The encoder and its parts against torch with copied weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from torch_weights import encoder_pairs, same, turned

from pmt_autograd import Tensor
from pmt_nn import (
    Embedding,
    TransformerConfig,
    TransformerEncoder,
    attention,
    causal_mask,
    cross_entropy,
    gelu,
    layer_norm,
    linear,
)

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore::UserWarning")]
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def leaf(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> Tensor:
    return Tensor(rng.normal(size=shape).astype(dtype), requires_grad=True)


@dtypes
def test_linear(oracle, rng, dtype) -> None:
    x, w, b = leaf(rng, (3, 2, 5), dtype), leaf(rng, (5, 4), dtype), leaf(rng, (4,), dtype)
    tx, tw, tb = oracle.tensor(x.data), oracle.tensor(w.data.T), oracle.tensor(b.data)
    theirs = oracle.torch.nn.functional.linear(tx, tw, tb)
    oracle.compare(linear(x, w, b), theirs, [(x, tx, same), (w, tw, turned), (b, tb, same)])


@dtypes
def test_layer_norm(oracle, rng, dtype) -> None:
    x, g, b = leaf(rng, (3, 2, 6), dtype), leaf(rng, (6,), dtype), leaf(rng, (6,), dtype)
    tx, tg, tb = (oracle.tensor(v.data) for v in (x, g, b))
    theirs = oracle.torch.nn.functional.layer_norm(tx, (6,), tg, tb, 1e-5)
    oracle.compare(layer_norm(x, g, b), theirs, [(x, tx, same), (g, tg, same), (b, tb, same)])


@dtypes
def test_gelu(oracle, dtype) -> None:
    x = Tensor(np.linspace(-6, 6, 101).astype(dtype), requires_grad=True)
    tx = oracle.tensor(x.data)
    theirs = oracle.torch.nn.functional.gelu(tx, approximate="tanh")
    oracle.compare(gelu(x), theirs, [(x, tx, same)])


@dtypes
@pytest.mark.parametrize("reduction", ["sum", "mean", "none"])
def test_cross_entropy(oracle, rng, dtype, reduction) -> None:
    x = leaf(rng, (7, 4), dtype)
    labels = np.array([0, 3, -100, 1, 1, -100, 2])
    tx, tl = oracle.tensor(x.data), oracle.tensor(labels)
    theirs = oracle.torch.nn.functional.cross_entropy(tx, tl, reduction=reduction)
    oracle.compare(cross_entropy(x, labels, reduction=reduction), theirs, [(x, tx, same)])


def test_embedding(oracle, rng) -> None:
    layer, ids = Embedding(6, 3, rng, dtype=np.float64), rng.integers(0, 6, (4, 5))
    table = oracle.tensor(layer.weight.data)
    theirs = oracle.torch.nn.functional.embedding(oracle.tensor(ids), table)
    oracle.compare(layer(ids), theirs, [(layer.weight, table, same)])


@dtypes
@pytest.mark.parametrize("kind", ["none", "keys", "causal", "by head"])
def test_scaled_dot_product_attention(oracle, rng, dtype, kind) -> None:
    b, h, t, d = 2, 3, 5, 12
    mask = {
        "none": None,
        "keys": np.array([[True] * 5, [True, True, False, False, True]]),
        "causal": causal_mask(t),
        "by head": (rng.random((b, h, t, t)) < 0.6) | np.eye(t, dtype=bool),
    }[kind]
    leaves = [leaf(rng, (b, t, d), dtype) for _ in range(3)]
    theirs = [oracle.tensor(x.data) for x in leaves]
    split = [x.reshape(b, t, h, d // h).transpose(1, 2) for x in theirs]
    full = None
    if mask is not None:
        full = (
            mask[:, None, None] if kind == "keys" else mask[:, None] if kind == "causal" else mask
        )
        full = oracle.torch.from_numpy(np.array(np.broadcast_to(full, (b, h, t, t))))
    output = oracle.torch.nn.functional.scaled_dot_product_attention(*split, attn_mask=full)
    oracle.compare(
        attention(*leaves, heads=h, mask=mask),
        output.transpose(1, 2).reshape(b, t, d),
        [(our, other, same) for our, other in zip(leaves, theirs, strict=True)],
    )


@dtypes
@pytest.mark.parametrize("norm_first", [True, False], ids=["pre-norm", "post-norm"])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("masked", ["no mask", "keys", "causal"])
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_encoder(oracle, rng, stir, dtype, norm_first, activation, masked, mode) -> None:
    torch, d, heads, f, n = oracle.torch, 12, 3, 20, 2
    functional = torch.nn.functional
    acts = {
        "relu": functional.relu,
        "gelu": lambda x: functional.gelu(x, approximate="tanh"),
    }
    ours = stir(
        TransformerEncoder(
            TransformerConfig(
                width=d,
                heads=heads,
                hidden=f,
                layers=n,
                dropout=0.0,
                activation=activation,
                norm_first=norm_first,
            ),
            rng,
            dtype=dtype,
        )
    )
    layer = torch.nn.TransformerEncoderLayer(
        d,
        heads,
        f,
        dropout=0.0,
        activation=acts[activation],
        batch_first=True,
        norm_first=norm_first,
    )
    final = torch.nn.LayerNorm(d) if norm_first else None
    theirs = torch.nn.TransformerEncoder(layer, n, final, enable_nested_tensor=False)
    theirs = theirs.to(torch.float64 if dtype == np.float64 else torch.float32)
    ours.train(mode == "train"), theirs.train(mode == "train")
    pairs = encoder_pairs(ours, theirs)
    oracle.copy({other: layout(our.data) for our, other, layout in pairs})
    x = leaf(rng, (3, 6, d), dtype)
    tx = oracle.tensor(x.data)
    lengths = np.arange(6) < np.array([[6], [3], [1]])
    if masked == "no mask":
        y, ty, where = ours(x), theirs(tx), None
    elif masked == "keys":
        padding = torch.from_numpy(~lengths)
        y, ty, where = ours(x, lengths), theirs(tx, src_key_padding_mask=padding), lengths
    else:
        future = torch.from_numpy(~causal_mask(6)[0])
        y, ty, where = ours(x, causal_mask(6)), theirs(tx, mask=future), None
    oracle.compare(y, ty, [(x, tx, same), *pairs], where)
