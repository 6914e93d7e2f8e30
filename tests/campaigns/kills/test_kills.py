"""The campaign of killed programs: a seeded minute of it, and that it sees what is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from campaigns.kills.cases import CASES

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="processes are forked and killed"),
]

# Each breaks a promise in one line, runs the campaign on one program, and must be found out.
SAVED_IN_PLACE = """
import contextlib
import pmt_core.archive.archive as archive

@contextlib.contextmanager
def open_in_place(path):
    with open(path, "wb") as file:
        yield file

archive.atomic_file = open_in_place
"""
OPTIMIZER_FORGOTTEN = """
import pmt_train.trainer.resume as resume

load = resume.load_checkpoint

def load_without_moments(path):
    checkpoint = load(path)
    for array in checkpoint.optimizer.values():
        array[...] = 0
    return checkpoint

resume.load_checkpoint = load_without_moments
"""
TEMPORARY_FILE_LEFT = """
import tempfile
import pmt_train.trainer.fit_loop as fit_loop

run = fit_loop.TrainingLoop.run

def run_and_leave(self):
    tempfile.mkstemp(prefix="left-")
    return run(self)

fit_loop.TrainingLoop.run = run_and_leave
"""
CAMPAIGN = """
import sys
from campaigns.kills.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def campaign(root: Path, *arguments: object, before: str = "") -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(filter(None, [str(root), str(root / "apps"), *sys.path]))
    return subprocess.run(
        [sys.executable, "-c", before + CAMPAIGN, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
        timeout=600,
    )


@pytest.mark.parametrize("case", [case.name for case in CASES])
def test_killed_programs_resume_to_the_same_bits(root: Path, tmp_path: Path, case: str) -> None:
    """Each case once; `hatch run kills` goes on."""
    done = campaign(
        root, "--case", case, "--times", 1, "--jobs", 1, "--seed", 3, "--keep", tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 of 1 runs are right" in done.stdout
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("before", "problem"),
    [
        (SAVED_IN_PLACE, ".npz is damaged"),
        (OPTIMIZER_FORGOTTEN, "model.npz differs"),
        (TEMPORARY_FILE_LEFT, "temporary/left-"),
    ],
)
def test_a_fault_is_seen_and_can_be_repeated(
    root: Path, tmp_path: Path, before: str, problem: str
) -> None:
    options = ("--case", "mnist", "--jobs", 1, "--keep", tmp_path)
    done = campaign(root, "--times", 2, "--seed", 2, *options, before=before)
    assert done.returncode == 1, done.stderr
    assert problem in done.stdout
    lines = done.stdout.splitlines()
    (command, *_) = (line for line in lines if "repeat: hatch run kills" in line)
    assert "--seed 2 --trial " in command
    number = command.split("--trial ")[1].split()[0]
    folder = tmp_path / f"seed-2-trial-{number}"
    assert {path.name for path in folder.iterdir()} >= {"run", "expected", "data", "output.txt"}
    if before == SAVED_IN_PLACE:
        again = campaign(root, "--seed", 2, "--trial", number, *options, before=before)
        assert again.returncode == 1
        assert problem in again.stdout
