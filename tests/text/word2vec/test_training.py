"""Training: the same bits again, resuming, learning something, not diverging silently."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pmt_core import RandomStream, SettingsError, StateError, load_archive, save_archive
from pmt_text import (
    TextCorpus,
    Word2Vec,
    Word2VecProgress,
    Word2VecSettings,
    Word2VecTraining,
    WordCounts,
    count_words,
)
from pmt_text.word2vec.kernels.hidden_means import HiddenMeans
from pmt_text.word2vec.kernels.hierarchical_softmax import bounded_steps
from pmt_text.word2vec.kernels.hierarchical_softmax_gradients import tree_gradients
from pmt_text.word2vec.kernels.logistic import logistic_changes, logistic_loss

FORMS = [(model, loss) for model in ("skipgram", "cbow") for loss in ("ns", "hs")]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> TextCorpus:
    """Two topics of twenty words that never meet in a sentence, 8,000 words."""
    rng = np.random.default_rng(0)
    topic = rng.integers(0, 2, 800)
    words = np.char.add(
        np.where(topic, "x", "y")[:, np.newaxis], rng.integers(0, 20, (800, 10)).astype(str)
    )
    path = tmp_path_factory.mktemp("text") / "topics.txt"
    path.write_text("\n".join(" ".join(line) for line in words))
    return TextCorpus(path, sentences="lines")


@pytest.fixture(scope="module")
def counts(corpus) -> WordCounts:
    return count_words(corpus, min_count=1)


def model_of(counts: WordCounts, **changes) -> Word2Vec:
    settings = {"dimension": 16, "epochs": 2, "subsample": 1e-2, "learning_rate": 0.05} | changes
    return Word2Vec(Word2VecSettings(**settings), counts, RandomStream(7, "word2vec"))


def assert_topics_apart(model: Word2Vec) -> None:
    unit = model.vectors / np.linalg.norm(model.vectors, axis=1, keepdims=True)
    is_x = np.array([word[0] == "x" for word in model.counts.words])
    cosines = unit @ unit.T
    same = cosines[is_x[:, np.newaxis] == is_x].mean()
    other = cosines[is_x[:, np.newaxis] != is_x].mean()
    assert same > other + 0.5


@pytest.mark.parametrize(("model", "loss"), FORMS)
def test_words_of_one_topic_come_together(corpus, counts, model: str, loss: str) -> None:
    trained = model_of(counts, model=model, loss=loss, epochs=6)
    results = [trained.train_epoch(corpus) for _ in range(6)]
    assert results[-1].loss < results[0].loss - 0.1
    assert [result.epoch for result in results] == [1, 2, 3, 4, 5, 6]
    assert results[0].words == counts.kept == 8_000
    assert 0 < results[0].trained_words < 8_000
    np.testing.assert_allclose(results[-1].learning_rate, 1e-4)
    assert_topics_apart(trained)


@pytest.mark.parametrize(("model", "loss"), FORMS)
def test_the_first_loss_is_that_of_untrained_vectors(corpus, counts, model, loss) -> None:
    """With a learning rate of nearly 0 nothing moves: every answer costs log 2."""
    still = model_of(
        counts, model=model, loss=loss, learning_rate=1e-30, last_learning_rate=0.0, epochs=1
    )
    answers = 6.0
    if loss == "hs":
        shares = counts.counts / counts.kept
        entropy = -np.sum(shares * np.log2(shares))
        answers = entropy + 0.5  # a Huffman code is less than one bit longer than the entropy
    found = still.train_epoch(corpus).loss / np.log(2)
    # A noise word that is the word itself is left out: about one of forty here.
    assert answers - 0.5 <= found <= answers + (0.5 if loss == "hs" else 0)


def test_one_worker_gives_the_same_bits_and_another_seed_others(corpus, counts) -> None:
    first, second = model_of(counts), model_of(counts)
    with Word2VecTraining(second, corpus) as training:
        for _ in range(2):
            assert first.train_epoch(corpus) == training.train_epoch()
    np.testing.assert_array_equal(first.vectors, second.vectors)
    np.testing.assert_array_equal(first.outputs, second.outputs)
    other = Word2Vec(first.settings, counts, RandomStream(8))
    assert not np.array_equal(other.vectors, model_of(counts).vectors)


class Stop(Exception):
    pass


def test_a_run_broken_off_and_resumed_is_the_run_that_was_not(corpus, counts, tmp_path) -> None:
    # Long enough for two rounds in an epoch, so that it stops within one.
    path = tmp_path / "long.txt"
    path.write_text((Path(corpus.path).read_text() + "\n") * 11)
    long = TextCorpus(path, sentences="lines")
    counts = count_words(long, min_count=1)
    whole = model_of(counts)
    expected = [whole.train_epoch(long) for _ in range(2)]

    def stop(progress: Word2VecProgress) -> None:
        assert 0 < progress.words < progress.total_words
        raise Stop

    broken = model_of(counts)
    with pytest.raises(Stop):
        broken.train_epoch(long, progress=stop)
    save_archive(tmp_path / "state.npz", broken.state())
    resumed = model_of(counts)
    resumed.load_state(load_archive(tmp_path / "state.npz")[0])
    assert resumed.epoch == 0
    assert [resumed.train_epoch(long) for _ in range(2)] == expected
    np.testing.assert_array_equal(resumed.vectors, whole.vectors)
    np.testing.assert_array_equal(resumed.outputs, whole.outputs)


def test_progress_ends_at_the_whole_epoch(corpus, counts) -> None:
    seen: list[Word2VecProgress] = []
    result = model_of(counts).train_epoch(corpus, progress=seen.append)
    assert seen[-1].words == seen[-1].total_words == counts.kept
    assert seen[-1].loss == result.loss


def test_a_state_of_another_model_is_refused(counts) -> None:
    model = model_of(counts)
    before = model.vectors.copy()
    for state in (model_of(counts, dimension=8).state(), model_of(counts, loss="hs").state(), {}):
        with pytest.raises(StateError, match="another vocabulary"):
            model.load_state(state)
    np.testing.assert_array_equal(model.vectors, before)


@pytest.mark.parametrize("model", ["skipgram", "cbow"])
def test_divergence_is_an_error(corpus, counts, model: str) -> None:
    wild = model_of(counts, model=model, learning_rate=100.0, update_blocks=4)
    with pytest.raises(StateError, match="lower the learning rate"):
        for _ in range(2):
            wild.train_epoch(corpus)


@pytest.mark.parametrize("model", ["skipgram", "cbow"])
def test_near_the_root_of_the_tree_no_rate_is_too_high(corpus, counts, model: str) -> None:
    """The tree of forty words has no other nodes."""
    wild = model_of(counts, model=model, loss="hs", learning_rate=10.0, update_blocks=8)
    first, second = (wild.train_epoch(corpus).loss for _ in range(2))
    assert second < first
    assert_topics_apart(wild)


def test_a_vector_that_is_not_finite_is_an_error(corpus, counts) -> None:
    model = model_of(counts)
    model.vectors[3] = np.nan
    with pytest.raises(StateError, match="diverged"):
        model.train_epoch(corpus)


def test_another_corpus_and_too_many_epochs_are_errors(corpus, counts, tmp_path) -> None:
    path = tmp_path / "other.txt"
    path.write_text("x1 y2 x3")
    with pytest.raises(StateError, match="counted"):
        model_of(counts).train_epoch(TextCorpus(path))
    done = model_of(counts, epochs=1)
    done.train_epoch(corpus)
    with pytest.raises(StateError, match="epochs"):
        done.train_epoch(corpus)


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": "glove"},
        {"loss": "softmax"},
        {"dimension": 0},
        {"window": 0},
        {"window": 1000},
        {"subsample": 1.5},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"last_learning_rate": 1.0},
        {"noise_power": float("inf")},
        {"update_blocks": -1},
    ],
)
def test_settings_that_make_no_sense(wrong) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        Word2VecSettings(**wrong)


R, B, M, K, D = 2, 3, 5, 4, 3  # blocks, their words and inputs, shared rows, dimension


def assert_numeric(arrays: list[np.ndarray], found, names: list[str]) -> None:
    """The named fields of `found()` are minus the central differences of its loss, in float64."""
    gradients = [np.array(getattr(found(), name)) for name in names]
    for array, gradient in zip(arrays, gradients, strict=True):
        for place in np.ndindex(array.shape):
            kept = array[place]
            array[place] = kept + 1e-5
            above = found().loss
            array[place] = kept - 1e-5
            below = found().loss
            array[place] = kept
            np.testing.assert_allclose(-(above - below) / 2e-5, gradient[place], atol=1e-6)


def test_hidden_vectors_of_cbow_are_means_and_take_the_error_back() -> None:
    rng = np.random.default_rng(3)
    sees = (rng.random((1, R, B, M)) < 0.5).astype(np.float64)
    sees[0, 1, 2] = 0  # a word without context
    means = HiddenMeans.over(sees, sees.sum(axis=-1), share_error=True)
    inputs, by_hidden = rng.normal(size=(R, M, D)), rng.normal(size=(R, B, D))
    for block in range(R):
        for word in range(B):
            seen = inputs[block][sees[0, block, word] == 1]
            expected = seen.mean(axis=0) if len(seen) else np.zeros(D)
            np.testing.assert_allclose((means.mean[0] @ inputs)[block, word], expected)
            assert means.predicted[0, block, word] == (len(seen) > 0)
    np.testing.assert_array_equal(means.spread, means.mean.swapaxes(-1, -2))
    # The C program gives every input of a word the whole error: c times its part.
    whole = HiddenMeans.over(sees, sees.sum(axis=-1), share_error=False)
    counted = sees[0].sum(axis=2, keepdims=True)
    np.testing.assert_allclose(
        whole.spread[0] @ by_hidden, means.spread[0] @ (by_hidden * counted), atol=1e-12
    )


def test_tree_gradients_are_numeric_derivatives() -> None:
    rng = np.random.default_rng(4)
    o = 6
    hidden = rng.normal(size=(R, M, D))
    top, deep = rng.normal(size=(K, D)), rng.normal(size=(R, o, D))
    top_total, deep_total = rng.random((R, M, K)), rng.random((R, o, M))
    top_right, deep_right = 0.3 * top_total, 0.6 * deep_total
    assert_numeric(
        [hidden, deep, top],
        lambda: tree_gradients(hidden, top, deep, top_total, top_right, deep_total, deep_right),
        ["inputs", "outputs", "shared"],
    )


def minus_softplus(scores: np.ndarray, total: np.ndarray) -> tuple[float, np.ndarray]:
    """The logistic loss and minus its derivative by the scores."""
    tanh = np.empty_like(scores)
    changes = logistic_changes(scores, total * scores.dtype.type(-0.5), tanh)
    return logistic_loss(scores, tanh, total), changes


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
            value, by_score = minus_softplus(scores, total)
            return value - float(np.vdot(right, scores)), (by_score + right) @ vectors

        before, gradients = loss(row)
        curvature = total @ (vectors**2).sum(axis=1)
        for rate in (1e-6, 0.025, 100.0):
            step = rate * bounded_steps(gradients.copy(), curvature, rate, 1.0)
            assert loss(row + step)[0] <= before
        # A step that is short enough is left alone.
        np.testing.assert_array_equal(
            bounded_steps(gradients.copy(), curvature, 1e-9, 1.0), gradients
        )


def test_scores_of_any_size_give_finite_losses() -> None:
    scores = np.array([1e6, -1e6, 1e30, 0.0], np.float32)
    for i, expected in enumerate([1e6, 0, 1e30, np.log(2)]):
        loss, by_score = minus_softplus(scores[i : i + 1], np.ones(1, np.float32))
        np.testing.assert_allclose(loss, expected, rtol=1e-6)
        np.testing.assert_allclose(by_score, [-1, 0, -1, -0.5][i : i + 1])
    moderate = np.linspace(-30, 30, 301)
    loss, by_score = minus_softplus(moderate, np.ones(301))
    np.testing.assert_allclose(loss, np.logaddexp(0, moderate).sum())
    np.testing.assert_allclose(by_score, -1 / (1 + np.exp(-moderate)), atol=1e-12)
