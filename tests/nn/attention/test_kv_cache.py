"""Key-value caches: decoding step by step equals a whole pass."""

from __future__ import annotations

import numpy as np
import pytest
from inputs import language_model, translator

from pmt_autograd import Tensor, no_grad
from pmt_core import StateError
from pmt_nn import (
    DecoderCache,
    KeyValueCache,
)

KINDS = ["learned", "sinusoidal", "rotary", "alibi", "relative", "none"]
kinds = pytest.mark.parametrize("kind", KINDS)
norms = pytest.mark.parametrize("norm_first", [True, False], ids=["pre-norm", "post-norm"])


@kinds
@norms
@pytest.mark.parametrize("steps", [[1] * 9, [4, 1, 3, 1], [9]], ids=str)
def test_cached_decoding_equals_full_decoding(rng, stir, kind, norm_first, steps) -> None:
    model = language_model(rng, stir, positions=kind, norm_first=norm_first)
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
    model = language_model(rng, stir, positions="alibi")
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
    model = language_model(rng, stir, positions="rotary")
    with pytest.raises(StateError, match="no_grad"):
        model(np.array([[1]]), cache=model.new_cache())


def test_a_cache_can_be_reordered_for_a_beam(rng, stir) -> None:
    model = language_model(rng, stir, positions="rotary")
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
    model = language_model(rng, stir, positions="relative")
    before = {name: dict(vars(module)) for name, module in model.named_modules()}
    model.generate(np.array([[1, 2]]), 5)
    assert {name: dict(vars(module)) for name, module in model.named_modules()} == before
