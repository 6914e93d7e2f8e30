"""tf-idf vectors of pairs, and batches of bags."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from pmt_core import DataError, SettingsError, ShapeError
from pmt_text import TfIdf, jaccard, tokenize

TEXTS = ["how do i swim", "how do i cook rice", "why is rice white", "swim swim swim"]


def learned(min_count: int = 1) -> TfIdf:
    return TfIdf.learn((tokenize(text) for text in TEXTS), min_count)


def vector(words: TfIdf, text: str) -> np.ndarray:
    """By the definition, one word after the other."""
    tokens = tokenize(text)
    bags = np.array(
        [
            (1 + math.log(tokens.count(word))) * idf if word in tokens else 0.0
            for word, idf in words.idf.items()
        ]
    )
    norm = math.sqrt(float(bags @ bags))
    return bags / norm if norm else bags


def test_idf_by_hand():
    words = learned()
    assert words.idf["white"] == pytest.approx(math.log(5 / 2) + 1)
    assert words.idf["swim"] == pytest.approx(math.log(5 / 3) + 1)  # in two texts, not four
    assert set(learned(2).idf) == {"how", "do", "i", "swim", "rice"}
    assert list(learned(2).idf) == sorted(learned(2).idf)  # all in two texts: by the alphabet


def test_pairs_are_what_the_definition_says():
    words = learned()
    pairs = [
        ("How do I swim?", "How do I cook rice, rice, rice?"),
        ("swim", "swim"),
        ("unheard of", "why is rice white"),
        ("unheard", "unknown"),
    ]
    bags = words.encode(pairs, [0, 1, 0, 0])
    assert bags.labels is not None
    batch = bags.batch(np.arange(4))
    v = len(words)
    for i, (first, second) in enumerate(pairs):
        a, b = vector(words, first), vector(words, second)
        dense = np.zeros(2 * v)
        np.add.at(dense, batch.ids[i], batch.values[i])
        np.testing.assert_allclose(dense, np.concatenate([abs(a - b), a * b]), atol=1e-6)
        weighted_overlap = np.minimum(a, b).sum() / max(np.maximum(a, b).sum(), 1e-12)
        expected = [jaccard(tokenize(first), tokenize(second)), a @ b, weighted_overlap]
        np.testing.assert_allclose(batch.scores[i], expected, atol=1e-6)
    assert bags.lengths[3] == 0


def test_batches_and_shards_hold_every_bag_once():
    words = learned()
    bags = words.encode([(a, b) for a in TEXTS for b in TEXTS], np.arange(16) % 2)
    batch = bags.batch(np.array([5, 0, 7, 2]))
    assert batch.index.tolist() == [5, 0, 7, 2]
    shards = [batch.shard(i, 3) for i in range(3)]
    assert sorted(np.concatenate([shard.index for shard in shards])) == [0, 2, 5, 7]
    np.testing.assert_array_equal(shards[1].values[0], batch.values[1])
    assert bags.batch(np.array([], np.int64)).ids.shape == (0, 0)
    with pytest.raises(ShapeError):
        bags.batch(np.array([16]))
    with pytest.raises(SettingsError):
        batch.shard(3, 3)


def test_json_gives_the_same_back_and_refuses_what_is_broken():
    words = learned()
    again = TfIdf.from_json(json.loads(json.dumps(words.to_json())))
    assert again.idf == words.idf
    for state in ({}, {"words": ["a"], "idf": []}, {"words": ["a", "a"], "idf": [1, 1]}):
        with pytest.raises(DataError):
            TfIdf.from_json(state)
    for wrong in (0.0, -1.0, math.nan):
        with pytest.raises(DataError):
            TfIdf.from_json({"words": ["a"], "idf": [wrong]})
    with pytest.raises(SettingsError):
        TfIdf.learn([["a"]], 0)


def test_nothing_learned_still_encodes():
    bags = TfIdf.learn([]).encode([("a", "b"), ("a", "a")])
    assert bags.lengths.tolist() == [0, 0]
    assert bags.scores[:, 0].tolist() == [0.0, 1.0]
