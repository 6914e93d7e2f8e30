"""`mpiexec -n 2 python apps/train_qqp.py`: one run, written by rank 0, equal to two workers."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pmt_core import load_archive

MPIEXEC = shutil.which(
    "mpiexec", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
)

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("mpi4py") is None, reason="mpi4py is not installed (extra [mpi])"
    ),
    pytest.mark.skipif(MPIEXEC is None, reason="there is no mpiexec (pip install mpich)"),
]

SMALL = [
    "--epochs",
    "2",
    "--width",
    "16",
    "--heads",
    "2",
    "--layers",
    "1",
    "--hidden",
    "16",
    "--limit",
    "200",
]


def run(root, ranks, *args) -> subprocess.CompletedProcess[str]:
    start = [str(MPIEXEC), "-n", str(ranks)] if ranks else []
    return subprocess.run(
        [*start, sys.executable, str(root / "apps" / "train_qqp.py"), *args],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=os.environ
        | {
            "OPENBLAS_NUM_THREADS": "1",
            "OMPI_ALLOW_RUN_AS_ROOT": "1",
            "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "OMPI_MCA_rmaps_base_oversubscribe": "true",
        },
    )


def test_two_ranks_train_as_two_workers_do(root, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    alone = run(root, 0, *SMALL, "--workers", "2", "--out", str(one))
    assert alone.returncode == 0, alone.stderr
    both = run(root, 2, *SMALL, "--workers", "1", "--out", str(two))
    assert both.returncode == 0, both.stderr
    assert sorted(p.name for p in one.iterdir()) == sorted(p.name for p in two.iterdir())
    assert both.stdout.count("report: ") == 1
    expected, found = (load_archive(folder / "model.npz")[0] for folder in (one, two))
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)
    # Rank 0 alone scores and trains the baselines, as one process does.
    alone_metrics, both_metrics = (json.loads((f / "metrics.json").read_text()) for f in (one, two))
    for row in ("dev", "dev_unlinked", "dev_overlap"):
        assert both_metrics[row] == alone_metrics[row], row
    assert both_metrics["dev_tfidf"].keys() == alone_metrics["dev_tfidf"].keys()


def test_an_error_of_all_ranks_is_told_once(root, tmp_path):
    found = run(root, 2, "--data", str(tmp_path / "nowhere.tsv"), "--out", str(tmp_path / "run"))
    assert found.returncode == 2
    assert found.stderr.count("error: ") == 1
    assert "Traceback" not in found.stderr
    assert not (tmp_path / "run").exists()
