"""A process group over MPI, on one machine or several (extra `[mpi]`: mpi4py)."""

from __future__ import annotations

import functools
import os
from typing import Any

import numpy as np

from pmt_autograd import Array
from pmt_core import SettingsError
from pmt_train.parallel.process_group import ProcessGroup, SingleProcess

# Set by mpiexec: of MPICH and derivatives (Intel MPI, srun), and of Open MPI.
_SIZE_VARIABLES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")


@functools.cache
def launched_process_group() -> ProcessGroup:
    """Return the group that this process was started in by `mpiexec -n 4 python program.py`.

    Without mpiexec this is a `SingleProcess`. Raises SettingsError if mpiexec started the process
    and mpi4py is missing.

    Examples:
        >>> from pmt_train import launched_process_group
        >>> group = launched_process_group()  # started without mpiexec
        >>> group.rank, group.size
        (0, 1)
    """
    if not any(int(os.environ.get(name) or 1) > 1 for name in _SIZE_VARIABLES):
        return SingleProcess()
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise SettingsError(
            f"mpiexec started several processes, and mpi4py cannot be loaded ({error}); "
            "pip install 'pmt-train[mpi]', and pip install mpich if the machine has no MPI"
        ) from error
    return MpiGroup(MPI)


class MpiGroup(ProcessGroup):
    """The processes of `MPI.COMM_WORLD`. mpi: the module `mpi4py.MPI`."""

    def __init__(self, mpi: Any) -> None:
        self._mpi = mpi
        self._comm = mpi.COMM_WORLD
        self.rank = int(self._comm.Get_rank())
        self.size = int(self._comm.Get_size())
        # In shared memory a sum is fast, and the thread that waits for it takes time from the
        # backward pass (docs/scaling.md). Without THREAD_SERIALIZED, it must not communicate.
        neighbors = self._comm.Split_type(mpi.COMM_TYPE_SHARED)
        is_one_machine = int(neighbors.Get_size()) == self.size
        neighbors.Free()
        if is_one_machine or mpi.Query_thread() < mpi.THREAD_SERIALIZED:
            self.bucket_bytes = 0

    def all_reduce_sum(self, array: Array) -> None:
        """Add in the order of the ranks: MPI_Allreduce for two, MPI_Alltoallv for more.

        The order in which MPI_Allreduce adds more than two numbers depends on the size of the
        message, so it would depend on the buckets.
        """
        if self.size == 2:
            self._comm.Allreduce(self._mpi.IN_PLACE, array, op=self._mpi.SUM)
        elif self.size > 2:
            flat = array.reshape(-1)
            ends = [flat.size * (i + 1) // self.size for i in range(self.size)]
            counts = np.diff([0, *ends]).tolist()
            parts = np.empty((self.size, counts[self.rank]), flat.dtype)  # of this rank's share
            self._comm.Alltoallv((flat, counts), (parts, [counts[self.rank]] * self.size))
            total = parts[0]
            for part in parts[1:]:
                total += part
            self._comm.Allgatherv(total, (flat, counts))

    def all_gather(self, array: Array) -> list[Array]:
        """Call MPI_Allgather for the lengths, then MPI_Allgatherv for the elements."""
        sent = np.ascontiguousarray(array)
        counts = np.empty(self.size, np.int64)
        self._comm.Allgather(np.array([sent.size], np.int64), counts)
        received = np.empty(int(counts.sum()), sent.dtype)
        self._comm.Allgatherv(sent, (received, counts.tolist()))
        return np.split(received, np.cumsum(counts)[:-1])

    def abort(self, code: int) -> None:
        """Call MPI_Abort: the other ranks may be waiting for this one."""
        self._comm.Abort(code)
