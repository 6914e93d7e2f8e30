"""Training by MPI with processes under mpiexec; `test_process_group.py` uses threads."""

from __future__ import annotations

import re
from pathlib import Path

from mpi_launch import needs_mpi, run_ranks

PROGRAM = Path(__file__).parents[1] / "trainer" / "killed_training.py"

pytestmark = needs_mpi

CARRIER = """
import numpy as np
from pmt_train import launched_process_group

group = launched_process_group()
for dtype in (np.float32, np.float64):
    numbers = np.arange(5, dtype=dtype) * 10**group.rank
    group.all_reduce_sum(numbers[1:])
    right = np.arange(1, 5) * 111
    if numbers.dtype != dtype or numbers[1:].tolist() != right.tolist():
        raise SystemExit(repr(numbers))
tenths = np.random.default_rng(group.rank).normal(size=1000).astype(np.float32)
each = group.all_gather(tenths)
whole, parts = tenths.copy(), tenths.copy()
group.all_reduce_sum(whole)
for part in np.split(parts, [1, 2, 700]):  # of 1, 1, 698 and 300 numbers
    group.all_reduce_sum(part)
if not (np.array_equal(whole, parts) and np.array_equal(whole, (each[0] + each[1]) + each[2])):
    raise SystemExit("the order of the sum depends on the size of the message")
rows = group.all_gather(np.arange(2 * group.rank, dtype=np.int64))
if [row.tolist() for row in rows] != [[], [0, 1], [0, 1, 2, 3]]:
    raise SystemExit(repr(rows))
message = group.broadcast({"é": [1.5, None]} if group.rank == 0 else None)
if message != {"é": [1.5, None]} or group.all_reduce_max(group.rank) != 2 or group.size != 3:
    raise SystemExit(repr(message))
print("ok")
"""


def test_the_operations_of_the_carrier():
    done = run_ranks(3, "-c", CARRIER)
    assert done.stdout.count("ok") == 3, done.stderr  # lines may run into each other


def test_killed_and_resumed(tmp_path):
    """Bit for bit what two ranks do that run through: weights, moments, averages, history."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    expected = run_ranks(2, PROGRAM, tmp_path / "one", 1, "finish", 0)
    assert expected.returncode == 0, expected.stderr
    assert run_ranks(2, PROGRAM, tmp_path / "two", 1, "kill", 23).returncode != 0
    assert (tmp_path / "two" / "checkpoint.npz").exists()
    done = run_ranks(2, PROGRAM, tmp_path / "two", 1, "finish", 0)
    digests, expected_digests = (
        re.findall(r"[0-9a-f]{64}", output) for output in (done.stdout, expected.stdout)
    )
    assert len(digests) == 2
    assert len(set(digests + expected_digests)) == 1, (done.stdout, expected.stdout)
