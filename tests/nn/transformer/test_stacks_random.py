"""Transformer stacks and attention modules beside torch on random configurations (`-m oracle`)."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
import pytest
from random_arrays import Draw
from torch_comparison import Comparison, Inputs, hold
from torch_weights import decoder_pairs, encoder_pairs

from pmt_autograd import Tensor
from pmt_nn import (
    Module,
    SelfAttention,
    TransformerConfig,
    TransformerDecoder,
    TransformerEncoder,
    feed_forward,
)

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore::UserWarning")]
SIZES = {"large": 3.0, "small": 0.1}


def tokens(draw: Draw, b: int, t: int) -> Any:
    """Return None or a mask (b, t) with a token in every row, the first."""
    mask = draw.rng.random((b, t)) < 0.6
    mask[:, :1] = True
    return mask if draw.chance(0.7) else None


def a_config(draw: Draw) -> TransformerConfig:
    heads = draw.choice([1, 2, 3])
    return TransformerConfig(
        width=heads * draw.choice([4, 6]),
        heads=heads,
        hidden=draw.integer(1, 9),
        layers=draw.integer(1, 2),
        dropout=0.0,
        activation=draw.choice(["relu", "gelu", "gelu_exact"]),
        norm_first=draw.chance(0.5),
        norm_eps=draw.choice([1e-2, 1e-1]),
    )


def weights_of(draw: Draw, module: Module) -> list[Any]:
    """Return an array for each parameter of a module, in its order."""
    arrays = [draw.rng.normal(size=p.shape) * 0.4 + (p.ndim == 1) for p in module.parameters()]
    return [array.astype(draw.dtype) for array in arrays]


def with_weights(module: Module, weights: Any) -> Module:
    """Return the module with tensors in place of its parameters."""
    for (name, _), weight in zip(list(module.named_parameters()), weights, strict=True):
        *path, last = name.split(".")
        setattr(reduce(step, path, module), last, weight)
    return module


def step(module: Any, name: str) -> Any:
    return module[int(name)] if name.isdigit() else getattr(module, name)


def encoder(config: TransformerConfig, dtype: Any = np.float32) -> TransformerEncoder:
    return TransformerEncoder(config, np.random.default_rng(0), dtype=dtype)


def decoder(config: TransformerConfig, dtype: Any = np.float32) -> TransformerDecoder:
    return TransformerDecoder(config, np.random.default_rng(0), dtype=dtype)


def encoded(draw: Draw) -> Inputs:
    config, b, t = a_config(draw), draw.length(1), draw.length(1)
    x = draw.normal(b, t, config.width, **SIZES)
    settings = {"config": config, "mask": tokens(draw, b, t)}
    return [x, *weights_of(draw, encoder(config))], settings


def decoded(draw: Draw) -> Inputs:
    config, b, t, s = a_config(draw), draw.length(1), draw.length(1), draw.length(1)
    arrays = [draw.normal(b, n, config.width, **SIZES) for n in (t, s)]
    settings = {"config": config, "mask": tokens(draw, b, t), "memory_mask": tokens(draw, b, s)}
    return arrays + weights_of(draw, decoder(config)), settings


def our_encoder(x: Tensor, *weights: Any, config: Any, mask: Any) -> Any:
    y = with_weights(encoder(config, x.dtype), weights)(x, mask)
    return y


def our_decoder(
    x: Tensor, memory: Tensor, *weights: Any, config: Any, mask: Any, memory_mask: Any
) -> Any:
    model = with_weights(decoder(config, x.dtype), weights)
    return at_tokens(model(x, memory, mask=mask, memory_mask=memory_mask), mask)


def at_tokens(y: Any, mask: Any) -> Any:
    """Return y, zeros at padding: there the output of a decoder means nothing."""
    return y if mask is None else y * mask[..., np.newaxis].astype(y.dtype)


def torch_settings(torch: Any, config: TransformerConfig) -> dict[str, Any]:
    functional = torch.nn.functional
    activation = {
        "relu": functional.relu,
        "gelu": lambda x: functional.gelu(x, approximate="tanh"),
        "gelu_exact": functional.gelu,
    }[config.activation]
    sizes = {"d_model": config.width, "nhead": config.heads, "dim_feedforward": config.hidden}
    other = {"dropout": 0.0, "batch_first": True, "norm_first": config.norm_first}
    return {**sizes, **other, "activation": activation, "layer_norm_eps": config.norm_eps}


def named(ours: Any, weights: Any, theirs: Any, pairs: Any) -> dict[str, Any]:
    """Return torch's weights by torch's names."""
    values = dict(zip(map(id, ours.parameters()), weights, strict=True))
    names = {id(parameter): name for name, parameter in theirs.named_parameters()}
    return {names[id(other)]: layout(values[id(our)]) for our, other, layout in pairs}


def torch_encoder(torch: Any, x: Any, *weights: Any, config: Any, mask: Any) -> Any:
    with torch.device("meta"):  # without weights, which are given with the call
        layer = torch.nn.TransformerEncoderLayer(**torch_settings(torch, config))
        final = torch.nn.LayerNorm(config.width, eps=config.norm_eps) if config.norm_first else None
        model = torch.nn.TransformerEncoder(layer, config.layers, final, enable_nested_tensor=False)
    ours = encoder(config)
    values = named(ours, weights, model, encoder_pairs(ours, model))
    padding = None if mask is None else torch.from_numpy(~mask)
    y = torch.func.functional_call(model, values, (x,), {"src_key_padding_mask": padding})
    return y if mask is None else torch.where(padding[..., None], 0.0, y)


def torch_decoder(
    torch: Any, x: Any, memory: Any, *weights: Any, config: Any, mask: Any, memory_mask: Any
) -> Any:
    with torch.device("meta"):
        layer = torch.nn.TransformerDecoderLayer(**torch_settings(torch, config))
        final = torch.nn.LayerNorm(config.width, eps=config.norm_eps) if config.norm_first else None
        model = torch.nn.TransformerDecoder(layer, config.layers, final)
    ours = decoder(config)
    values = named(ours, weights, model, decoder_pairs(ours, model))
    by_id = dict(zip(map(id, ours.parameters()), weights, strict=True))
    for i, our in enumerate(ours.layers):
        for kind in ("weight", "bias"):
            parts = [by_id[id(getattr(part, kind))].T for part in (our.cross.q, our.cross.kv)]
            values[f"layers.{i}.multihead_attn.in_proj_{kind}"] = torch.cat(parts)
    t = x.shape[1]
    masks = {
        "tgt_mask": torch.ones(t, t, dtype=torch.bool).triu(1),
        "tgt_key_padding_mask": None if mask is None else torch.from_numpy(~mask),
        "memory_key_padding_mask": None if memory_mask is None else torch.from_numpy(~memory_mask),
    }
    y = torch.func.functional_call(model, values, (x, memory), masks)
    return y if mask is None else torch.where(torch.from_numpy(~mask)[..., None], 0.0, y)


def own(draw: Draw) -> Inputs:
    heads = draw.choice([1, 2, 3])
    d, b, t = heads * draw.choice([1, 2, 4]), draw.length(1), draw.length(1)
    shapes = [(d, 3 * d), (3 * d,), (d, d), (d,)]
    settings = {"heads": heads, "mask": tokens(draw, b, t), "causal": draw.chance(0.5)}
    return [
        draw.normal(b, t, d, **SIZES) / 2,
        *(draw.normal(*shape, **SIZES) / 2 for shape in shapes),
    ], settings


def our_attention(x: Tensor, *weights: Any, heads: int, mask: Any, causal: bool) -> Any:
    rng = np.random.default_rng(0)
    module = SelfAttention(x.shape[2], heads, rng, causal=causal, dtype=x.dtype)
    return with_weights(module, weights)(x, mask)


def torch_attention(
    torch: Any,
    x: Any,
    qkv: Any,
    bias: Any,
    project: Any,
    shift: Any,
    *,
    heads: int,
    mask: Any,
    causal: bool,
) -> Any:
    t, padding = x.shape[1], None if mask is None else torch.from_numpy(~mask)
    future = torch.ones(t, t, dtype=torch.bool).triu(1) if causal else None
    turned = x.transpose(0, 1)
    y, _ = torch.nn.functional.multi_head_attention_forward(
        turned, turned, turned, x.shape[2], heads, qkv.T, bias, None, None, False, 0.0,
        project.T, shift, key_padding_mask=padding, attn_mask=future, need_weights=False,
    )  # fmt: skip
    return y.transpose(0, 1)


def hidden(draw: Draw) -> Inputs:
    d, f, out = draw.length(1), draw.length(1), draw.length(1)
    shapes = [(*draw.shape(0, 2), d), (d, f), (f,), (f, out), (out,)]
    activation = draw.choice(["relu", "gelu", "gelu_exact"])
    return [draw.normal(*shape, **SIZES) for shape in shapes], {"activation": activation}


def torch_hidden(torch: Any, x: Any, w1: Any, b1: Any, w2: Any, b2: Any, activation: str) -> Any:
    functional = torch.nn.functional
    x = x @ w1 + b1
    if activation == "relu":
        return functional.relu(x) @ w2 + b2
    return functional.gelu(x, approximate="tanh" if activation == "gelu" else "none") @ w2 + b2


def noise(*arrays: Any, **settings: Any) -> dict[str, float]:
    """Products of several weights cancel in each number."""
    size = max([1.0, *(float(np.abs(x).max(initial=0)) for x in arrays)]) ** 2
    return {"output 0": size, **{f"gradient {i}": size for i in range(len(arrays))}}


LOOSE: dict[str, Any] = {"scales": noise, "edges": False, "tolerance": 20.0}
CASES = [
    Comparison("TransformerEncoder", our_encoder, torch_encoder, encoded, **LOOSE),
    Comparison("TransformerDecoder", our_decoder, torch_decoder, decoded, **LOOSE),
    Comparison("SelfAttention", our_attention, torch_attention, own, **LOOSE),
    Comparison("feed_forward", feed_forward, torch_hidden, hidden, **LOOSE),
]


@pytest.mark.parametrize("comparison", CASES, ids=str)
def test_torch_agrees(comparison: Comparison) -> None:
    hold(comparison)
