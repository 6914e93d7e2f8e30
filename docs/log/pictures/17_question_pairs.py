"""Chapter 17: what each step was worth on the development pairs, and how sure one can be."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np

from pmt_train import figure_saved_to

PICTURES = ("17_pairs.png",)
MEASURED = Path(__file__).resolve().parents[1] / "measured" / "qqp.csv"
PAIRS = 10_000


def steps() -> list[tuple[str, float]]:
    """What was measured; the table's first line says by which command."""
    with MEASURED.open(encoding="utf-8") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return [(row["step"], float(row["accuracy"])) for row in rows]


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    names, values = zip(*steps(), strict=True)
    errors = [1.96 * math.sqrt(p * (1 - p) / PAIRS) for p in values]
    right = np.random.default_rng(0)
    drawn = right.binomial(PAIRS, [[0.82], [0.83]], (2, 4000)) / PAIRS
    with figure_saved_to(folder / PICTURES[0], 9, 3.6) as figure:
        bars, spread = figure.subplots(1, 2, width_ratios=[1.7, 1])
        places = np.arange(len(names))
        bars.errorbar(values, places, xerr=errors, fmt="o", color="#2d5fa8", capsize=3)
        for place, value in zip(places, values, strict=True):
            bars.annotate(f"{value:.3f}", (value, place), (0, 6), textcoords="offset points")
        bars.set_yticks(places, names)
        bars.invert_yaxis()
        bars.grid(axis="x")
        bars.set(title="Dev accuracy, with 95 % of chance", xlim=(0.66, 0.87))
        for accuracy, table, color in zip((0.82, 0.83), drawn, ("#8a8e98", "#c8553d")):
            spread.hist(table, 40, color=color, alpha=0.7, label=f"true accuracy {accuracy}")
        spread.set(title="What 10,000 pairs show of it", yticks=[])
        spread.legend(fontsize=8)
