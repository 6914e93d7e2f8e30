"""Runs that version 0.1 saved still predict: weights, settings and vocabularies of earlier names.

The runs were trained in some seconds on toy data; only config.json and model.npz were kept.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from programs import Program

from pmt_core import load_archive

RUNS = Path(__file__).parent / "saved_runs"


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[str, str], Program]:
    """Return the runner of an app beside a copy of its saved run, which is named "run"."""

    def copy(app: str, run: str) -> Program:
        shutil.copytree(RUNS / run, tmp_path / "run")
        return Program(app, tmp_path)

    return copy


def test_a_language_model_continues_a_prompt(saved: Callable[[str, str], Program]) -> None:
    lm = saved("lm", "lm")
    greedy = ("--out", "run", "--temperature", 0, "--tokens", 24)
    continuation = " on the log.\nthe cat sat"
    (answer,) = lm.run(*greedy, "--predict", stdin="the dog sat\n").answers
    assert answer == {"prompt": "the dog sat", "continuation": continuation}
    assert lm.run(*greedy, "--generate", "the dog sat").stdout == f"the dog sat{continuation}\n"


def test_a_tagger_finds_entities(saved: Callable[[str, str], Program]) -> None:
    text = "Ann Lee met Bob in Rome."
    (answer,) = saved("ner", "ner").run("--predict", "--out", "run", stdin=text).answers
    expected = {"Ann Lee": ("PER", 0.899299), "Bob": ("PER", 0.667194), "Rome": ("LOC", 0.859575)}
    assert {e["text"]: (e["type"], e["confidence"]) for e in answer["entities"]} == {
        name: (kind, pytest.approx(confidence, abs=1e-4))
        for name, (kind, confidence) in expected.items()
    }


def test_a_tagger_starts_from_the_encoder_of_a_saved_run(
    saved: Callable[[str, str], Program], tmp_path: Path
) -> None:
    ner = saved("ner", "ner")
    words = "Ann I-PER\nLee I-PER\nmet O\nBob I-PER\nin O\nRome I-LOC\n. O\n\n"
    (tmp_path / "data").write_text(words * 20)
    sizes = ("--width", 8, "--heads", 2, "--layers", 1, "--hidden", 16)
    options = (*sizes, "--word-width", 8, "--filters", 8, "--lr", 1e-12, "--average", 0)
    files = ("--train", "data", "--dev", "data", "--encoder", Path("run", "model.npz"))
    ner.run(*files, *options, "--epochs", 1, "--workers", 1, "--out", "next")
    (before, _), (after, _) = (load_archive(tmp_path / r / "model.npz") for r in ("run", "next"))
    assert after["encoder.norm.weight"] == pytest.approx(before["encoder.norm.gain"], abs=1e-6)


def test_a_fine_tuned_encoder_without_ngrams_classifies(
    saved: Callable[[str, str], Program],
) -> None:
    lines = "the soup of day 3 was stale\nthe tea was blue\n"
    answers = saved("classify", "classify").run("--predict", "--out", "run", stdin=lines).answers
    assert [answer["label"] for answer in answers] == ["bad", "odd"]
    for answer, expected in zip(answers, (0.826352, 0.974683), strict=True):
        assert answer["probabilities"][answer["label"]] == pytest.approx(expected, abs=1e-4)


def test_an_encoder_decoder_translates(saved: Callable[[str, str], Program]) -> None:
    text = "one small cat dog"
    (answer,) = (
        saved("translation", "translation").run("--predict", "--out", "run", stdin=text).answers
    )
    assert answer["translation"] == "ein Kater kleiner Kater"
    assert answer["score"] == pytest.approx(-0.984822, abs=1e-4)


def test_word_vectors_are_queried(saved: Callable[[str, str], Program]) -> None:
    word2vec = saved("word2vec", "word2vec")
    (answer,) = word2vec.run("--predict", "--out", "run", stdin="a\n").answers
    nearest = answer["neighbors"][0]
    assert nearest == {"word": "busy", "similarity": pytest.approx(0.991853, abs=1e-6)}
    assert word2vec.run("--out", "run", "--neighbors", "a").stdout.split()[0] == "busy"
