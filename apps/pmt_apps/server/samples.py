"""`SampleTraining`: trains a program on the sample that ships with pmt, in another process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from pmt_apps.kit.run_folder import RunFolder
from pmt_apps.server.network.http import HttpError
from pmt_core import PmtError, field, read_json
from pmt_train import History

SUBCOMMANDS = {
    "qqp": "qqp",
    "ner": "ner",
    "classify": "classify",
    "word2vec": "word2vec",
    "translation": "translate",
    "lm": "lm",
    "pretrain": "pretrain",
    "mnist": "mnist",
}
"""Task -> subcommand of pmt."""
_LAST_LINES = 2_000  # bytes of the log that are shown
_PATIENCE = 5.0  # seconds for a training to leave its checkpoint


@dataclass(slots=True)
class _Training:
    name: str
    folder: Path
    process: subprocess.Popen[bytes]
    started: float


class SampleTraining:
    """Trains models on the samples: one at a time, each as a process of its own.

    Args:
        folder: of runs; a run of a task is made in the folder of that name.
        program: starts pmt; the subcommand and its options follow.
    """

    def __init__(
        self, folder: Path, program: Sequence[str] = (sys.executable, "-m", "pmt_apps")
    ) -> None:
        self.folder = folder
        self._program = program
        self._lock = threading.Lock()
        self._training: _Training | None = None

    def start(self, task: str) -> dict[str, Any]:
        """Start to train a task, and return its state.

        A run that was interrupted goes on.

        Raises:
            HttpError: 404 for an unknown task, 409 if there is such a run or another is trained.
        """
        if task not in SUBCOMMANDS:
            raise HttpError(
                HTTPStatus.NOT_FOUND,
                f"there is no task {task[:100]!r}; there are: {', '.join(SUBCOMMANDS)}",
            )
        with self._lock:
            running = self._training
            if running is not None and running.process.poll() is None:
                if running.name == task:
                    return self._state(task)
                raise HttpError(
                    HTTPStatus.CONFLICT, f"{running.name} is trained just now; wait for its end"
                )
            run = RunFolder(self.folder / task)
            if run.metrics.is_file():
                raise HttpError(HTTPStatus.CONFLICT, f"there is a run {task!r} already")
            self._training = self._spawn(task, run)
            return self._state(task)

    def _spawn(self, task: str, run: RunFolder) -> _Training:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with open(self._log(task), "wb") as log:
                more = "--resume" if run.checkpoint.is_file() else "--overwrite"
                process = subprocess.Popen(
                    [*self._program, SUBCOMMANDS[task], "--out", str(run.path), more],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                )  # fmt: skip
        except OSError as error:
            raise HttpError(
                HTTPStatus.INTERNAL_SERVER_ERROR, f"cannot start the training: {error}"
            ) from error
        return _Training(task, run.path, process, time.monotonic())

    def state(self, task: str) -> dict[str, Any]:
        """Return "state": absent, training, done or failed; epochs, seconds, the last output."""
        with self._lock:
            return self._state(task)

    def _state(self, task: str) -> dict[str, Any]:
        training = self._training
        if training is None or training.name != task:
            run = RunFolder(self.folder / task)
            return {"task": task, "state": "done" if run.metrics.is_file() else "absent"}
        code = training.process.poll()
        state = "training" if code is None else "done" if code == 0 else "failed"
        return {
            "task": task,
            "state": state,
            "seconds": round(time.monotonic() - training.started, 1),
            **_epochs(RunFolder(training.folder)),
            "output": self._last_output(task),
        }

    def states(self) -> list[dict[str, Any]]:
        """Return the state of each task."""
        return [self.state(task) for task in SUBCOMMANDS]

    def _log(self, task: str) -> Path:
        return self.folder / f".{task}.log"

    def _last_output(self, task: str) -> str:
        try:
            with open(self._log(task), "rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - _LAST_LINES))
                data = log.read()
        except OSError:
            return ""
        lines = data.decode("utf-8", "replace").replace("\r", "\n").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def close(self) -> None:
        """Interrupt a training as Ctrl-C does, so that it saves a checkpoint."""
        with self._lock:
            training = self._training
        if training is None or training.process.poll() is not None:
            return
        training.process.terminate()
        try:
            training.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            training.process.kill()
            training.process.wait()


def _epochs(run: RunFolder) -> dict[str, int]:
    """Return the number of finished epochs, and of all, as far as they are known."""
    result: dict[str, int] = {}
    try:
        result["epochs"] = field(read_json(run.config), "epochs", int)
        result["epochs_done"] = len(History.load(run.history).rows)
    except PmtError:
        pass  # the files are not there yet
    return result
