"""Chapter 18: a training step beside PyTorch, and what a number costs by its array's size."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from pmt_train import figure_saved_to

PICTURES = ("18_speed.png",)
MEASURED = Path(__file__).resolve().parents[1] / "measured"


def table(name: str) -> list[dict[str, str]]:
    """The rows of a measured table; its first line says what measured it."""
    with (MEASURED / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    rows, memory = table("step.csv"), table("memory.csv")
    with figure_saved_to(folder / PICTURES[0], 9, 3.4) as figure:
        left, right = figure.subplots(1, 2, width_ratios=[1.4, 1])
        places = np.arange(len(rows))
        for shift, side, color in ((-0.2, "pmt", "#2d5fa8"), (0.2, "torch", "#c8553d")):
            share = [float(row[side]) / float(row["torch"]) for row in rows]
            bars = left.bar(places + shift, share, 0.38, color=color, label=side)
            labels = [f"{float(row[side]):.0f} ms" for row in rows]
            left.bar_label(bars, labels, fontsize=8)
        left.set_xticks(places, [row["model"] for row in rows])
        left.set(title="A training step with dropout, torch = 1", xlabel="width x layers")
        left.set_ylim(0, 1.25)
        left.legend(ncols=2, loc="upper left")
        kib, cost = ([float(row[key]) for row in memory] for key in ("kib", "nanoseconds"))
        right.loglog(kib, cost, "o-", color="#3f8f5f", markersize=4)
        right.set_xticks([1, 32, 1024, 32768], ["1 KiB", "32 KiB", "1 MiB", "32 MiB"])
        right.set(title="Nanoseconds per number of y = 1.5 x", xlabel="size of x")
