"""Runs with `--members`: the mean of the members, files, stopped and resumed; Muon and R-Drop."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from programs import Program
from same_model import assert_same_model
from small_apps import translations

from pmt_apps.kit.settings import member_seed
from pmt_apps.loading import load
from pmt_apps.translation.ensemble import TranslationEnsemble
from pmt_core import DataError, load_archive, log_softmax
from pmt_nn import EncoderDecoder, EncoderDecoderConfig
from pmt_text import EncodedTranslations

SMALL = (
    "--width", 8, "--heads", 2, "--hidden", 12, "--layers", 1, "--merges", 20, "--warmup", 5,
    "--epochs", 2, "--batch-size", 200, "--workers", 1, "--beam", 2, "--members", 2,
    "--optimizer", "muon", "--r-drop", 2, "--lr", 0.02,
)  # fmt: skip


def test_the_loss_is_that_of_the_normalized_mean() -> None:
    config = EncoderDecoderConfig(
        source_vocabulary=9, target_vocabulary=9, width=8, heads=2, hidden=12, shared=True
    )
    models = [EncoderDecoder(config, np.random.default_rng(seed)).eval() for seed in (1, 2)]
    rng = np.random.default_rng(3)
    sources, targets = ([rng.integers(4, 9, n) for n in (3, 5, 2)] for _ in range(2))
    batch = EncodedTranslations.of(sources, targets).batch(np.arange(3))
    expected = 0.0
    for i, n in enumerate(batch.target_mask.sum(axis=1)):
        inputs = batch.source[i : i + 1, : batch.source_mask[i].sum()], batch.target[i : i + 1, :n]
        mean = np.mean([log_softmax(model(*inputs).data[0]) for model in models], axis=0)
        expected -= log_softmax(mean)[np.arange(n), batch.labels[i, :n]].sum()
    assert TranslationEnsemble(models).loss(batch).item() == pytest.approx(expected, rel=1e-5)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Program, tuple[object, ...]]:
    """A run of two members, in `run` below the program's folder."""
    program = Program("translation", tmp_path_factory.mktemp("ensemble"))
    options = (*translations(program.folder), *SMALL)
    program.run(*options, "--out", "run")
    return program, options


def read_metrics(run: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((run / "metrics.json").read_text())
    return content


def test_a_run_scores_and_saves_the_ensemble(trained: tuple[Program, tuple[object, ...]]) -> None:
    program, _ = trained
    run = program.folder / "run"
    metrics = read_metrics(run)
    assert {"bleu", "loss", "members_mean_greedy_bleu"} <= set(metrics["dev"])
    predictor = load(run)
    assert len(predictor.model.members) == 2
    assert metrics["parameters"] == predictor.model.parameter_count()
    lines = ["one big dog", "cat"]
    answers = program.run("--predict", "--out", "run", stdin="\n".join(lines)).answers
    assert [answer["translation"] for answer in answers] == predictor.predict(lines)
    first, second = (load_archive(run / f"member{i}.npz")[0] for i in (1, 2))
    assert not np.array_equal(first["target_words.weight"], second["target_words.weight"])
    saved = load_archive(run / "model.npz")[0]
    np.testing.assert_array_equal(saved["members.1.bias"], second["bias"])


def test_a_saved_predictor_is_the_same_ensemble(
    trained: tuple[Program, tuple[object, ...]], tmp_path: Path
) -> None:
    predictor = load(trained[0].folder / "run")
    predictor.save(tmp_path / "copy")
    assert load(tmp_path / "copy").predict_json(["one dog"]) == predictor.predict_json(["one dog"])


@pytest.mark.parametrize("number", [0, 65, "2", None])
def test_a_damaged_number_of_members_is_refused(
    trained: tuple[Program, tuple[object, ...]], number: Any
) -> None:
    predictor = load(trained[0].folder / "run")
    meta = {**predictor.model_meta(), "members": number}
    with pytest.raises(DataError, match="members"):
        type(predictor).from_weights(predictor.settings, predictor.weights(), meta)


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_in_a_later_member_keeps_the_first_and_a_resumed_run_is_equal(
    trained: tuple[Program, tuple[object, ...]],
) -> None:
    program, options = trained
    rows = (program.folder / "run" / "history.csv").read_text().splitlines()
    steps = int(rows[-1].split(",")[2]) // 2  # of a member
    process = program.start(*options, "--out", "parted", interrupt=f"step {steps + 2}")
    out, errors = process.communicate(timeout=600)
    assert process.returncode == 130, errors
    assert "--out parted --resume" in errors
    assert "member 2 of 2" in out
    assert len(load(program.folder / "parted").model.members) == 1  # usable already
    program.run("--resume", "--out", "parted")
    assert_same_model(program.folder / "parted", program.folder / "run")
    scores = [read_metrics(program.folder / name)["dev"] for name in ("run", "parted")]
    assert scores[0] == scores[1]


def test_the_first_member_has_the_seed_of_the_run() -> None:
    seeds = [member_seed(7, i) for i in range(4)]
    assert seeds[0] == 7
    assert len(set(seeds)) == 4
