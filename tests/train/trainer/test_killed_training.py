"""kill -9 at random steps, and a full disk: who resumes ends with the bits of who ran through.

With dropout, shuffling, accumulation, averaged weights, a schedule and a plateau, in processes of
their own.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL and rlimits are POSIX's")

PROGRAM = Path(__file__).with_name("killed_training.py")
STEPS = 42  # 6 epochs of 13 batches, two to a step


def command(folder, workers, how="finish", step=0):
    return [sys.executable, str(PROGRAM), str(folder), str(workers), how, str(step)]


def run(*args) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*args), capture_output=True, text=True, check=False, timeout=600)


@pytest.mark.parametrize("workers", [1, 2])
def test_killed_at_random_steps(tmp_path, workers):
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    straight.mkdir()
    killed.mkdir()
    expected = run(straight, workers)
    assert expected.returncode == 0, expected.stderr
    assert expected.stdout.startswith(f"{STEPS} ")
    rng = np.random.default_rng(workers)
    for step in sorted(rng.choice(np.arange(1, STEPS - 6), 3, replace=False)):
        assert run(killed, workers, "kill", step).returncode == -signal.SIGKILL
        # and within the save that comes some files later
        written = rng.integers(1, 4)
        assert run(killed, workers, "kill in a save", written).returncode == -signal.SIGKILL
        assert len([name for name in os.listdir(killed) if name.endswith(".tmp")]) == 1
    finished = run(killed, workers)
    assert finished.stderr == ""
    assert finished.stdout == expected.stdout
    assert sorted(os.listdir(killed)) == ["checkpoint.npz", "model.npz"]


def test_a_full_disk(tmp_path):
    straight, full = tmp_path / "straight", tmp_path / "full"
    straight.mkdir()
    full.mkdir()
    expected = run(straight, 1)
    finished = run(full, 1, "full", 17)
    assert finished.returncode == 1
    assert "FileProblem" in finished.stderr
    assert sorted(os.listdir(full)) == ["checkpoint.npz", "model.npz"]  # no half-written file
    finished = run(full, 1)
    assert (finished.stdout, finished.stderr) == (expected.stdout, "")
