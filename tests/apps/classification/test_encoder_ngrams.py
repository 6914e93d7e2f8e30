"""The n-grams of tf-idf beside a fine-tuned encoder: their weights, words, folds and saved runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_encoder import write_tiny_encoder

from pmt_apps import TextClassifier, TrainingOptions
from pmt_apps.classification.attribution import word_scores
from pmt_apps.classification.cross_validation import fold_scores
from pmt_apps.classification.encoder_model import (
    ENCODER_WEIGHTS,
    GRAMS_WEIGHTS,
    EncoderModel,
    token_words,
)
from pmt_apps.classification.labels import LabelSet
from pmt_apps.classification.ngram_models import TfIdfModel
from pmt_apps.classification.predictor import TextPredictor, model_meta, model_of
from pmt_apps.classification.settings import Settings
from pmt_apps.classification.training import encoded_texts, text_model, trainings
from pmt_core import read_json
from pmt_text import LabeledText, tokenize
from pmt_train import Workers

ONE = Workers(1)


def rows_of(n: int, several: bool = False) -> list[LabeledText]:
    """Sentences whose last word decides; with several labels each has the label "x", too."""
    words = {"good": ["warm", "fine"], "bad": ["dull", "stale"]}
    names = ["good" if i % 2 else "bad" for i in range(n)]
    return [
        LabeledText(f"number {i % 7} is {words[k][i // 2 % 2]}", (k, "x") if several else (k,))
        for i, k in enumerate(names)
    ]


def settings_of(folder: Path, **changes: Any) -> Settings:
    given = {"workers": 1, "epochs": 3, "lr": 3e-3, "encoder": write_tiny_encoder(folder)}
    given |= changes
    return Settings(**{**Settings.defaults({**given, "train": ""}), **given})


def trained(settings: Settings, rows: list[LabeledText]) -> EncoderModel:
    labels = LabelSet.of((r.labels for r in rows), len(rows[0].labels) > 1)
    model = text_model("encoder").build(settings, [row.text for row in rows], labels)
    assert isinstance(model, EncoderModel)
    for training in trainings(model, settings, rows, None, ONE):
        training.run("training")
    return model


def parts(model: EncoderModel, settings: Settings) -> tuple[TfIdfModel, EncoderModel]:
    """Return the two parts of a model as models of their own."""
    assert model.ngrams is not None
    state = model.network.state_dict()
    tfidf = TfIdfModel(settings, model.labels, model.ngrams)
    tfidf.network.load_state_dict(
        {
            k.removeprefix(
                "grams.",
            ): v
            for k, v in state.items()
            if k.startswith("grams.")
        }
    )
    alone = {k: v for k, v in state.items() if k.startswith(("encoder.", "classify."))}
    plain = model_of(settings, alone, without_ngrams(model))
    assert isinstance(plain, EncoderModel)
    return tfidf, plain


def without_ngrams(model: EncoderModel) -> dict[str, Any]:
    """Return the JSON of a model as it was before there were n-grams."""
    meta = model_meta(model)
    encoder = {name: value for name, value in meta["encoder"].items() if name != "ngrams"}
    return {**meta, "encoder": encoder}


@pytest.mark.parametrize("several", [False, True])
def test_logits_are_the_weighted_sum_of_those_of_both_parts(tmp_path: Path, several: bool) -> None:
    settings = settings_of(tmp_path)
    rows = rows_of(40, several)
    model = trained(settings, rows)
    assert model.part_weights == (0.5, 0.5)
    model.part_weights = 0.25, 1.5
    tfidf, plain = parts(model, settings)
    texts = [*(row.text for row in rows[:6]), "", "unseen wörds, and ten of them"]
    linear = tfidf.logits(tfidf.encode(texts), ONE)
    alone = plain.logits(plain.encode(texts), ONE)
    expected = 0.25 * linear + 1.5 * alone
    np.testing.assert_allclose(model.logits(model.encode(texts), ONE), expected, atol=1e-5)
    assert np.abs(linear).max() > 0.5
    assert np.abs(alone).max() > 0.5
    baseline = text_model("tfidf").build(settings.of_tfidf(), [r.text for r in rows], model.labels)
    for training in trainings(baseline, settings.of_tfidf(), rows, None, ONE):
        training.run("training")
    np.testing.assert_array_equal(baseline.logits(baseline.encode(texts), ONE), linear)


@pytest.mark.parametrize("several", [False, True])
def test_dev_chooses_both_weights_by_the_log_loss(tmp_path: Path, several: bool) -> None:
    settings = settings_of(tmp_path)
    model = trained(settings, rows_of(40, several))
    tfidf, plain = parts(model, settings)
    right, names = rows_of(30, several), {"good": "bad", "bad": "good"}
    wrong = [replace(r, labels=(names[r.labels[0]], *r.labels[1:])) for r in right]
    chosen = []
    for rows in (right, [*right[:25], *wrong[25:]], wrong):
        dev = encoded_texts(model, rows)
        logits = model.choose_by_dev(dev, ONE)
        np.testing.assert_allclose(logits, model.logits(dev, ONE), atol=1e-5)
        texts = [row.text for row in rows]
        x, y = (m.logits(m.encode(texts), ONE).astype(float) for m in (tfidf, plain))
        losses = {}
        for g in GRAMS_WEIGHTS:
            for w in ENCODER_WEIGHTS:
                z = g * x + w * y
                if several:
                    each = np.log1p(np.exp(z)) - np.asarray(dev.labels) * z
                    losses[g, w] = each.sum(axis=1).mean()
                else:
                    picked = z[np.arange(len(z)), np.asarray(dev.labels)]
                    losses[g, w] = np.mean(np.log(np.exp(z).sum(axis=1)) - picked)
        best = min(losses, key=lambda pair: losses[pair])
        assert model.part_weights == (pytest.approx(best[0]), pytest.approx(best[1]))
        chosen.append(best)
    assert chosen[0][0] == max(GRAMS_WEIGHTS)
    assert chosen[2][0] == min(GRAMS_WEIGHTS)
    assert len(set(chosen)) == 3
    model.network.classify.bias.data[...] = np.nan
    model.choose_by_dev(encoded_texts(model, right), ONE)
    assert model.part_weights == pytest.approx(chosen[-1])


def test_the_words_get_what_both_parts_say(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    model = trained(settings, rows_of(40))
    model.part_weights = 0.5, 1.5
    text = "Number 3 is n't warm , but (fine)"
    (scores,) = word_scores(model, [text], [1])
    assert scores.words == text.split()
    tfidf, plain = parts(model, settings)
    (linear,) = word_scores(tfidf, [text], [1])
    (alone,) = word_scores(plain, [text], [1])
    assert linear.words == ["number", "3", "is", "not", "warm", ",", "but", "(", "fine", ")"]
    assert alone.words == scores.words
    owners = [0, 1, 2, 3, 4, 5, 6, 7, 7, 7]
    expected = 1.5 * alone.scores + 0.5 * np.bincount(owners, linear.scores, len(scores.words))
    np.testing.assert_allclose(scores.scores, expected, atol=1e-5)
    assert word_scores(model, [""], [0])[0].words == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It wo n't rain.", [0, 1, 2, 3, 3]),
        ("don't don't", [0, 0, 1, 1]),
        ("`` '' a", [2]),
        ("n't", [0, 0]),
        ("''", []),
    ],
)
def test_the_word_of_each_token(text: str, expected: list[int]) -> None:
    tokens = tokenize(text)
    assert token_words(text.split(), tokens).tolist() == expected[: len(tokens)]
    assert len(tokens) == len(expected)


def test_a_model_without_ngrams_has_no_stage_and_no_weights(tmp_path: Path) -> None:
    rows = rows_of(40)
    settings = settings_of(tmp_path, encoder_ngrams=False)
    model = trained(settings, rows)
    assert model.to_json().keys() == {"encoder"}
    assert not [k for k in model.network.state_dict() if not k.startswith(("encoder", "classify"))]
    assert [training.stage for training in trainings(model, settings, rows, None, ONE)] == [None]
    dev = encoded_texts(model, rows)
    np.testing.assert_array_equal(model.choose_by_dev(dev, ONE), model.logits(dev, ONE))


def test_a_fold_has_the_weights_of_the_run_and_trains_tfidf_once(tmp_path: Path) -> None:
    rows, settings = rows_of(40), settings_of(tmp_path, epochs=1)
    labels = LabelSet.of((row.labels for row in rows), False)
    given = fold_scores(settings, rows, rows[:20], labels, ONE, part_weights=(1.0, 0.0))
    assert given["folds"] == given["folds_tfidf"]
    tfidf = fold_scores(settings.of_tfidf(), rows, rows[:20], labels, ONE)
    assert given["folds_tfidf"] == tfidf["folds"]
    plain = replace(settings, encoder_ngrams=False)
    alone = fold_scores(plain, rows, rows[:20], labels, ONE)
    assert alone["folds_tfidf"] == tfidf["folds"]
    same = fold_scores(settings, rows, rows[:20], labels, ONE, part_weights=(0.0, 1.0))
    assert same["folds"]["loss"] == pytest.approx(alone["folds"]["loss"], rel=1e-5)


def test_the_estimator_chooses_saves_and_loads_the_weights(tmp_path: Path) -> None:
    (tmp_path / "encoder").mkdir()
    encoder = write_tiny_encoder(tmp_path / "encoder")
    rows = rows_of(60)
    texts, labels = [row.text for row in rows], [row.labels[0] for row in rows]
    training = TrainingOptions(epochs=2, lr=3e-3, freeze=2)
    classifier = TextClassifier(encoder=encoder, training=training).fit(texts, labels)
    assert classifier.score(texts, labels) == 1
    classifier.save(tmp_path / "run")
    again = TextClassifier.load(tmp_path / "run")
    assert again.encoder_ngrams
    np.testing.assert_array_equal(again.predict_proba(texts), classifier.predict_proba(texts))
    model = TextPredictor.load(tmp_path / "run").model
    assert isinstance(model, EncoderModel)
    assert model.part_weights != (0.5, 0.5)
    plain = TextClassifier(encoder=encoder, encoder_ngrams=False, training=training)
    plain.fit(texts, labels).save(tmp_path / "plain")
    assert read_json(tmp_path / "plain" / "config.json")["encoder_ngrams"] is False
    assert not TextClassifier.load(tmp_path / "plain").encoder_ngrams
