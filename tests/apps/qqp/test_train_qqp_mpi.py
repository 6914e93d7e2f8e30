"""`mpiexec -n 2 python apps/train_qqp.py`: one run, written by rank 0, equal to two workers."""

from __future__ import annotations

import json
from pathlib import Path

from mpi_launch import needs_mpi, run_ranks
from same_model import assert_same_model
from small_apps import TINY

pytestmark = needs_mpi

SETTINGS = (*TINY, "--hidden", 16, "--epochs", 2, "--limit", 200)


def test_two_ranks_train_as_two_workers_do(root: Path, tmp_path: Path) -> None:
    program, runs = root / "apps" / "train_qqp.py", [tmp_path / "workers", tmp_path / "ranks"]
    alone = run_ranks(0, program, *SETTINGS, "--workers", 2, "--out", runs[0])
    assert alone.returncode == 0, alone.stderr
    ranks = run_ranks(2, program, *SETTINGS, "--workers", 1, "--out", runs[1])
    assert ranks.returncode == 0, ranks.stderr
    expected_names, names = (sorted(path.name for path in run.iterdir()) for run in runs)
    assert names == expected_names
    assert ranks.stdout.count("report: ") == 1
    assert_same_model(runs[1], runs[0])
    # Rank 0 alone scores and trains the baselines, as one process does.
    expected_metrics, metrics = (json.loads((run / "metrics.json").read_text()) for run in runs)
    for row in ("dev", "dev_unlinked", "dev_overlap"):
        assert metrics[row] == expected_metrics[row], row
    assert metrics["dev_tfidf"].keys() == expected_metrics["dev_tfidf"].keys()


def test_an_error_of_all_ranks_is_printed_once(root: Path, tmp_path: Path) -> None:
    program, out = root / "apps" / "train_qqp.py", tmp_path / "run"
    done = run_ranks(2, program, "--data", tmp_path / "nowhere.tsv", "--out", out)
    assert done.returncode == 2
    assert done.stderr.count("error: ") == 1
    assert "Traceback" not in done.stderr
    assert not out.exists()
