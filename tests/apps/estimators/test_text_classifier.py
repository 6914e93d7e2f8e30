"""`TextClassifier`: fit, predict, save and load; scikit-learn's tools use it as their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pmt_apps
from pmt_apps import TextClassifier, TrainingOptions
from pmt_core import DataError, SettingsError, ShapeError, StateError

PAIRS = (("good", "film"), ("bad", "movie"), ("fine", "one"), ("awful", "thing"))
TEXTS = [f"a {a} {b} number {i}" for i in range(20) for a, b in PAIRS]
LABELS = ["yes", "no"] * 40
FAST = TrainingOptions(epochs=6)


def test_twelve_lines_classify_sentiment() -> None:
    classifier = TextClassifier(model="tfidf", training=FAST).fit(TEXTS, LABELS)
    assert classifier.predict(["a good one", "an awful thing"]).tolist() == ["yes", "no"]  # type: ignore[union-attr]
    assert classifier.score(TEXTS, LABELS) == 1
    assert classifier.classes_.tolist() == ["no", "yes"]
    probabilities = classifier.predict_proba(TEXTS[:3])
    assert probabilities.shape == (3, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    (scores,) = classifier.explain(["a bad movie"])
    assert scores.words[int(scores.scores.argmax())] in ("bad", "movie")


def test_from_scratch_with_class_weights_and_early_stopping() -> None:
    training = TrainingOptions(epochs=9, patience=1, batch_size=16)
    classifier = TextClassifier(training=training, class_weight="balanced")
    classifier.fit(TEXTS, LABELS)
    assert classifier.score(TEXTS, LABELS) > 0.9
    assert 1 <= len(classifier.history_) <= 9


def test_integers_stay_integers_and_several_labels_are_lists() -> None:
    numbers = [int(label == "yes") for label in LABELS]
    classifier = TextClassifier(model="tfidf", training=FAST).fit(TEXTS, np.array(numbers))
    assert np.asarray(classifier.predict(TEXTS[:2])).tolist() == [1, 0]
    rows: list[list[str]] = [["x"], ["y"], ["x", "z"], []] * 20
    several = TextClassifier(model="tfidf", several=True).fit(TEXTS, rows)
    assert several.predict(TEXTS[:4]) == rows[:4]
    assert several.score(TEXTS, rows) == 1


def test_a_saved_classifier_is_a_run(tmp_path: Path) -> None:
    classifier = TextClassifier(model="tfidf", training=FAST).fit(TEXTS, LABELS)
    classifier.save(tmp_path / "run")
    again = TextClassifier.load(tmp_path / "run")
    np.testing.assert_array_equal(again.predict_proba(TEXTS), classifier.predict_proba(TEXTS))
    assert again.classes_.tolist() == ["no", "yes"]
    predictor: Any = pmt_apps.load(tmp_path / "run")
    assert predictor.predict(TEXTS[:2]) == ["yes", "no"]
    np.testing.assert_array_equal(predictor.predict_proba(TEXTS), again.predict_proba(TEXTS))
    with pytest.raises(SettingsError, match="overwrite=True"):
        classifier.save(tmp_path / "run")


def test_the_same_seed_gives_the_same_bits() -> None:
    first, second = (
        TextClassifier(model="tfidf", training=FAST, seed=3).fit(TEXTS, LABELS) for _ in range(2)
    )
    np.testing.assert_array_equal(first.predict_proba(TEXTS), second.predict_proba(TEXTS))


def test_hyperparameters_are_stored_unchanged() -> None:
    classifier = TextClassifier(model="tfidf", seed=5)
    assert classifier.get_params() == {
        "model": "tfidf", "encoder": None, "encoder_ngrams": True, "several": False,
        "class_weight": None, "training": None, "seed": 5,
    }  # fmt: skip
    assert classifier.set_params(seed=6) is classifier
    assert repr(classifier) == "TextClassifier(model='tfidf', seed=6)"
    with pytest.raises(SettingsError, match="no parameter 'sed'; it has class_weight"):
        classifier.set_params(sed=1)


@pytest.mark.parametrize(
    ("texts", "labels", "error", "words"),
    [
        ("a text", ["x"], DataError, "a list of texts"),
        (["a", 3], ["x", "y"], DataError, "int as text 1"),
        (["a", "b"], ["x"], ShapeError, "each of 2 texts, got 1"),
        (["a", "b"], ["x", "x"], DataError, "two or more different classes"),
        (["a", "b"], ["x", 1], DataError, "of one type"),
        (["a", "b"], [1.5, 2.5], DataError, "strings or integers"),
    ],
)
def test_bad_examples_are_refused(texts: Any, labels: Any, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        TextClassifier(model="tfidf").fit(texts, labels)


def test_bad_hyperparameters_are_refused_by_fit() -> None:
    for classifier in (
        TextClassifier(model="svm"),
        TextClassifier(class_weight="heavy"),
        TextClassifier(training=TrainingOptions(lr=-1)),
    ):
        with pytest.raises(SettingsError, match="expected"):
            classifier.fit(TEXTS, LABELS)
    with pytest.raises(StateError, match="call fit"):
        TextClassifier().predict(TEXTS)


def test_scikit_learn_is_not_imported() -> None:
    program = "import sys, pmt_apps.estimators.text_classifier; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.oracle
def test_scikit_learn_clones_searches_and_cross_validates() -> None:
    from sklearn.base import clone
    from sklearn.model_selection import GridSearchCV, cross_val_score
    from sklearn.pipeline import Pipeline

    classifier = TextClassifier(model="tfidf", training=FAST)
    copy = clone(classifier)
    assert copy is not classifier
    assert copy.get_params() == classifier.get_params()
    assert cross_val_score(classifier, TEXTS, LABELS, cv=3).min() == 1
    numbers = np.array([int(label == "yes") for label in LABELS])
    assert cross_val_score(classifier, TEXTS, numbers, cv=2, scoring="roc_auc").min() == 1
    grid = {"training": [TrainingOptions(epochs=n) for n in (1, 4)], "model": ["tfidf"]}
    search = GridSearchCV(classifier, grid, cv=2, scoring="neg_log_loss").fit(TEXTS, LABELS)
    assert search.best_params_["training"].epochs == 4
    pipeline = Pipeline([("classify", classifier)]).fit(TEXTS, LABELS)
    assert pipeline.score(TEXTS, LABELS) == 1
    assert pipeline.set_params(classify__seed=9).get_params()["classify__seed"] == 9


@pytest.mark.oracle
def test_tfidf_is_as_accurate_as_scikit_learns_pipeline() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    rng = np.random.default_rng(0)
    words = np.array([f"w{i}" for i in range(300)])
    weights = rng.normal(size=300)
    chosen = [rng.integers(0, 300, rng.integers(4, 12)) for _ in range(1500)]
    texts = [" ".join(words[row]) for row in chosen]
    labels = np.array([int(weights[row].sum() > 0) for row in chosen])
    ours = TextClassifier(model="tfidf").fit(texts[:1200], labels[:1200])
    theirs = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts[:1200], labels[:1200])
    assert (
        ours.score(texts[1200:], labels[1200:]) >= theirs.score(texts[1200:], labels[1200:]) - 0.02
    )
