"""Run an application in a process of its own that is killed at a chosen moment."""

from __future__ import annotations

import io
import os
import runpy
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from tqdm import tqdm

from campaigns.kills.cases import ROOT
from campaigns.kills.file_events import FileEvents

_TIME_LIMIT = 300.0  # seconds that a process may take, on a busy machine too
_GROUP_SECONDS = 30.0  # that its own processes may take to end after it

Kind = Literal["never", "file event", "time", "worker"]


@dataclass(frozen=True)
class Moment:
    """When a process is killed.

    Attributes:
        kind: "file event": before one; "time": after some seconds, "worker": instead of the
            process, one of the processes that it started is killed, before a file event.
        at: number of the file event, from 1, or seconds.
        clock: for "time": seconds of the processor or of the wall.
    """

    kind: Kind = "never"
    at: float = 0
    clock: Literal["processor", "wall"] = "processor"

    def __str__(self) -> str:
        if self.kind == "time":
            return f"after {self.at:.3f} s ({self.clock})"
        return f"{self.kind} {self.at:.0f}" if self.kind != "never" else self.kind


@dataclass(frozen=True)
class Start:
    """A start of an application.

    Attributes:
        task: apps/train_TASK.py.
        arguments: of the command line.
        folder: working directory. Its subfolder "temporary" is the folder for temporary files;
            what the program prints is appended to its file "output.txt".
        save_each_step: write a checkpoint after each step, not only after each epoch.
    """

    task: str
    arguments: Sequence[str]
    folder: Path
    save_each_step: bool

    @property
    def temporary(self) -> Path:
        """The folder for temporary files."""
        return self.folder / "temporary"


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes:
        code: exit code; if it was killed, the negative number of the signal.
        events: number of file events; 0 if it was killed.
        processor_seconds, wall_seconds: that it took.
        problems: what it left running, or that it did not end.
    """

    code: int
    events: int
    processor_seconds: float
    wall_seconds: float
    problems: tuple[str, ...] = ()

    @property
    def was_killed(self) -> bool:
        """Whether a signal ended it."""
        return self.code < 0


def import_applications() -> None:
    """Import all applications, so that the processes that are forked need not."""
    import matplotlib.backends.backend_agg  # noqa: F401

    import pmt_apps.language_model.main
    import pmt_apps.mnist.main
    import pmt_apps.ner.main
    import pmt_apps.qqp.main
    import pmt_apps.translation.main
    import pmt_apps.word2vec.main  # noqa: F401


def run(start: Start, moment: Moment) -> Ended:
    """Run an application until it ends or is killed."""
    start.temporary.mkdir(parents=True, exist_ok=True)
    reading, writing = os.pipe()
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _run_in_child(start, moment, writing)
    os.close(writing)
    problems = []
    try:
        status, usage = _wait(child)
    except TimeoutError:
        problems.append(f"it did not end within {_TIME_LIMIT:.0f} s")
        os.killpg(child, signal.SIGKILL)
        _, status, usage = os.wait4(child, 0)
    wall = time.monotonic() - began
    with open(reading, encoding="ascii") as pipe:
        events = int(pipe.read() or 0)
    if not _group_ends(child):
        problems.append("processes that it started are still running")
        os.killpg(child, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(status)
    return Ended(code, events, usage.ru_utime + usage.ru_stime, wall, tuple(problems))


def _wait(child: int) -> tuple[int, Any]:
    deadline = time.monotonic() + _TIME_LIMIT
    while time.monotonic() < deadline:
        pid, status, usage = os.wait4(child, os.WNOHANG)
        if pid:
            return status, usage
        time.sleep(0.005)
    raise TimeoutError


def _group_ends(group: int) -> bool:
    """Wait until no process of a group is left; return False if one stays."""
    deadline = time.monotonic() + _GROUP_SECONDS
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False


def _run_in_child(start: Start, moment: Moment, result: int) -> None:
    """Become the application; never return."""
    code = 1
    try:
        os.setsid()
        os.chdir(start.folder)
        os.environ["TMPDIR"] = str(start.temporary)
        tempfile.tempdir = None
        output = os.open("output.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for descriptor in (1, 2):
            os.dup2(output, descriptor)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for name, descriptor in (("stdout", 1), ("stderr", 2)):
            setattr(sys, name, io.TextIOWrapper(io.FileIO(descriptor, "w"), encoding="utf-8"))
        # The lock of a bar of the parent is shared by all processes: one that is killed while it
        # prints would never release it.
        tqdm.set_lock(threading.RLock())
        _draw_nothing()
        _save_each_step(start.save_each_step)
        script = ROOT / "apps" / f"train_{start.task}.py"
        sys.argv = [str(script), *start.arguments]
        print(f"$ {' '.join(sys.argv)}   # killed: {moment}", flush=True)
        events = _prepare(moment)
        try:
            runpy.run_path(str(script), run_name="__main__")
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        os.write(result, str(events.count).encode())
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _prepare(moment: Moment) -> FileEvents:
    """Count the events of this process, and let it be killed at the moment."""

    def kill() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def kill_a_worker() -> None:
        if events.processes:
            process = np.random.default_rng(int(moment.at)).choice(events.processes)
            with suppress(ProcessLookupError):  # it has ended
                os.kill(process, signal.SIGKILL)

    if moment.kind == "time":  # the default action of these signals is that of SIGKILL
        clocks = {"processor": signal.ITIMER_PROF, "wall": signal.ITIMER_REAL}
        signal.setitimer(clocks[moment.clock], max(moment.at, 1e-6))
    at = int(moment.at) if moment.kind in ("file event", "worker") else 0
    if moment.kind == "worker":
        events = FileEvents(at, kill_a_worker, ends=False)
    else:
        events = FileEvents(at, kill)
    return events


def _save_each_step(save: bool) -> None:
    """Let `TrainingLoop` write its periodic checkpoint after each step, or never."""
    from pmt_train import FitOptions

    check = FitOptions.__post_init__

    def set_interval(self: Any) -> None:
        check(self)
        object.__setattr__(self, "checkpoint_seconds", 0.0 if save else None)

    setattr(FitOptions, "__post_init__", set_interval)  # noqa: B010


def _draw_nothing() -> None:
    """Write empty pictures: drawing takes longer than all that is tested here."""
    from matplotlib.figure import Figure

    def savefig(self: Any, target: Any, **options: Any) -> None:
        target.write(b"\x89PNG: not drawn in this campaign")

    setattr(Figure, "savefig", savefig)  # noqa: B010
