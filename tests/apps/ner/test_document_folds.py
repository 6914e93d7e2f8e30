"""Folds of documents and of blocks; `--folds` of train_ner.py, also stopped and resumed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from programs import Program
from small_apps import tagged_sentences

from pmt_apps.ner.document_folds import document_folds, held_out_part
from pmt_apps.ner.pretraining import PretrainedWeights
from pmt_apps.ner.tagger import Tagger
from pmt_core import DataError
from pmt_text import TaggedSentence

SMALL = (
    "--width", 8, "--hidden", 8, "--heads", 2, "--layers", 1, "--word-width", 8, "--filters", 8,
    "--average", 0, "--epochs", 2, "--workers", 1,
)  # fmt: skip


def sentences(documents: dict[int, int], words: int = 3) -> list[TaggedSentence]:
    """A number of equal sentences of each document."""
    sentence = ("Ann", "slept", "well")[:words], ("B-PER", "O", "O")[:words]
    return [
        TaggedSentence(*sentence, document=number)
        for number, count in documents.items()
        for _ in range(count)
    ]


def test_documents_stay_whole_and_are_spread_evenly() -> None:
    sizes = {number: 1 + number * 7 % 5 for number in range(1, 41)}
    texts = sentences(sizes)
    folds = document_folds(texts, 5, seed=1)
    for number in sizes:
        assert len({int(n) for n, s in zip(folds, texts, strict=True) if s.document == number}) == 1
    counts = np.bincount(folds)
    assert len(counts) == 5
    assert counts.max() - counts.min() <= max(sizes.values())


def test_folds_depend_on_the_seed_alone() -> None:
    texts = sentences(dict.fromkeys(range(1, 31), 2))
    first = document_folds(texts, 3, seed=1).tolist()
    assert first == document_folds(texts, 3, seed=1).tolist()
    assert first != document_folds(texts, 3, seed=2).tolist()


@pytest.mark.parametrize("document", [0, 1])
def test_without_documents_folds_are_contiguous_blocks(document: int) -> None:
    """A single document is a file without any."""
    folds = document_folds(sentences({document: 11}), 3, seed=1).tolist()
    assert folds == sorted(folds)
    assert np.bincount(folds).tolist() == [4, 4, 3]


def test_too_many_folds_are_refused() -> None:
    with pytest.raises(DataError, match=r"2 documents, which stay whole, .* 3 folds"):
        document_folds(sentences({1: 5, 2: 5}), 3, seed=1)
    with pytest.raises(DataError, match="2 sentences cannot be cut into 3 folds"):
        document_folds(sentences({0: 2}), 3, seed=1)


def test_a_fold_that_has_all_entities_is_refused() -> None:
    texts = [TaggedSentence(("it", "rained"), ("O", "O"))] * 5 + sentences({0: 1})
    with pytest.raises(DataError, match="all entities are in fold 3 of 3"):
        document_folds(texts, 3, seed=1)


def test_a_tenth_is_held_out_in_whole_documents_or_at_the_end() -> None:
    texts = sentences(dict.fromkeys(range(1, 21), 3))
    held = {s.document for s, out in zip(texts, held_out_part(texts, seed=1), strict=True) if out}
    assert len(held) == 2
    assert held_out_part(texts, seed=1).sum() == 6
    assert held_out_part(sentences({0: 20}), seed=1).nonzero()[0].tolist() == [18, 19]
    assert held_out_part(sentences({1: 1, 2: 1}), seed=1).tolist() == [False, True]
    with pytest.raises(DataError, match="one sentence"):
        held_out_part(sentences({1: 1}), seed=1)


def read_metrics(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "metrics.json").read_text())
    return content


@pytest.fixture(scope="module")
def folded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Program, tuple[object, ...], str]:
    """The program, its options, and what it printed in "run" with three folds."""
    program = Program("ner", tmp_path_factory.mktemp("ner"))
    data = tagged_sentences(program.folder)
    options = (*data, "--limit", 150, *SMALL, "--lr", 0.02, "--folds", 3)
    return program, options, program.run(*options, "--out", "run").stdout


def test_folds_are_scored(folded: tuple[Program, tuple[object, ...], str]) -> None:
    program, _, printed = folded
    scores = read_metrics(program.folder / "run")["folds"]
    rows = [line for line in printed.splitlines() if line.startswith("fold ")]
    assert [row.split(":")[0] for row in rows] == ["fold 1", "fold 2", "fold 3"]
    f1 = [float(row.split("f1 ")[1].split(",")[0]) for row in rows]
    assert scores["f1"] == pytest.approx(np.mean(f1), abs=1e-4)
    assert scores["f1_interval"] == pytest.approx([min(f1), max(f1)], abs=1e-4)
    assert min(f1) > 0.5
    page = (program.folder / "run" / "report.html").read_text()
    assert "3 folds" in page
    assert f"{f1[2]:.4f}" in page


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_in_a_fold_keeps_the_training_and_a_resumed_run_scores_the_folds(
    folded: tuple[Program, tuple[object, ...], str],
) -> None:
    program, options, _ = folded
    process = program.start(*options, "--out", "parted", interrupt="step 25")  # 20 of the training
    out, errors = process.communicate(timeout=600)
    assert process.returncode == 130, errors
    assert "--out parted --resume" in errors
    assert "Traceback" not in errors
    assert "folds" not in read_metrics(program.folder / "parted")
    resumed = program.run("--resume", "--out", "parted")
    assert "epoch 1/2" not in resumed.stdout + out.split("epoch 2/2")[-1]
    expected, metrics = (read_metrics(program.folder / name) for name in ("run", "parted"))
    assert metrics["folds"] == expected["folds"]
    assert metrics["dev"] == expected["dev"]


def test_too_many_folds_start_no_run(folded: tuple[Program, tuple[object, ...], str]) -> None:
    program, options, _ = folded
    few = (*options, "--folds", 200, "--out", "never")
    program.refuse(*few, error=["150 sentences cannot be cut into 200 folds", "--folds"])
    assert not (program.folder / "never").exists()


def test_folds_start_from_the_pre_trained_encoder_of_the_run(
    folded: tuple[Program, tuple[object, ...], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    program, options, _ = folded
    loaded: list[Path] = []
    load_into = PretrainedWeights.load_into

    def load_and_note(weights: PretrainedWeights, tagger: Tagger) -> None:
        load_into(weights, tagger)
        loaded.append(weights.path)

    monkeypatch.setattr(PretrainedWeights, "load_into", load_and_note)
    (program.folder / "plain").write_text("Ann Lee met Bob in Oslo .\nEve met Dora .\n" * 50)
    lm = ("--lm-corpus", "plain", "--lm-epochs", 1, "--lm-min-count", 1)
    program.run(*options, *lm, "--epochs", 1, "--folds", 2, "--out", "lm")
    assert loaded == [Path("lm", "pretrain.npz")] * 2
