"""`TextPairClassifier`: models and an encoder, saved runs, class weights, scikit-learn's tools."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from programs import Program
from tiny_encoder import write_tiny_encoder

import pmt_apps
from pmt_apps import TextPairClassifier, TrainingOptions
from pmt_core import DataError, SettingsError, ShapeError, StateError

TOPICS = ["swim", "cook rice", "learn Python", "save money", "sleep well", "play chess", "run"]
PAIRS = [
    (f"How do I {TOPICS[i % 7]} in {i} days?", f"The way to {TOPICS[(i + i % 2) % 7]} in {i} days")
    for i in range(160)
]
LABELS = ["same", "other"] * 80
FAST = TrainingOptions(epochs=6)


@pytest.mark.parametrize("model", ["overlap", "tfidf", "ngrams", "scratch"])
def test_models_learn_and_a_saved_one_is_a_run(model: str, tmp_path: Path) -> None:
    classifier = TextPairClassifier(model=model).fit(PAIRS, LABELS)
    assert classifier.classes_.tolist() == ["other", "same"]
    assert classifier.score(PAIRS, LABELS) > 0.95
    probabilities = classifier.predict_proba(PAIRS)
    assert probabilities.shape == (160, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    classifier.save(tmp_path / "run")
    again = TextPairClassifier.load(tmp_path / "run")
    np.testing.assert_array_equal(again.predict_proba(PAIRS), probabilities)
    assert again.get_params()["model"] == model
    predictor: Any = pmt_apps.load(tmp_path / "run")
    assert predictor.predict(PAIRS[:4]) == again.predict(PAIRS[:4]).tolist()
    with pytest.raises(SettingsError, match="overwrite=True"):
        classifier.save(tmp_path / "run")


def test_predict_on_the_command_line_gives_the_labels(
    program: Callable[..., Program], tmp_path: Path
) -> None:
    numbers = np.array([5 if label == "same" else 3 for label in LABELS])
    classifier = TextPairClassifier(model="tfidf").fit(np.array(PAIRS), numbers)
    assert classifier.predict(PAIRS[:2]).tolist() == [5, 3]
    classifier.save(tmp_path / "run")
    lines = "\n".join("\t".join(pair) for pair in PAIRS[:2])
    answers = program("qqp").run("--predict", "--out", "run", stdin=lines).answers
    assert [answer["label"] for answer in answers] == [5, 3]
    probabilities = classifier.predict_proba(PAIRS[:2])[:, 1]
    np.testing.assert_allclose([a["probability"] for a in answers], probabilities, atol=1e-6)


def test_classes_of_a_damaged_run_are_refused() -> None:
    from pmt_apps.qqp.predictor import PairPredictor

    classifier = TextPairClassifier(model="overlap").fit(PAIRS, LABELS)
    fitted = classifier._fitted
    for classes in (["a"], ["a", "a"], [1.5, 2], [[], []], [True, False], ["1", 1]):
        meta = {**fitted.model_meta(), "classes": classes}
        with pytest.raises(DataError, match="two different strings or integers"):
            PairPredictor.from_weights(fitted.settings, fitted.weights(), meta)


def directed_pairs(n: int) -> tuple[list[tuple[str, str]], list[int]]:
    """Return pairs whose label is whether the first text is "good": their order counts."""
    rows = [("good film", "bad film"), ("bad film", "good film")] * (n // 2)
    return rows, [1, 0] * (n // 2)


def test_an_encoder_reads_pairs_in_their_order(
    program: Callable[..., Program], tmp_path: Path
) -> None:
    folder = tmp_path / "encoder"
    folder.mkdir()
    write_tiny_encoder(folder)
    pairs, labels = directed_pairs(160)
    training = TrainingOptions(epochs=12, lr=3e-3, patience=12, dropout=0.0)
    classifier = TextPairClassifier(encoder=folder, training=training).fit(pairs, labels)
    assert classifier.score(pairs, labels) == 1
    classifier.save(tmp_path / "run")
    for path in folder.iterdir():
        path.unlink()
    again = TextPairClassifier.load(tmp_path / "run")
    np.testing.assert_array_equal(again.predict_proba(pairs), classifier.predict_proba(pairs))
    answers = program("qqp").run("--predict", "--out", "run", stdin="good film\tbad film").answers
    assert answers[0]["label"] == 1


def test_the_program_fine_tunes_an_encoder(
    program: Callable[..., Program], pairs_file: Callable[..., Path], tmp_path: Path
) -> None:
    write_tiny_encoder(tmp_path)
    data = ("--train", pairs_file("train"), "--dev", pairs_file("dev", 60), "--encoder", ".")
    options = ("--freeze", 1, "--layer-decay", 0.5, "--epochs", 2, "--workers", 2)
    program("qqp").run(*data, *options, "--out", "run")
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert {"dev", "dev_tfidf", "dev_overlap"} <= metrics.keys()
    refused = program("qqp")(*data, "--baseline", "tfidf", "--out", "other")
    assert refused.returncode == 2
    assert "takes the place of --baseline" in refused.stderr


def test_balanced_class_weights_find_more_of_the_rare_class() -> None:
    rng = np.random.default_rng(0)
    words = np.array([f"w{i}" for i in range(30)])
    pairs, labels = [], []
    for i in range(600):
        rare = i % 10 == 0
        first, second = rng.choice(words, 6), rng.choice(words, 6)
        second[: 2 + rng.integers(0, 3) if rare else rng.integers(0, 3)] = first[0]
        pairs.append((" ".join(first), " ".join(second)))
        labels.append(int(rare))
    plain = TextPairClassifier(model="tfidf").fit(pairs, labels)
    balanced = TextPairClassifier(model="tfidf", class_weight="balanced").fit(pairs, labels)
    assert balanced.predict(pairs).sum() > plain.predict(pairs).sum()


@pytest.mark.parametrize(
    ("pairs", "labels", "error", "words"),
    [
        ("a text", ["x"], DataError, "a list of pairs"),
        (["ab", "cd"], ["x", "y"], DataError, "pairs of texts, got 'ab' as pair 0"),
        ([("a", "b"), ("c",)], ["x", "y"], DataError, "as pair 1"),
        ([("a", 3), ("c", "d")], ["x", "y"], DataError, "as pair 0"),
        ([("a", "b")], ["x", "y"], ShapeError, "each of 1 pairs, got 2"),
        ([("a", "b")] * 2, ["x", "x"], DataError, "expected two classes, got 1"),
        ([("a", "b")] * 3, ["x", "y", "z"], DataError, "expected two classes, got 3"),
    ],
)
def test_bad_examples_are_refused(pairs: Any, labels: Any, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        TextPairClassifier(model="tfidf").fit(pairs, labels)


def test_bad_hyperparameters_are_refused_by_fit() -> None:
    for classifier, words in (
        (TextPairClassifier(model="svm"), "model: expected one of scratch"),
        (TextPairClassifier(class_weight="heavy"), "class_weight: expected 'balanced'"),
        (TextPairClassifier(model="overlap", class_weight="balanced"), "expected None"),
        (TextPairClassifier(training=TrainingOptions(lr=-1)), "lr"),
        (TextPairClassifier(training=TrainingOptions(c=1.0)), "has no c, expected only epochs"),
    ):
        with pytest.raises(SettingsError, match=words):
            classifier.fit(PAIRS, LABELS)
    with pytest.raises(StateError, match="call fit"):
        TextPairClassifier().predict(PAIRS)


@pytest.mark.oracle
def test_scikit_learn_clones_searches_and_cross_validates() -> None:
    from sklearn.base import clone, is_classifier
    from sklearn.model_selection import GridSearchCV, cross_val_score

    classifier = TextPairClassifier(model="tfidf", training=FAST)
    assert is_classifier(classifier)
    assert clone(classifier).get_params() == classifier.get_params()
    assert cross_val_score(classifier, PAIRS, LABELS, cv=3).min() > 0.95
    numbers = np.array([int(label == "same") for label in LABELS])
    assert cross_val_score(classifier, PAIRS, numbers, cv=2, scoring="roc_auc").min() > 0.99
    grid = {"model": ["overlap", "tfidf"], "seed": [1, 2]}
    search = GridSearchCV(classifier, grid, cv=2, scoring="neg_log_loss").fit(PAIRS, LABELS)
    assert search.best_estimator_.score(PAIRS, LABELS) > 0.95
