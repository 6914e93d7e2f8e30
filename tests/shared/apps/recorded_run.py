"""A run that is under way: its folder, to which a test appends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LAYERS = [
    {"name": "words", "size": 400, "kind": "table"},
    {"name": "encoder.hidden", "size": 100, "kind": "matrix"},
    {"name": "out", "size": 25, "kind": "matrix"},
]


def recorded_step(step: int, **changes: Any) -> dict[str, Any]:
    """Return the line of a step. changes: other values."""
    line = {
        "kind": "step", "step": step, "epoch": (step - 1) // 10, "interval": 1,
        "seconds": step / 4, "loss": 0.2 + 2 / step, "lr": 0.001, "grad_norm": 1.5,
        "examples_per_second": 64.0, "weight": [20.0, 10.0, 5.0], "gradient": [0.1, 0.5, 1.0],
        "update": [0.02, 0.01, 0.01], "activations": {"encoder.hidden.relu": [0.25, 0.0]},
    }  # fmt: skip
    return line | changes


class RecordedRun:
    """The folder of a run of the tagger, without a model.

    Args:
        folder: is made.
        recorded: whether it has a recording.
        epochs: of its settings.
    """

    def __init__(self, folder: Path, *, recorded: bool = True, epochs: int = 4) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        settings = {"task": "ner", "epochs": epochs, "record": recorded}
        (folder / "config.json").write_text(json.dumps(settings))
        (folder / ".lock").touch()
        self.recording = folder / "recording.jsonl"
        self.rows: list[dict[str, float]] = []
        if recorded:
            self.begin()

    def begin(self) -> None:
        """Write the first lines."""
        start = {"kind": "start", "format": "pmt recording", "version": 1, "parameters": 525}
        self.recording.write_text("")
        self.append(start | {"total_steps": 40}, {"kind": "layers", "layers": LAYERS})

    def append(self, *lines: dict[str, Any]) -> None:
        """Append lines, as the recorder does."""
        with open(self.recording, "ab", buffering=0) as file:
            file.write("".join(json.dumps(line) + "\n" for line in lines).encode())

    def add_epoch(self, **row: float) -> None:
        """End an epoch of ten steps: history.csv, and a line of the recording."""
        epoch = len(self.rows) + 1
        self.rows.append({"epoch": epoch, "step": 10 * epoch, "seconds": 2.5 * epoch, **row})
        names = list(self.rows[0])
        lines = [",".join(names), *(",".join(str(r[n]) for n in names) for r in self.rows)]
        new = self.folder / "history.tmp"
        new.write_text("\n".join(lines) + "\n")
        new.replace(self.folder / "history.csv")
        if self.recording.exists():
            self.append({"kind": "epoch", "row": self.rows[-1]})

    def finish(self) -> None:
        """End the run."""
        if self.recording.exists():
            self.append({"kind": "end", "step": 40, "seconds": 10.0})
        (self.folder / "report.html").write_text("<p>done</p>")
        (self.folder / ".lock").unlink()
