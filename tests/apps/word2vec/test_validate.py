"""apps/validate_word2vec.py: the offset of Paris and France is that of Berlin and Germany."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pmt_core import load_archive


def run(root: Path, folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(root / "apps" / "validate_word2vec.py"), *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=600,
        check=False,
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_offsets_are_equal_whatever_the_seed(root: Path, tmp_path: Path, seed: int) -> None:
    done = run(root, tmp_path, "--seed", seed, "--out", "run")
    assert done.returncode == 0, done.stderr
    assert "Paris -> France is Berlin -> Germany" in done.stdout
    arrays, _ = load_archive(tmp_path / "run" / "model.npz")
    (vectors,) = arrays.values()
    paris, france, berlin, germany = vectors
    np.testing.assert_allclose(france - paris, germany - berlin, atol=0.02)
    assert np.linalg.norm(france - paris) > 1  # not because all of them are one point
    assert paris @ germany < -1
    assert berlin @ france < -1
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["offsets"]["difference"] < 0.01
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"words.png", "learning.png", "report.html", "checkpoint.npz"} <= names


def test_offsets_that_differ_are_an_error(root: Path, tmp_path: Path) -> None:
    done = run(root, tmp_path, "--epochs", 1, "--lr", 1e-4)
    assert done.returncode == 2
    assert "differ by" in done.stderr
    assert "Traceback" not in done.stderr
