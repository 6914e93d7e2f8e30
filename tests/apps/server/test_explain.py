"""`POST /explain`: values that the predictors and independent computations give, and errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from serve_client import Client

import pmt_apps
from pmt_apps.classification.predictor import TextPredictor
from pmt_apps.language_model.predictor import PromptPredictor
from pmt_apps.ner.predictor import EntityPredictor
from pmt_apps.qqp.attribution import REMOVAL, pair_scores
from pmt_apps.qqp.models.baselines import TfIdfPairModel
from pmt_apps.qqp.models.transformer import TransformerPairModel
from pmt_apps.qqp.predictor import PairPredictor
from pmt_apps.word2vec.predictor import WordPredictor
from pmt_apps.word2vec.word_map import signed_words, word_map
from pmt_autograd import Tensor
from pmt_core import DataError, softmax
from pmt_text import QuestionPair

PAIR = ("How do I learn to swim?", "What is the best way to learn swimming?")


def answer(client: Client, run: str, value: Any) -> Any:
    """Return the explanation of an example; it is the same alone and among others."""
    single = client.explain(run, {"input": value})
    assert single.status == 200, single.message
    several = client.explain(run, {"inputs": [value, value]})
    assert several.json == {"answers": [single.json, single.json]}
    return single.json


def test_the_words_of_a_label_are_those_of_the_predictor(client: Client, runs: Path) -> None:
    text = "The parcel came late, thank you."
    predictor = pmt_apps.load(runs / "classify", workers=1)
    assert isinstance(predictor, TextPredictor)
    (expected,) = predictor.explain([text])
    found = answer(client, "classify", text)
    assert found["words"] == expected.words
    assert found["scores"] == pytest.approx(expected.scores, abs=1e-5)
    assert np.abs(found["scores"]).max() > 1e-3
    (row,) = predictor.predict_proba([text])
    assert found["label"] == predictor.classes_[row.argmax()]
    assert found["probability"] == pytest.approx(row.max(), abs=1e-5)
    assert answer(client, "classify", "")["words"] == []


def pairs_of(runs: Path) -> tuple[PairPredictor, TransformerPairModel]:
    predictor = pmt_apps.load(runs / "qqp", workers=1)
    assert isinstance(predictor, PairPredictor)
    assert isinstance(predictor.model, TransformerPairModel)
    return predictor, predictor.model


def test_a_word_of_a_pair_adds_what_its_vector_adds_to_the_log_odds(
    client: Client, runs: Path
) -> None:
    _, model = pairs_of(runs)
    found = answer(client, "qqp", PAIR)
    tokens = [model.encoder.tokenize(text) for text in PAIR]
    assert [found["words1"], found["words2"]] == tokens
    batch = model.encode([PAIR]).batch(np.array([0]))
    n1, n2 = map(len, tokens)
    places = [*range(1, n1 + 1), *range(n1 + 2, n1 + n2 + 2)]  # <cls> 1 <sep> 2 <sep>
    swapped_places = [*range(n2 + 2, n1 + n2 + 2), *range(1, n2 + 1)]
    expected = [
        (slope(model, batch, i) + slope(model, batch.swapped(), j)) / 2
        for i, j in zip(places, swapped_places, strict=True)
    ]
    scores = found["scores1"] + found["scores2"]
    assert scores == pytest.approx(expected, abs=2e-3 * float(np.abs(expected).max()) + 1e-5)


def slope(model: TransformerPairModel, batch: Any, token: int) -> float:
    """Return the derivative of the log-odds by a factor on the vector of a token, at 1."""
    model.module.eval()
    embedded = model.classifier.embed(batch).data
    odds = []
    for factor in (0.98, 1.02):
        x = embedded.copy()
        x[0, token] *= factor
        logits = model.classifier.logits(Tensor(x), batch).data[0].astype(np.float64)
        odds.append(logits[1] - logits[0])
    return float(odds[1] - odds[0]) / 0.04


def test_attention_of_the_heads_has_the_mean_that_the_report_shows(
    client: Client, runs: Path
) -> None:
    predictor, model = pairs_of(runs)
    found = answer(client, "qqp", PAIR)
    expected = model.cross_attention(PAIR)
    assert expected is not None
    first, second = np.array(found["attention12"]), np.array(found["attention21"])
    words1, words2 = len(expected.tokens1), len(expected.tokens2)
    assert first.shape == (2, 2, words1, words2)
    assert second.shape == (2, 2, words2, words1)
    assert np.abs(first.mean(axis=(0, 1)) - expected.weights12).max() < 1e-3
    assert np.abs(second.mean(axis=(0, 1)) - expected.weights21).max() < 1e-3
    assert np.abs(first[0, 0] - first[1, 1]).max() > 1e-3
    assert found["probability"] == pytest.approx(predictor.predict_proba([PAIR])[0, 1], abs=1e-5)


def test_without_gradients_a_word_adds_what_is_lost_without_it() -> None:
    rows = [("where is rome ?", "is rome far ?"), ("how old is it ?", "who is it ?")]
    pairs = [QuestionPair(*texts, label=i) for i, texts in enumerate(rows)]
    settings = PairPredictor.settings_type(baseline="tfidf", min_count=1)
    model = TfIdfPairModel.for_pairs(settings, pairs)
    weights = model.module.weights.weight.data
    weights[...] = np.random.default_rng(0).normal(size=weights.shape)
    predictor = PairPredictor(settings, model)
    scores = pair_scores(model, rows[0], predictor.workers)
    assert scores.method == REMOVAL
    assert scores.words == (["where", "is", "rome", "?"], ["is", "rome", "far", "?"])
    whole, shorter = predictor.predict_proba([rows[0], ("where is ?", "is rome far ?")])[:, 1]
    lost = np.log(whole / (1 - whole)) - np.log(shorter / (1 - shorter))
    assert scores.scores[0][2] == pytest.approx(lost, abs=1e-4)
    assert abs(lost) > 0.1


def test_tags_of_words_are_those_of_the_predictor(client: Client, runs: Path) -> None:
    text = "Ann Lee met Bob in Rome."
    predictor = pmt_apps.load(runs / "ner", workers=1)
    assert isinstance(predictor, EntityPredictor)
    found = answer(client, "ner", text)
    assert [word for word, *_ in found["words"]] == predictor.words([text])[0]
    assert found["classes"] == predictor.classes_
    assert np.allclose(found["probabilities"], predictor.predict_proba([text])[0], atol=1e-5)
    assert found["tags"] == predictor.predict([text])[0]
    assert answer(client, "ner", "")["probabilities"] == []


def test_words_and_sums_of_words_have_neighbors_and_points(client: Client, runs: Path) -> None:
    predictor = pmt_apps.load(runs / "word2vec", workers=1)
    assert isinstance(predictor, WordPredictor)
    a, b, c = predictor.vectors.words[:3]
    found = answer(client, "word2vec", f" {a} - {b} + {c}")
    expected = predictor.vectors.most_similar([a, c], [b])
    assert [n["word"] for n in found["neighbors"]] == [n.word for n in expected]
    assert found["terms"] == [{"word": a, "sign": 1, "known": True},
                              {"word": b, "sign": -1, "known": True},
                              {"word": c, "sign": 1, "known": True}]  # fmt: skip
    assert [p["word"] for p in found["points"]] == [a, b, c, *(n.word for n in expected)]
    (neighbors,) = predictor.predict([a])
    assert answer(client, "word2vec", a)["neighbors"] == neighbors
    unknown = answer(client, "word2vec", f"{a} + nosuchword")
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


def test_tokens_have_the_probabilities_of_the_model(client: Client, runs: Path) -> None:
    predictor = pmt_apps.load(runs / "lm", workers=1)
    assert isinstance(predictor, PromptPredictor)
    window = predictor.settings.max_length
    text = "the dog and the cat go.\n" * 4
    tokens = answer(client, "lm", text)["tokens"]
    assert "".join(token["text"] for token in tokens) == text
    assert tokens[0]["probability"] is None
    ids = predictor.tokenizer.encode(text)
    assert len(tokens) == len(ids) > 3 * window
    for i in range(1, len(ids)):
        contexts = [i] if i < window else range(window // 2, window)
        rows = [next_token(predictor, ids[i - n : i]) for n in contexts]
        best = min(rows, key=lambda row: abs(row[ids[i]] - tokens[i]["probability"]))
        assert tokens[i]["probability"] == pytest.approx(best[ids[i]], rel=1e-3)
        alternatives = tokens[i]["alternatives"]
        shares = [alternative["probability"] for alternative in alternatives]
        assert shares == pytest.approx(sorted(best)[::-1][:5], abs=1e-4)
        assert alternatives[0]["text"] == predictor.tokenizer.decode([int(best.argmax())])
    assert answer(client, "lm", "")["tokens"] == []


def next_token(predictor: PromptPredictor, ids: Any) -> Any:
    """Return the probabilities of the tokens after some."""
    return softmax(predictor.model(ids[np.newaxis]).data[0, -1].astype(np.float64))


@pytest.mark.parametrize(
    ("run", "content", "status", "message"),
    [
        ("ner", {}, 400, 'expected "input"'),
        ("ner", {"input": "a", "stream": True}, 400, "expected some of input, inputs; got stream"),
        ("lm", {"input": "a", "options": {}}, 400, "got options"),
        ("ner", {"input": 3}, 422, "expected a text or a list of words"),
        ("qqp", {"inputs": [["a", "b"], ["a"]]}, 422, "input 1: expected a pair"),
        ("lm", {"inputs": ["the", "\N{SNOWMAN}"]}, 422, "input 1: characters"),
        ("classify", {"inputs": ["a"] * 9}, 413, "9 examples, at most 8"),
        ("classify", {"input": "a" * 501}, 413, "501 characters"),
        ("translation", {"input": "ein hund"}, 404, "are not explained"),
        ("unfinished", {"input": "a"}, 409, "no model yet"),
        ("nobody", {"input": "a"}, 404, "no run"),
    ],
)
def test_what_cannot_be_explained_is_an_error_of_the_client(
    client: Client, run: str, content: Any, status: int, message: str
) -> None:
    refused = client.explain(run, content)
    assert refused.status == status
    assert message in refused.message


def test_explanations_have_the_guards_of_predictions(client: Client) -> None:
    path, content = "/runs/ner/explain", {"input": "Bob"}
    assert client("POST", path, content).status == 200
    assert client("POST", path, content, ORIGIN="http://evil.example").status == 403
    assert client("POST", path, content, HOST="evil.example").status == 421
    assert client("POST", path, content, kind="text/plain").status == 415
    assert client("GET", path).status == 404
    page = client("GET", "/docs").body.decode()
    assert "/runs/ner/explain" in page
    assert "/runs/translation/explain" not in page
    assert client("GET", "/runs/ner/model").json["explains"] is True
    assert client("GET", "/runs/mnist/model").json["explains"] is False
