"""Self-attention and cross-attention with their projections."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_autograd import Tensor
from pmt_core import ShapeError
from pmt_nn import (
    CrossAttention,
    SelfAttention,
    attention,
    causal_mask,
)


def test_causal_attention_equals_a_causal_mask(rng) -> None:
    plain = SelfAttention(8, 2, rng, dtype=np.float64)
    other = SelfAttention(8, 2, rng, causal=True, dtype=np.float64)
    other.load_state_dict(plain.state_dict())
    x = Tensor(rng.normal(size=(2, 5, 8)))
    np.testing.assert_allclose(other(x).data, plain(x, causal_mask(5)).data, atol=1e-13)
    keys = rng.random((2, 5)) < 0.6
    np.testing.assert_allclose(
        other(x, keys).data, plain(x, keys[:, None] & causal_mask(5)).data, atol=1e-13
    )


def test_cross_attention_looks_at_the_memory(rng) -> None:
    module = CrossAttention(8, 2, rng, memory_width=6, dtype=np.float64)
    x, memory = Tensor(rng.normal(size=(2, 3, 8))), Tensor(rng.normal(size=(2, 5, 6)))
    kv = memory.data @ module.kv.weight.data
    q = x.data @ module.q.weight.data
    mixed = attention(q, kv[..., :8], kv[..., 8:], heads=2).data
    np.testing.assert_allclose(
        module(x, memory).data, mixed @ module.project.weight.data, atol=1e-12
    )
    nothing = module(x, memory, np.zeros((2, 5), bool)).data
    assert (nothing == module.project.bias.data).all()
    with pytest.raises(ShapeError, match="one batch"):
        module(x, memory[:1])
