"""ProcessGroup that are processes, on one machine or many, by MPI (extra `[mpi]`: mpi4py)."""

from __future__ import annotations

import functools
import os
from typing import Any

import numpy as np

from pmt_autograd import Array
from pmt_core import SettingsError
from pmt_train.parallel.ranks import ProcessGroup, SingleProcess

# What mpiexec tells its processes: of MPICH and its kin (Intel MPI, srun), and of Open MPI.
_SIZE_VARIABLES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")


@functools.cache
def launched_process_group() -> ProcessGroup:
    """The ranks that this process was started among: `mpiexec -n 4 python program.py`.

    A process that was started in the ordinary way is alone. Raises SettingsError where mpiexec
    started it and mpi4py is missing.
    """
    if not any(int(os.environ.get(name) or 1) > 1 for name in _SIZE_VARIABLES):
        return SingleProcess()
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise SettingsError(
            f"mpiexec started several processes, and mpi4py cannot be loaded ({error}); "
            "pip install 'pmt-train[mpi]', and pip install mpich where the machine has no MPI"
        ) from error
    return MpiGroup(MPI)


class MpiGroup(ProcessGroup):
    """The processes of an MPI communicator.

    mpi: the module `mpi4py.MPI`. communicator: whose processes; None: all, `MPI.COMM_WORLD`.
    """

    def __init__(self, mpi: Any, communicator: Any = None) -> None:
        self._mpi = mpi
        self._comm = mpi.COMM_WORLD if communicator is None else communicator
        self.rank = int(self._comm.Get_rank())
        self.size = int(self._comm.Get_size())

    def all_reduce_sum(self, array: Array) -> None:
        """MPI_Allreduce on the memory of the array."""
        if self.size > 1:
            self._comm.Allreduce(self._mpi.IN_PLACE, array, op=self._mpi.SUM)

    def all_gather(self, array: Array) -> list[Array]:
        """MPI_Allgather of the lengths, then MPI_Allgatherv of the numbers."""
        mine = np.ascontiguousarray(array)
        counts = np.empty(self.size, np.int64)
        self._comm.Allgather(np.array([mine.size], np.int64), counts)
        found = np.empty(int(counts.sum()), mine.dtype)
        self._comm.Allgatherv(mine, (found, counts.tolist()))
        return np.split(found, np.cumsum(counts)[:-1])

    def abort(self, code: int) -> None:
        """MPI_Abort: the others may be waiting for an answer from this rank."""
        self._comm.Abort(code)
