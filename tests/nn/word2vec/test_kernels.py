"""Parts of the word2vec kernels: context means, bounded steps, gather and scatter."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from pmt_nn import CbowKernel, SkipGramKernel, TreeKernel, Word2VecKernel
from pmt_nn.word2vec.bounded_steps import bounded_steps
from pmt_nn.word2vec.input_blocks import ContextMeans, InputBlocks
from pmt_nn.word2vec.kernel import logistic_loss, scaled_sigmoid
from pmt_nn.word2vec.scatter_add import RowGroups

R, B, M, D = 2, 3, 5, 3  # blocks, their words and inputs, dimension


def test_context_means_and_their_gradient() -> None:
    rng = np.random.default_rng(3)
    mask = (rng.random((1, R, B, M)) < 0.5).astype(np.float64)
    mask[0, 1, 2] = 0  # a word without context
    means = ContextMeans.of(mask, mask.sum(axis=-1), share_error=True)
    inputs, mean_gradients = rng.normal(size=(R, M, D)), rng.normal(size=(R, B, D))
    for block in range(R):
        for word in range(B):
            context = inputs[block][mask[0, block, word] == 1]
            expected = context.mean(axis=0) if len(context) else np.zeros(D)
            np.testing.assert_allclose((means.mean[0] @ inputs)[block, word], expected)
            assert means.predicted[0, block, word] == (len(context) > 0)
    np.testing.assert_array_equal(means.spread, means.mean.swapaxes(-1, -2))
    # The C program gives every input of a word the whole error: c times its part.
    c_program = ContextMeans.of(mask, mask.sum(axis=-1), share_error=False)
    counted = mask[0].sum(axis=2, keepdims=True)
    np.testing.assert_allclose(
        c_program.spread[0] @ mean_gradients,
        means.spread[0] @ (mean_gradients * counted),
        atol=1e-12,
    )


def negative_gradient(scores: np.ndarray, weights: np.ndarray) -> tuple[float, np.ndarray]:
    """The logistic loss and minus its derivative by the scores."""
    tanh = np.empty_like(scores)
    gradient = scaled_sigmoid(scores, weights * scores.dtype.type(-0.5), tanh)
    return logistic_loss(scores, tanh, weights), gradient


def test_bounded_steps_never_raise_the_loss() -> None:
    """However many terms there are and however long the vectors, at any learning rate."""
    rng = np.random.default_rng(5)
    for size in (0.1, 1.0, 10.0):
        vectors = size * rng.normal(size=(300, 4))
        row = size * rng.normal(size=(1, 4))
        right = (rng.random((1, 300)) < 0.9).astype(np.float64)
        total = np.ones((1, 300))

        def loss(at, right=right, total=total, vectors=vectors):
            scores = at @ vectors.T
            value, by_score = negative_gradient(scores, total)
            return value - float(np.vdot(right, scores)), (by_score + right) @ vectors

        before, gradients = loss(row)
        curvature = total @ (vectors**2).sum(axis=1)
        for rate in (1e-6, 0.025, 100.0):
            step = rate * bounded_steps(gradients.copy(), curvature, rate, 1.0)
            assert loss(row + step)[0] <= before
        # A step that is short enough is not changed.
        np.testing.assert_array_equal(
            bounded_steps(gradients.copy(), curvature, 1e-9, 1.0), gradients
        )


def test_scores_of_any_size_give_finite_losses() -> None:
    scores = np.array([1e6, -1e6, 1e30, 0.0], np.float32)
    for i, expected in enumerate([1e6, 0, 1e30, np.log(2)]):
        loss, gradient = negative_gradient(scores[i : i + 1], np.ones(1, np.float32))
        np.testing.assert_allclose(loss, expected, rtol=1e-6)
        np.testing.assert_allclose(gradient, [-1, 0, -1, -0.5][i : i + 1])
    moderate = np.linspace(-30, 30, 301)
    loss, gradient = negative_gradient(moderate, np.ones(301))
    np.testing.assert_allclose(loss, np.logaddexp(0, moderate).sum())
    np.testing.assert_allclose(gradient, -1 / (1 + np.exp(-moderate)), atol=1e-12)


@pytest.mark.parametrize(("block", "window"), [(4, 2), (4, 1), (8, 3), (4, 6), (32, 5)])
def test_blocks_overlap_and_their_changes_are_summed(block: int, window: int) -> None:
    rows = np.random.default_rng(5).integers(0, 10, 2 * block + 2 * window)
    inputs = InputBlocks(2, block, window, 3)
    inputs.gather(np.arange(10, dtype=np.float32)[:, np.newaxis] * [[1, 1, 1]], rows)
    for i in range(2):
        expected = rows[i * block : i * block + block + 2 * window]
        np.testing.assert_array_equal(inputs.vectors[i, :, 2], expected)
    inputs.changes[:] = inputs.vectors
    times = np.zeros(len(rows))
    for start in (0, block):
        times[start : start + block + 2 * window] += 1
    np.testing.assert_array_equal(inputs.joined()[:, 0], rows * times)


@pytest.mark.parametrize("v", [3, 50, 5000])
def test_changes_of_repeated_rows_are_summed(v: int) -> None:
    rng = np.random.default_rng(6)
    table = rng.normal(size=(v + 1, 5)).astype(np.float32)
    expected = table.astype(np.float64)
    rows = rng.integers(0, v, (4, 3000))
    rows[1], rows[2, 5:], rows[3, ::2] = v, v, v  # nothing, little, and half of an update
    for update, groups in zip(rows, RowGroups.of_updates(rows, v), strict=True):
        changes = rng.normal(size=(3000, 5)).astype(np.float32)
        named = update != v
        np.add.at(expected, update[named], changes[named].astype(np.float64))
        groups.add(table, changes)
    np.testing.assert_allclose(table, expected, atol=2e-4)


@pytest.mark.parametrize("name", ["skipgram", "cbow", "tree", "cbow tree"])
def test_a_chunk_of_padding_changes_nothing(name: str) -> None:
    """Subsampling may leave no word of a chunk."""
    v, window, (b, r) = 100, 2, (4, 3)
    kernel: Word2VecKernel
    if name == "skipgram":
        kernel = SkipGramKernel(v, D, window, 5, 6)
    elif name == "cbow":
        kernel = CbowKernel(v, D, window, 5, 6, share_error=False)
    else:
        counts = np.arange(v, 0, -1)
        kernel = TreeKernel(counts, D, window, is_cbow="cbow" in name, share_error=False)
    kernel.reserve((b, r))
    noise_shape = kernel.noise_shape
    windows = SimpleNamespace(
        centers=np.full((1, r, b), v, np.int32),
        contexts=np.full((1, r * b + 2 * window), v, np.int32),
        context_mask=np.zeros((1, r, b, b + 2 * window), np.float32),
        context_counts=np.zeros((1, r, b), np.float32),
        noise=None if noise_shape is None else np.zeros((1, *noise_shape), np.int32),
    )
    rng = np.random.default_rng(0)
    rows = v if noise_shape is not None else v - 1
    tables = [rng.normal(size=(n + 1, D)).astype(np.float32) for n in (v, rows)]
    before = [table.copy() for table in tables]
    assert kernel.train(windows, 0.1, *tables) == (0, 0)
    for table, copy in zip(tables, before, strict=True):
        np.testing.assert_array_equal(table, copy)
