"""Batches without padding: every token is where it belongs, and nothing else is computed."""

from __future__ import annotations

import numpy as np
import pytest
from inputs import stream

from pmt_autograd import Tensor, gradients
from pmt_core import ShapeError
from pmt_nn import (
    DropoutMask,
    RaggedLayout,
    SelfAttention,
    TransformerConfig,
    TransformerEncoder,
    attention,
    capture,
    from_ragged,
    ragged_attention,
    summary,
    to_ragged,
)
from pmt_nn.attention.ragged_attention import weights_of_groups
from pmt_nn.attention.ragged_kernel import blocks_of_parts

MASKS = {
    "padding at the ends": np.arange(5) < np.array([[3], [1], [5], [3]]),
    "padding anywhere": np.array(
        [[False, True, True, False, True], [True, False, False, True, False]]
    ),
    "a sequence without tokens": np.arange(5) < np.array([[3], [0], [2]]),
    "no tokens": np.zeros((2, 5), bool),
}
masks = pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)

# Weights of 80,000 elements, of which three do not fit in a block, and of more than a block each.
LONG = np.arange(260) < np.array([[200], [260], [200], [5], [200], [260]])


@masks
def test_a_row_for_each_token_and_back(mask: np.ndarray) -> None:
    x = stream().normal(size=(*mask.shape, 3))
    layout = RaggedLayout.of(mask)
    rows = to_ragged(Tensor(x), layout=layout)
    assert rows.shape == (mask.sum(), 3)
    np.testing.assert_array_equal(rows.data, to_ragged.composed(Tensor(x), layout=layout).data)
    back = from_ragged(rows, layout=layout).data
    np.testing.assert_array_equal(back, np.where(mask[..., np.newaxis], x, 0))


@masks
def test_a_group_holds_the_sequences_of_one_length(mask: np.ndarray) -> None:
    """Each token is marked with (its sequence, its number there): groups are those in order."""
    tokens = np.stack(
        [np.broadcast_to(np.arange(len(mask))[:, np.newaxis], mask.shape), mask.cumsum(1) - 1],
        axis=-1,
    )
    layout = RaggedLayout.of(mask)
    rows = to_ragged(Tensor(tokens.astype(float)), layout=layout).data
    seen = []
    for group in layout.groups:
        sequences = rows[group.rows].reshape(group.count, group.length, 2)
        np.testing.assert_array_equal(sequences[:, :, 1], [range(group.length)] * group.count)
        assert (sequences[:, :, 0] == sequences[:, :1, 0]).all()
        seen += [(int(number), group.length) for number in sequences[:, 0, 0]]
    lengths = mask.sum(axis=1)
    assert sorted(seen) == [(i, n) for i, n in enumerate(lengths) if n]
    assert [g.length for g in layout.groups] == sorted({int(n) for n in lengths if n})


@pytest.mark.parametrize("mask", [*MASKS.values(), LONG], ids=[*MASKS, "several blocks"])
@pytest.mark.parametrize("dropout", [False, True])
def test_ragged_attention_is_attention_of_each_sequence_alone(mask, dropout: bool) -> None:
    heads, d = 2, 6
    layout, rng = RaggedLayout.of(mask), stream(1)
    qkv = rng.normal(size=(int(mask.sum()), 3 * d))
    settings = {}
    if dropout:
        keep = rng.random(weights_of_groups(layout, heads)) < 0.6
        settings = {"dropout_mask": DropoutMask(keep, 1.7)}
    result = ragged_attention(Tensor(qkv), heads=heads, layout=layout, **settings).data
    start = 0
    for group in layout.groups:
        size = heads * group.length**2
        for i in range(group.count):
            rows = slice(group.start + i * group.length, group.start + (i + 1) * group.length)
            q, k, v = (Tensor(part[np.newaxis]) for part in np.split(qkv[rows], 3, axis=1))
            if dropout:
                shape = (1, heads, group.length, group.length)
                of_sequence = keep[start : start + size].reshape(shape)
                settings["dropout_mask"] = DropoutMask(of_sequence, 1.7)
            alone = attention(q, k, v, heads=heads, **settings).data[0]
            np.testing.assert_allclose(result[rows], alone, rtol=1e-13, atol=1e-14)
            start += size
    assert start == weights_of_groups(layout, heads)


def test_blocks_hold_the_weights_of_all_groups_in_order() -> None:
    """Blocks of 131,072 weights of 2 heads: 2 * 200 * 200 = 80,000 and 2 * 260 * 260 = 135,200."""
    layout = RaggedLayout.of(LONG)  # 1 sequence of 5 tokens, 3 of 200, 2 of 260
    blocks = blocks_of_parts(layout.groups, heads=2)
    parts = [[(part.count, part.length) for part in block.parts] for block in blocks]
    assert parts == [[(1, 5), (1, 200)], [(1, 200)], [(1, 200)], [(1, 260)], [(1, 260)]]
    assert [block.rows.start for block in blocks] == [0, 205, 405, 605, 865]
    assert blocks[1].weights == slice(80_050, 160_050)
    assert blocks[-1].weights.stop == weights_of_groups(layout, heads=2)


@masks
@pytest.mark.parametrize("norm_first", [True, False])
def test_the_encoder_computes_the_same_with_a_mask_of_all_pairs(mask, norm_first: bool) -> None:
    """A mask (b, t, t) keeps the padding, so this is the same model the longer way round."""
    settings = {"dropout": 0.0, "norm_first": norm_first}
    model = TransformerEncoder(
        TransformerConfig(width=8, heads=2, hidden=16, layers=2, **settings),
        stream(),
        dtype=np.float64,
    )
    x, weight = stream(1).normal(size=(2, *mask.shape, 8))
    weight *= mask[..., np.newaxis]
    pairs = np.broadcast_to(mask[:, np.newaxis], (len(mask), 5, 5))
    outcome = []
    for given in (mask, pairs):
        leaf = Tensor(x, requires_grad=True)
        y = model(leaf, given)
        grads = gradients((y * weight).sum())
        by_parameter = [grads[p] for p in model.parameters()]
        outcome.append([y.data * mask[..., np.newaxis], grads[leaf], *by_parameter])
    for short, long in zip(*outcome, strict=True):
        np.testing.assert_allclose(short, long, rtol=1e-9, atol=1e-11)


def test_padding_comes_out_as_zeros() -> None:
    mask = MASKS["padding anywhere"]
    model = TransformerEncoder(
        TransformerConfig(width=8, heads=2, hidden=16, layers=1, dropout=0.0), stream()
    )
    x = stream(1).normal(size=(*mask.shape, 8)).astype(np.float32)
    y = model(Tensor(x), mask).data
    assert (y[~mask] == 0).all()
    assert (y[mask] != 0).any(axis=-1).all()


def test_captured_weights_equal_those_of_the_padded_batch() -> None:
    mask = MASKS["padding at the ends"]
    model = TransformerEncoder(
        TransformerConfig(width=8, heads=2, hidden=16, layers=1, dropout=0.0),
        stream(),
        dtype=np.float64,
    )
    x = Tensor(stream(1).normal(size=(*mask.shape, 8)))
    weights = []
    for given in (mask, np.broadcast_to(mask[:, np.newaxis], (len(mask), 5, 5))):
        with capture(model) as seen:
            model(x, given)
        weights.append(seen["layers.0.attention.weights"])
        assert weights[-1].shape == (len(mask), 2, 5, 5)
    for i, row in enumerate(mask):
        tokens = np.ix_([i], [0, 1], np.flatnonzero(row), np.flatnonzero(row))
        np.testing.assert_allclose(weights[0][tokens], weights[1][tokens], rtol=1e-12)


def test_nothing_is_counted_for_padding() -> None:
    """2 sequences of 3 and 1 tokens: 4 t^2 d operations of attention for each, none for padding."""
    mask = np.arange(4) < np.array([[3], [1]])
    model = SelfAttention(8, 2, stream()).eval()
    layout = RaggedLayout.of(mask)
    x = to_ragged(Tensor(np.ones((2, 4, 8), np.float32)), layout=layout)
    products = 2 * 4 * 8 * (24 + 8) + 4 * (24 + 8)  # and biases
    assert summary(model, x, layout=layout).total.flops == products + 4 * (9 + 1) * 8


def test_shapes_that_do_not_fit_are_refused() -> None:
    layout = RaggedLayout.of(MASKS["padding at the ends"])
    with pytest.raises(ShapeError, match=r"mask \(b, t\) of shape \(4, 5\), got shape \(4, 6, 2\)"):
        to_ragged(Tensor(np.ones((4, 6, 2))), layout=layout)
    with pytest.raises(ShapeError, match=r"12 tokens.*\(3, 2\)"):
        from_ragged(Tensor(np.ones((3, 2))), layout=layout)
    with pytest.raises(ShapeError, match="boolean"):
        RaggedLayout.of(np.ones((2, 3)))
