"""`RunStore`: the runs that are served, each loaded when it is first used."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from pmt_apps.kit.predictor import Predictor
from pmt_apps.loading import load
from pmt_apps.server.batching.batcher import Batcher
from pmt_apps.server.batching.worker_pool import RemoteModel, WorkerPool
from pmt_apps.server.explanations import explanation
from pmt_apps.server.network.http import HttpError
from pmt_apps.server.network.limits import ServeLimits
from pmt_apps.server.network.response import json_line
from pmt_core import DataError, PmtError

_MOST_LOADED = 4
_LOOK = 0.05  # seconds between looks at the folder: each call of the system slows threads down
_MODEL = "model.npz"  # a RunFolder has it, too, and takes longer to make for each request
Stamp = tuple[int, int]


@dataclass(frozen=True, slots=True)
class ServedRun:
    """A run that is in memory.

    Attributes:
        name: of its folder.
        predictor: the model.
        predict: batches the examples of all requests.
        stamp: time and size of model.npz when it was read.
        remote: the model in other processes, which compute all answers but those of language
            models; None: this process does.
    """

    name: str
    predictor: Predictor[Any, Any, Any]
    predict: Batcher
    stamp: Stamp
    remote: RemoteModel | None = None

    @property
    def task(self) -> str:
        """Name of the app."""
        return self.predictor.task

    def checked(self, inputs: Sequence[Any]) -> Sequence[Any]:
        """Return inputs of a request as `predict` takes them. Raises DataError."""
        examples = self.predictor.checked_inputs(inputs)
        return examples if self.remote is None else inputs

    def explain(self, inputs: Sequence[Any], seconds: float) -> list[bytes]:
        """Return the JSON of the explanation of each example, see `explanation`.

        They are computed by a thread of the model, one after the other, so that the examples of
        other requests come between them.

        Raises:
            DataError: names the first input that has none.
            HttpError: as for `Batcher`.
        """
        end = time.monotonic() + seconds
        function = self.explained if self.remote is None else self.remote.explain
        answers = []
        for i, value in enumerate(inputs):
            try:
                answers += self.predict([value], max(end - time.monotonic(), 0), function)
            except DataError as error:
                raise DataError(f"input {i}: {str(error).removeprefix('input 0: ')}") from error
        return answers

    def explained(self, inputs: Sequence[Any]) -> list[bytes]:
        """Compute explanations in this process."""
        return [json_line(explanation(self.predictor, value))[:-1] for value in inputs]


class RunStore:
    """The runs of a folder, or the one run that it is.

    The folder is looked at anew for each request, so a run that is trained meanwhile appears, and
    one that is trained again is loaded again; of many requests for a model, for 20 a second. At
    most four models are in memory, those used last.

    Args:
        folder: of a run, or of folders of runs.
        limits: examples that wait for a model.
        pool: of processes that compute the answers; None: this one does.
    """

    def __init__(
        self, folder: Path, limits: ServeLimits | None = None, pool: WorkerPool | None = None
    ) -> None:
        self.folder = folder
        self._limits = limits or ServeLimits()
        self._pool = pool
        self._loaded: OrderedDict[str, ServedRun] = OrderedDict()
        self._lock = threading.Lock()
        self._looked: dict[str | None, tuple[float, str]] = {}  # until when a name is of a run
        self._locks: dict[str, threading.Lock] = {}
        self._name = folder.resolve().name or "run"
        self._config = folder / "config.json"

    @property
    def is_single(self) -> bool:
        """Whether the folder is a run."""
        return self._config.is_file()

    def folders(self) -> dict[str, Path]:
        """Return the folders of runs by name, in alphabetical order."""
        if self.is_single:
            return {self._name: self.folder}
        configs = sorted(self.folder.glob("*/config.json")) if self.folder.is_dir() else []
        return {config.parent.name: config.parent for config in configs}

    def path(self, name: str | None) -> tuple[str, Path]:
        """Return the name and folder of a run; of the first trained one for None.

        Raises:
            HttpError: 404 if there is none of that name.
        """
        folders = self.folders()
        if name is None:
            trained = [key for key, path in folders.items() if _stamp(path)]
            if not trained:
                raise HttpError(
                    HTTPStatus.NOT_FOUND,
                    f"there is no trained run in {str(self.folder)!r}; train one first",
                )
            name = trained[0]
        if name not in folders:
            known = ", ".join(list(folders)[:20]) or "none"
            raise HttpError(
                HTTPStatus.NOT_FOUND, f"there is no run {name[:100]!r}; there are: {known}"
            )
        return name, folders[name]

    def get(self, name: str | None) -> ServedRun:
        """Return a run with its model; loads it if it is not in memory, or has changed.

        Raises:
            HttpError: 404 if there is no such run, 409 if it has no model yet, 500 if it is
                damaged.
        """
        now = time.monotonic()
        end, key = self._looked.get(name, (0.0, ""))
        if now < end and (run := self._loaded.get(key)) is not None:
            return run
        run = self._get(name)
        self._looked[name] = now + _LOOK, run.name
        return run

    def at_hand(self, name: str | None) -> ServedRun | None:
        """Return what `get` returns if that takes no time, else None."""
        now = time.monotonic()
        end, key = self._looked.get(name, (0.0, ""))
        run = self._loaded.get(key)
        if run is None or now < end:
            return run
        path = self.folder if self.is_single else self.folder / key
        if (name is None and not self.is_single) or _stamp(path) != run.stamp:
            return None
        with self._lock:
            if key in self._loaded:
                self._loaded.move_to_end(key)
        self._looked[name] = now + _LOOK, key
        return run

    def _get(self, name: str | None) -> ServedRun:
        name, path = self.path(name)
        with self._lock:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            stamp = _stamp(path)
            with self._lock:
                run = self._loaded.get(name)
                if run is not None and run.stamp == stamp:
                    self._loaded.move_to_end(name)
                    return run
            new = self._load(name, path, stamp)
        with self._lock:
            self._loaded[name] = new
            self._loaded.move_to_end(name)
            while len(self._loaded) > _MOST_LOADED:
                self._loaded.popitem(last=False)  # its thread ends when nobody asks it
        return new

    def _load(self, name: str, path: Path, stamp: Stamp | None) -> ServedRun:
        if stamp is None:
            raise HttpError(
                HTTPStatus.CONFLICT, f"the run {name!r} has no model yet: its training is not over"
            )
        start = time.monotonic()
        try:
            predictor = load(path, workers=1)
        except PmtError as error:
            raise HttpError(
                HTTPStatus.INTERNAL_SERVER_ERROR, f"the run {name!r} cannot be loaded: {error}"
            ) from error
        waiting = self._limits.waiting
        if self._pool is None:
            batcher = Batcher(predictor.encoded_answers, waiting=waiting)
            return ServedRun(name, predictor, batcher, stamp)
        seconds = time.monotonic() - start
        remote = RemoteModel(self._pool, name, predictor.task, seconds)
        batcher = Batcher(remote.predict, waiting=waiting, calls=self._pool.count)
        return ServedRun(name, predictor, batcher, stamp, remote)

    def close(self) -> None:
        """End the threads of all models, and the processes."""
        if self._pool is not None:
            self._pool.close()
        with self._lock:
            runs = list(self._loaded.values())
            self._loaded.clear()
        for run in runs:
            run.predict.close()


def _stamp(path: Path) -> Stamp | None:
    """Return time and size of the model of a run; None if it has none."""
    try:
        status = os.stat(os.path.join(path, _MODEL))  # takes half of the time of Path.stat
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
