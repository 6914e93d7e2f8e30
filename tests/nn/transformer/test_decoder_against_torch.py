"""Decoder and encoder-decoder against torch with copied weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from torch_weights import decoder_pairs, encoder_pairs, same

from pmt_autograd import Tensor
from pmt_nn import TransformerConfig, TransformerDecoder, TransformerEncoder, causal_mask, rotate

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore::UserWarning")]
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])
norms = pytest.mark.parametrize("norm_first", [True, False], ids=["pre-norm", "post-norm"])
D, HEADS, F = 12, 3, 20


def copy_cross(oracle: Any, ours: TransformerDecoder, theirs: Any) -> None:
    for our, other in zip(ours.layers, theirs.layers, strict=True):
        joined = np.concatenate([our.cross.q.weight.data, our.cross.kv.weight.data], axis=1)
        biases = np.concatenate([our.cross.q.bias.data, our.cross.kv.bias.data])
        attention = other.multihead_attn
        oracle.copy({attention.in_proj_weight: joined.T, attention.in_proj_bias: biases})


def compare_cross(ours: TransformerDecoder, theirs: Any, result: Any, tolerance: float) -> None:
    for our, other in zip(ours.layers, theirs.layers, strict=True):
        joined = np.concatenate([result[our.cross.q.weight], result[our.cross.kv.weight]], axis=1)
        expected = other.multihead_attn.in_proj_weight.grad.numpy().T
        np.testing.assert_allclose(
            joined, expected, rtol=tolerance, atol=tolerance * max(1, np.abs(expected).max())
        )


@dtypes
@norms
@pytest.mark.parametrize("masked", [False, True], ids=["no masks", "masks"])
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_decoder(oracle, rng, stir, dtype, norm_first, masked, mode) -> None:
    torch = oracle.torch
    ours = stir(
        TransformerDecoder(
            TransformerConfig(
                width=D,
                heads=HEADS,
                hidden=F,
                layers=2,
                dropout=0.0,
                activation="relu",
                norm_first=norm_first,
            ),
            rng,
            dtype=dtype,
        )
    )
    layer = torch.nn.TransformerDecoderLayer(
        D, HEADS, F, dropout=0.0, activation="relu", batch_first=True, norm_first=norm_first
    )
    theirs = torch.nn.TransformerDecoder(layer, 2, torch.nn.LayerNorm(D) if norm_first else None)
    theirs = theirs.to(torch.float64 if dtype == np.float64 else torch.float32)
    ours.train(mode == "train"), theirs.train(mode == "train")
    pairs = decoder_pairs(ours, theirs)
    oracle.copy({other: layout(our.data) for our, other, layout in pairs})
    copy_cross(oracle, ours, theirs)
    x = Tensor(rng.normal(size=(3, 6, D)).astype(dtype), requires_grad=True)
    memory = Tensor(rng.normal(size=(3, 5, D)).astype(dtype), requires_grad=True)
    tx, tm = oracle.tensor(x.data), oracle.tensor(memory.data)
    mask = np.arange(6) < np.array([[6], [3], [1]]) if masked else None
    memory_mask = np.arange(5) < np.array([[2], [5], [1]]) if masked else None
    theirs_out = theirs(
        tx,
        tm,
        tgt_mask=torch.from_numpy(~causal_mask(6)[0]),
        tgt_key_padding_mask=torch.from_numpy(~mask) if masked else None,
        memory_key_padding_mask=torch.from_numpy(~memory_mask) if masked else None,
    )
    y = ours(x, memory, mask=mask, memory_mask=memory_mask)
    result = oracle.compare(y, theirs_out, [(x, tx, same), (memory, tm, same), *pairs], mask)
    compare_cross(ours, theirs, result, 1e-9 if dtype == np.float64 else 1e-4)


@dtypes
@norms
def test_encoder_decoder(oracle, rng, stir, dtype, norm_first) -> None:
    """Both stacks together, with all masks."""
    torch = oracle.torch
    settings = {"dropout": 0.0, "activation": "relu", "norm_first": norm_first}
    encoder = stir(
        TransformerEncoder(
            TransformerConfig(width=D, heads=HEADS, hidden=F, layers=2, **settings),
            rng,
            dtype=dtype,
        )
    )
    decoder = stir(
        TransformerDecoder(
            TransformerConfig(width=D, heads=HEADS, hidden=F, layers=2, **settings),
            rng,
            dtype=dtype,
        )
    )
    encoder_layer = torch.nn.TransformerEncoderLayer(
        D, HEADS, F, 0.0, "relu", batch_first=True, norm_first=norm_first
    )
    decoder_layer = torch.nn.TransformerDecoderLayer(
        D, HEADS, F, 0.0, "relu", batch_first=True, norm_first=norm_first
    )
    final = [torch.nn.LayerNorm(D) if norm_first else None for _ in range(2)]
    theirs = torch.nn.Transformer(
        D,
        HEADS,
        custom_encoder=torch.nn.TransformerEncoder(
            encoder_layer, 2, final[0], enable_nested_tensor=False
        ),
        custom_decoder=torch.nn.TransformerDecoder(decoder_layer, 2, final[1]),
        batch_first=True,
    ).to(torch.float64 if dtype == np.float64 else torch.float32)
    pairs = encoder_pairs(encoder, theirs.encoder) + decoder_pairs(decoder, theirs.decoder)
    oracle.copy({other: layout(our.data) for our, other, layout in pairs})
    copy_cross(oracle, decoder, theirs.decoder)
    source = Tensor(rng.normal(size=(3, 5, D)).astype(dtype), requires_grad=True)
    target = Tensor(rng.normal(size=(3, 6, D)).astype(dtype), requires_grad=True)
    ts, tt = oracle.tensor(source.data), oracle.tensor(target.data)
    source_mask = np.arange(5) < np.array([[2], [5], [1]])
    mask = np.arange(6) < np.array([[6], [3], [1]])
    their_mask = torch.from_numpy(~source_mask)
    theirs_out = theirs(
        ts,
        tt,
        tgt_mask=torch.from_numpy(~causal_mask(6)[0]),
        src_key_padding_mask=their_mask,
        memory_key_padding_mask=their_mask,
        tgt_key_padding_mask=torch.from_numpy(~mask),
    )
    memory = encoder(source, source_mask)
    y = decoder(target, memory, mask=mask, memory_mask=source_mask)
    result = oracle.compare(y, theirs_out, [(source, ts, same), (target, tt, same), *pairs], mask)
    compare_cross(decoder, theirs.decoder, result, 1e-9 if dtype == np.float64 else 1e-4)


def test_rotation_is_a_product_of_complex_numbers(oracle, rng) -> None:
    torch = oracle.torch
    x = Tensor(rng.normal(size=(2, 5, D)), requires_grad=True)
    tx = oracle.tensor(x.data)
    k = D // HEADS
    rates = 10000.0 ** (-torch.arange(0, k, 2, dtype=torch.float64) / k)
    angle = torch.arange(3, 8, dtype=torch.float64)[:, None] * rates
    pairs = torch.view_as_complex(tx.reshape(2, 5, HEADS, k // 2, 2))
    spun = torch.view_as_real(pairs * torch.polar(torch.ones_like(angle), angle)[:, None])
    oracle.compare(rotate(x, heads=HEADS, offset=3), spun.reshape(2, 5, D), [(x, tx, same)])
