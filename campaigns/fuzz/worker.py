"""A process that gives inputs to readers, and sends the outcomes to its parent."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import sys
import tempfile
import time
import traceback
import warnings
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from campaigns.fuzz.measure import Limits, Meter, TooSlow, limited_process
from campaigns.fuzz.outcome import Outcome, described, kind_of
from campaigns.fuzz.readers.reader import Reader, input_files, write_files
from campaigns.fuzz.readers.registry import ALL_READERS


@dataclass(frozen=True, slots=True)
class Batch:
    """Inputs `first` ... `first + count - 1` of a reader."""

    reader: str
    seed: int
    first: int
    count: int


def run_worker(connection: Connection, limits: Limits, quiet: bool = True) -> None:
    """Receive batches until the connection ends; send an `Outcome` for each input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is answered by the parent
    meter = Meter(limits)
    with tempfile.TemporaryDirectory(prefix="pmt-fuzz-") as folder, contextlib.ExitStack() as stack:
        stack.enter_context(limited_process())
        if quiet:
            # As `run_app` sets the streams up: what cannot be encoded is escaped.
            null = stack.enter_context(
                open(os.devnull, "w", encoding="utf-8", errors="backslashreplace")
            )
            stack.enter_context(contextlib.redirect_stdout(null))
            stack.enter_context(contextlib.redirect_stderr(null))
        with contextlib.suppress(EOFError, BrokenPipeError):
            while True:
                batch: Batch = connection.recv()
                for number in range(batch.first, batch.first + batch.count):
                    reader = ALL_READERS[batch.reader]
                    used = time.process_time()
                    outcome = try_input(reader, batch.seed, number, Path(folder), meter)
                    cost = time.process_time() - used
                    connection.send(dataclasses.replace(outcome, cost=cost))


def try_input(
    reader: Reader, seed: int, number: int, folder: Path, meter: Meter, *, show: bool = False
) -> Outcome:
    """Give an input to a reader. show: print the traceback of its exception."""
    write_files(folder, input_files(reader, seed, number))
    return try_folder(reader, number, folder, meter, show=show)


def try_folder(
    reader: Reader, number: int, folder: Path, meter: Meter, *, show: bool = False
) -> Outcome:
    """Give the files of a folder to a reader."""
    problem: BaseException | None = None
    try:
        with meter.measured(), warnings.catch_warnings():
            warnings.simplefilter("error")
            if reader.computes:
                warnings.simplefilter("ignore", RuntimeWarning)
            reader.read(folder)
    except (Exception, TooSlow) as error:
        problem = error
    if show and problem is not None:
        traceback.print_exception(problem, file=sys.stdout)
    is_valid = number >= 0 and reader.is_valid(number)
    kind = kind_of(problem, meter.growth, is_valid=is_valid)
    reason, location = described(problem)
    return Outcome(reader.name, number, kind, meter.seconds, meter.growth, reason, location)
