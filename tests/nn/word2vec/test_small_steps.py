"""`SmallStepKernel`: sums of terms by a plain loop, one step, stable steps, growth, processes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from pmt_core import SettingsError
from pmt_nn import CbowKernel, SkipGramKernel, SmallStepKernel, Word2VecKernel
from pmt_nn.word2vec import small_steps

N, WINDOW, NEGATIVES, D = 24, 3, 5, 6  # words of an update, window, noise words, dimension


@dataclass(frozen=True)
class Windows:
    centers: np.ndarray
    contexts: np.ndarray
    context_mask: np.ndarray
    context_counts: np.ndarray
    noise: np.ndarray | None


def windows_of(words: np.ndarray, v: int, noise: np.ndarray | None = None) -> Windows:
    """All words of one sentence in one update of one block, with full windows."""
    n = len(words)
    padded = np.full(n + 2 * WINDOW, v, np.int32)
    padded[WINDOW : WINDOW + n] = words
    mask = np.zeros((1, 1, n, n + 2 * WINDOW), np.float32)
    for i in range(n):
        for j in range(max(i - WINDOW, 0), min(i + WINDOW + 1, n)):
            mask[0, 0, i, WINDOW + j] = i != j
    centers = words.reshape(1, 1, n).astype(np.int32)
    return Windows(centers, padded[np.newaxis], mask, mask.sum(-1), noise)


def random_tables(v: int, size: float, rng: np.random.Generator) -> list[np.ndarray]:
    tables = [(size * rng.normal(size=(v + 1, D))).astype(np.float32) for _ in range(2)]
    for table in tables:
        table[v] = 0  # padding
    return tables


def noise_shares(v: int) -> np.ndarray:
    """How much each word counts as noise for a prediction."""
    weights = np.arange(v, 0, -1) ** 0.75
    return NEGATIVES * weights / weights.sum()


def kernel_of(v: int, shared_noise: int = 40, *, is_cbow=False, **options) -> SmallStepKernel:
    options = {"share_error": True} | options
    weights = np.arange(v, 0, -1) ** 0.75
    return SmallStepKernel(
        v, D, WINDOW, NEGATIVES, weights, shared_noise, is_cbow=is_cbow, **options
    )


def loss_of(words: np.ndarray, tables: list[np.ndarray], noise: np.ndarray, is_cbow: bool) -> float:
    """The loss by a plain loop. noise: (v,) how much each word counts for a prediction."""
    inputs, outputs = (table[:-1].astype(np.float64) for table in tables)
    total = 0.0
    for i, word in enumerate(words):
        near = range(max(i - WINDOW, 0), min(i + WINDOW + 1, len(words)))
        context = [words[j] for j in near if j != i]
        for predictor in [inputs[context].mean(axis=0)] if is_cbow else inputs[context]:
            scores = outputs @ predictor
            others = noise * np.logaddexp(0, scores)
            total += np.logaddexp(0, -scores[word]) + others.sum() - others[word]
    return total


MODELS = pytest.mark.parametrize("is_cbow", [False, True])


@MODELS
@pytest.mark.parametrize("is_drawn", [False, True])
def test_the_loss_is_that_of_a_plain_loop(is_cbow: bool, is_drawn: bool) -> None:
    rng = np.random.default_rng(1)
    v = 30
    words, tables = rng.integers(0, v, N), random_tables(v, 0.5, rng)
    weights, drawn = noise_shares(v), None
    if is_drawn:
        drawn = rng.integers(0, v, (1, 10))
        weights = np.bincount(drawn[0], minlength=v) * NEGATIVES / 10
    kernel = kernel_of(v, 10 if is_drawn else 40, is_cbow=is_cbow)
    assert kernel.noise_shape == ((10,) if is_drawn else None)
    expected = loss_of(words, tables, weights, is_cbow)
    windows = windows_of(words, v, drawn)
    loss, predictions = kernel.train(windows, 1e-3, *tables)
    assert loss == pytest.approx(expected, rel=1e-5)
    assert predictions == (N if is_cbow else windows.context_mask.sum())


@MODELS
@pytest.mark.parametrize("share_error", [False, True])
def test_a_single_step_is_that_of_the_kernels_by_blocks(is_cbow: bool, share_error: bool) -> None:
    rng = np.random.default_rng(2)
    v = 100
    noise = rng.integers(0, v, (1, 8))
    block: Word2VecKernel = SkipGramKernel(v, D, WINDOW, NEGATIVES, 8)
    if is_cbow:
        block = CbowKernel(v, D, WINDOW, NEGATIVES, 8, share_error=share_error)
    block.reserve((N, 1))
    windows = windows_of(rng.integers(0, v, N), v, noise if is_cbow else noise[:, np.newaxis])
    first = random_tables(v, 0.3, rng)
    second = [table.copy() for table in first]
    sums = block.train(windows, 1e-3, *first)
    kernel = kernel_of(v, 8, is_cbow=is_cbow, share_error=share_error)
    np.testing.assert_allclose(kernel.train(windows, 1e-3, *second), sums, rtol=1e-5)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-6)


@MODELS
def test_no_rate_and_no_vectors_make_an_update_raise_its_loss(is_cbow: bool) -> None:
    """However few words there are, so however many terms each row has."""
    rng = np.random.default_rng(3)
    for v in (2, 5, 20):
        for size in (1e-3, 0.3, 3.0):
            for rate in (0.025, 1.0, 1e9):
                words, tables = rng.integers(0, v, N), random_tables(v, size, rng)
                before = loss_of(words, tables, noise_shares(v), is_cbow)
                kernel_of(v, is_cbow=is_cbow).train(windows_of(words, v), rate, *tables)
                assert all(np.isfinite(table).all() for table in tables)
                after = loss_of(words, tables, noise_shares(v), is_cbow)
                assert after <= before * (1 + 1e-6)


@MODELS
@pytest.mark.parametrize(("size", "rate"), [(1e-3, 0.4), (0.5, 0.1)])
def test_the_steps_follow_the_gradient_flow(is_cbow: bool, size: float, rate: float) -> None:
    """That is where single terms with new scores lead at a small rate.

    Short vectors grow exponentially: by far more than one step of the whole rate lets them.
    """
    rng = np.random.default_rng(4)
    v, times = 4, 2000
    words, tables = rng.integers(0, v, N), random_tables(v, size, rng)
    start, flow = ([table.copy() for table in tables] for _ in range(2))
    for _ in range(times):
        kernel_of(v, is_cbow=is_cbow).train(windows_of(words, v), rate / times, *flow)
    kernel_of(v, is_cbow=is_cbow).train(windows_of(words, v), rate, *tables)
    for table, exact, before in zip(tables, flow, start, strict=True):
        change = np.linalg.norm(exact - before)
        assert change > (0.1 if size == 0.5 else 3 * np.linalg.norm(before))
        # Of exponential growth, each of ten steps misses up to 3 %.
        assert np.linalg.norm(table - exact) < 0.3 * change


@MODELS
def test_shorter_steps_beside_other_processes(
    is_cbow: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of three processes makes three times as many, and writes all of them."""
    rng = np.random.default_rng(5)
    v, counts, results = 5, [], []
    words, tables = rng.integers(0, v, N), random_tables(v, 1.0, rng)
    of = small_steps._Point.of

    def count(*arguments):
        counts[-1] += 1
        return of(*arguments)

    monkeypatch.setattr(small_steps._Point, "of", staticmethod(count))
    for processes in (1, 3):
        counts.append(0)
        results.append([table.copy() for table in tables])
        kernel = kernel_of(v, is_cbow=is_cbow, processes=processes)
        kernel.train(windows_of(words, v), 0.1, *results[-1])
    assert 2.5 * counts[0] < counts[1] < 4 * counts[0]
    for one, other, before in zip(*results, tables, strict=True):
        assert np.linalg.norm(one - other) < 0.15 * np.linalg.norm(other - before)


@MODELS
def test_the_curvature_is_that_of_the_loss_by_the_busiest_row(is_cbow: bool) -> None:
    """Every second word is the same one; by central differences of the loss."""
    rng = np.random.default_rng(6)
    v = 20
    words = np.where(np.arange(N) % 2, 0, rng.integers(1, v, N))
    tables = random_tables(v, 0.7, rng)
    greatest = []
    for table in tables:
        hessian = np.zeros((D, D))
        for a, b in np.ndindex(D, D):
            for s, t in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
                moved = table.astype(np.float64)
                moved[0, a] += s * 1e-3
                moved[0, b] += t * 1e-3
                both = [moved if other is table else other for other in tables]
                hessian[a, b] += s * t * loss_of(words, both, noise_shares(v), is_cbow) / 4e-6
        greatest.append(np.linalg.eigvalsh(hessian)[-1])
    measured = kernel_of(v, is_cbow=is_cbow).curvature(windows_of(words, v), 0, *tables)
    if is_cbow:  # for the bound, an input of a mean counts as if all inputs moved with it
        assert measured > sum(greatest)
    else:
        assert measured == pytest.approx(sum(greatest), rel=0.02)


def test_nothing_is_learned_without_words_and_refused_without_noise() -> None:
    v = 100
    kernel, tables = kernel_of(v, 8), random_tables(v, 1.0, np.random.default_rng(0))
    before = [table.copy() for table in tables]
    empty = windows_of(np.full(1, v), v, np.zeros((1, 8), np.int32))
    assert kernel.train(empty, 0.1, *tables) == (0, 0)
    for table, copy in zip(tables, before, strict=True):
        np.testing.assert_array_equal(table, copy)
    with pytest.raises(SettingsError, match="needs noise words"):
        kernel.train(windows_of(np.arange(N), v), 0.1, *tables)
    for wrong in ({"shared_noise": 0}, {"shared_noise": 8, "processes": 0}):
        with pytest.raises(SettingsError, match="whole number"):
            kernel_of(v, **wrong)
