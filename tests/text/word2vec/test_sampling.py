"""Sampling follows its formulas, and blocks hold the pairs of a plain loop."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest

from pmt_core import RandomStream, SettingsError, StateError
from pmt_text import ChunkSampler, SamplingSettings, TextCorpus, WordCounts, count_words
from pmt_text.word2vec.sampling.chunk_sampler import context_windows
from pmt_text.word2vec.sampling.word_sampling import AliasTable


def assert_frequencies(drawn: np.ndarray, probabilities: np.ndarray) -> None:
    """No count is further than 4.5 standard deviations from its expectation."""
    n = drawn.size
    counts = np.bincount(drawn.reshape(-1), minlength=len(probabilities))
    deviation = np.sqrt(n * probabilities * (1 - probabilities))
    assert np.all(np.abs(counts - n * probabilities) <= 4.5 * deviation + 1e-9)


@pytest.mark.parametrize("weights", [[3.0], [1, 0, 2, 0, 5], 1 / np.arange(1, 300), np.ones(64)])
def test_alias_table_draws_in_proportion(weights) -> None:
    drawn = AliasTable(weights).draw((400, 1000), np.random.default_rng(1))
    assert_frequencies(drawn, np.asarray(weights) / np.sum(weights))


def test_alias_table_refuses_other_weights() -> None:
    for weights in ([], [0, 0], [1, -1], [np.nan], [np.inf, 1], [[1]]):
        with pytest.raises(SettingsError):
            AliasTable(weights)


def test_subsampling_by_its_formula_and_by_hand() -> None:
    counts = np.array([900_000, 90_000, 9_000, 1_000])
    # f = 0.9, t = 1e-3: sqrt(1/900) + 1/900; f = 0.09: sqrt(1/90) + 1/90; f = 0.009: 0.4444.
    expected = [1 / 30 + 1 / 900, 0.1165204, 0.4444444, 1.0]
    keep = SamplingSettings(subsample=1e-3).keep_probabilities(counts)
    np.testing.assert_allclose(keep, expected, rtol=1e-6)
    np.testing.assert_array_equal(SamplingSettings(subsample=0).keep_probabilities(counts), 1)


@pytest.mark.parametrize(
    "wrong",
    [{"window": 0}, {"window": 1000}, {"subsample": 1.5}, {"noise_power": float("inf")}],
)
def test_settings_out_of_range(wrong) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        SamplingSettings(**wrong)


def test_block_pairs_are_those_of_a_plain_loop() -> None:
    rng = np.random.default_rng(5)
    for n, block, window in [(0, 4, 2), (1, 4, 2), (4, 4, 1), (50, 8, 3), (37, 4, 6), (90, 32, 5)]:
        words = rng.integers(0, 9, n).astype(np.int32)
        sentences = np.sort(rng.integers(0, 4, n)).astype(np.int32)
        sizes = rng.integers(1, window + 1, n)
        expected = sorted(
            (int(words[i]), int(words[j]), i)
            for i in range(n)
            for j in range(max(0, i - sizes[i]), min(n, i + sizes[i] + 1))
            if i != j and sentences[i] == sentences[j]
        )
        windows = context_windows(words, sentences, sizes, window, (block, 2), pad=9)
        pairs = []
        for i, contexts in enumerate(windows.contexts):
            r, j, m = np.nonzero(windows.context_mask[i])
            position = (2 * i + r) * block + j
            centers = windows.centers[i, r, j]
            pairs += list(zip(centers, contexts[r * block + m], position, strict=True))
        assert sorted((int(a), int(b), int(c)) for a, b, c in pairs) == expected
        np.testing.assert_array_equal(windows.context_counts, windows.context_mask.sum(axis=-1))


@pytest.fixture
def text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[TextCorpus, WordCounts]:
    """25,000 words, three chunks; temporary files are in the folder `temporary`."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    words = np.random.default_rng(0).zipf(1.5, 25_000) % 30
    (tmp_path / "text.txt").write_text(" ".join(f"w{i}" for i in words))
    corpus = TextCorpus(tmp_path / "text.txt")
    return corpus, count_words(corpus, min_count=1)


def test_a_sampler_and_its_copy_draw_the_same(text, tmp_path: Path) -> None:
    settings = SamplingSettings(window=3, subsample=0.01)
    parts = np.array([0, 1, 3]), np.array([0, 1, 2])
    with ChunkSampler.from_corpus(*text, settings, RandomStream(5), parts) as sampler:
        assert (len(sampler), sampler.words, sampler.chunk_words) == (3, 25_000, 10_000)
        arrays, values = sampler.state()
        with ChunkSampler.from_state(arrays, json.loads(json.dumps(values))) as copy:
            first, second = (s.sample(1, 2, (8, 4), (4, 6)) for s in (sampler, copy))
            for array, expected in zip(copy.subwords or (), parts, strict=True):
                np.testing.assert_array_equal(array, expected)
            other = sampler.sample(2, 2, (8, 4), (4, 6))
            same_words = sampler.sample(1, 2, (8, 4), None)
    for name in ("centers", "contexts", "context_mask", "context_counts", "noise"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    assert first.noise.shape == (len(first.centers), 4, 6)
    assert same_words.noise is None
    np.testing.assert_array_equal(first.centers, same_words.centers)
    assert not np.array_equal(first.centers[:5], other.centers[:5])
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="files without a name")
def test_the_file_of_tokens_never_has_a_name(text, tmp_path: Path) -> None:
    """Neither while it is written, nor while it is read: a killed program leaves nothing."""
    folder = tmp_path / "temporary"
    seen = []

    class Corpus(TextCorpus):
        def word_lists(self):
            for words in super().word_lists():
                seen.append(list(folder.iterdir()))
                yield words

    settings = SamplingSettings()
    with ChunkSampler.from_corpus(Corpus(text[0].path), text[1], settings, RandomStream(5)) as s:
        assert seen
        assert not any(seen)
        assert list(folder.iterdir()) == []
        (descriptor,) = s.descriptors
        with ChunkSampler.from_state(*s.state()) as copy:
            assert copy.descriptors == [descriptor]
        s.sample(0, 2, (8, 4), None)  # the copy closed its own descriptor


def test_samples_follow_subsampling_window_and_noise(text) -> None:
    settings = SamplingSettings(window=4, subsample=0.05)
    with ChunkSampler.from_corpus(*text, settings, RandomStream(5)) as sampler:
        windows = [sampler.sample(0, number, (8, 4), (50,)) for number in range(2)]
        expected = sampler.keep_probabilities * sampler.counts / sampler.words
        noise = sampler.noise_weights / sampler.noise_weights.sum()
    centers = np.concatenate([w.centers.reshape(-1) for w in windows])
    centers = centers[centers < len(expected)]
    assert len(centers) == pytest.approx(20_000 * expected.sum(), rel=0.05)
    measured = np.bincount(centers, minlength=len(expected)) / 20_000
    np.testing.assert_allclose(measured, expected, atol=0.01)
    counts = np.concatenate([w.context_counts.reshape(-1) for w in windows])
    assert counts[counts > 0].mean() == pytest.approx(2 * 2.5, rel=0.03)  # window sizes 1 ... 4
    assert_frequencies(np.concatenate([w.noise for w in windows]), noise)
    np.testing.assert_allclose(noise, text[1].counts ** 0.75 / np.sum(text[1].counts ** 0.75))


def test_another_corpus_than_the_counted_one_is_refused(text, tmp_path: Path) -> None:
    path = tmp_path / "other.txt"
    path.write_text("w1 w2 w3")
    with pytest.raises(StateError, match="counted"):
        ChunkSampler.from_corpus(TextCorpus(path), text[1], SamplingSettings(), RandomStream(1))
    assert list((tmp_path / "temporary").iterdir()) == []
