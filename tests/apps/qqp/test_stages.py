"""The stages of a run: pre-training, students, resuming between stages, and what they cost."""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
from programs import Program
from small_apps import TINY, write_pairs

from pmt_apps.kit.run import Run
from pmt_apps.qqp import main
from pmt_apps.qqp.data.settings import PRESETS, Settings
from pmt_core import load_archive
from pmt_nn import PairClassifier
from pmt_text import NumberedTokens
from pmt_text.tokenizers.token_numbers import TokenNumbers

TEACHERS, STUDENTS = 2, 3
SETTINGS = ("--epochs", 1, "--pretrain-epochs", 1, "--workers", 1, *TINY, "--hidden", 16)
ENSEMBLE = ("--teachers", TEACHERS, "--students", STUDENTS)
BEST = ("--preset", "best", *ENSEMBLE, *SETTINGS)


def files(folder: Path) -> list[object]:
    options: list[object] = []
    for name, rows in (("train", 120), ("dev", 40), ("extra", 60)):
        options += [f"--{name}", write_pairs(folder / f"{name}.tsv", rows)]
    return options


@dataclass
class Best:
    """A run of --preset best with three students, and what was counted meanwhile."""

    run: Path
    output: str = ""
    classifiers: int = 0
    tokenizations: Counter[str] = field(default_factory=Counter)


@pytest.fixture(scope="module")
def best(tmp_path_factory: pytest.TempPathFactory) -> Best:
    folder = tmp_path_factory.mktemp("best")
    best = Best(folder / "run")
    build: Callable[..., None] = PairClassifier.__init__
    encode: Callable[[TokenNumbers, Iterable[str]], NumberedTokens] = TokenNumbers.encode

    def counted_build(self: PairClassifier, *args: Any, **kwargs: Any) -> None:
        best.classifiers += 1
        build(self, *args, **kwargs)

    def counted_encode(self: TokenNumbers, texts: Iterable[str]) -> NumberedTokens:
        listed = list(texts)
        best.tokenizations.update(listed)
        return encode(self, listed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PairClassifier, "__init__", counted_build)
        patch.setattr(TokenNumbers, "encode", counted_encode)
        best.output = Program("qqp", folder).run(*files(folder), *BEST, "--out", "run").stdout
    return best


def test_each_stage_leaves_its_weights(best: Best) -> None:
    assert "near pairs found" in best.output
    students = [f"student{n}" for n in range(1, STUDENTS + 1)]
    soft = [f"{name}.soft_labels" for name in students]
    for stage in ("vectors", "pretrain", "teacher", "teacher2", *students, *soft):
        assert (best.run / f"{stage}.npz").is_file(), stage
    rows = (best.run / "history.csv").read_text().splitlines()
    assert len(rows) == 1 + 3 + 1 + TEACHERS + 2 * STUDENTS


def test_the_model_is_the_ensemble_of_the_students(best: Best) -> None:
    weights, meta = load_archive(best.run / "model.npz")
    assert meta["model"]["kind"] == "product"
    assert meta["model"]["transformer"]["members"] == STUDENTS
    for n in range(STUDENTS):
        student, _ = load_archive(best.run / f"student{n + 1}.npz")
        for name, array in student.items():
            member = name.replace("members.0", f"members.{n}")
            np.testing.assert_array_equal(weights[f"transformer.{member}"], array)
    metrics = json.loads((best.run / "metrics.json").read_text())
    untrained = ("transformer.vectors", "part_weights")
    parameters = sum(array.size for name, array in weights.items() if name not in untrained)
    assert metrics["parameters"] == parameters


def test_ngrams_stand_beside_the_students_and_are_reported(best: Best) -> None:
    weights, _ = load_archive(best.run / "model.npz")
    transformer, ngrams = (round(float(weight), 1) for weight in weights["part_weights"])
    text = f"Transformer have the weight {transformer}, those of the n-grams {ngrams}"
    assert text in best.output
    assert text in (best.run / "report.html").read_text()
    assert np.abs(weights["ngrams.weights.weight"]).max() > 0
    metrics = json.loads((best.run / "metrics.json").read_text())
    losses = [metrics[f"dev{part}"]["loss"] for part in ("", "_transformer", "_ngrams")]
    assert losses[0] <= min(losses[1:]) + 1e-6


def test_best_builds_teachers_and_students_and_no_other_model(best: Best) -> None:
    assert best.classifiers == TEACHERS + STUDENTS


def test_teachers_begin_with_the_same_layers_and_end_with_others(best: Best) -> None:
    first, second = (load_archive(best.run / f"{name}.npz")[0] for name in ("teacher", "teacher2"))
    words = "members.0.words.weight"
    change = np.abs(first[words] - second[words]).max()
    assert 0 < change < 0.1 * np.abs(first[words]).max()


def test_teachers_without_students_are_the_model(
    program: Callable[..., Program], tmp_path: Path
) -> None:
    options = ("--preset", "quick", "--teachers", TEACHERS, *SETTINGS)
    program("qqp").run(*files(tmp_path), *options, "--out", "run")
    weights, meta = load_archive(tmp_path / "run" / "model.npz")
    assert meta["model"]["members"] == TEACHERS
    second, _ = load_archive(tmp_path / "run" / "teacher2.npz")
    words = "members.{}.words.weight"
    np.testing.assert_array_equal(weights[words.format(1)], second[words.format(0)])


@pytest.mark.parametrize("preset", ["plain", "quick"])
def test_ngrams_go_beside_a_single_model_as_well(
    program: Callable[..., Program], tmp_path: Path, preset: str
) -> None:
    options = ("--preset", preset, *SETTINGS, "--pretrain-epochs", 0, "--ngrams")
    program("qqp").run(*files(tmp_path), *options, "--out", "run")
    weights, meta = load_archive(tmp_path / "run" / "model.npz")
    teacher, _ = load_archive(tmp_path / "run" / "teacher.npz")
    assert meta["model"]["kind"] == "product"
    for name, array in teacher.items():
        np.testing.assert_array_equal(weights[f"transformer.{name}"], array)


def test_each_question_is_tokenized_once(best: Best) -> None:
    assert len(best.tokenizations) > 200
    assert set(best.tokenizations.values()) == {1}


@pytest.mark.parametrize("missing", ["student2", "teacher2"])
def test_resumed_after_a_stage_the_weights_are_the_same(
    best: Best, program: Callable[..., Program], tmp_path: Path, missing: str
) -> None:
    again = tmp_path / "again"
    shutil.copytree(best.run, again)
    stages = ["teacher2", *(f"student{n}" for n in range(1, STUDENTS + 1))]
    for name in stages[stages.index(missing) :]:
        for path in again.glob(f"{name}.*npz"):
            path.unlink()
    (again / "model.npz").unlink()
    program("qqp").run("--resume", "--out", again)
    (expected, _), (resumed, _) = (load_archive(run / "model.npz") for run in (best.run, again))
    assert resumed.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(resumed[name], array, err_msg=name)


def test_both_orders_of_a_pair_have_the_same_probability(
    best: Best, predict: Callable[[Path, str], list[str]]
) -> None:
    pairs = [("How do I swim?", "What is the way to swim?"), ("How do I run?", "How do I cook?")]
    lines = [*("\t".join(pair) for pair in pairs), *("\t".join(pair[::-1]) for pair in pairs)]
    answers = [json.loads(line) for line in predict(best.run, "\n".join(lines))]
    probabilities = [answer["probability"] for answer in answers]
    assert probabilities[:2] == pytest.approx(probabilities[2:], abs=2e-6)


def test_pretraining_on_a_text_and_from_its_weights(
    program: Callable[..., Program], tmp_path: Path
) -> None:
    text = tmp_path / "text.txt"
    text.write_text("how do people swim and run and cook rice in many days " * 200)
    qqp, data = program("qqp"), files(tmp_path)
    settings = (*data, *SETTINGS, "--preset", "quick")
    output = qqp.run(*settings, "--pretrain", text, "--out", "first").stdout
    assert "pretrain: 119 pairs of texts" in output  # 12 words x 200 in chunks of 20
    metrics = json.loads((tmp_path / "first" / "metrics.json").read_text())
    assert metrics["data"]["pretrain"]["rows"] == 119
    weights = tmp_path / "first" / "pretrain.npz"
    qqp.run(*settings, "--pretrain", weights, "--out", "second")
    assert not (tmp_path / "second" / "pretrain.npz").exists()
    wider = ("--pretrain", weights, "--width", 16, "--out", "wider")
    qqp.refuse(*settings, *wider, error=["--width"])


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--vectors-epochs", 0), "--vectors-epochs"),
        (("--extra-epochs", 1), "--preset plain"),
        (("--pretrain", "some.txt", "--pretrain-epochs", 0), "--pretrain-epochs"),
        (("--encoder", "folder", "--students", 0, "--optimizer", "muon"), "--optimizer muon"),
        (("--encoder", "folder", "--students", 0, "--ngrams"), "--ngrams"),
        (("--pretrain", "missing.npz"), "missing.npz"),
        (("--pretrain", "missing.txt"), "missing.txt"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    program: Callable[..., Program], tmp_path: Path, options: tuple[object, ...], word: str
) -> None:
    program("qqp").refuse(*files(tmp_path), *BEST, *options, "--out", "run", error=[word])
    assert not (tmp_path / "run" / "config.json").exists()


@pytest.mark.parametrize("preset", ["plain", "quick"])
def test_the_first_matrix_product_is_at_most_20_calls_below_train(
    preset: Any, tmp_path: Path
) -> None:
    class Reached(BaseException):
        pass

    depths = []

    def look(frame: FrameType, event: str, arg: object) -> None:
        if event == "call" and frame.f_code.co_qualname in ("linear", "matmul"):
            codes = [frame.f_code]
            while codes[-1] is not main.train.__code__:
                assert frame.f_back is not None
                frame = frame.f_back
                codes.append(frame.f_code)
            depths.append(len(codes) - 1)
            raise Reached

    sizes = {"width": 8, "heads": 2, "layers": 1, "limit": 40, "workers": 1}
    settings = Settings(out=tmp_path / "run", preset=preset, **sizes, **PRESETS[preset])
    with pytest.raises(Reached), Run.open(settings, "qqp", "") as run:
        sys.setprofile(look)
        try:
            main.train(settings, run)
        finally:
            sys.setprofile(None)
    assert depths[0] <= 20
