"""Windows for the tape, the beginning of a corpus, and principal components."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pmt_core import RandomStream, SettingsError, ShapeError
from pmt_text import (
    SamplingSettings,
    TextCorpus,
    WindowBatches,
    count_words,
    principal_components,
)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    """Sentences of numbered words, so that the position of a word is in its name."""
    path = tmp_path / "text.txt"
    path.write_text("\n".join(" ".join(f"s{s}w{i}" for i in range(s)) for s in range(1, 9)) + "\n")
    return path


def batches(path: Path, size: int = 7, **settings: object) -> tuple[WindowBatches, list[str]]:
    corpus = TextCorpus(path, sentences="lines")
    counts = count_words(corpus, min_count=1)
    plan = SamplingSettings(**{"subsample": 0.0, "window": 3, **settings})
    return WindowBatches(corpus, counts, plan, size, RandomStream(5, "w")), counts.words


def test_contexts_are_the_neighbors_within_the_sentence(text: Path) -> None:
    made, words = batches(text)
    sizes = []
    for batch in made.epoch(0):
        assert 1 <= len(batch) <= 7
        for word, neighbors, mask in zip(batch.words, batch.neighbors, batch.mask, strict=True):
            sentence, position = words[word][1:].split("w")
            context = [words[i] for i in neighbors[mask]]
            distances = [int(name.split("w")[1]) - int(position) for name in context]
            assert all(name.startswith(f"s{sentence}w") for name in context)
            size = max(map(abs, distances))
            sizes.append(size)
            length = int(sentence)
            expected = [d for d in range(-size, size + 1) if d and 0 <= int(position) + d < length]
            assert distances == expected
    assert len(sizes) == sum(range(2, 9))  # the sentence of one word has no neighbors
    assert set(sizes) == {1, 2, 3}


def test_epochs_differ_and_come_again(text: Path) -> None:
    made, _ = batches(text)

    def flat(n: int) -> list[list[int]]:
        return [batch.mask.astype(int).ravel().tolist() for batch in made.epoch(n)]

    assert flat(0) == flat(0)
    assert flat(0) != flat(1)


def test_subsampling_may_leave_no_word(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text("a a b")
    made, _ = batches(path, subsample=1e-12)
    (empty,) = made.epoch(0)
    assert (len(empty), empty.neighbors.shape, empty.mask.shape) == (0, (0, 6), (0, 6))
    assert all([len(batch) for batch in made.epoch(epoch)] == [0] for epoch in range(20))


def test_pairs_are_those_of_the_mask(text: Path) -> None:
    made, _ = batches(text, size=1000)
    (batch,) = made.epoch(0)
    words, neighbors = batch.pairs()
    expected = [
        (w, n)
        for w, row, mask in zip(batch.words, batch.neighbors, batch.mask, strict=True)
        for n in row[mask]
    ]
    assert list(zip(words, neighbors, strict=True)) == expected


def test_frequent_words_are_thinned_out_and_noise_follows_the_counts(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text("\n".join(["the the the the a the the the b the"] * 2000))
    made, words = batches(path, size=10_000, subsample=0.05)
    centers = np.concatenate([batch.words for batch in made.epoch(0)])
    # f = 0.8: kept with sqrt(0.05 / 0.8) + 0.05 / 0.8 = 0.3125; of some the neighbors are gone
    share = (centers == words.index("the")).sum() / 16_000
    assert 0.25 < share <= 0.3125 * 1.03
    assert made.epoch_length(0) == 1
    drawn = made.noise((200_000,), np.random.default_rng(0))
    weights = np.array([16_000, 2000, 2000]) ** 0.75
    np.testing.assert_allclose(
        np.bincount(drawn, minlength=3) / 200_000, weights / weights.sum(), atol=0.005
    )
    with pytest.raises(SettingsError, match="batch_size"):
        batches(path, size=0)


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 35, 36, 99])
def test_a_limited_corpus_is_the_beginning(text: Path, limit: int) -> None:
    whole = text.read_text().split()
    limited = [
        word.decode()
        for words in TextCorpus(text, sentences="lines", limit=limit).word_lists()
        for word in words
        if word != b"\xff"
    ]
    assert limited == whole[:limit]
    with pytest.raises(SettingsError, match="1 or more"):
        TextCorpus(text, limit=0)


def test_principal_components_are_the_directions_of_largest_variance() -> None:
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(200, 2)) * [5, 2]
    turn, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    vectors = latent @ turn[:2] + 3 + 1e-6 * rng.normal(size=(200, 6))
    components = principal_components(vectors)
    np.testing.assert_allclose(components.mean(axis=0), 0, atol=1e-9)
    values = np.sort(np.linalg.eigvalsh(np.cov(vectors.T)))[::-1][:2]
    np.testing.assert_allclose(components.var(axis=0, ddof=1), values)
    assert abs(np.corrcoef(components.T)[0, 1]) < 1e-9
    distances = np.linalg.norm(components[:, None] - components, axis=-1)
    np.testing.assert_allclose(
        distances, np.linalg.norm(vectors[:, None] - vectors, axis=-1), atol=1e-4
    )
    np.testing.assert_array_equal(principal_components(vectors), components)
    for bad in (np.zeros(3), np.zeros((1, 5)), np.zeros((5, 1))):
        with pytest.raises(ShapeError, match="components"):
            principal_components(bad)
