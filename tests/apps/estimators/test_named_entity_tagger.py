"""`NamedEntityTagger`: tags in every scheme, saved runs, an encoder, scikit-learn's tools."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from programs import Program
from tiny_encoder import write_tiny_encoder

import pmt_apps
from pmt_apps import NamedEntityTagger, TrainingOptions
from pmt_core import DataError, SettingsError, ShapeError, StateError
from pmt_text import convert_tags

NAMES, TOWNS = ["Ann", "Bob", "Cid", "Dora", "Eve"], ["Oslo", "Rome", "Bern", "York"]
SENTENCES = [
    [NAMES[i % 5], "Lee", "met", NAMES[i // 2 % 5], "in", TOWNS[i % 4], "."] for i in range(120)
]
TAGS = [["B-PER", "I-PER", "O", "B-PER", "O", "B-LOC", "O"]] * 120
FAST = TrainingOptions(epochs=10)


@pytest.mark.parametrize("scheme", ["IOB1", "IOB2", "IOBES"])
def test_tags_of_every_scheme_are_learned(scheme: Any) -> None:
    tags = [convert_tags(row, scheme) for row in TAGS]
    tagger = NamedEntityTagger(training=FAST).fit(SENTENCES, tags)
    assert tagger.score(SENTENCES, tags) == 1
    assert tagger.predict(SENTENCES[:2]) == TAGS[:2]
    assert set(tagger.classes_.tolist()) == {"O", "B-PER", "I-PER", "B-LOC", "I-LOC"}


def test_probabilities_are_those_of_each_word() -> None:
    tagger = NamedEntityTagger(training=FAST).fit(SENTENCES, TAGS)
    first, empty, second = tagger.predict_proba([SENTENCES[0], [], ["Ann"]])
    assert (first.shape, empty.shape, second.shape) == ((7, 5), (0, 5), (1, 5))
    np.testing.assert_allclose(first.sum(axis=1), 1, atol=1e-5)
    assert tagger.classes_[first.argmax(axis=1)].tolist() == TAGS[0]
    assert tagger.predict([SENTENCES[0], []]) == [TAGS[0], []]
    assert 1 <= len(tagger.history_) <= 10


def test_the_score_is_the_f1_of_whole_entities() -> None:
    tagger = NamedEntityTagger(training=FAST).fit(SENTENCES, TAGS)
    other = [["B-PER", "O", "O", "B-PER", "O", "B-LOC", "O"], []]  # two of three are right
    assert tagger.score([SENTENCES[0], []], other) == pytest.approx(2 / 3)


def test_a_saved_tagger_is_a_run(program: Callable[..., Program], tmp_path: Path) -> None:
    tagger = NamedEntityTagger(training=FAST, seed=4).fit(SENTENCES, TAGS)
    tagger.save(tmp_path / "run")
    again = NamedEntityTagger.load(tmp_path / "run")
    assert again.get_params() == {"model": "scratch", "encoder": None, "training": None, "seed": 4}
    for a, b in zip(again.predict_proba(SENTENCES), tagger.predict_proba(SENTENCES), strict=True):
        np.testing.assert_array_equal(a, b)
    predictor: Any = pmt_apps.load(tmp_path / "run")
    assert predictor.predict(SENTENCES[:3]) == TAGS[:3]
    answer = program("ner").run("--predict", "--out", "run", stdin="Ann Lee met Bob in Oslo.")
    assert answer.answers[0]["tags"] == TAGS[0]
    with pytest.raises(SettingsError, match="overwrite=True"):
        tagger.save(tmp_path / "run")


def test_an_encoder_is_fine_tuned_and_saved_with_the_tagger(tmp_path: Path) -> None:
    folder = tmp_path / "encoder"
    folder.mkdir()
    write_tiny_encoder(folder)
    training = TrainingOptions(epochs=6, lr=1e-3)
    tagger = NamedEntityTagger(encoder=folder, training=training).fit(SENTENCES, TAGS)
    assert tagger.score(SENTENCES, TAGS) > 0.9
    tagger.save(tmp_path / "run")
    for path in folder.iterdir():
        path.unlink()
    again = NamedEntityTagger.load(tmp_path / "run")
    assert again.predict(SENTENCES) == tagger.predict(SENTENCES)
    assert again.encoder == folder


def test_the_same_seed_gives_the_same_bits() -> None:
    training = TrainingOptions(epochs=2)
    first, second = (
        NamedEntityTagger(training=training, seed=3).fit(SENTENCES, TAGS) for _ in range(2)
    )
    for a, b in zip(first.predict_proba(SENTENCES), second.predict_proba(SENTENCES), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("sentences", "tags", "error", "words"),
    [
        ("a text", [["O"]], DataError, "a list of sentences"),
        (["a text"], [["O"]], DataError, "sentence 0: expected a list of words"),
        ([["a", 3]], [["O", "O"]], DataError, "sentence 0: expected a list of words"),
        ([["a", "b c"]], [["O", "O"]], DataError, "sentence 0: expected words that are not empty"),
        ([["a"]], [["O"], ["O"]], ShapeError, "each of 1 sentences, got 2"),
        ([["a"], ["b"]], [["O"], "O"], DataError, "sentence 1: expected a list of tags"),
        ([["a"], ["b"]], [["O"], ["O", "O"]], ShapeError, "sentence 1 has 1 words, but 2 tags"),
        ([["a"], ["b"]], [["O"], ["X-PER"]], DataError, "sentence 1: "),
        ([["a"], ["b"]], [["O"], ["O"]], DataError, "all tags are 'O'"),
        ([["a"]], [["B-X"]], DataError, "single text"),
    ],
)
def test_bad_examples_are_refused(
    sentences: Any, tags: Sequence[Any], error: type, words: str
) -> None:
    with pytest.raises(error, match=words):
        NamedEntityTagger().fit(sentences, tags)


def test_bad_hyperparameters_are_refused_by_fit() -> None:
    for tagger, words in (
        (NamedEntityTagger(model="tfidf"), "model: expected 'scratch'"),
        (NamedEntityTagger(training=TrainingOptions(lr=-1)), "lr"),
        (NamedEntityTagger(training=TrainingOptions(dev_fraction=1.5)), "dev_fraction"),
        (NamedEntityTagger(training=TrainingOptions(freeze=2)), "has no freeze, expected only"),
    ):
        with pytest.raises(SettingsError, match=words):
            tagger.fit(SENTENCES, TAGS)
    with pytest.raises(StateError, match="call fit"):
        NamedEntityTagger().predict(SENTENCES)


@pytest.mark.oracle
def test_scikit_learn_clones_searches_and_cross_validates() -> None:
    from sklearn.base import clone
    from sklearn.model_selection import GridSearchCV, cross_val_score

    tagger = NamedEntityTagger(training=FAST)
    assert clone(tagger).get_params() == tagger.get_params()
    assert cross_val_score(tagger, SENTENCES, TAGS, cv=3).min() > 0.9
    grid = {"training": [TrainingOptions(epochs=n) for n in (1, 10)]}
    search = GridSearchCV(tagger, grid, cv=2).fit(SENTENCES, TAGS)
    assert search.best_params_["training"].epochs == 10
    assert search.best_estimator_.predict(SENTENCES[:1]) == TAGS[:1]
