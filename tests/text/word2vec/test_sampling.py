"""What word2vec draws follows its formulas, and blocks hold the pairs of a plain loop."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_core import SettingsError
from pmt_text import Word2VecSettings
from pmt_text.word2vec.kernels.input_blocks import InputBlocks
from pmt_text.word2vec.kernels.scatter_add import RowGroups
from pmt_text.word2vec.sampling.context_windows import ContextWindows
from pmt_text.word2vec.sampling.negative_samples import AliasTable, NoiseWords
from pmt_text.word2vec.sampling.subsampling import keep_probabilities


def assert_frequencies(drawn: np.ndarray, chances: np.ndarray) -> None:
    """No count is further than 4.5 standard deviations from what is expected."""
    n = drawn.size
    counts = np.bincount(drawn.reshape(-1), minlength=len(chances))
    assert np.all(np.abs(counts - n * chances) <= 4.5 * np.sqrt(n * chances * (1 - chances)) + 1e-9)


@pytest.mark.parametrize("weights", [[3.0], [1, 0, 2, 0, 5], 1 / np.arange(1, 300), np.ones(64)])
def test_alias_table_draws_in_proportion(weights) -> None:
    drawn = AliasTable(weights).draw((400, 1000), np.random.default_rng(1))
    assert_frequencies(drawn, np.asarray(weights) / np.sum(weights))


def test_alias_table_refuses_other_weights() -> None:
    for weights in ([], [0, 0], [1, -1], [np.nan], [np.inf, 1], [[1]]):
        with pytest.raises(SettingsError):
            AliasTable(weights)


def test_noise_words_follow_the_power_of_their_counts() -> None:
    counts = np.array([1000, 300, 50, 7, 1])
    words = NoiseWords(Word2VecSettings(block_negatives=50), counts)
    noise = words.draw((4000,), np.random.default_rng(2))
    total = np.empty((4000, 50, 2), np.float32)
    times = np.tile(np.array([1, 3], np.float32), (4000, 1))
    words.count(noise, np.full((4000, 2), 2, np.int32), times, total)
    assert_frequencies(noise, counts**0.75 / np.sum(counts**0.75))
    # A noise word that is the word itself counts nothing, every other negatives / shared.
    np.testing.assert_allclose(total[:, :, 0], np.where(noise == 2, 0, 0.1), rtol=1e-6)
    np.testing.assert_allclose(total[:, :, 1], np.where(noise == 2, 0, 0.3), rtol=1e-6)


def test_subsampling_by_its_formula_and_by_hand() -> None:
    counts = np.array([900_000, 90_000, 9_000, 1_000])
    # f = 0.9, t = 1e-3: sqrt(1/900) + 1/900; f = 0.09: sqrt(1/90) + 1/90; f = 0.009: 0.4444.
    expected = [1 / 30 + 1 / 900, 0.1165204, 0.4444444, 1.0]
    np.testing.assert_allclose(keep_probabilities(counts, 1e-3), expected, rtol=1e-6)
    np.testing.assert_array_equal(keep_probabilities(counts, 0), 1)


def test_block_pairs_are_those_of_a_plain_loop() -> None:
    rng = np.random.default_rng(5)
    for n, block, window in [(1, 4, 2), (4, 4, 1), (50, 8, 3), (37, 4, 6), (90, 32, 5)]:
        words = rng.integers(0, 9, n).astype(np.int32)
        sentences = np.sort(rng.integers(0, 4, n)).astype(np.int32)
        reach = rng.integers(1, window + 1, n)
        expected = sorted(
            (int(words[i]), int(words[j]), i)
            for i in range(n)
            for j in range(max(0, i - reach[i]), min(n, i + reach[i] + 1))
            if i != j and sentences[i] == sentences[j]
        )
        windows = ContextWindows.of(words, sentences, reach, window, (block, 2), pad=9)
        found = []
        inputs = InputBlocks(2, block, window, 3)
        for i, stretch in enumerate(windows.stretches):
            # Vectors that say which word they are, seen block by block.
            inputs.gather(np.arange(10, dtype=np.float32)[:, np.newaxis] * [[1, 1, 1]], stretch)
            r, j, m = np.nonzero(windows.sees[i])
            place = (2 * i + r) * block + j
            seen = inputs.vectors[r, m, 0]
            pairs = zip(windows.centers[i, r, j], seen, place, strict=True)
            found += [(int(a), int(b), int(c)) for a, b, c in pairs]
            # Joining sums what the view has repeated: each row times how often it was seen.
            inputs.changes[:] = inputs.vectors
            times = np.zeros(len(stretch))
            for start in (0, block):
                times[start : start + block + 2 * window] += 1
            np.testing.assert_array_equal(inputs.joined()[:, 0], stretch * times)
        assert sorted(found) == expected


@pytest.mark.parametrize("v", [3, 50, 5000])
def test_rows_named_again_are_added_up(v: int) -> None:
    rng = np.random.default_rng(6)
    table = rng.normal(size=(v + 1, 5)).astype(np.float32)
    expected = table.astype(np.float64)
    rows = rng.integers(0, v, (4, 3000))
    rows[1], rows[2, 5:], rows[3, ::2] = v, v, v  # nothing, little, and half of an update
    for mine, groups in zip(rows, RowGroups.of_updates(rows, v), strict=True):
        changes = rng.normal(size=(3000, 5)).astype(np.float32)
        named = mine != v
        np.add.at(expected, mine[named], changes[named].astype(np.float64))
        groups.add(table, changes)
    np.testing.assert_allclose(table, expected, atol=2e-4)
