"""What must hold of any Transformer, whatever its weights."""

from __future__ import annotations

import numpy as np
import pytest
from inputs import Pairs, stream

from pmt_autograd import Tensor, gradients
from pmt_core import SettingsError
from pmt_nn import (
    FeedForward,
    PairClassifier,
    PairClassifierConfig,
    TransformerConfig,
    TransformerEncoder,
    TransformerLayer,
    capture,
    causal_mask,
    cross_entropy,
)

both_norms = pytest.mark.parametrize("norm_first", [True, False], ids=["pre-norm", "post-norm"])


def encoder(norm_first: bool = True, positions: str = "none") -> TransformerEncoder:
    model = TransformerEncoder(
        TransformerConfig(
            width=8,
            heads=2,
            hidden=16,
            layers=2,
            dropout=0.0,
            norm_first=norm_first,
            positions=positions,
        ),
        stream(),
        dtype=np.float64,
    )
    for parameter in model.parameters():  # away from the special first values 0 and 1
        parameter.data += stream(1).normal(size=parameter.shape) * 0.1
    return model


def classifier() -> PairClassifier:
    config = PairClassifierConfig(
        vocabulary=13, max_length=12, width=8, heads=2, hidden=16, layers=2, dropout=0.0
    )
    return PairClassifier(config, stream(), dtype=np.float64)


def a_batch(n: int = 4, t: int = 7) -> Pairs:
    return Pairs.random(stream(4), n, t)


def parameter_gradients(model, loss) -> dict[str, np.ndarray]:
    grads = gradients(loss)
    arrays = {name: grads[parameter] for name, parameter in model.named_parameters()}
    return {k: v if isinstance(v, np.ndarray) else v.to_dense() for k, v in arrays.items()}


@both_norms
def test_padding_more_changes_nothing(norm_first: bool) -> None:
    model, rng = encoder(norm_first), stream(2)
    x, mask = rng.normal(size=(3, 5, 8)), np.arange(5) < np.array([[5], [3], [1]])
    wide = np.concatenate([x, rng.normal(size=(3, 4, 8))], axis=1)  # whatever stands there
    wide_mask = np.pad(mask, ((0, 0), (0, 4)))
    weight = rng.normal(size=(3, 5, 8)) * mask[..., np.newaxis]
    y, wide_y = model(Tensor(x), mask), model(Tensor(wide), wide_mask)
    np.testing.assert_allclose(y.data[mask], wide_y.data[wide_mask], rtol=1e-12, atol=1e-12)
    a = parameter_gradients(model, (y * weight).sum())
    b = parameter_gradients(model, (wide_y[:, :5] * weight).sum())
    for name in a:
        np.testing.assert_allclose(a[name], b[name], rtol=1e-10, atol=1e-11, err_msg=name)


def test_padding_more_changes_nothing_in_the_classifier() -> None:
    model, batch, labels = classifier(), a_batch(), np.array([0, 1, 1, 0])
    padded = batch.map(lambda x: np.pad(x, ((0, 0), (0, 5))))
    logits, padded_logits = model(batch), model(padded)
    np.testing.assert_allclose(logits.data, padded_logits.data, rtol=1e-12, atol=1e-12)
    a = parameter_gradients(model, cross_entropy(logits, labels))
    b = parameter_gradients(model, cross_entropy(padded_logits, labels))
    for name in a:
        np.testing.assert_allclose(a[name], b[name], rtol=1e-10, atol=1e-12, err_msg=name)


def test_padding_ids_may_be_anything_in_range() -> None:
    model, batch = classifier(), a_batch()
    mask = batch.mask
    other = Pairs(
        np.where(mask, batch.ids, 12),
        np.where(mask, batch.segments, 1),
        np.where(mask, batch.match_types, 2),
        mask,
    )
    np.testing.assert_allclose(model(batch).data, model(other).data, rtol=1e-12)


def test_the_order_of_the_batch_changes_nothing() -> None:
    model, batch, labels = classifier(), a_batch(), np.array([0, 1, 1, 0])
    order = np.array([2, 0, 3, 1])
    shuffled = batch.rows(order)
    np.testing.assert_allclose(model(batch).data[order], model(shuffled).data, atol=1e-13)
    a = parameter_gradients(model, cross_entropy(model(batch), labels))
    b = parameter_gradients(model, cross_entropy(model(shuffled), labels[order]))
    for name in a:
        np.testing.assert_allclose(a[name], b[name], rtol=1e-10, atol=1e-13, err_msg=name)


def test_shards_add_up_to_the_batch() -> None:
    """Each shard trimmed to its own longest length, as the trainer's threads do it."""
    model, batch, labels = classifier(), a_batch(), np.array([0, 1, 1, 0])
    whole = parameter_gradients(model, cross_entropy(model(batch), labels, reduction="sum"))
    total = {name: np.zeros_like(value) for name, value in whole.items()}
    for i in range(2):
        width = batch.mask[i::2].sum(axis=1).max()
        part = batch.rows((slice(i, None, 2), slice(width)))
        loss = cross_entropy(model(part), labels[i::2], reduction="sum")
        for name, value in parameter_gradients(model, loss).items():
            total[name] += value
    for name in whole:
        np.testing.assert_allclose(total[name], whole[name], rtol=1e-10, atol=1e-12, err_msg=name)


@both_norms
def test_a_causal_encoder_never_sees_the_future(norm_first: bool) -> None:
    model, rng = encoder(norm_first), stream(2)
    x = rng.normal(size=(2, 6, 8))
    before = model(Tensor(x), causal_mask(6)).data
    for t in range(6):
        changed = x.copy()
        changed[:, t] += 1 + rng.random(8)
        after = model(Tensor(changed), causal_mask(6)).data
        np.testing.assert_array_equal(after[:, :t], before[:, :t])
        assert (np.abs(after[:, t:] - before[:, t:]).max(axis=-1) > 1e-6).all()


@both_norms
def test_no_gradient_reaches_the_future(norm_first: bool) -> None:
    model = encoder(norm_first)
    x = Tensor(stream(2).normal(size=(1, 6, 8)), requires_grad=True)
    y = model(x, causal_mask(6))
    grads = gradients((y[:, 2] ** 2).sum() + (y[:, 2] ** 3).sum())[x]
    assert (grads[:, 3:] == 0).all()
    assert (grads[:, :3] != 0).all()


def test_without_positions_the_encoder_follows_a_permutation() -> None:
    model, x = encoder(), stream(2).normal(size=(1, 6, 8))
    order = np.array([3, 1, 5, 0, 2, 4])
    np.testing.assert_allclose(
        model(Tensor(x[:, order])).data, model(Tensor(x)).data[:, order], atol=1e-12
    )


def test_a_row_without_any_token_stays_finite() -> None:
    model, batch = classifier(), a_batch()
    batch.mask[1] = False
    logits = model(batch)
    assert np.isfinite(logits.data).all()
    for name, value in parameter_gradients(model, cross_entropy(logits, np.zeros(4, int))).items():
        assert np.isfinite(value).all(), name


def test_train_without_dropout_equals_eval() -> None:
    model, batch = classifier(), a_batch()
    np.testing.assert_array_equal(model(batch, rng=stream()).data, model.eval()(batch).data)


def test_float32_throughout() -> None:
    config = PairClassifierConfig(vocabulary=13, width=8, heads=2, hidden=16, dropout=0.1)
    model = PairClassifier(config, stream())
    logits = model(a_batch(), rng=stream())
    assert logits.dtype == np.float32
    grads = gradients(cross_entropy(logits, np.zeros(4, int)))
    assert {g.dtype for g in grads.values()} == {np.dtype(np.float32)}


def test_layers_are_not_alike_at_first() -> None:
    first, two = encoder().layers
    assert (first.attention.qkv.weight.data != two.attention.qkv.weight.data).all()


def test_an_unknown_activation_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"gelu.*'swoosh'"):
        FeedForward(4, 8, stream(), activation="swoosh")


@both_norms
@pytest.mark.parametrize("positions", ["none", "rotary", "alibi", "relative", "tener"])
@pytest.mark.parametrize("kind", ["keys", "pairs", "causal pairs"])
def test_padding_is_exactly_zero_and_tokens_are_as_without_it(norm_first, positions, kind) -> None:
    model = encoder(norm_first, positions)
    lengths = np.array([5, 3, 1])
    keys = np.arange(5) < lengths[:, np.newaxis]
    x = stream(2).normal(size=(3, 5, 8))
    mask, alone = keys, None
    if kind != "keys":
        mask = np.broadcast_to(keys[:, np.newaxis], (3, 5, 5))
    if kind == "causal pairs":
        mask, alone = mask & causal_mask(5), causal_mask(5)
    y = model(Tensor(x), mask).data
    assert (y[~keys] == 0).all()
    for i, n in enumerate(lengths):
        expected = model(Tensor(x[i : i + 1, :n]), None if alone is None else alone[:, :n, :n])
        np.testing.assert_allclose(y[i, :n], expected.data[0], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("positions", ["none", "tener"])
@pytest.mark.parametrize("kind", ["keys", "pairs"])
def test_a_captured_pass_has_the_same_bits(positions, kind) -> None:
    model = encoder(positions=positions)
    mask = np.arange(5) < np.array([[5], [3], [1]])
    if kind == "pairs":
        mask = np.broadcast_to(mask[:, np.newaxis], (3, 5, 5))
    x = Tensor(stream(2).normal(size=(3, 5, 8)))
    expected = model(x, mask).data
    with capture(model, outputs=True) as captured:
        np.testing.assert_array_equal(model(x, mask).data, expected)
    np.testing.assert_array_equal(captured["output"], expected)
    assert captured["layers.1.attention.weights"].shape == (3, 2, 5, 5)


@both_norms
def test_the_layer_is_its_equations(norm_first: bool) -> None:
    layer = TransformerLayer(
        TransformerConfig(
            width=8, heads=2, hidden=16, dropout=0.0, norm_first=norm_first, activation="relu"
        ),
        stream(),
        dtype=np.float64,
    )
    x = Tensor(stream(3).normal(size=(2, 4, 8)))

    def norm(v: np.ndarray) -> np.ndarray:
        return (v - v.mean(-1, keepdims=True)) / np.sqrt(v.var(-1, keepdims=True) + 1e-5)

    def up(v: np.ndarray) -> np.ndarray:
        hidden = v @ layer.feed_forward.up.weight.data
        return np.maximum(hidden, 0) @ layer.feed_forward.down.weight.data

    def attend(v: np.ndarray) -> np.ndarray:
        return layer.attention(Tensor(v)).data

    if norm_first:
        middle = x.data + attend(norm(x.data))
        expected = middle + up(norm(middle))
    else:
        middle = norm(x.data + attend(x.data))
        expected = norm(middle + up(middle))
    np.testing.assert_allclose(layer(x).data, expected, atol=1e-12)
