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
from pmt_apps.mnist.attribution import pixel_gradients
from pmt_apps.mnist.predictor import DigitPredictor
from pmt_apps.ner.predictor import EntityPredictor
from pmt_apps.qqp.attribution import REMOVAL, pair_scores
from pmt_apps.qqp.models.baselines import TfIdfPairModel
from pmt_apps.qqp.models.transformer import TransformerPairModel
from pmt_apps.qqp.predictor import PairPredictor
from pmt_apps.translation.predictor import TranslationPredictor
from pmt_apps.word2vec.predictor import WordPredictor
from pmt_apps.word2vec.word_map import signed_words, word_map
from pmt_autograd import Tensor
from pmt_core import DataError, softmax
from pmt_text import QuestionPair, TaggedSentence

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


def test_the_lattice_is_that_of_the_crf(client: Client, runs: Path) -> None:
    predictor = pmt_apps.load(runs / "ner", workers=1)
    assert isinstance(predictor, EntityPredictor)
    text = "Ann Lee met Bob in Rome."
    explained = answer(client, "ner", text)
    lattice = explained["lattice"]
    crf = predictor.tagger.model.crf
    tags, n = lattice["tags"], len(explained["words"])
    assert tags == list(predictor.tagger.encoder.tags)
    marginals = np.array(lattice["marginals"])
    assert marginals.shape == (n, len(tags))
    best = predictor.tagger.tag([TaggedSentence(tuple(w for w, *_ in explained["words"]))],
                                predictor.workers)  # fmt: skip
    assert [tags[i] for i in lattice["best"]] == list(best.tags[0])
    for i, steps in enumerate(lattice["steps"]):
        pairs = np.zeros((len(tags), len(tags)))
        for a, b, share in steps:
            pairs[a, b] = share
        assert pairs.sum(axis=1) == pytest.approx(marginals[i], abs=2e-2)
        assert pairs.sum(axis=0) == pytest.approx(marginals[i + 1], abs=2e-2)
    forbidden = crf.forbidden
    assert forbidden is not None
    is_null = [[score is None for score in row] for row in lattice["transitions"]]
    assert is_null == forbidden.tolist()
    assert answer(client, "ner", "")["lattice"] is None
    assert len(answer(client, "ner", "Ann slept " * 25)["lattice"]["best"]) == 40


def test_a_translation_has_its_beams_and_the_attention_of_its_heads(
    client: Client, runs: Path
) -> None:
    predictor = pmt_apps.load(runs / "translation", workers=1)
    assert isinstance(predictor, TranslationPredictor)
    text = "the cat and the dog"
    explained = answer(client, "translation", text)
    (expected,) = predictor.predict_json([text])
    assert {key: explained[key] for key in expected} == pytest.approx(expected)
    weights = np.array(explained["attention"])
    layers, heads = predictor.settings.layers, predictor.settings.heads
    target, source = explained["target_tokens"], explained["source_tokens"]
    assert weights.shape == (layers, heads, len(target), len(source))
    assert np.allclose(weights.sum(axis=-1), 1, atol=2e-3)
    nodes, path = explained["nodes"], explained["path"]
    assert [nodes[i][2] for i in path] == target
    assert nodes[path[-1]][4] == pytest.approx(expected["score"], abs=1e-4)
    assert nodes[path[-1]][5] == "ended"
    for i, (parent, depth, _, p, _, state) in enumerate(nodes):
        assert parent < i
        if parent >= 0:
            assert nodes[parent][1] == depth - 1
            assert nodes[parent][3] >= p
            assert nodes[parent][5] == "kept"
        assert state in ("kept", "dropped", "ended")
    for depth in range(1, max(node[1] for node in nodes) + 1):
        kept = [node for node in nodes if node[1] == depth and node[5] == "kept"]
        assert len(kept) <= predictor.settings.beam


def test_the_gradients_of_a_digit_are_slopes_of_its_log_odds(
    client: Client, runs: Path, image: list[int]
) -> None:
    predictor = pmt_apps.load(runs / "mnist", workers=1)
    assert isinstance(predictor, DigitPredictor)
    explained = answer(client, "mnist", image)
    assert explained["label"] == predictor.predict([image])[0]
    pictures = np.array(explained["gradients"])
    assert pictures.shape == (10, 28, 28)
    assert np.abs(pictures).max(axis=(1, 2)).tolist() == [100] * 10
    x = np.array(image, np.float32).reshape(1, 1, 28, 28) / 255
    predictor.model.eval()
    for digit in (3, explained["label"]):
        direction = (pictures[digit] / 100).astype(np.float32)
        slope = (log_odds(predictor, x + 5e-4 * direction, digit)
                 - log_odds(predictor, x - 5e-4 * direction, digit)) / 1e-3  # fmt: skip
        exact = pixel_gradients(predictor.model, np.array(image, np.uint8).reshape(28, 28))[digit]
        assert slope == pytest.approx(float((exact * direction).sum()), rel=2e-2)
        assert np.abs(direction - exact / np.abs(exact).max()).max() < 0.006


def log_odds(predictor: DigitPredictor, x: Any, digit: int) -> float:
    p = softmax(predictor.model(x).data[0].astype(np.float64))[digit]
    return float(np.log(p / (1 - p)))


def test_the_maps_of_a_digit_are_those_of_the_first_convolutions(
    client: Client, runs: Path, image: list[int]
) -> None:
    predictor = pmt_apps.load(runs / "mnist", workers=1)
    assert isinstance(predictor, DigitPredictor)
    first, second = answer(client, "mnist", image)["layers"]
    x = np.array(image, np.float32).reshape(1, 1, 28, 28) / 255
    maps = np.maximum(predictor.model[0](Tensor(x)).data[0], 0)
    assert np.array(first["maps"]) == pytest.approx(100 * maps / maps.max(), abs=0.6)
    assert np.array(first["kernels"]).shape == (len(maps), 5, 5)
    assert second["kernels"] is None
    assert np.array(second["maps"]).shape == (2 * len(maps), 14, 14)


def test_words_and_sums_of_words_have_neighbors_and_points(client: Client, runs: Path) -> None:
    predictor = pmt_apps.load(runs / "word2vec", workers=1)
    assert isinstance(predictor, WordPredictor)
    a, b, c = predictor.vectors.words[:3]
    found = answer(client, "word2vec", f" {a} - {b} + {c}")
    around = predictor.vectors.most_similar([a, c], [b], 80)
    expected = around[:10]
    assert [n["word"] for n in found["neighbors"]] == [n.word for n in expected]
    assert found["terms"] == [{"word": a, "sign": 1, "known": True},
                              {"word": b, "sign": -1, "known": True},
                              {"word": c, "sign": 1, "known": True}]  # fmt: skip
    assert [p["word"] for p in found["points"]] == [a, b, c, *(n.word for n in around)]
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
