"""Decoding with language models and encoder-decoders, with the cache and without."""

from __future__ import annotations

import numpy as np
import pytest
from inputs import language_model, padded_sources, translator

END = 2


@pytest.mark.parametrize("positions", ["learned", "sinusoidal", "rotary", "alibi", "relative"])
@pytest.mark.parametrize("window", [None, 7])
def test_cached_generation_equals_uncached(rng, stir, positions, window) -> None:
    model = language_model(rng, stir, max_length=16, positions=positions)
    prompt = rng.integers(0, 11, (3, 5))
    outcome = [
        model.generate(
            prompt, 40, rng=np.random.default_rng(5), cached=cached, max_length=window, top_p=0.95
        )
        for cached in (True, False)
    ]
    assert outcome[0].shape == (3, 45)  # beyond the 16 positions that are learned
    np.testing.assert_array_equal(*outcome)


def test_a_window_shows_the_newest_half_and_what_comes_after(rng, stir) -> None:
    model = language_model(rng, stir, max_length=16, positions="learned")
    decoding = model.decoding(max_length=6)
    ids = rng.integers(0, 11, (2, 20))
    seen = 0
    for i in range(20):
        seen = seen + 1 if seen < 6 else 3
        got = decoding.step(ids[:, i : i + 1])
        expected = model(ids[:, i + 1 - seen : i + 1]).data[:, -1]
        np.testing.assert_allclose(got, expected, atol=1e-12)


def test_the_cost_of_cached_generation_is_linear(rng, stir) -> None:
    model = language_model(rng, stir, max_length=16, positions="rotary")

    def cost(n: int, **settings) -> int:
        decoding = model.decoding(**settings)
        new = np.array([[1]])
        for _ in range(n):
            new = decoding.step(new).argmax(axis=-1)[:, np.newaxis]
        return decoding.tokens_read

    assert cost(256) == 256
    assert cost(256, cached=False) == 256 * 257 // 2
    # Every half window the other half is read once more: 2 n in all.
    assert cost(512, max_length=64) < 2 * 512


def test_a_prompt_longer_than_the_window(rng, stir) -> None:
    model = language_model(rng, stir, max_length=16, positions="learned")
    ids = rng.integers(0, 11, (1, 50))
    np.testing.assert_array_equal(
        model.generate(ids, 1)[:, -1], model(ids[:, -8:]).data[:, -1].argmax(-1)
    )


def test_a_stream_gives_tokens_as_they_come(rng, stir) -> None:
    model = language_model(rng, stir, max_length=16)
    prompt = np.array([[1, 2], [3, 4]])
    stream = model.stream(prompt, 5)
    first = next(stream)
    whole = model.generate(prompt, 5)
    np.testing.assert_array_equal(first, whole[:, 2])
    np.testing.assert_array_equal(np.stack([first, *stream], axis=1), whole[:, 2:])


def test_greedy_translation_of_a_batch_is_that_of_each_sentence(rng, stir) -> None:
    model = translator(rng, stir)
    source, mask = padded_sources(rng)
    settings = {"start": 1, "end": END, "max_length": 12}
    together = model.translate(source, mask, **settings)
    np.testing.assert_array_equal(together, model.translate(source, mask, **settings, cached=False))
    for i in range(5):
        n = mask[i].sum()
        alone = model.translate(source[i : i + 1, :n], **settings)[0]
        np.testing.assert_array_equal(together[i, : len(alone)], alone)
        assert (together[i, len(alone) :] == END).all()
    assert model.translate(source[:0], mask[:0], **settings).shape == (0, 0)


def test_greedy_generation_is_the_likeliest_token_of_the_full_model(rng, stir) -> None:
    model = language_model(rng, stir, max_length=16)
    made = model.generate(np.array([[1, 2], [3, 4]]), 6)
    assert made.shape == (2, 8)
    for i in range(2, 8):
        np.testing.assert_array_equal(made[:, i], model(made[:, :i]).data[:, -1].argmax(-1))


def test_generation_ends_and_rows_that_ended_repeat_the_end(rng, stir) -> None:
    model = language_model(rng, stir, max_length=16)
    endless = model.generate(np.array([[1], [5], [9]]), 12)
    end = int(endless[0, 3])
    made = model.generate(np.array([[1], [5], [9]]), 12, end=end)
    first = made[0, 1:].tolist().index(end)
    assert (made[0, 1 + first :] == end).all()
    assert model.generate(np.array([[1]]), 12, end=end).shape[1] == 2 + first


def test_translate_stops_at_the_end(rng, stir) -> None:
    model = translator(rng, stir)
    source = rng.integers(0, 9, (3, 5))
    endless = model.translate(source, start=1, end=-1, max_length=7)
    assert endless.shape == (3, 7)
    end = int(endless[0, 2])
    made = model.translate(source, start=1, end=end, max_length=7)
    row = made[0].tolist()
    assert set(row[row.index(end) :]) == {end}
    target = np.concatenate([np.full((3, 1), 1), endless[:, :-1]], axis=1)
    np.testing.assert_array_equal(model(source, target).data.argmax(-1), endless)
