"""`POST /explain` of words and their sums: neighbors, the map, signs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from serve_client import Client, explanation

import pmt_apps
from pmt_apps.word2vec.predictor import WordPredictor
from pmt_apps.word2vec.word_map import signed_words, word_map
from pmt_core import DataError


def test_words_and_sums_of_words_have_neighbors_and_points(client: Client, runs: Path) -> None:
    predictor = pmt_apps.load(runs / "word2vec", workers=1)
    assert isinstance(predictor, WordPredictor)
    a, b, c = predictor.vectors.words[:3]
    found = explanation(client, "word2vec", f" {a} - {b} + {c}")
    around = predictor.vectors.most_similar([a, c], [b], 80)
    expected = around[:10]
    assert [n["word"] for n in found["neighbors"]] == [n.word for n in expected]
    assert found["terms"] == [{"word": a, "sign": 1, "known": True},
                              {"word": b, "sign": -1, "known": True},
                              {"word": c, "sign": 1, "known": True}]  # fmt: skip
    assert [p["word"] for p in found["points"]] == [a, b, c, *(n.word for n in around)]
    (neighbors,) = predictor.predict([a])
    assert explanation(client, "word2vec", a)["neighbors"] == neighbors
    unknown = explanation(client, "word2vec", f"{a} + nosuchword")
    assert [term["known"] for term in unknown["terms"]] == [True, False]
    assert unknown["neighbors"] == unknown["points"] == []


def test_the_map_is_that_of_the_covariance(runs: Path) -> None:
    predictor = pmt_apps.load(runs / "word2vec", workers=1)
    assert isinstance(predictor, WordPredictor)
    words = predictor.vectors.words[:9]
    plane = word_map(predictor.vectors, words)
    unit = np.stack([predictor.vectors[w] / np.linalg.norm(predictor.vectors[w]) for w in words])
    values, axes = np.linalg.eigh(np.cov(unit.T.astype(np.float64), bias=True))
    assert plane.explained == pytest.approx(values[-2:].sum() / values.sum(), abs=1e-4)
    projected = (unit - unit.mean(axis=0)) @ axes[:, [-1, -2]]
    assert np.abs(np.abs(plane.points) - np.abs(projected)).max() < 1e-4
    assert word_map(predictor.vectors, words[:1]).points.tolist() == [[0, 0]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("king", [("king", 1)]),
        ("king - man + woman", [("king", 1), ("man", -1), ("woman", 1)]),
        (" - man + e-mail", [("man", -1), ("e-mail", 1)]),
        ("c++ + new york", [("c++", 1), ("new york", 1)]),
        ("", [("", 1)]),
    ],
)
def test_signs_of_a_sum_have_spaces_around_them(text: str, words: list[tuple[str, int]]) -> None:
    assert signed_words(text) == words


@pytest.mark.parametrize("text", ["king -", "king - + man", "+"])
def test_a_sign_without_a_word_is_refused(text: str, client: Client) -> None:
    with pytest.raises(DataError, match="after each sign"):
        signed_words(text)
    refused = client.explain("word2vec", {"inputs": ["the", text]})
    assert refused.status == 422
    assert "input 1: expected a word" in refused.message
