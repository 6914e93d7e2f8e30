"""Decoders: causality, padding, tied weights, and learning."""

from __future__ import annotations

import numpy as np
import pytest
from inputs import language_model, translator

from pmt_autograd import Tensor, gradients
from pmt_core import SettingsError, StateError
from pmt_nn import (
    LanguageModel,
    LanguageModelConfig,
    TransformerConfig,
    TransformerDecoder,
    capture,
    cross_entropy,
)

KINDS = ["learned", "sinusoidal", "rotary", "alibi", "relative", "none"]
kinds = pytest.mark.parametrize("kind", KINDS)
norms = pytest.mark.parametrize("norm_first", [True, False], ids=["pre-norm", "post-norm"])


@kinds
@norms
def test_a_language_model_never_sees_the_future(rng, stir, kind, norm_first) -> None:
    model = language_model(rng, stir, positions=kind, norm_first=norm_first)
    ids = rng.integers(0, 11, (2, 7))
    before = model(ids).data
    for t in range(7):
        changed = ids.copy()
        changed[:, t] = (changed[:, t] + 3) % 11
        after = model(changed).data
        np.testing.assert_array_equal(after[:, :t], before[:, :t])
        assert (np.abs(after[:, t:] - before[:, t:]).max(axis=-1) > 1e-9).all()


@norms
def test_a_decoder_sees_its_past_and_the_memory_alone(rng, stir, norm_first) -> None:
    model = stir(
        TransformerDecoder(
            TransformerConfig(
                width=8, heads=2, hidden=16, layers=2, dropout=0.0, norm_first=norm_first
            ),
            rng,
            dtype=np.float64,
        )
    )
    x = Tensor(rng.normal(size=(2, 5, 8)), requires_grad=True)
    memory = Tensor(rng.normal(size=(2, 4, 8)), requires_grad=True)
    memory_mask = np.array([[True, True, False, False], [True, True, True, True]])
    y = model(x, memory, memory_mask=memory_mask)
    grads = gradients((y[:, 2] ** 3).sum())
    assert (grads[x][:, 3:] == 0).all()
    assert (grads[x][:, :3] != 0).all()
    assert (grads[memory][0, 2:] == 0).all()
    assert (grads[memory][memory_mask] != 0).all()


def test_padding_more_changes_nothing(rng, stir) -> None:
    model = translator(rng, stir)
    source, target = rng.integers(0, 9, (2, 5)), rng.integers(0, 9, (2, 4))
    source_mask = np.array([[True] * 5, [True, True, True, False, False]])
    target_mask = np.array([[True] * 4, [True, True, False, False]])
    labels = np.where(target_mask, rng.integers(0, 9, (2, 4)), -100)

    def outcome(pad: int):
        up = ((0, 0), (0, pad))
        logits = model(
            np.pad(source, up, constant_values=3),
            np.pad(target, up, constant_values=5),
            np.pad(source_mask, up),
            np.pad(target_mask, up),
        )
        loss = cross_entropy(logits, np.pad(labels, up, constant_values=-100))
        by_parameter = gradients(loss)
        grads = [by_parameter[p] for p in model.parameters()]
        return logits.data[:, :4][target_mask], [
            g if isinstance(g, np.ndarray) else g.to_dense() for g in grads
        ]

    (logits, grads), (more, more_grads) = outcome(0), outcome(3)
    np.testing.assert_allclose(logits, more, atol=1e-12)
    for a, b in zip(grads, more_grads, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)


def test_the_output_layer_is_the_embedding(rng, stir) -> None:
    model = language_model(rng, stir, positions="rotary")
    names = [name for name, _ in model.named_parameters()]
    assert "words.weight" in names
    assert not any("output" in name for name in names)
    grads = gradients(cross_entropy(model(np.array([[1, 2]])), np.array([[2, 3]])))
    assert (grads[model.words.weight] != 0).all()  # rows that were not looked up, too


def test_one_table_for_both_sides(rng, stir) -> None:
    model = translator(rng, stir, shared=True)
    assert model.source_words is model.target_words
    assert sum(p.shape == (9, 8) for p in model.parameters()) == 1
    ids = np.array([[1, 2]])
    gradients(cross_entropy(model(ids, ids), ids))


def test_a_relative_bias_is_shared_by_all_layers(rng, stir) -> None:
    model = language_model(rng, stir, positions="relative")
    assert sum(p.shape == (32, 2) for p in model.parameters()) == 1
    grads = gradients(cross_entropy(model(np.array([[1, 2, 3]])), np.array([[2, 3, 4]])))
    assert (grads[model.decoder.layers[0].attention.positions.weight][:3] != 0).all()


def test_without_biases(rng, stir) -> None:
    """The same function as with biases of zero, and those are the only parameters that go."""
    settings = {
        "vocabulary": 11, "width": 8, "heads": 2, "hidden": 16, "layers": 2, "dropout": 0.0,
    }  # fmt: skip
    plain = LanguageModel(LanguageModelConfig(**settings, bias=False), rng, dtype=np.float64)
    stir(plain)
    whole = LanguageModel(LanguageModelConfig(**settings), rng, dtype=np.float64)
    biases = {n: np.zeros(p.shape) for n, p in whole.named_parameters() if n.endswith("bias")}
    assert len(biases) == 2 * 6 + 2
    whole.load_state_dict(plain.state_dict() | biases)
    ids = rng.integers(0, 11, (2, 5))
    loss, expected = (cross_entropy(m(ids), ids) for m in (plain, whole))
    np.testing.assert_allclose(loss.item(), expected.item(), rtol=1e-14)
    grads, other = gradients(loss), gradients(expected)
    named = dict(whole.named_parameters())
    for name, parameter in plain.named_parameters():
        np.testing.assert_allclose(grads[parameter], other[named[name]], atol=1e-14)


def test_a_decoder_without_its_memory_says_so(rng) -> None:
    model = TransformerDecoder(
        TransformerConfig(width=8, heads=2, hidden=16, layers=1, dropout=0.0), rng
    )
    with pytest.raises(StateError, match="cross=False"):
        model(Tensor(np.ones((1, 2, 8), np.float32)))


def test_dropout_acts_in_training_by_the_stream(rng) -> None:
    model = LanguageModel(
        LanguageModelConfig(vocabulary=11, width=8, heads=2, hidden=16, dropout=0.3), rng
    )
    ids = np.array([[1, 2, 3]])
    with pytest.raises(StateError, match="rng"):
        model(ids)
    a, b, c = (model(ids, rng=np.random.default_rng(s)).data for s in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert (a != c).any()


@kinds
def test_the_weights_of_every_kind_can_be_seen(rng, stir, kind) -> None:
    model = language_model(rng, stir, positions=kind)
    with capture(model) as seen:
        model(np.array([[1, 2, 3, 4]]))
    weights = seen["decoder.layers.1.attention.weights"]
    assert weights.shape == (1, 2, 4, 4)
    np.testing.assert_allclose(weights.sum(axis=-1), 1)
    assert (np.triu(weights, 1) == 0).all()


def test_an_unknown_kind_of_positions_is_refused(rng) -> None:
    with pytest.raises(SettingsError, match="positions is one of"):
        LanguageModel(LanguageModelConfig(vocabulary=5, positions="polar"), rng)


def test_a_language_model_learns_to_count(rng) -> None:
    model = LanguageModel(
        LanguageModelConfig(vocabulary=7, width=16, heads=2, hidden=32, layers=1, dropout=0.0), rng
    )
    ids = (np.arange(9) + rng.integers(0, 7, (16, 1))) % 7
    for _ in range(60):
        grads = gradients(cross_entropy(model(ids[:, :-1]), ids[:, 1:]))
        for parameter in model.parameters():
            parameter.data -= np.float32(0.3) * grads[parameter]
    made = model.eval().generate(np.array([[3], [6]]), 6)
    np.testing.assert_array_equal(made, (np.arange(7) + np.array([[3], [6]])) % 7)
