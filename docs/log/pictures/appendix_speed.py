"""Appendix: a training step beside PyTorch, and what a number costs by its array's size."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from docs.drawing import BLUE, GRAY, GREEN, RED, figure_saved

PICTURES = ("appendix_speed.png", "appendix_memory.png")
MEASURED = Path(__file__).resolve().parents[1] / "measured"
SIZES = {1: "1 KiB", 16: "16 KiB", 256: "256 KiB", 4096: "4 MiB", 65536: "64 MiB"}


def table(name: str) -> list[dict[str, str]]:
    """The rows of a measured table; its first line says what measured it."""
    with (MEASURED / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    steps(folder / PICTURES[0])
    memory(folder / PICTURES[1])


def steps(path: Path) -> None:
    """The time of a training step, as a share of torch's."""
    rows = table("step.csv")
    with figure_saved(path, 10, 4.2) as figure:
        axes = figure.subplots()
        places = np.arange(len(rows))
        for shift, side, color in ((-0.2, "pmt", BLUE), (0.2, "torch", RED)):
            share = [float(row[side]) / float(row["torch"]) for row in rows]
            bars = axes.bar(places + shift, share, 0.38, color=color, label=side)
            axes.bar_label(bars, [f"{float(row[side]):.0f} ms" for row in rows], fontsize=9.5)
        axes.plot(
            places, [float(row["without"]) for row in rows], "D", color=GRAY,
            label="pmt / torch without dropout",
        )  # fmt: skip
        axes.set_xticks(places, [row["model"] for row in rows])
        axes.set(title="A training step with dropout 0.1, torch = 1", xlabel="width x layers")
        axes.set(ylabel="time, as a share of torch's", ylim=(0, 1.75))
        axes.legend(ncols=3, loc="upper right")


def memory(path: Path) -> None:
    """Nanoseconds per number of a multiplication, and of gelu in plain operations and in blocks."""
    with figure_saved(path, 10, 4.0) as figure:
        left, right = figure.subplots(1, 2)
        _costs(left, "memory.csv", (("nanoseconds", GREEN, "y = 1.5 x"),))
        left.set(title="One multiplication", ylim=(0.08, 3))
        lines = (("plain", RED, "plain operations"), ("fused", BLUE, "one operation, in blocks"))
        _costs(right, "gelu.csv", lines)
        right.set(title="gelu")


def _costs(axes: Any, name: str, lines: tuple[tuple[str, str, str], ...]) -> None:
    rows = table(name)
    for column, color, label in lines:
        kib, cost = ([float(row[key]) for row in rows] for key in ("kib", column))
        axes.plot(kib, cost, "o-", color=color, markersize=4, label=label)
    if name == "memory.csv":
        axes.set_yscale("log")
        axes.set_yticks([0.1, 0.3, 1, 3], ["0.1", "0.3", "1", "3"])
    else:
        axes.set_ylim(0, None)
    axes.set_xscale("log", base=2)
    shown = [size for size in SIZES if min(kib) / 4 <= size <= 2 * max(kib)]
    axes.set_xticks(shown, [SIZES[size] for size in shown])
    axes.set(xlabel="size of x", ylabel="nanoseconds per number")
    axes.legend(loc="upper center")
