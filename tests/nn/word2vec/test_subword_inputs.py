"""Input vectors composed of parts: means, sums of changes, and training with every kernel."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from random_windows import random_windows, zipf

from pmt_core import ShapeError
from pmt_nn import CbowKernel, SkipGramKernel, SmallStepKernel, SubwordInputs, TreeKernel
from pmt_nn.word2vec.kernel import Word2VecKernel

V, BUCKETS, D, WINDOW, SIZE = 60, 30, 4, 2, (8, 2)


def random_parts(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Each word has a row of its own, and 0 to 19 of those that are shared; some twice."""
    rows = [np.append(i, V + rng.integers(0, BUCKETS, rng.integers(0, 20))) for i in range(V)]
    return np.cumsum([0, *map(len, rows)]), np.concatenate(rows)


def kernels() -> list[Word2VecKernel]:
    counts, share = zipf(V), {"share_error": False}
    small = {"negatives": 5, "noise_weights": counts**0.75, "shared_noise": 4}
    made: list[Word2VecKernel] = [
        SkipGramKernel(V, D, WINDOW, 5, 6),
        CbowKernel(V, D, WINDOW, 5, 6, **share),
        TreeKernel(counts, D, WINDOW, is_cbow=False, **share),
        TreeKernel(counts, D, WINDOW, is_cbow=True, **share),
        SmallStepKernel(V, D, WINDOW, **small, is_cbow=False, **share),
        SmallStepKernel(V, D, WINDOW, **small, is_cbow=True, processes=2, **share),
    ]
    for kernel in made:
        kernel.reserve(SIZE)
    return made


def windows_of(kernel: Word2VecKernel, rng: np.random.Generator) -> SimpleNamespace:
    windows = random_windows(V, SIZE, WINDOW, rng)
    if kernel.noise_shape is not None:
        windows.noise = rng.integers(0, V, (3, *kernel.noise_shape)).astype(np.int32)
    return windows


def test_vectors_are_means_and_changes_are_added_to_every_part() -> None:
    rng = np.random.default_rng(0)
    offsets, rows = random_parts(rng)
    inputs = SubwordInputs(offsets, rows, pad=V + BUCKETS)
    table = rng.normal(size=(V + BUCKETS + 1, D)).astype(np.float32)
    table[-1] = 0
    words = np.array([5, V, 0, 59, 17])
    parts = [rows[offsets[w] : offsets[w + 1]] if w < V else rows[:0] for w in words]
    expected = [table[part].mean(axis=0) if len(part) else np.zeros(D) for part in parts]
    np.testing.assert_allclose(inputs.compose(table, words), expected, atol=1e-6)
    changes = rng.normal(size=(len(words), D)).astype(np.float32)
    moved = table.astype(np.float64)
    for part, change in zip(parts, changes, strict=True):
        np.add.at(moved, part, change)
    groups = inputs.groups([np.array([3]), words])
    groups[1].add(table, changes)
    np.testing.assert_allclose(table, moved, atol=1e-5)


@pytest.mark.parametrize("number", range(6))
def test_with_parts_of_their_own_words_are_trained_as_without(number: int) -> None:
    """A word with one part, and one with several that no other word has, move alike."""
    starts = {}
    for parts in (1, 3):
        rng = np.random.default_rng(number)
        kernel = kernels()[number]
        start = rng.normal(size=(V + 1, D)).astype(np.float32)
        start[-1] = 0
        rows = V if kernel.noise_shape is not None or "Small" in type(kernel).__name__ else V - 1
        outputs = rng.normal(size=(rows + 1, D)).astype(np.float32)
        outputs[-1] = 0
        windows = windows_of(kernel, rng)
        plain = start.copy(), outputs.copy()
        expected = kernel.train(windows, 0.05, *plain)
        offsets = np.arange(V + 1) * parts
        own = np.arange(V * parts).reshape(parts, V).T.reshape(-1)
        kernel.subwords = SubwordInputs(offsets, own, pad=V * parts)
        table = np.concatenate([np.tile(start[:-1], (parts, 1)), start[-1:]])
        composed = table, outputs.copy()
        loss = kernel.train(windows, 0.05, *composed)
        np.testing.assert_allclose(loss, expected, rtol=1e-5)
        np.testing.assert_allclose(
            kernel.subwords.compose(table, np.arange(V)), plain[0][:-1], atol=1e-5
        )
        np.testing.assert_allclose(composed[1], plain[1], atol=1e-5)
        assert not np.allclose(plain[0], start, atol=1e-3)
        starts[parts] = start
    np.testing.assert_array_equal(starts[1], starts[3])


@pytest.mark.parametrize("number", range(4))
def test_an_update_moves_shared_parts_by_the_changes_of_all_words(number: int) -> None:
    rng = np.random.default_rng(number)
    kernel = kernels()[number]
    offsets, rows = random_parts(rng)
    subwords = SubwordInputs(offsets, rows, pad=V + BUCKETS)
    table = rng.normal(size=(V + BUCKETS + 1, D)).astype(np.float32)
    table[-1] = 0
    outputs = rng.normal(size=(V + (kernel.noise_shape is not None), D)).astype(np.float32)
    outputs[-1] = 0
    windows = windows_of(kernel, rng)
    one = SimpleNamespace(**{k: None if a is None else a[:1] for k, a in vars(windows).items()})
    vectors = np.append(subwords.compose(table, np.arange(V)), np.zeros((1, D)), axis=0)
    vectors = vectors.astype(np.float32)
    before = vectors.copy()
    kernel.train(one, 0.05, vectors, outputs.copy())
    expected = table.astype(np.float64)
    for word in range(V):
        np.add.at(expected, rows[offsets[word] : offsets[word + 1]], (vectors - before)[word])
    kernel.subwords = subwords
    kernel.train(one, 0.05, table, outputs)
    np.testing.assert_allclose(table, expected, atol=1e-5)


def test_busiest_share() -> None:
    """Words 0 and 1 share one of their two parts; word 2 has a part of its own."""
    inputs = SubwordInputs(np.array([0, 2, 4, 5]), np.array([0, 3, 1, 3, 2]), pad=4)
    # Word 0 moves by 0.5 itself, and by half of word 1, with which it shares half of its parts.
    assert inputs.busiest_share(np.array([5.0, 3.0, 2.0])) == pytest.approx(0.5 + 0.3 / 2)
    alone = SubwordInputs(np.arange(4), np.arange(3), pad=3)
    assert alone.busiest_share(np.array([5.0, 3.0, 2.0])) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("offsets", "rows"), [([0, 2], [0]), ([1, 2], [0, 1]), ([0, 0, 1], [0]), ([0, 1], [3])]
)
def test_parts_that_do_not_fit(offsets: list[int], rows: list[int]) -> None:
    with pytest.raises(ShapeError, match="expected"):
        SubwordInputs(np.array(offsets), np.array(rows), pad=3)
