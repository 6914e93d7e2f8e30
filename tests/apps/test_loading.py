"""`pmt_apps.load` for the run of every app: the answers of `--predict`, and saved runs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_apps import APPS, SmallApp

import pmt_apps
from pmt_apps.kit.predictor import Predictor
from pmt_core import DataError, FileProblem, PmtError, SettingsError, load_archive

LINES = {
    "qqp": [f"How do I {a}?\tWhat is the way to {b}?" for a in ("swim", "run") for b in ("run",)],
    "ner": ["Ann Lee met Bob in Oslo.", "", "Eve", "Dora met Cid in Rome. " * 9, "in York"],
    "lm": ["the cat", "t", "the dog sat on"],
    "pretrain": ["the [MASK] sat", "[MASK] and [MASK]", "the dog [MASK] on the log."],
    "translation": ["one big dog", "small", "big big cat one dog"],
    "mnist": [" ".join([str(i)] * 784) for i in (0, 100, 255)],
    "word2vec": ["w1", "no such word", "W2"],
    "classify": ["the soup of day 3 was stale", "", "blue", "fine " * 40],
}  # fmt: skip
OPTIONS: dict[str, dict[str, Any]] = {"lm": {"temperature": 0, "tokens": 12}}
FLAGS = {"lm": ["--temperature", 0, "--tokens", 12]}
KEYS = {"qqp": "label", "ner": "tags", "lm": "continuation", "translation": "translation",
        "mnist": "label", "word2vec": "neighbors", "classify": "label",
        "pretrain": "masks"}  # fmt: skip


@pytest.fixture(params=APPS, ids=[app.name for app in APPS])
def trained(request: pytest.FixtureRequest, train: Callable[[SmallApp], Any]) -> Any:
    """Every program with its run."""
    return train(request.param)


def inputs_of(task: str) -> list[Any]:
    return [tuple(line.split("\t")) if task == "qqp" else line for line in LINES[task]]


def loaded(trained: Any, folder: Path | None = None) -> Predictor:
    task = trained.app.task
    return pmt_apps.load(folder or trained.run, **OPTIONS.get(task, {}))


def same(first: Any, second: Any) -> bool:
    """Whether two answers are equal, but for the last digits of probabilities and scores."""
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[k], second[k]) for k in first)
    if isinstance(first, list):
        return len(first) == len(second) and all(map(same, first, second))
    return bool(first == (pytest.approx(second, abs=1e-4) if type(first) is float else second))


def test_it_answers_like_predict(trained: Any) -> None:
    task = trained.app.task
    stdin = "".join(f"{line}\n" for line in LINES[task])
    lines = trained.program.run(
        "--predict", "--out", "run", *FLAGS.get(task, []), stdin=stdin
    ).answers
    predictor = loaded(trained)
    assert predictor.task == task
    answers = predictor.predict_json(inputs_of(task))
    # --predict of mnist reads a line at a time: sums of another order.
    assert same(answers, lines) if task == "mnist" else answers == lines
    assert predictor.predict(inputs_of(task)) == [line[KEYS[task]] for line in lines]
    assert predictor.predict([]) == []


def test_order_and_number_of_the_inputs_change_no_answer(trained: Any) -> None:
    predictor, inputs = loaded(trained), inputs_of(trained.app.task)
    answers = predictor.predict_json(inputs)
    backward = predictor.predict_json(inputs[::-1])[::-1]
    alone = [predictor.predict_json([example])[0] for example in inputs]
    many = predictor.predict_json(inputs * 30)
    assert same(backward, answers)
    assert same(alone, answers)
    assert same(many, answers * 30)


def test_probabilities_belong_to_the_classes(trained: Any) -> None:
    predictor, inputs = loaded(trained), inputs_of(trained.app.task)
    if not hasattr(predictor, "predict_proba"):
        assert not predictor.classes_
        return
    probabilities = predictor.predict_proba(inputs)
    rows = np.concatenate(list(probabilities)) if trained.app.task == "ner" else probabilities
    assert rows.shape[1] == len(predictor.classes_)
    assert rows.dtype == np.float32
    assert rows.sum(axis=1) == pytest.approx(1, abs=1e-4)
    if trained.app.task != "ner":  # of which the tags are those of the most likely sequence
        labels = [predictor.classes_[i] for i in rows.argmax(axis=1)]
        assert labels == predictor.predict(inputs)
    assert len(predictor.predict_proba([])) == 0


def test_a_saved_run_is_equal_to_the_bit(trained: Any, tmp_path: Path) -> None:
    predictor, task = loaded(trained), trained.app.task
    predictor.save(tmp_path / "a" / "copy")
    copy = loaded(trained, tmp_path / "a" / "copy")
    for name, array in predictor.weights().items():
        other = copy.weights()[name]
        assert (other.dtype, other.tobytes()) == (array.dtype, array.tobytes()), name
    assert copy.predict_json(inputs_of(task)) == predictor.predict_json(inputs_of(task))
    assert copy.settings.out == tmp_path / "a" / "copy"
    before, after = predictor.settings.to_json(), copy.settings.to_json()
    assert {**after, "out": ""} == {**before, "out": ""}
    metrics = json.loads((trained.run / "metrics.json").read_text())
    assert predictor.metrics == metrics
    files = ("pictures", "outputs")
    assert copy.metrics == {name: v for name, v in metrics.items() if name not in files}
    stdin = "".join(f"{line}\n" for line in LINES[task])
    options = ["--predict", *FLAGS.get(task, [])]
    answers = trained.program.run(*options, "--out", "run", stdin=stdin).stdout
    assert (
        trained.program.run(*options, "--out", tmp_path / "a/copy", stdin=stdin).stdout == answers
    )


@pytest.fixture(name="run")
def small_run(train: Callable[[SmallApp], Any], tmp_path: Path) -> Path:
    """A copy of a run of ner, to damage."""
    folder = tmp_path / "damaged"
    shutil.copytree(train(APPS[1]).run, folder)
    return folder


def test_a_run_is_not_overwritten_unasked(run: Path, tmp_path: Path) -> None:
    tagger = pmt_apps.load(run)
    tagger.save(tmp_path / "new")
    with pytest.raises(SettingsError, match="give another folder, or overwrite=True"):
        tagger.save(tmp_path / "new")
    tagger.save(tmp_path / "new", overwrite=True)
    tagger.save(run, overwrite=True)  # the run that it was loaded from
    assert pmt_apps.load(run).predict(["Ann met Bob"]) == tagger.predict(["Ann met Bob"])
    assert sorted(path.name for path in run.iterdir()) == [
        "config.json", "metrics.json", "model.npz",
    ]  # fmt: skip
    (tmp_path / "file").write_text("")
    with pytest.raises(FileProblem, match="is a file, expected a folder"):
        tagger.save(tmp_path / "file")


def test_a_folder_without_a_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"no run to load in .*; train one first, or name anothe"):
        pmt_apps.load(tmp_path)
    with pytest.raises(FileProblem, match="nowhere"):
        pmt_apps.load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("config", "error", "message"),
    [
        ({"task": "poetry"}, DataError, "belongs to a run of 'poetry'; expected qqp, ner"),
        ({"task": ["ner"]}, DataError, "expected qqp, ner"),
        ({}, DataError, "belongs to a run of null"),
        ({"model_type": "bert"}, FileProblem, "'bert'.*Encoder.load reads it"),
        ([], DataError, "config.json"),
    ],
)
def test_what_is_no_run_of_ours_is_refused(
    run: Path, config: object, error: type[PmtError], message: str
) -> None:
    (run / "config.json").write_text(json.dumps(config))
    with pytest.raises(error, match=message):
        pmt_apps.load(run)


def test_damaged_files_are_named(run: Path) -> None:
    arrays, _ = load_archive(run / "model.npz")
    for name in ("config.json", "model.npz", "metrics.json"):
        content = (run / name).read_bytes()
        (run / name).write_bytes(content[: len(content) // 2])
        with pytest.raises(PmtError, match=name):
            pmt_apps.load(run)
        (run / name).write_bytes(content)
    (run / "metrics.json").unlink()
    assert pmt_apps.load(run).metrics == {}
    first = next(iter(arrays))
    np.savez(run / "model.npz", **{first: np.array([print], object)})
    with pytest.raises(PmtError, match=r"model\.npz"):
        pmt_apps.load(run)
    (run / "model.npz").unlink()
    with pytest.raises(FileProblem, match=r"has no model\.npz yet"):
        pmt_apps.load(run)


def test_options_are_those_that_may_differ_from_the_training(run: Path) -> None:
    assert pmt_apps.load(run, workers=1).settings.workers == 1
    with pytest.raises(SettingsError, match=r"workers may be given, got width"):
        pmt_apps.load(run, width=16)
    with pytest.raises(SettingsError, match="--workers"):
        pmt_apps.load(run, workers=0)


@pytest.mark.parametrize(
    ("index", "inputs", "message"),
    [
        (1, "Ann met Bob", "expected a list of inputs, got str; give a list even of one"),
        (1, 3, "expected a list of inputs, got int"),
        (1, ["Ann", 3], "input 1: expected a text or a list of words, got int"),
        (1, [["Ann", "met Bob"]], "input 0: expected words that are not empty"),
        (0, [("a", "b"), "ab"], "input 1: expected a pair of texts, got 'ab'"),
        (0, [("a", "b", "c")], "input 0: expected a pair of texts"),
        (3, ["the", None], "input 1: expected a text, got NoneType"),
        (3, ["the cat", "der große Hund"], "input 1: "),
        (4, ["a", " "], "input 1: expected a sentence, got an empty text"),
        (5, [np.zeros((28, 27))], "input 0: the image: expected 28 x 28 pixels"),
        (5, [np.full((28, 28), 300)], "input 0: the image: expected pixels from 0"),
        (5, [[1, 2], [3]], "input 0: "),
        (5, [[[1], [2, 3]]], "input 0: expected an array of 28 x 28 numbers or a path, got list"),
        (5, ["x"], "input 0: expected the path of a .png or .npy file"),
        (6, [1], "input 0: expected a word, got int"),
        (8, ["a", 1], "input 1: expected a text, got int"),
    ],
)
def test_an_invalid_input_is_named(
    train: Callable[[SmallApp], Any], index: int, inputs: Any, message: str
) -> None:
    with pytest.raises(DataError) as error:
        loaded(train(APPS[index])).predict(inputs)
    assert str(error.value).startswith(message)


def test_words_can_be_given_and_entities_asked_for(train: Callable[[SmallApp], Any]) -> None:
    tagger = loaded(train(APPS[1]))
    text, words = "Ann Lee met Bob in Oslo.", ["Ann", "Lee", "met", "Bob", "in", "Oslo", "."]
    assert tagger.words([text, words]) == [words, words]
    tags, given = tagger.predict([text, words])
    assert tags == given == ["B-PER", "I-PER", "O", "B-PER", "O", "B-LOC", "O"]
    found, of_words = tagger.entities([text, words])
    assert [(e["type"], e["text"]) for e in found] == [
        ("PER", "Ann Lee"), ("PER", "Bob"), ("LOC", "Oslo"),
    ]  # fmt: skip
    assert [text[e["start"] : e["end"]] for e in found] == [e["text"] for e in found]
    spaced = " ".join(words)
    assert [spaced[e["start"] : e["end"]] for e in of_words] == [e["text"] for e in of_words]


def test_tag_probabilities_are_sums_of_marginals(train: Callable[[SmallApp], Any]) -> None:
    """The model has IOBES, the classes IOB2: B is B or S, I is I or E."""
    tagger = loaded(train(APPS[1]))
    from pmt_text import TaggedSentence

    words = ("Ann", "Lee", "met", "Bob", ".")
    (marginals,) = tagger.tagger.marginals([TaggedSentence(words)], tagger.workers)
    (probabilities,) = tagger.predict_proba([words])
    names = list(tagger.tagger.encoder.tags)
    assert set(tagger.classes_) == {"O", "B-PER", "I-PER", "B-LOC", "I-LOC"} & set(tagger.classes_)
    for i, name in enumerate(tagger.classes_):
        parts = {"B": "BS", "I": "IE"}.get(name[0], "O")
        columns = [names.index(p + name[1:]) for p in parts if p + name[1:] in names]
        assert probabilities[:, i] == pytest.approx(marginals[:, columns].sum(axis=1), abs=1e-6)


def test_loading_changes_no_state_of_the_process(trained: Any) -> None:
    def state() -> list[Any]:
        return [
            Path.cwd(), dict(os.environ), np.geterr(), list(warnings.filters),
            threading.active_count(), signal.getsignal(signal.SIGINT),
            sorted(path.name for path in trained.run.iterdir()),
        ]  # fmt: skip

    before = state()
    loaded(trained)
    assert state() == before
