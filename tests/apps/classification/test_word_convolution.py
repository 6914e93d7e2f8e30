"""The convolution over the words of a text, and a network whose parts have a loss each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pmt_apps.classification.baselines import tfidf_baseline
from pmt_apps.classification.cross_validation import fold_scores
from pmt_apps.classification.labels import LabelSet
from pmt_apps.classification.models import NETWORK_WEIGHT, ScratchClassifier
from pmt_apps.classification.ngram_models import NETWORK_WEIGHTS, ScratchModel
from pmt_apps.classification.settings import Settings
from pmt_apps.classification.text_model import TextModel
from pmt_apps.classification.training import (
    Training,
    encoded_texts,
    prepare,
    text_model,
    trainings,
)
from pmt_apps.classification.word_convolution import WordConvolution
from pmt_autograd import Tensor
from pmt_core import StateError
from pmt_text import LabeledText
from pmt_train import ProcessGroup, Workers


def by_hand(layer: WordConvolution, vectors: np.ndarray, length: int) -> np.ndarray:
    """Return the features of a text of `length` words: loops over widths and windows."""
    d = vectors.shape[1]
    features = []
    for width, kernel in zip(layer.widths, layer.kernels, strict=True):
        state = kernel.state_dict()
        values = []
        for i in range(length):
            positions = range(i - width // 2, i - width // 2 + width)
            window = [vectors[p] if 0 <= p < length else np.zeros(d) for p in positions]
            values.append(np.concatenate(window) @ state["weight"] + state["bias"])
        features.append(np.maximum(np.max(values, axis=0), 0))
    return np.concatenate(features)


def test_features_by_hand_and_padding_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    layer = WordConvolution(5, 3, rng, dtype=np.float64)
    lengths, t = [1, 2, 6], 8
    vectors = rng.normal(size=(3, t, 5))
    mask = np.arange(t) < np.array(lengths)[:, np.newaxis]
    features = layer(Tensor(vectors), mask).data
    assert features.shape == (3, layer.features)
    for row, length in enumerate(lengths):
        np.testing.assert_allclose(features[row], by_hand(layer, vectors[row], length))
    np.testing.assert_array_equal(layer(Tensor(vectors[:, :6]), mask[:, :6]).data, features)


def test_windows_tell_where_a_text_begins() -> None:
    rng = np.random.default_rng(1)
    layer = WordConvolution(4, 8, rng, dtype=np.float64)
    vectors = rng.normal(size=(1, 5, 4))
    mask = np.ones((1, 5), np.bool_)
    turned = vectors[:, [1, 2, 3, 4, 0]]
    one = layer(Tensor(vectors), mask).data[0]
    other = layer(Tensor(turned), mask).data[0]
    np.testing.assert_allclose(other[:8], one[:8])  # windows of one word know no order
    assert np.abs(other[8:] - one[8:]).max() > 0.01


def texts(n: int, several: bool = False) -> list[LabeledText]:
    words = {"good": "warm", "bad": "dull"}
    names = ["good" if i % 2 else "bad" for i in range(n)]
    return [
        LabeledText(f"number {i % 7} is {words[k]}", (k, "x") if several else (k,))
        for i, k in enumerate(names)
    ]


def model_of(settings: Settings, rows: list[LabeledText], several: bool = False) -> TextModel:
    labels = LabelSet.of((row.labels for row in rows), several)
    return text_model(settings.kind).build(settings, [row.text for row in rows], labels)


def small_settings(**changes: object) -> Settings:
    given = {"width": 8, "filters": 4, "workers": 1, "dropout": 0.0, **changes}
    return Settings(**{**Settings.defaults({**given, "train": ""}), **given})  # type: ignore[arg-type]


@pytest.mark.parametrize("layers", [0, 1])
def test_the_network_trains_with_and_without_a_transformer(layers: int) -> None:
    rows = texts(40)
    settings = small_settings(epochs=12, layers=layers, heads=2, hidden=8, lr=1e-2)
    model = model_of(settings, rows)
    job = prepare(model, settings, rows, None, Workers(1))
    job.trainer.fit(job.batches, replace(job.options, quiet=True))
    model.network.eval()
    batch = encoded_texts(model, rows).batch(np.arange(40))
    predicted = model.network.trained_logits(batch).data.argmax(axis=1)
    np.testing.assert_array_equal(predicted, batch.labels)


def test_the_linear_part_is_that_of_tfidf_and_stays_as_it_is() -> None:
    rows = texts(40)
    settings = small_settings(epochs=2)
    model = model_of(settings, rows)
    network = model.network
    assert isinstance(network, ScratchClassifier)
    stages = trainings(model, settings, rows, None, Workers(1))
    next(stages).run("training")
    job = next(stages)
    before = network.state_dict()
    job.trainer.fit(job.batches, replace(job.options, quiet=True))
    after = network.state_dict()
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    kept = ("grams.", "network_weight")
    assert changed == {name for name in before if not name.startswith(kept)}
    tfidf = model_of(settings.of_tfidf(), rows)
    job = prepare(tfidf, settings.of_tfidf(), rows, None, Workers(1))
    job.trainer.fit(job.batches, replace(job.options, quiet=True))
    batch = encoded_texts(model, rows).batch(np.arange(40))
    network.eval()
    alone = tfidf.network(batch).data
    together = alone + NETWORK_WEIGHT * network.trained_logits(batch).data
    np.testing.assert_allclose(network(batch).data, together, atol=1e-5)
    assert np.abs(together - alone).max() > 0.1


def test_a_fold_trains_tfidf_once_for_its_score_and_for_the_linear_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows, settings = texts(60), small_settings(epochs=1)
    labels = LabelSet.of((row.labels for row in rows), False)
    alone = fold_scores(settings.of_tfidf(), rows, rows[:20], labels, Workers(1))
    trained: list[str | None] = []
    run = Training.run

    def run_and_note(training: Training, description: str) -> None:
        trained.append(training.stage)
        run(training, description)

    monkeypatch.setattr(Training, "run", run_and_note)
    scores = fold_scores(settings, rows, rows[:20], labels, Workers(1), part_weights=(1, 0.5))
    assert trained == ["tfidf", None]
    assert scores["folds_tfidf"] == alone["folds"]
    other = fold_scores(settings, rows, rows[:20], labels, Workers(1))
    assert other["folds"]["loss"] != scores["folds"]["loss"]


def trained_parts(rows: list[LabeledText]) -> ScratchModel:
    """A model whose parts are trained, without texts that are held out."""
    settings = small_settings(epochs=12, lr=1e-2)
    model = model_of(settings, rows)
    assert isinstance(model, ScratchModel)
    for training in trainings(model, settings, rows, None, Workers(1)):
        training.run("training")
    assert model.part_weights == (1, pytest.approx(NETWORK_WEIGHT))
    return model


def test_the_weight_of_the_network_has_the_least_log_loss_of_dev() -> None:
    model = trained_parts(texts(40))
    right, names = texts(30), {"good": "bad", "bad": "good"}
    wrong = [replace(row, labels=(names[row.labels[0]],)) for row in right]
    chosen = []
    for rows in (right, [*right[:24], *wrong[24:]], wrong):
        dev = encoded_texts(model, rows)
        logits = model.choose_by_dev(dev, Workers(1))
        np.testing.assert_array_equal(logits, model.logits(dev, Workers(1)))
        batch = dev.batch(np.arange(30))
        parts = model.network.grams(batch).data, model.network.trained_logits(batch).data
        losses = []
        for weight in NETWORK_WEIGHTS:
            x = (parts[0] + weight * parts[1]).astype(float)
            losses.append(np.mean(np.log(np.exp(x).sum(1)) - x[np.arange(30), batch.labels]))
        best = NETWORK_WEIGHTS[int(np.argmin(losses))]
        assert model.part_weights == (1, pytest.approx(best))
        chosen.append(best)
    assert chosen[0] == max(NETWORK_WEIGHTS)
    assert chosen[2] == min(NETWORK_WEIGHTS)
    model.part_weights = 1, 0.7
    model.network.classify.bias.data[...] = np.nan
    model.choose_by_dev(encoded_texts(model, right), Workers(1))
    assert model.part_weights == (1, pytest.approx(0.7))


def test_the_weight_of_the_best_epoch_is_saved_with_the_weights() -> None:
    rows = texts(40)
    settings = small_settings(epochs=4, lr=1e-2, average=0.9)
    runs = []
    for _ in range(2):
        model = model_of(settings, rows)
        for training in trainings(model, settings, rows, rows[:20], Workers(1)):
            training.run("training")
        runs.append(model)
    assert isinstance(model, ScratchModel)
    first, second = (run.network.state_dict() for run in runs)
    assert first["network_weight"] == second["network_weight"] != np.float32(NETWORK_WEIGHT)
    again = model_of(settings, rows)
    again.network.load_state_dict(first)
    encoded = encoded_texts(again, rows)
    expected = model.logits(encoded, Workers(1))
    np.testing.assert_array_equal(again.logits(encoded, Workers(1)), expected)


@pytest.mark.parametrize("several", [False, True])
def test_label_smoothing_of_the_loss_by_hand(several: bool) -> None:
    rows = texts(10, several)
    model = model_of(small_settings(model="tfidf"), rows, several)
    model.label_smoothing = 0.2
    batch = encoded_texts(model, rows).batch(np.arange(10))
    k = len(model.labels)
    state = {"bias": np.linspace(-1, 1, k).astype(np.float32)}
    model.network.load_state_dict({**model.network.state_dict(), **state})
    x = np.tile(state["bias"].astype(float), (10, 1))
    if several:
        y = batch.labels * 0.8 + 0.1
        expected = (np.log1p(np.exp(x)) - y * x).sum()
    else:
        y = np.eye(k)[batch.labels] * 0.8 + 0.2 / k
        expected = -(y * (x - np.log(np.exp(x).sum(1, keepdims=True)))).sum()
    loss, _ = model.loss(model.network, batch, np.random.default_rng(0))
    assert loss.item() == pytest.approx(float(expected), rel=1e-5)


def test_a_fold_trains_on_all_other_texts_and_keeps_the_last_weights() -> None:
    rows, settings = texts(60), small_settings(model="tfidf", epochs=2)
    labels = LabelSet.of((row.labels for row in rows), False)
    scores = fold_scores(settings, rows, rows[:20], labels, Workers(1))["folds"]
    model = model_of(settings, rows)
    job = prepare(model, settings, rows, None, Workers(1))
    assert job.options.evaluate is None
    history = job.trainer.fit(job.batches, replace(job.options, quiet=True))
    assert len(history.rows) == 2
    logits = model.logits(encoded_texts(model, rows[:20]), Workers(1)).astype(float)
    gold = model.labels.encode([row.labels for row in rows[:20]])
    losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(20), gold]
    assert scores["loss"] == pytest.approx(float(losses.mean()), rel=1e-5)


def test_folds_and_the_baseline_ask_no_other_rank(monkeypatch: pytest.MonkeyPatch) -> None:
    def launched() -> ProcessGroup:
        raise StateError("only rank 0 scores; the other ranks would never answer")

    monkeypatch.setattr("pmt_train.trainer.trainer.launched_process_group", launched)
    rows, settings = texts(20), small_settings(epochs=1)
    labels = LabelSet.of((row.labels for row in rows), False)
    assert 0 <= fold_scores(settings, rows, rows, labels, Workers(1))["folds"]["accuracy"] <= 1
    tfidf_baseline(settings, rows, rows, labels, Workers(1))
    with pytest.raises(StateError):
        prepare(model_of(settings, rows), settings, rows, rows, Workers(1))
