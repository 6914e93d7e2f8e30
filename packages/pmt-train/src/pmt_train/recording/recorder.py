"""`TrainingRecorder`: a callback that writes what happens in a training run to a file."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pmt_core import PmtError, SettingsError
from pmt_train.recording.layer_sizes import LayerProbe
from pmt_train.recording.line_checker import FORMAT, VERSION, RecordedLine
from pmt_train.recording.recording import TrainingRecording, in_order
from pmt_train.recording.recording_file import RecordingFile
from pmt_train.recording.time_budget import TimeBudget
from pmt_train.trainer.callbacks import Callback, EventName, TrainingEvent
from pmt_train.trainer.history import Row, finite_or_none, rows_to_json
from pmt_train.trainer.progress import warn
from pmt_train.trainer.trainer import Trainer

_MOST_EPOCHS = 10_000  # that are written
_FIRST = 32  # lines of steps, however little time there is
_FIRST_EPOCHS = 4  # whose lines are written at once
_GROWTH = 1 / 16  # steps since the last line, relative to its step, after which there is another


class TrainingRecorder:
    """Records a training run while it goes on, for `pmt serve` or `TrainingRecording.load`.

    It writes a line of JSON at a time: loss, learning rate, norm of the gradient and speed every
    few steps (the loss is the mean over them), and of some of these steps the norms of weights,
    gradients and updates of each layer and the fractions of dead and saturated activations. The
    metrics of an epoch are a line, too.

    What this costs is measured while it goes on. The first 32 steps are a line each. Then a step is
    one if lines took less than half of `share` of the time so far, or if it is a sixteenth beyond
    the last one, so that a curve has points everywhere. A step is looked at closely if there is
    time for this within the share. Whenever there are `most` lines of steps, pairs of them become
    one, and from then on the distance of lines is at least twice as large.

    The file is appended to, whole lines at a time and a few times a second, so a process that is
    killed leaves a file that can be read. A resumed run continues the file: lines of steps after
    its checkpoint are dropped, and those steps are recorded again. The training itself is
    bit-identical with and without a recorder.

    A layer is recorded for a `Trainer` only; of another `Trainable` it is loss, rate and speed. If
    the file cannot be written, a warning is printed and the training goes on.

    Args:
        path: of the file, by convention recording.jsonl.
        most: largest number of lines of steps, an even number of 4 or more.
        share: of the time of the training, for all of this; 1: there is no limit.

    Raises:
        SettingsError: for numbers out of range.

    Attributes:
        path: as given.
        callbacks: for `FitOptions`; they may be combined with others.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Linear, mse
        >>> from pmt_train import FitOptions, Trainer, TrainingRecorder, TrainingRecording
        >>> from pmt_train import batches_of
        >>> model = Linear(2, 1, np.random.default_rng(0))
        >>> trainer = Trainer(model, lambda model, batch, rng: mse(model(batch[0]), batch[1]))
        >>> x = np.ones((8, 2), np.float32)
        >>> recorder = TrainingRecorder("recording.jsonl")
        >>> options = FitOptions(epochs=3, callbacks=recorder.callbacks, quiet=True)
        >>> history = trainer.fit(batches_of(x, x[:, :1], batch_size=4), options)
        >>> recording = TrainingRecording.load("recording.jsonl")
        >>> [line["step"] for line in recording.steps], recording.is_complete
        ([1, 2, 3, 4, 5, 6], True)
    """

    def __init__(
        self, path: str | os.PathLike[str], *, most: int = 1000, share: float = 0.02
    ) -> None:
        if most < 4 or most % 2:
            raise SettingsError(f"expected most to be even, and 4 or more, got {most}")
        if not 0 <= share <= 1:
            raise SettingsError(f"expected share to be within 0 and 1, got {share}")
        self.path = Path(path)
        self._file = RecordingFile(self.path, False)
        self.callbacks: Mapping[EventName, Callback] = {
            "start": self._start,
            "step": self._step,
            "epoch": self._epoch,
            "checkpoint": lambda event: self._file.flush(),
            "end": self._end,
        }
        self._most = most
        self._share = share
        self._probe: LayerProbe | None = None
        self._lines: list[RecordedLine] = []
        self._n_steps = 0
        self._interval = 1  # least number of steps of a line
        self._last_step = 0  # that has a line
        self._is_due = False  # whether the next step that is seen has one
        self._seen = self._next = 0  # the last step whose time was taken, and the next one
        self._sums = [0.0, 0, 0]  # of losses, their number, examples: since the last line
        self._begun = self._last = 0.0  # on the clock
        self._budget = TimeBudget(share)
        self._described: RecordedLine = {}  # the line of the layers
        self._seconds_before = 0.0  # of the run, before it was resumed

    # --- events ---------------------------------------------------------------------------------

    def _start(self, event: TrainingEvent) -> None:
        self._file = RecordingFile(self.path, event.trainer.process_group.rank == 0)
        self._lines, self._interval, self._sums = [], 1, [0.0, 0, 0]
        earlier = self._earlier(event.step) if event.step else []
        steps = [line for line in earlier if line["kind"] == "step"]
        self._n_steps = len(steps)
        self._last_step = steps[-1]["step"] if steps else event.step
        self._interval = max(self._last_step // len(steps), 1) if steps else 1
        rows = event.rows[:_MOST_EPOCHS]
        self._seconds_before = max(
            [*(line["seconds"] for line in steps), *(row.get("seconds", 0.0) for row in rows)],
            default=0.0,
        )
        start = {
            "kind": "start", "format": FORMAT, "version": VERSION,
            "parameters": event.trainer.parameter_count, "total_steps": event.total_steps,
        }  # fmt: skip
        self._lines = [start, *in_order([*earlier, *map(_of_epoch, rows)])]
        self._described = next((x for x in self._lines if x["kind"] == "layers"), {})
        self._begun = self._last = time.perf_counter()
        self._budget = TimeBudget(self._share)
        if isinstance(event.trainer, Trainer):
            self._probe = LayerProbe(event.trainer)
            event.trainer.step_hook = self._probe
        self._file.rewrite(self._lines)
        self._seen = event.step
        self._plan(event)
        self._budget.restart(self._begun)

    def _step(self, event: TrainingEvent) -> None:
        """Count a step. Most steps are only counted: steps may be as short as a millisecond."""
        row = event.row
        loss, sums = row["loss"], self._sums
        if not math.isnan(loss):  # of a step with nothing to learn
            sums[0] += loss
            sums[1] += 1
        sums[2] += row["examples"]
        if event.step >= self._next:
            self._see(event)

    def _see(self, event: TrainingEvent) -> None:
        """Take the time of a step, write its line if it has one, and plan the next one."""
        layers, looking = None, 0.0
        if self._probe is not None and self._probe.armed:
            layers = self._probe.measured()
            looking = self._probe.seconds
        self._budget.end_step(looking, max(event.step - self._seen, 1))
        self._seen = event.step
        if self._is_due:
            self._add_step(event, layers)
        self._plan(event)
        self._budget.end_work()

    def _add_step(self, event: TrainingEvent, layers: dict[str, Any] | None) -> None:
        total, count, examples = self._sums
        now = self._budget.now
        line: RecordedLine = {
            "kind": "step",
            "step": event.step,
            "epoch": event.epoch,
            "interval": event.step - self._last_step,
            "seconds": round(self._seconds(now), 3),
            "loss": finite_or_none(total / count) if count else None,
            "lr": finite_or_none(event.row["lr"]),
            "grad_norm": finite_or_none(event.row.get("grad_norm", math.nan)),
            "examples_per_second": round(examples / max(now - self._last, 1e-9), 2),
        }
        self._sums, self._last, self._last_step = [0.0, 0, 0], now, event.step
        new = [line]
        if layers is not None and self._probe is not None:
            line |= layers
            described = {"kind": "layers", "layers": self._probe.layers()}
            if described != self._described:
                self._described, new = described, [described, line]
        self._lines += new
        self._n_steps += 1
        if self._n_steps >= self._most:
            self._thin()
        else:
            self._file.append(new, at_once=self._n_steps <= _FIRST)

    def _epoch(self, event: TrainingEvent) -> None:
        if event.epoch > _MOST_EPOCHS:
            return
        start = time.perf_counter()
        line = _of_epoch(event.row)
        self._lines.append(line)
        self._file.append([line], at_once=event.epoch <= _FIRST_EPOCHS)
        self._budget.restart(start)
        self._last = self._budget.now  # the speed is that of training, without the evaluation
        self._seen = event.step

    def _end(self, event: TrainingEvent) -> None:
        end = {"kind": "end", "step": event.step, "seconds": round(self._seconds(), 3)}
        self._file.append([end], at_once=True)
        self._file.close()
        if self._probe is not None and isinstance(event.trainer, Trainer):
            event.trainer.step_hook = None
            self._probe = None

    def _plan(self, event: TrainingEvent) -> None:
        """Decide which step is seen next, whether it has a line, and is looked at closely."""
        step = event.step + 1
        since = step - self._last_step
        self._is_due = False
        if not self._file.is_writing:
            self._next = sys.maxsize
        elif since < self._interval:
            self._next = self._last_step + self._interval - 1  # to decide about the one after it
        elif (
            self._n_steps < _FIRST or self._budget.allows_line or since >= _GROWTH * self._last_step
        ):
            self._is_due, self._next = True, step
        else:  # the next step can have a line if it was decided at the one before it
            due = self._last_step + math.ceil(_GROWTH * self._last_step)
            wait = max(self._budget.steps_until_line, since // 8)
            self._next = max(step, min(step + wait, due) - 1)
        if self._probe is not None and isinstance(event.trainer, Trainer):
            self._probe.armed = self._is_due and self._budget.allows_look
            event.trainer.step_hook = self._probe if self._probe.armed else None

    def _seconds(self, now: float | None = None) -> float:
        return self._seconds_before + (now or time.perf_counter()) - self._begun

    # --- the file -------------------------------------------------------------------------------

    def _earlier(self, step: int) -> list[RecordedLine]:
        """Return the lines of steps and layers of the file, up to the step of the checkpoint."""
        if not self.path.exists():
            return []
        try:
            lines = TrainingRecording.load(self.path).lines
        except PmtError as error:
            warn(f"note: the recording starts anew: {error}")
            return []
        return [
            line
            for line in lines
            if line["kind"] == "layers" or (line["kind"] == "step" and line["step"] <= step)
        ]

    def _thin(self) -> None:
        """Join pairs of lines, double the least interval, and write the file anew."""
        joined: list[RecordedLine] = []
        first: RecordedLine | None = None
        for line in self._lines:  # an even number of them is of steps
            if line["kind"] != "step":
                joined.append(line)
            elif first is None:
                first = line
            else:
                joined.append(_joined(first, line))
                first = None
        self._lines = joined
        self._interval *= 2
        self._n_steps = sum(line["kind"] == "step" for line in joined)
        self._file.rewrite(self._lines)


def _of_epoch(row: Row) -> RecordedLine:
    return {"kind": "epoch", "row": rows_to_json([row])[0]}


def _joined(first: RecordedLine, second: RecordedLine) -> RecordedLine:
    """Return one line for two: means of loss and speed; layers of the second that has some."""
    line = {**second, "interval": first["interval"] + second["interval"]}
    for name in ("loss", "examples_per_second"):
        parts = [
            (part[name], part["interval"]) for part in (first, second) if part[name] is not None
        ]
        steps = sum(interval for _, interval in parts)
        line[name] = sum(x * interval for x, interval in parts) / steps if parts else None
    layers = ("weight", "gradient", "update", "activations")
    if "weight" not in second and "weight" in first:
        line |= {name: first[name] for name in layers}
    return line
