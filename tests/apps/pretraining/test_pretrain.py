"""The pre-training app: filled masks, budget, probe, the encoder that it saves."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pretraining_text import TEXT, corpus_of, settings
from programs import Program

import pmt_apps
from pmt_apps import Encoder, TextClassifier, TrainingOptions
from pmt_apps.pretraining import training
from pmt_apps.pretraining.initial_weights import (
    set_initial_weights,
)
from pmt_apps.pretraining.probe import Probe, ridge
from pmt_core import DataError, SettingsError
from pmt_nn import load_bert
from pmt_text import TaggedSentence, Tokenizer
from pmt_train import Workers

SMALL = (
    "--width", 32, "--heads", 2, "--layers", 1, "--max-length", 16, "--vocabulary", 80,
    "--batch-size", 8, "--dev-fraction", 0.1, "--workers", 1,
)  # fmt: skip
SENTENCES = [
    TaggedSentence(("The", "cat", "sat"), ("O", "B-ANIMAL", "O")),
    TaggedSentence(("A", "dog", "ran"), ("O", "B-ANIMAL", "O")),
    TaggedSentence(("on", "the", "mat"), ("O", "O", "B-THING")),
] * 10


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Program:
    folder = tmp_path_factory.mktemp("pretrain")
    (folder / "corpus.txt").write_text(TEXT * 60)
    program = Program("pretrain", folder)
    options = ("--width", 64, "--batch-size", 32, "--steps", 100, "--epochs", 3, "--lr", 0.005)
    program.run("--corpus", "corpus.txt", *SMALL, *options, "--out", "run")
    return program


# --- training -------------------------------------------------------------------------------------


def test_it_learns_to_fill_in_masks(trained: Program) -> None:
    rows = list(csv.DictReader((trained.folder / "run" / "history.csv").read_text().splitlines()))
    bits = [float(row["dev_bits_per_word"]) for row in rows]
    assert bits[-1] < 0.5  # the frequencies alone: 3.7
    predictor = pmt_apps.load(trained.folder / "run", workers=1)
    (masks,) = predictor.predict(["The cat sat on [MASK] mat ."])
    assert len(masks) == 1
    probabilities = [candidate["probability"] for candidate in masks[0]]
    assert probabilities == sorted(probabilities, reverse=True)
    assert 0 < sum(probabilities) <= 1
    two = predictor.predict(["[MASK] dog [MASK] ."])[0]
    assert [len(candidates) for candidates in two] == [5, 5]


@pytest.mark.parametrize("text", ["no mask", "", "word " * 400 + "[MASK]"])
def test_a_text_without_a_mask_to_fill_is_refused(trained: Program, text: str) -> None:
    predictor = pmt_apps.load(trained.folder / "run", workers=1)
    with pytest.raises(DataError, match="MASK"):
        predictor.predict([text])


def test_scores_are_the_same_each_time_and_for_any_number_of_workers(text: Path) -> None:
    corpus, chosen = corpus_of(text), settings(text)
    model = training.build_model(chosen, len(corpus.tokenizer))
    scores = [
        training.held_out_scores(model, corpus, chosen, workers)
        for workers in (Workers(1), Workers(1), Workers(2))
    ]
    assert scores[0] == scores[1]
    assert scores[0]["loss"] == pytest.approx(scores[2]["loss"], rel=1e-6)
    nats = scores[0]["bits_per_word"] / corpus.pieces_per_word * np.log(2)
    assert nats == pytest.approx(scores[0]["loss"])


class Clock:
    """A clock that goes on by a number of seconds at each look."""

    def __init__(self, seconds: float) -> None:
        self.now, self.seconds = 0.0, seconds

    def __call__(self) -> float:
        self.now += self.seconds
        return self.now


def test_the_minutes_set_the_steps_and_timing_changes_no_weight(
    text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, chosen = corpus_of(text), settings(text, minutes=2.0, epochs=4)
    model = training.build_model(chosen, len(corpus.tokenizer))
    before = model.state_dict()
    monkeypatch.setattr(training, "perf_counter", Clock(0.5))
    probe = Probe(Encoder(model.encoder, corpus.tokenizer), SENTENCES, SENTENCES)
    timed = training.with_steps(chosen, model, corpus, probe, 0.0)
    used = 0.5 * (2 * 22 + 2)  # the clock is read twice in each step and twice for the scores
    left = 120 - used - (4 + 1) * 0.5
    assert timed.steps == round(0.97 * left / 0.5 / 4)
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
    assert training.with_steps(timed, model, corpus, probe, 0.0) is timed


def test_skip_gram_vectors_stay_and_a_resumed_run_has_those_of_its_beginning(
    tmp_path: Path,
) -> None:
    (tmp_path / "corpus.txt").write_text(TEXT * 30)
    program = Program("pretrain", tmp_path)
    options = ("--vectors-epochs", 1, "--whole-words", "--optimizer", "muon")
    steps = ("--steps", 6, "--epochs", 2, "--corpus", "corpus.txt")
    program.run(*SMALL, *steps, *options, "--out", "run")
    process = program.start(*SMALL, *steps, *options, "--out", "parted", interrupt="step 8")
    _, errors = process.communicate(timeout=600)
    assert process.returncode == 130, errors
    program.run("--resume", "--out", "parted")
    first, second = (
        pmt_apps.load(tmp_path / name, workers=1).weights()  # type: ignore[attr-defined]
        for name in ("run", "parted")
    )
    for name, array in first.items():
        np.testing.assert_array_equal(second[name], array)
    chosen = settings(tmp_path / "corpus.txt", width=32, vectors_epochs=1, dev_fraction=0.1)
    corpus = corpus_of(tmp_path / "corpus.txt", dev_fraction=0.1)
    model = training.build_model(chosen, len(corpus.tokenizer))
    set_initial_weights(model, corpus, chosen)
    initial = model.state_dict()
    table = "encoder.words.weight"
    np.testing.assert_array_equal(first[table], initial[table])
    assert not np.array_equal(first["output"], initial["output"])
    saved = Encoder.load(tmp_path / "run" / "encoder").model.words.weight.data
    np.testing.assert_array_equal(saved, first[table])


def test_narrow_embeddings_make_a_model_of_another_type(text: Path) -> None:
    corpus, chosen = corpus_of(text), settings(text, embedding=8)
    model = training.build_model(chosen, len(corpus.tokenizer))
    assert model.encoder.words.weight.shape[1] == 8
    assert model.encoder.config.model_type == "electra"


# --- the encoder that it saves --------------------------------------------------------------------


def test_the_saved_encoder_is_that_of_the_run(trained: Program) -> None:
    folder = trained.folder / "run" / "encoder"
    predictor = pmt_apps.load(trained.folder / "run", workers=1)
    model = load_bert(folder)
    ours = predictor.model.encoder.state_dict()  # type: ignore[attr-defined]
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, ours[name])
    assert model.config.dropout == 0.1
    assert Tokenizer.load(folder).tokenize("The cat") == ["The", "cat"]


def test_the_untrained_encoder_is_the_same_model_before_its_first_step(trained: Program) -> None:
    saved = pmt_apps.load(trained.folder / "run", workers=1).settings  # type: ignore[attr-defined]
    first, last = (Encoder.load(trained.folder / "run" / name) for name in ("untrained", "encoder"))
    assert first.model.config == last.model.config
    assert first.tokenizer.to_json() == last.tokenizer.to_json()
    initial = training.build_model(saved, len(first.tokenizer)).encoder.state_dict()
    after = last.model.state_dict()
    for name, array in first.model.state_dict().items():
        np.testing.assert_array_equal(array, initial[name])
        assert not np.array_equal(array, after[name]) or name == "token_types.weight"


def test_other_programs_take_the_encoder(trained: Program) -> None:
    folder = trained.folder / "run" / "encoder"
    vectors = Encoder.load(folder).embed(["The cat sat.", "A dog ran."])
    assert vectors.shape == (2, 64)
    options = TrainingOptions(epochs=1, workers=1)
    texts = ["The cat sat .", "A dog ran ."] * 20
    classifier = TextClassifier(encoder=folder, training=options).fit(texts, ["cat", "dog"] * 20)
    assert set(classifier.predict(texts)) <= {"cat", "dog"}


def test_a_run_that_is_replaced_leaves_no_encoder_of_other_weights(trained: Program) -> None:
    options = ("--corpus", "corpus.txt", *SMALL, "--steps", 2, "--epochs", 1, "--out", "replaced")
    trained.run(*options)
    first = (trained.folder / "replaced" / "encoder" / "model.safetensors").read_bytes()
    trained.run(*options, "--seed", 2, "--overwrite")
    assert (trained.folder / "replaced" / "encoder" / "model.safetensors").read_bytes() != first
    metrics = json.loads((trained.folder / "replaced" / "metrics.json").read_text())
    assert set(metrics["dev"]) == {"loss", "bits_per_word", "probe_f1"}


# --- the probe ------------------------------------------------------------------------------------


def test_the_probe_sees_what_an_encoder_knows(text: Path) -> None:
    """Each tag belongs to one word, which the vectors of the table tell apart."""
    corpus, chosen = corpus_of(text), settings(text)
    model = training.build_model(chosen, len(corpus.tokenizer))
    probe = Probe(Encoder(model.encoder, corpus.tokenizer), SENTENCES, SENTENCES)
    before = model.encoder.state_dict()
    assert probe.f1(Workers(1)) == 1.0
    for name, array in model.encoder.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
    for parameter in model.encoder.parameters():
        parameter.data[...] = 0
    assert probe.f1(Workers(1)) == 0.0


def test_ridge_regression_is_the_solution_of_its_equations() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 4)), rng.normal(size=(50, 2))
    weight = ridge(x, y)
    ones = np.concatenate([x, np.ones((50, 1))], axis=1)
    gram = ones.T @ ones
    penalty = 1e-3 * np.trace(gram) / 5
    slope = ones.T @ (ones @ weight - y) + penalty * weight  # of half the penalized squares
    np.testing.assert_allclose(slope, 0, atol=1e-10)


def test_files_of_the_probe_go_together(text: Path) -> None:
    with pytest.raises(SettingsError, match="go together"):
        replace(settings(text), probe_train=text)
