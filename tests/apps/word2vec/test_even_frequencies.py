"""Texts whose words are evenly frequent, such as walks on a ring, train to finite vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from programs import Program

from pmt_text import load_word_vectors

NODES = 60


def ring_walks(rng: np.random.Generator) -> str:
    """Return walks of 40 steps on a ring of words."""
    lines = []
    for _ in range(400):
        walk = rng.integers(NODES) + np.cumsum(rng.choice([-1, 1], 40))
        lines.append(" ".join(f"n{node % NODES}" for node in walk))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("window", [5, 20])
@pytest.mark.parametrize("model", ["skipgram", "cbow"])
def test_neighbors_on_a_ring_have_similar_vectors(tmp_path: Path, model: str, window: int) -> None:
    (tmp_path / "walks.txt").write_text(ring_walks(np.random.default_rng(window)))
    options = ("--corpus", "walks.txt", "--subsample", 0, "--sentences", "lines", "--workers", 1)
    program = Program("word2vec", tmp_path)
    program.run(*options, "--model", model, "--window", window, "--out", "run")
    vectors = load_word_vectors(tmp_path / "run" / "vectors.bin")
    matrix = vectors.matrix / np.linalg.norm(vectors.matrix, axis=1, keepdims=True)
    assert np.isfinite(matrix).all()
    similarities = matrix @ matrix.T
    nodes = np.array([int(word.removeprefix("n")) for word in vectors.words])
    distance = np.abs(nodes[:, None] - nodes)
    distance = np.minimum(distance, NODES - distance)
    near, far = similarities[distance == 1].mean(), similarities[distance > NODES // 3].mean()
    assert near > far + 0.2
