"""Models of texts: what they learn, several labels, class weights, and the words that decided."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_encoder import write_tiny_encoder

from pmt_apps.classification.attribution import word_scores
from pmt_apps.classification.baselines import majority_scores
from pmt_apps.classification.data import fold_of, held_out
from pmt_apps.classification.labels import LabelSet
from pmt_apps.classification.scores import several_label_scores
from pmt_apps.classification.settings import Settings
from pmt_apps.classification.text_model import TextModel
from pmt_apps.classification.training import encoded_texts, text_model, trainings
from pmt_core import DataError
from pmt_text import LabeledText
from pmt_train import Workers

FILLERS = ["the", "film", "a", "of", "story", "one", "it", "with", "some", "very", "scene", "time"]
GOOD, BAD = ["joy", "warm", "clever"], ["dull", "cold", "lazy"]


def texts(n: int, seed: int = 0) -> list[LabeledText]:
    """Sentences of fillers with one or two words that decide, which agree."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        words = [FILLERS[j] for j in rng.integers(0, len(FILLERS), rng.integers(6, 12))]
        for _ in range(rng.integers(1, 3)):
            words.insert(int(rng.integers(len(words))), (GOOD if i % 2 else BAD)[rng.integers(3)])
        rows.append(LabeledText(" ".join(words), ("good" if i % 2 else "bad",)))
    return rows


def settings(kind: str, folder: Path) -> Settings:
    given: dict[str, Any] = {"workers": 1, "epochs": 3, "patience": 3, "model": "tfidf"}
    if kind == "scratch":
        given |= {"width": 16, "heads": 2, "hidden": 16, "average": 0.9, "model": "scratch"}
    if kind == "encoder":
        given |= {"encoder": write_tiny_encoder(folder), "lr": 3e-3}
    return Settings(**{**Settings.defaults({**given, "train": ""}), **given})


def trained(kind: str, folder: Path, train: list[LabeledText], **changes: Any) -> TextModel:
    chosen = replace(settings(kind, folder), **changes)
    several = any(len(row.labels) != 1 for row in train)
    labels = LabelSet.of((row.labels for row in train), several)
    model = text_model(kind).build(chosen, [row.text for row in train], labels)
    for training in trainings(model, chosen, train, train[:40], Workers(1)):
        training.run("training")
    return model


def probabilities(model: TextModel, rows: list[str]) -> np.ndarray[Any, Any]:
    return model.probabilities(model.logits(model.encode(rows), Workers(1)))


@pytest.mark.parametrize("kind", ["tfidf", "scratch"])
def test_the_words_that_decide_are_those_whose_deletion_changes_most(
    kind: str, tmp_path: Path
) -> None:
    model = trained(kind, tmp_path, texts(400))
    held = texts(60, seed=1)
    rows = [row.text for row in held]
    before = probabilities(model, rows)
    predicted = before.argmax(axis=1)
    known = model.labels.encode([row.labels for row in held])
    assert (predicted == known).mean() > 0.95
    rng = np.random.default_rng(0)
    falls = {"important": [], "random": []}  # type: ignore[var-annotated]
    for row, scores, k, p in zip(
        rows, word_scores(model, rows, predicted.tolist()), predicted, before, strict=True
    ):
        assert scores.words == row.split()
        order = np.argsort(-scores.scores)
        for name, deleted in (
            ("important", order[:2]),
            ("random", rng.permutation(len(order))[:2]),
        ):
            kept = " ".join(np.delete(scores.words, deleted))
            falls[name].append(p[k] - probabilities(model, [kept])[0, k])
    assert np.mean(falls["important"]) > np.mean(falls["random"]) + 0.1


def test_gradient_times_input_of_a_linear_model_is_its_log_odds(tmp_path: Path) -> None:
    model = trained("tfidf", tmp_path, texts(200))
    row = texts(1, seed=3)[0].text
    logits = model.logits(model.encode([row]), Workers(1))[0]
    bias = model.network.state_dict()["bias"]
    (scores,) = word_scores(model, [row], [1])
    expected = (logits[1] - bias[1]) - (logits[0] - bias[0])
    assert scores.scores.sum() == pytest.approx(expected, rel=1e-4)


def test_an_encoder_is_fine_tuned_and_its_lowest_parts_stay_frozen(tmp_path: Path) -> None:
    rows = [row.text for row in texts(120)]
    plain = text_model("encoder").build(
        settings("encoder", tmp_path), rows, LabelSet(("bad", "good"))
    )
    before = plain.network.state_dict()
    model = trained(
        "encoder", tmp_path, texts(120), freeze=2, layer_decay=0.5, accumulate=2, epochs=1
    )
    after = model.network.state_dict()
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert {"classify.bias", "classify.weight", "grams.bias", "grams.grams.weight"} <= changed
    assert not any(
        name.startswith(("encoder.words", "encoder.encoder.layers.0")) for name in changed
    )
    (scores,) = word_scores(model, ["how do i swim"], [0])
    assert scores.words == ["how", "do", "i", "swim"]
    assert np.isfinite(scores.scores).all()


@pytest.mark.parametrize("kind", ["tfidf", "scratch", "encoder"])
def test_a_model_is_restored_from_json_and_weights(kind: str, tmp_path: Path) -> None:
    model = trained(kind, tmp_path, texts(40), epochs=1)
    again = text_model(kind).from_json(settings(kind, tmp_path), model.labels, model.to_json())
    again.network.load_state_dict(model.network.state_dict())
    rows = ["the joy of it", "", "unseen wörds", "lazy " * 300]
    np.testing.assert_array_equal(probabilities(again, rows), probabilities(model, rows))


def test_texts_may_have_several_labels(tmp_path: Path) -> None:
    rows = [
        LabeledText(row.text, (*row.labels, *(["film"] if "film" in row.text else [])))
        for row in texts(300)
    ]
    model = trained("tfidf", tmp_path, rows, epochs=6)
    encoded = encoded_texts(model, rows)
    predicted = model.labels.predicted(model.probabilities(model.logits(encoded, Workers(1))))
    right = [set(a) == set(b.labels) for a, b in zip(predicted, rows, strict=True)]
    assert np.mean(right) > 0.8


def test_scores_of_several_labels_by_hand() -> None:
    predicted = np.array([[1, 0], [1, 1], [0, 0]], np.bool_)
    labels = np.array([[1, 0], [0, 1], [0, 1]], np.bool_)
    assert several_label_scores(predicted, labels) == {
        "micro_f1": pytest.approx(2 / 3),
        "macro_f1": pytest.approx(2 / 3),
        "subset_accuracy": pytest.approx(1 / 3),
    }


def test_balanced_weights_by_hand_lift_the_rare_class(tmp_path: Path) -> None:
    labels = LabelSet(("bad", "good"))
    np.testing.assert_allclose(labels.balanced_weights(np.array([0, 0, 0, 1])), [2 / 3, 2])
    rows = [row for i, row in enumerate(texts(400)) if i % 2 == 0 or i % 20 == 1]
    options = {"epochs": 1, "lr": 1.0}
    plain, balanced = (
        trained("tfidf", tmp_path, rows, class_weights=weights, **options)
        for weights in ("none", "balanced")
    )
    probe = [row.text for row in texts(50, seed=5)]
    assert probabilities(balanced, probe)[:, 1].mean() > probabilities(plain, probe)[:, 1].mean()


def test_the_majority_baseline_by_hand() -> None:
    labels = LabelSet(("a", "b"))
    train = [LabeledText("x", ("a",))] * 3 + [LabeledText("x", ("b",))]
    scores = majority_scores(train, train, labels)
    assert scores["accuracy"] == 0.75
    assert scores["loss"] == pytest.approx(-0.75 * np.log(0.75) - 0.25 * np.log(0.25))


def test_a_part_is_held_out_by_class_and_equal_texts_stay_together() -> None:
    rows = [LabeledText(f"text {i // 2}", ("rare" if i < 10 else "frequent",)) for i in range(200)]
    out = held_out(rows, 0.2, seed=1)
    assert out.sum() == 40
    assert out[:10].sum() == 2
    assert all(out[i] == out[i + 1] for i in range(0, 200, 2))
    np.testing.assert_array_equal(out, held_out(rows, 0.2, seed=1))


def test_each_class_is_spread_over_all_folds() -> None:
    rows = [LabeledText(str(i), ("a" if i % 4 else "b",)) for i in range(40)]
    numbers = fold_of(rows, 5, seed=1)
    for label, count in (("a", 6), ("b", 2)):
        chosen = [n for n, row in zip(numbers, rows, strict=True) if row.labels == (label,)]
        assert np.bincount(chosen, minlength=5).tolist() == [count] * 5
    with pytest.raises(DataError, match="folds"):
        fold_of(rows[:3], 5, seed=1)
