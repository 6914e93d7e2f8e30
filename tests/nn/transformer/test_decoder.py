"""Decoders: what they may see, going on from a cache, and positions inside of attention."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_autograd import Tensor, gradients, no_grad
from pmt_core import SettingsError, ShapeError, StateError
from pmt_nn import (
    Alibi,
    CrossAttention,
    DecoderCache,
    EncoderDecoder,
    EncoderDecoderConfig,
    KeyValueCache,
    LanguageModel,
    LanguageModelConfig,
    RelativeBias,
    SelfAttention,
    TransformerConfig,
    TransformerDecoder,
    attention,
    biased_attention,
    capture,
    causal_mask,
    cross_entropy,
    next_token,
    rotate,
)
from pmt_nn.attention.positions import alibi_slopes, distance_buckets, relative_positions

KINDS = ["learned", "sinusoidal", "rotary", "alibi", "relative", "none"]
kinds = pytest.mark.parametrize("kind", KINDS)
norms = pytest.mark.parametrize("norm_first", [True, False], ids=["pre-norm", "post-norm"])


def language_model(rng, stir, kind: str, **settings) -> LanguageModel:
    config = LanguageModelConfig(
        vocabulary=11, max_length=40, width=8, heads=2, hidden=16, layers=2, dropout=0.0,
        positions=kind, **settings,
    )  # fmt: skip
    return stir(LanguageModel(config, rng, dtype=np.float64)).eval()


def translator(rng, stir, **settings) -> EncoderDecoder:
    config = EncoderDecoderConfig(
        source_vocabulary=9, target_vocabulary=9, max_length=30, width=8, heads=2, hidden=16,
        dropout=0.0, **settings,
    )  # fmt: skip
    return stir(EncoderDecoder(config, rng, dtype=np.float64)).eval()


# --- the future -----------------------------------------------------------------------------------


@kinds
@norms
def test_a_language_model_never_sees_the_future(rng, stir, kind, norm_first) -> None:
    model = language_model(rng, stir, kind, norm_first=norm_first)
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
    found = gradients((y[:, 2] ** 3).sum())
    assert (found[x][:, 3:] == 0).all()
    assert (found[x][:, :3] != 0).all()
    assert (found[memory][0, 2:] == 0).all()
    assert (found[memory][memory_mask] != 0).all()


# --- cached decoding ------------------------------------------------------------------------------


@kinds
@norms
@pytest.mark.parametrize("steps", [[1] * 9, [4, 1, 3, 1], [9]], ids=str)
def test_cached_decoding_equals_full_decoding(rng, stir, kind, norm_first, steps) -> None:
    model = language_model(rng, stir, kind, norm_first=norm_first)
    ids = rng.integers(0, 11, (3, 9))
    full = model(ids).data
    cache, parts, start = model.new_cache(), [], 0
    with no_grad():
        for n in steps:
            parts.append(model(ids[:, start : start + n], cache=cache).data)
            start += n
            assert cache.length == start
    np.testing.assert_allclose(np.concatenate(parts, axis=1), full, atol=1e-12)


def test_cached_decoding_with_padding_on_the_left(rng, stir) -> None:
    model = language_model(rng, stir, "alibi")
    ids = rng.integers(0, 11, (2, 6))
    mask = np.array([[True] * 6, [False, False, True, True, True, True]])
    full = model(ids, mask).data
    cache = model.new_cache()
    with no_grad():
        steps = [model(ids[:, i : i + 1], mask[:, : i + 1], cache=cache).data for i in range(6)]
    np.testing.assert_allclose(np.concatenate(steps, axis=1)[mask], full[mask], atol=1e-12)


def test_cached_decoding_of_the_encoder_decoder(rng, stir) -> None:
    model = translator(rng, stir)
    source, target = rng.integers(0, 9, (2, 5)), rng.integers(0, 9, (2, 6))
    mask = np.array([[True] * 5, [True, True, False, False, False]])
    memory = model.encode(source, mask)
    full = model.decode(target, memory, None, mask).data
    cache = DecoderCache(2)
    with no_grad():
        steps = [
            model.decode(target[:, i : i + 1], memory, None, mask, cache=cache).data
            for i in range(6)
        ]
    np.testing.assert_allclose(np.concatenate(steps, axis=1), full, atol=1e-12)
    assert cache.layers[0].memory.length == 5


def test_a_cache_refuses_to_cut_gradients(rng, stir) -> None:
    model = language_model(rng, stir, "rotary")
    with pytest.raises(StateError, match="no_grad"):
        model(np.array([[1]]), cache=model.new_cache())


def test_a_cache_can_be_reordered_for_a_beam(rng, stir) -> None:
    model = language_model(rng, stir, "rotary")
    ids, beam = rng.integers(0, 11, (3, 4)), np.array([2, 2, 0])
    new = rng.integers(0, 11, (3, 1))
    cache = model.new_cache()
    with no_grad():
        model(ids, cache=cache)
        cache.select(beam)
        got = model(new, cache=cache).data
    expected = model(np.concatenate([ids[beam], new], axis=1)).data[:, -1:]
    np.testing.assert_allclose(got, expected, atol=1e-12)


def test_a_cache_grows(rng) -> None:
    cache = KeyValueCache()
    parts = rng.normal(size=(50, 2, 1, 4))
    with no_grad():
        for part in parts:
            keys, values = cache.append(Tensor(part), Tensor(-part))
    np.testing.assert_array_equal(keys.data, np.concatenate(parts, axis=1))
    np.testing.assert_array_equal(values.data, -keys.data)
    with pytest.raises(StateError, match="empty"):
        KeyValueCache().held()


def test_nothing_of_decoding_stays_on_the_model(rng, stir) -> None:
    model = language_model(rng, stir, "relative")
    before = {name: dict(vars(module)) for name, module in model.named_modules()}
    model.generate(np.array([[1, 2]]), 5)
    assert {name: dict(vars(module)) for name, module in model.named_modules()} == before


# --- generating -----------------------------------------------------------------------------------


def test_greedy_generation_is_the_likeliest_token_of_the_full_model(rng, stir) -> None:
    model = language_model(rng, stir, "rotary")
    made = model.generate(np.array([[1, 2], [3, 4]]), 6)
    assert made.shape == (2, 8)
    for i in range(2, 8):
        np.testing.assert_array_equal(made[:, i], model(made[:, :i]).data[:, -1].argmax(-1))


def test_generation_ends_and_rows_that_ended_repeat_the_end(rng, stir) -> None:
    model = language_model(rng, stir, "rotary")
    free = model.generate(np.array([[1], [5], [9]]), 12)
    end = int(free[0, 3])
    made = model.generate(np.array([[1], [5], [9]]), 12, end=end)
    first = made[0, 1:].tolist().index(end)
    assert (made[0, 1 + first :] == end).all()
    assert model.generate(np.array([[1]]), 12, end=end).shape[1] == 2 + first


def test_drawn_tokens_follow_the_distribution() -> None:
    logits = np.log(np.tile([0.1, 0.2, 0.7], (20_000, 1)))
    drawn = next_token(logits, rng=np.random.default_rng(0))
    np.testing.assert_allclose(np.bincount(drawn) / 20_000, [0.1, 0.2, 0.7], atol=0.02)
    two = next_token(logits, rng=np.random.default_rng(0), top_k=2)
    np.testing.assert_allclose(np.bincount(two) / 20_000, [0, 2 / 9, 7 / 9], atol=0.02)
    cold = next_token(logits, rng=np.random.default_rng(0), temperature=0.05)
    assert (cold == 2).all()
    assert (next_token(logits) == 2).all()
    with pytest.raises(SettingsError, match="temperature"):
        next_token(logits, temperature=0)


def test_translate_stops_at_the_end(rng, stir) -> None:
    model = translator(rng, stir)
    source = rng.integers(0, 9, (3, 5))
    free = model.translate(source, start=1, end=-1, max_length=7)
    assert free.shape == (3, 7)
    end = int(free[0, 2])
    made = model.translate(source, start=1, end=end, max_length=7)
    row = made[0].tolist()
    assert set(row[row.index(end) :]) == {end}
    target = np.concatenate([np.full((3, 1), 1), free[:, :-1]], axis=1)
    np.testing.assert_array_equal(model(source, target).data.argmax(-1), free)


# --- padding, ties --------------------------------------------------------------------------------


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
        found = gradients(loss)
        grads = [found[p] for p in model.parameters()]
        return logits.data[:, :4][target_mask], [
            g if isinstance(g, np.ndarray) else g.to_dense() for g in grads
        ]

    (logits, grads), (more, more_grads) = outcome(0), outcome(3)
    np.testing.assert_allclose(logits, more, atol=1e-12)
    for a, b in zip(grads, more_grads, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)


def test_the_output_layer_is_the_embedding(rng, stir) -> None:
    model = language_model(rng, stir, "rotary")
    names = [name for name, _ in model.named_parameters()]
    assert "words.weight" in names
    assert not any("output" in name for name in names)
    found = gradients(cross_entropy(model(np.array([[1, 2]])), np.array([[2, 3]])))
    assert (found[model.words.weight] != 0).all()  # rows that were not looked up, too


def test_one_table_for_both_sides(rng, stir) -> None:
    model = translator(rng, stir, shared=True)
    assert model.source_words is model.target_words
    assert sum(p.shape == (9, 8) for p in model.parameters()) == 1
    ids = np.array([[1, 2]])
    gradients(cross_entropy(model(ids, ids), ids))


def test_a_relative_bias_is_shared_by_all_layers(rng, stir) -> None:
    model = language_model(rng, stir, "relative")
    assert sum(p.shape == (32, 2) for p in model.parameters()) == 1
    found = gradients(cross_entropy(model(np.array([[1, 2, 3]])), np.array([[2, 3, 4]])))
    assert (found[model.decoder.layers[0].attention.positions.weight][:3] != 0).all()


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
    found, other = gradients(loss), gradients(expected)
    named = dict(whole.named_parameters())
    for name, parameter in plain.named_parameters():
        np.testing.assert_allclose(found[parameter], other[named[name]], atol=1e-14)


# --- attention of the decoder ---------------------------------------------------------------------


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
    model = language_model(rng, stir, kind)
    with capture(model) as seen:
        model(np.array([[1, 2, 3, 4]]))
    weights = seen["decoder.layers.1.attention.weights"]
    assert weights.shape == (1, 2, 4, 4)
    np.testing.assert_allclose(weights.sum(axis=-1), 1)
    assert (np.triu(weights, 1) == 0).all()


# --- positions inside of attention ----------------------------------------------------------------


def test_rotation_by_hand() -> None:
    x = np.zeros((1, 3, 4))
    x[..., 0] = 1  # the first pair turns by 1 per step, the second by 1/100
    x[..., 3] = 2
    y = rotate(x, heads=1).data[0]
    for p in range(3):
        np.testing.assert_allclose(
            y[p], [np.cos(p), np.sin(p), -2 * np.sin(p / 100), 2 * np.cos(p / 100)]
        )


def test_an_odd_head_width_cannot_be_rotated() -> None:
    with pytest.raises(ShapeError, match="even"):
        rotate(np.zeros((2, 5, 12)), heads=4)


def test_rotated_scores_depend_on_the_distance_alone(rng) -> None:
    q, k = rng.normal(size=(2, 1, 1, 8))
    scores = []
    for offset in (0, 5, 50):
        turned_q = rotate(q, heads=2, offset=offset + 3).data
        turned_k = rotate(k, heads=2, offset=offset).data
        scores.append((turned_q * turned_k).sum())
    np.testing.assert_allclose(scores, scores[0])


def test_alibi_by_the_paper() -> None:
    np.testing.assert_allclose(alibi_slopes(8), 2.0 ** -np.arange(1.0, 9))
    slopes = alibi_slopes(12)
    np.testing.assert_allclose(slopes[:8], 2.0 ** -np.arange(1.0, 9))
    np.testing.assert_allclose(slopes[8:], 2.0 ** -np.arange(0.5, 4))
    bias = Alibi(2).bias(2, 4, 2, np.float64).data
    np.testing.assert_allclose(bias[0] / alibi_slopes(2)[0], [[-2, -1, 0, -1], [-3, -2, -1, 0]])


def test_distance_buckets_distances() -> None:
    """32 buckets, two-sided: 8 exact ones a side, then by the logarithm up to 128."""
    places = np.arange(-200, 201)[np.newaxis]
    got = distance_buckets(places, 32, 128, True)[0]
    by_place = dict(zip(places[0].tolist(), got.tolist(), strict=True))
    assert [by_place[-n] for n in range(8)] == list(range(8))
    assert [by_place[n] for n in range(1, 8)] == list(range(17, 24))
    assert by_place[-8] == 8
    assert by_place[-127] == by_place[-200] == 15
    assert by_place[127] == by_place[200] == 31
    assert (np.diff(got[:201]) <= 0).all()
    one_sided = distance_buckets(places, 32, 128, False)[0]
    assert (one_sided[200:] == 0).all()
    assert one_sided[0] == 31
    assert one_sided[200 - 15] == 15


def test_relative_bias_is_the_table_by_distance(rng) -> None:
    layer = RelativeBias(3, rng, dtype=np.float64)
    bias = layer.bias(4, 6, 2, np.float64).data
    assert bias.shape == (3, 4, 6)
    for (i, j), place in np.ndenumerate(relative_positions(4, 6, 2)):
        assert place == j - (2 + i)
        np.testing.assert_array_equal(
            bias[:, i, j], layer.weight.data[distance_buckets(np.array(place), 32, 128, True)]
        )
    with pytest.raises(SettingsError, match="buckets"):
        RelativeBias(2, rng, buckets=64, max_distance=32)


def test_a_bias_of_zero_is_plain_attention(rng) -> None:
    q, k, v = rng.normal(size=(3, 2, 4, 8))
    np.testing.assert_allclose(
        biased_attention(q, k, v, np.zeros((1, 4, 4)), heads=2).data,
        attention(q, k, v, heads=2).data,
        atol=1e-13,
    )


def test_an_unknown_kind_of_positions_is_refused(rng) -> None:
    with pytest.raises(SettingsError, match="positions is one of"):
        LanguageModel(LanguageModelConfig(vocabulary=5, positions="polar"), rng)


# --- it learns ------------------------------------------------------------------------------------


def test_a_language_model_learns_to_count(rng) -> None:
    model = LanguageModel(
        LanguageModelConfig(vocabulary=7, width=16, heads=2, hidden=32, layers=1, dropout=0.0), rng
    )
    ids = (np.arange(9) + rng.integers(0, 7, (16, 1))) % 7
    for _ in range(60):
        found = gradients(cross_entropy(model(ids[:, :-1]), ids[:, 1:]))
        for parameter in model.parameters():
            parameter.data -= np.float32(0.3) * found[parameter]
    made = model.eval().generate(np.array([[3], [6]]), 6)
    np.testing.assert_array_equal(made, (np.arange(7) + np.array([[3], [6]])) % 7)
