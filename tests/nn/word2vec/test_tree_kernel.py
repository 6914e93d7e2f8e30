"""`TreeKernel` makes the updates of its composed form, and its parts do what they say."""

from __future__ import annotations

import numpy as np
import pytest
from random_windows import random_windows, zipf

from pmt_core import HuffmanTree
from pmt_nn import TreeKernel
from pmt_nn.word2vec.composed_tree_update import composed_tree_update
from pmt_nn.word2vec.skipgram_tree import HalfTurns, turn_gradients
from pmt_nn.word2vec.tree_paths import TreePaths

D = 5


@pytest.mark.parametrize("rate", [0.03, 3.0], ids=["free", "bounded"])
@pytest.mark.parametrize("share_error", [False, True])
@pytest.mark.parametrize("is_cbow", [False, True], ids=["skipgram", "cbow"])
@pytest.mark.parametrize(
    ("v", "size", "window"), [(2, (4, 1), 1), (50, (6, 3), 2), (400, (16, 2), 5), (150, (5, 3), 3)]
)
def test_updates_are_those_of_the_composed_form(
    v: int, size: tuple[int, int], window: int, is_cbow: bool, share_error: bool, rate: float
) -> None:
    rng = np.random.default_rng(v)
    counts = zipf(v)
    models = {"is_cbow": is_cbow, "share_error": share_error}
    kernel = TreeKernel(counts, D, window, **models)
    kernel.reserve(size)
    windows = random_windows(v, size, window, rng)
    inputs, outputs = (0.5 * rng.normal(size=(rows + 1, D)) for rows in (v, v - 1))
    inputs[-1] = outputs[-1] = 0
    composed = inputs.copy(), outputs.copy()
    fused = inputs.astype(np.float32), outputs.astype(np.float32)
    loss, predictions = kernel.train(windows, rate, *fused)
    tree = HuffmanTree.of(counts)
    expected = sum(
        composed_tree_update(tree, windows, i, rate, composed, **models) for i in range(3)
    )
    counted = windows.context_counts
    assert predictions == (np.count_nonzero(counted) if is_cbow else counted.sum())
    np.testing.assert_allclose(loss, expected, rtol=1e-4)
    for table, other, before in zip(fused, composed, (inputs, outputs), strict=True):
        np.testing.assert_allclose(table, other, rtol=1e-4, atol=1e-4)
        assert not np.allclose(table, before, atol=1e-3)


def test_steps_are_bounded_in_the_composed_comparison() -> None:
    """At the high rate bounds are active, so the comparison covers them."""
    rng = np.random.default_rng(1)
    tree, windows = HuffmanTree.of(zipf(50)), random_windows(50, (6, 3), 2, rng)
    start = 0.5 * rng.normal(size=(51, D)), 0.5 * rng.normal(size=(50, D))
    steps = []
    for rate in (0.03, 3.0):
        tables = start[0].copy(), start[1].copy()
        composed_tree_update(tree, windows, 0, rate, tables, is_cbow=False, share_error=False)
        steps.append([(table - old) / rate for table, old in zip(tables, start, strict=True)])
    for low, high in zip(*steps, strict=True):
        assert np.abs(high).max() < 0.9 * np.abs(low).max()


@pytest.mark.parametrize("v", [2, 40, 300])
def test_paths_are_those_of_the_tree(v: int) -> None:
    """The top table and the deep steps together are the path of each word."""
    counts = zipf(v)
    tree, paths = HuffmanTree.of(counts), TreePaths(counts)
    words = np.append(np.arange(v), [v, v])[: (v + 2) // 2 * 2].reshape(1, -1, 2)
    (steps,) = paths.deep_steps(words)
    n, flat, turns = words.size, steps.nodes, steps.turns
    for index, word in enumerate(words.reshape(-1)):
        passed = {paths.top.start + k: t == 1 for k, t in enumerate(paths.turns[word]) if t}
        passed |= {int(flat[p]): True for p in np.flatnonzero(turns == index)}
        passed |= {int(flat[p]): False for p in np.flatnonzero(turns == n + index)}
        mask = tree.mask[word] if word < v else np.zeros(0, np.bool_)
        path = zip(tree.nodes[word][mask], tree.turns[word][mask], strict=True) if word < v else []
        assert passed == {int(node): bool(turn) for node, turn in path}
    assert np.all(flat[turns == 2 * n] == paths.pad)


def test_turn_gradients_are_numeric_derivatives_of_the_logistic_loss() -> None:
    rng = np.random.default_rng(4)
    scores = rng.normal(size=(6, 7)) * 3
    total = rng.integers(0, 5, scores.shape).astype(np.float64)
    right = np.minimum(rng.integers(0, 5, scores.shape), total)
    turns = HalfTurns(total / 2, right - total / 2)
    loss, gradients = turn_gradients(scores.copy(), turns)
    np.testing.assert_allclose(loss, np.sum(total * np.logaddexp(0, scores) - right * scores))
    for index in np.ndindex(scores.shape):
        ends = []
        for step in (1e-5, -1e-5):
            moved = scores.copy()
            moved[index] += step
            ends.append(turn_gradients(moved, turns)[0])
        np.testing.assert_allclose((ends[1] - ends[0]) / 2e-5, gradients[index], atol=1e-6)


def test_scores_of_any_size_give_finite_losses() -> None:
    scores = np.array([1e6, -1e6, 1e30, 0.0], np.float32)
    for i, expected in enumerate([1e6, 0, 1e30, np.log(2)]):
        left = HalfTurns(np.full(1, 0.5, np.float32), np.full(1, -0.5, np.float32))
        loss, gradient = turn_gradients(scores[i : i + 1].copy(), left)
        np.testing.assert_allclose(loss, expected, rtol=1e-6)
        np.testing.assert_allclose(gradient, [-1, 0, -1, -0.5][i : i + 1])
