"""`TrainingFeed`: the training of a run as the page shows it, read from the files it writes."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pmt_apps.kit.run_folder import RunFolder
from pmt_core import PmtError, read_json
from pmt_core import field as json_field
from pmt_train import History, RecordingFollower, TrainingRecording, finite_or_none, training_hints

_PERIOD = 0.4  # seconds between looks at the files
_SILENT = 600.0  # seconds without news after which a run may have been killed
_POINTS = 60  # of a small curve

Position = Mapping[str, tuple[int, int]]
"""Name of a stage -> generation and number of the lines that a client has."""


@dataclass(slots=True)
class _Part:
    """The lines of a stage. generation: counts how often they started anew."""

    generation: int = 0
    lines: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""


class TrainingFeed:
    """Follows the files of one run, for any number of clients.

    A run that is not recorded has one part, "", with the rows of history.csv. The files are looked
    at twice a second at most, however many clients ask.

    Args:
        path: folder of the run.
    """

    def __init__(self, path: Path) -> None:
        self._folder = RunFolder(path)
        self._lock = threading.Lock()
        self._looked = -_PERIOD
        self._followers: dict[str, tuple[Path, RecordingFollower]] = {}
        self._parts: dict[str, _Part] = {}
        self._state: dict[str, Any] = {}
        self._history: tuple[int, int] | None = None
        self._hints: list[dict[str, str]] = []
        self._hinted: Position = {}

    def since(self, position: Position) -> tuple[dict[str, Any], Position]:
        """Return what a client at a position does not have yet, and its new position.

        The answer has "state", see `_new_state`, and "changes": for each stage with new lines
        {"stage", "reset", "lines"}. reset: whether the lines replace those that the client has.
        """
        with self._lock:
            self._look()
            changes = []
            now: dict[str, tuple[int, int]] = {}
            for name, part in self._parts.items():
                generation, count = position.get(name, (-1, 0))
                is_new = generation != part.generation
                lines = part.lines if is_new else part.lines[count:]
                if lines or is_new:
                    changes.append({"stage": name, "reset": is_new, "lines": list(lines)})
                now[name] = part.generation, len(part.lines)
            for name in position.keys() - self._parts.keys():
                changes.append({"stage": name, "reset": True, "lines": []})
            return {"state": dict(self._state), "changes": changes}, now

    def stamp(self) -> tuple[float, ...]:
        """Return the times of the files, which tell whether anything has changed."""
        folder = self._folder
        lock = folder.path / ".lock"
        files = [folder.history, folder.report, lock, *folder.recordings().values()]
        return tuple(map(_changed, files))

    def curve(self) -> dict[str, Any]:
        """Return a small curve of the loss: "steps", "losses", and "status" of the run."""
        content, _ = self.since({})
        points: list[tuple[int, float]] = []
        for change in content["changes"]:
            steps = [line for line in change["lines"] if line["kind"] == "step"]
            rows = [line["row"] for line in change["lines"] if line["kind"] == "epoch"]
            part = [(line["step"], line["loss"]) for line in steps]
            part = part or [
                (row.get("step", i), row.get("train_loss")) for i, row in enumerate(rows)
            ]
            start = points[-1][0] if points else 0
            points += [(start + int(x), y) for x, y in part if isinstance(y, int | float)]
        chosen = points[:: max(len(points) // _POINTS, 1)]
        return {
            "status": content["state"]["status"],
            "steps": [x for x, _ in chosen],
            "losses": [y for _, y in chosen],
        }

    def _look(self) -> None:
        """Read what is new, unless that was done just now."""
        if time.monotonic() - self._looked < _PERIOD:
            return
        recordings = self._folder.recordings()
        if recordings:
            for name in self._parts.keys() - recordings.keys():
                del self._parts[name]
                self._followers.pop(name, None)
            for name, path in recordings.items():
                self._follow(name, path)
            # A stage that was changed later is a later one.
            order = sorted(self._parts, key=lambda name: _changed(recordings[name]))
            self._parts = {name: self._parts[name] for name in order}
        else:
            self._read_history()
        self._state = self._new_state(recordings)
        self._looked = time.monotonic()

    def _follow(self, name: str, path: Path) -> None:
        follower = self._followers.setdefault(name, (path, RecordingFollower(path)))[1]
        part = self._parts.setdefault(name, _Part())
        before = follower.generation
        try:
            follower.update()
            part.error = ""
        except PmtError as error:
            part.error = str(error)
        if follower.generation != before or part.lines is not follower.lines:
            part.generation += 1
        part.lines = follower.lines

    def _read_history(self) -> None:
        """Make a part of the rows of history.csv, if it has changed."""
        path = self._folder.history
        try:
            status = path.stat()
            stamp = status.st_mtime_ns, status.st_size
        except OSError:
            self._parts, self._history, self._followers = {"": _Part()}, None, {}
            return
        if stamp == self._history and "" in self._parts:
            return
        part = _Part(generation=self._parts.get("", _Part()).generation + 1)
        try:
            part.lines = [
                {"kind": "epoch", "row": {name: finite_or_none(row[name]) for name in row}}
                for row in History.load(path).rows
            ]
        except PmtError as error:
            part.error = str(error)
        self._parts, self._history, self._followers = {"": part}, stamp, {}

    def _new_state(self, recordings: Mapping[str, Path]) -> dict[str, Any]:
        """Return the state of the run.

        "status": "finished", "running", "silent" (no news for ten minutes: it may have been killed)
        or "stopped"; "age": seconds since the last news; "epochs": of the settings, or None;
        "recorded"; "hints": a list of {"stage", "rule", "message"}; "errors": of the files.
        """
        folder = self._folder
        files = [folder.config, folder.history, folder.checkpoint, *recordings.values()]
        age = max(time.time() - max(map(_changed, files)), 0)
        if folder.report.is_file():
            status = "finished"
        elif (folder.path / ".lock").exists():
            status = "running" if age < _SILENT else "silent"
        else:
            status = "stopped"
        return {
            "status": status,
            "age": round(age, 1),
            "epochs": _epochs(folder),
            "recorded": bool(recordings),
            "hints": self._new_hints(),
            "errors": [part.error for part in self._parts.values() if part.error],
        }

    def _new_hints(self) -> list[dict[str, str]]:
        """Return the hints, which are computed anew if there are new lines."""
        seen = {name: (part.generation, len(part.lines)) for name, part in self._parts.items()}
        if seen != self._hinted:
            self._hinted = seen
            self._hints = [
                {"stage": name, "rule": hint.rule, "message": hint.message}
                for name, part in self._parts.items()
                for hint in training_hints(TrainingRecording(_with_finite_rows(part.lines)))
            ]
        return list(self._hints)


def _with_finite_rows(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return lines without the missing numbers of rows."""
    return [
        {**line, "row": {k: v for k, v in line["row"].items() if v is not None}}
        if line["kind"] == "epoch"
        else line
        for line in lines
    ]


def _changed(path: Path) -> float:
    """Return the time at which a file was changed last; 0 if there is none."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _epochs(folder: RunFolder) -> int | None:
    try:
        epochs: int | None = json_field(read_json(folder.config), "epochs", int | None, None)
    except PmtError:
        return None
    return epochs
