"""`POST /explain`: values that the predictors and independent computations give, and errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from serve_client import Client, explanation

import pmt_apps
from pmt_apps.classification.predictor import TextPredictor
from pmt_apps.language_model.predictor import PromptPredictor
from pmt_apps.mnist.attribution import pixel_gradients
from pmt_apps.mnist.predictor import DigitPredictor
from pmt_apps.ner.predictor import EntityPredictor
from pmt_apps.translation.predictor import TranslationPredictor
from pmt_autograd import Tensor
from pmt_core import softmax
from pmt_text import TaggedSentence


def test_the_words_of_a_label_are_those_of_the_predictor(client: Client, runs: Path) -> None:
    text = "The parcel came late, thank you."
    predictor = pmt_apps.load(runs / "classify", workers=1)
    assert isinstance(predictor, TextPredictor)
    (expected,) = predictor.explain([text])
    found = explanation(client, "classify", text)
    assert found["words"] == expected.words
    assert found["scores"] == pytest.approx(expected.scores, abs=1e-5)
    assert np.abs(found["scores"]).max() > 1e-3
    (row,) = predictor.predict_proba([text])
    assert found["label"] == predictor.classes_[row.argmax()]
    assert found["probability"] == pytest.approx(row.max(), abs=1e-5)
    assert explanation(client, "classify", "")["words"] == []


def test_tags_of_words_are_those_of_the_predictor(client: Client, runs: Path) -> None:
    text = "Ann Lee met Bob in Rome."
    predictor = pmt_apps.load(runs / "ner", workers=1)
    assert isinstance(predictor, EntityPredictor)
    found = explanation(client, "ner", text)
    assert [word for word, *_ in found["words"]] == predictor.words([text])[0]
    assert found["classes"] == predictor.classes_
    assert np.allclose(found["probabilities"], predictor.predict_proba([text])[0], atol=1e-5)
    assert found["tags"] == predictor.predict([text])[0]
    assert explanation(client, "ner", "")["probabilities"] == []


def test_the_lattice_is_that_of_the_crf(client: Client, runs: Path) -> None:
    predictor = pmt_apps.load(runs / "ner", workers=1)
    assert isinstance(predictor, EntityPredictor)
    text = "Ann Lee met Bob in Rome."
    explained = explanation(client, "ner", text)
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
    assert explanation(client, "ner", "")["lattice"] is None
    assert len(explanation(client, "ner", "Ann slept " * 25)["lattice"]["best"]) == 40


def test_a_translation_has_its_beams_and_the_attention_of_its_heads(
    client: Client, runs: Path
) -> None:
    predictor = pmt_apps.load(runs / "translation", workers=1)
    assert isinstance(predictor, TranslationPredictor)
    text = "the cat and the dog"
    explained = explanation(client, "translation", text)
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
    explained = explanation(client, "mnist", image)
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
    first, second = explanation(client, "mnist", image)["layers"]
    x = np.array(image, np.float32).reshape(1, 1, 28, 28) / 255
    maps = np.maximum(predictor.model[0](Tensor(x)).data[0], 0)
    assert np.array(first["maps"]) == pytest.approx(100 * maps / maps.max(), abs=0.6)
    assert np.array(first["kernels"]).shape == (len(maps), 5, 5)
    assert second["kernels"] is None
    assert np.array(second["maps"]).shape == (2 * len(maps), 14, 14)


def test_tokens_have_the_probabilities_of_the_model(client: Client, runs: Path) -> None:
    predictor = pmt_apps.load(runs / "lm", workers=1)
    assert isinstance(predictor, PromptPredictor)
    window = predictor.settings.max_length
    text = "the dog and the cat go.\n" * 4
    tokens = explanation(client, "lm", text)["tokens"]
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
    assert explanation(client, "lm", "")["tokens"] == []


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
