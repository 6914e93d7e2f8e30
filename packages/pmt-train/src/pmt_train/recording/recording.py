"""`TrainingRecording`: what a `TrainingRecorder` wrote; `RecordingFollower`: while it writes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from pmt_core import DataError, InputFile
from pmt_train.recording.line_checker import LONGEST_LINE, LineChecker, RecordedLine
from pmt_train.trainer.history import Row, rows_from_json

_MOST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class RecordedLayer:
    """A layer of the model: a module with parameters of its own.

    Attributes:
        name: dotted name of the module.
        size: number of its elements.
        kind: "table" (with row-sparse gradients), "matrix" or "vector" (biases and scales only).

    Examples:
        >>> from pmt_train import RecordedLayer
        >>> RecordedLayer("encoder.norm", 128, "vector").kind
        'vector'
    """

    name: str
    size: int
    kind: str


@dataclass(slots=True)
class TrainingRecording:
    """The recording of a training run, which may still be going on.

    Attributes:
        lines: of the file, each checked.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_train import TrainingRecording
        >>> start = '{"kind": "start", "format": "pmt recording", "version": 1, "parameters": 3}'
        >>> _ = Path("recording.jsonl").write_text(start + chr(10))
        >>> recording = TrainingRecording.load("recording.jsonl")
        >>> recording.steps, recording.is_complete
        ([], False)
    """

    lines: list[RecordedLine] = field(default_factory=list)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a recording. A last line without an end, which is being written, is left out.

        Raises:
            FileProblem: if the file cannot be read.
            DataError: if it is no recording, or damaged; the message names the line.
        """
        follower = RecordingFollower(path)
        follower.update()
        if not follower.lines:
            raise DataError(f"{os.fspath(path)} is no recording: it has no whole line")
        return cls(follower.lines)

    @property
    def total_steps(self) -> int | None:
        """Number of steps of the whole run; None if it is not known."""
        total: int | None = self.lines[0].get("total_steps") if self.lines else None
        return total

    @property
    def is_complete(self) -> bool:
        """Whether the run has ended by itself."""
        return any(line["kind"] == "end" for line in self.lines)

    @property
    def layers(self) -> list[RecordedLayer]:
        """The layers, in order of the model; none if they were not recorded."""
        described = [line["layers"] for line in self.lines if line["kind"] == "layers"]
        return [RecordedLayer(**layer) for layer in described[-1]] if described else []

    @property
    def steps(self) -> list[RecordedLine]:
        """The lines of steps: step, epoch, seconds, loss, lr, grad_norm, examples_per_second.

        Lines with layers also have the norms "weight", "gradient" and "update" in the order of
        `layers`, and "activations": dead and saturated fraction by name.
        """
        return [line for line in self.lines if line["kind"] == "step"]

    @property
    def rows(self) -> list[Row]:
        """The rows of the history, one for each epoch."""
        return rows_from_json([line["row"] for line in self.lines if line["kind"] == "epoch"])


class RecordingFollower:
    """Reads the recording of a run under way: each `update` reads what is new.

    Args:
        path: of the file; it need not exist yet.

    Attributes:
        lines: of the file so far, each checked.
        generation: counts how often the file was written anew, so that `lines` started anew, too.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_train import RecordingFollower
        >>> start = '{"kind": "start", "format": "pmt recording", "version": 1, "parameters": 3}'
        >>> _ = Path("recording.jsonl").write_text(start + chr(10))
        >>> follower = RecordingFollower("recording.jsonl")
        >>> follower.update(), follower.update(), len(follower.lines)
        (True, False, 1)
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.lines: list[RecordedLine] = []
        self.generation = 0
        self._path = os.fspath(path)
        self._checker = LineChecker(self._path)
        self._offset = 0  # after the last whole line
        self._end = b""  # that line, which tells whether the file was written anew

    def update(self) -> bool:
        """Read the lines that were added; return whether there are some.

        Raises:
            FileProblem: if the file cannot be read.
            DataError: if it is no recording, or damaged; the message names the line.
        """
        with InputFile(self._path, unpack=False) as file:
            if file.size > _MOST_BYTES:
                raise DataError(f"{self._path}: a recording has at most {_MOST_BYTES:,} bytes")
            file.stream.seek(self._offset - len(self._end))
            if file.stream.read(len(self._end)) != self._end:
                self._restart()
                file.stream.seek(0)
            before = len(self.lines)
            left = file.size - self._offset
            while left > 0 and (data := file.stream.readline(min(left, LONGEST_LINE + 1))):
                left -= len(data)
                if not data.endswith(b"\n") and len(data) <= LONGEST_LINE:
                    break
                self.lines.append(self._checker.check(data))
                self._offset += len(data)
                self._end = data
        return len(self.lines) > before

    def _restart(self) -> None:
        self.lines = []
        self.generation += 1
        self._checker = LineChecker(self._path)
        self._offset, self._end = 0, b""


def in_order(lines: Iterable[RecordedLine]) -> list[RecordedLine]:
    """Return lines of layers, steps and epochs in the order in which they are written."""

    def position(line: RecordedLine) -> tuple[float, int]:
        if line["kind"] == "epoch":
            return line["row"].get("step", 0), 1
        return line.get("step", 0), 0

    return sorted(lines, key=position)
