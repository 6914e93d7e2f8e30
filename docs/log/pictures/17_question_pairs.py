"""Chapter 17: input of the pair classifier, scores, the run of the page, chance."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
from matplotlib.patches import Rectangle

from docs.drawing import (
    BLUE,
    GRAY,
    GREEN,
    INK,
    LIGHT,
    LIGHT_BLUE,
    LIGHT_GREEN,
    LIGHT_RED,
    LIGHT_YELLOW,
    RED,
    figure_saved,
)
from pmt_apps.kit.files import SAMPLES
from pmt_text import InverseDocumentFrequency, load_qqp, match_types, tokenize

PICTURES = ("17_input.png", "17_pairs.png", "17_run.png", "17_difference.png")
MEASURED = Path(__file__).resolve().parents[1] / "measured"
FIRST = "How can I stop procrastinating in a month?"
SECOND = "What stops procrastination in a month?"
PAIRS = 10_000
KINDS = (("missing", LIGHT_RED), ("spelled alike", LIGHT_YELLOW), ("the same word", LIGHT_GREEN))


def measured(name: str) -> list[dict[str, str]]:
    """The rows of a measured table; its first line says what measured it."""
    with (MEASURED / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    inputs(folder / PICTURES[0])
    scores(folder / PICTURES[1])
    run(folder / PICTURES[2])
    difference(folder / PICTURES[3])


def inputs(path: Path) -> None:
    """The tokens of a pair and the four numbers from which the vector of each is looked up."""
    pairs = load_qqp(SAMPLES / "qqp.tsv").pairs
    texts = (text for pair in pairs for text in (pair.question1, pair.question2))
    rarity = InverseDocumentFrequency.build(map(tokenize, texts))
    a, b = tokenize(FIRST), tokenize(SECOND)
    tokens = ["<cls>", *a, "<sep>", *b, "<sep>"]
    types = [0, *match_types(a, b, rarity), 0, *match_types(b, a, rarity), 0]
    segments = [0] * (len(a) + 2) + [1] * (len(b) + 1)
    rows = (
        ("position", range(len(tokens)), lambda value: LIGHT),
        ("question", segments, lambda value: LIGHT_BLUE if value else "white"),
        ("match type", types, lambda value: KINDS[(value - 1) // 4][1] if value else "white"),
    )
    with figure_saved(path, 10, 3.6) as figure:
        axes = figure.subplots()
        for x, token in enumerate(tokens):
            axes.text(
                x + 0.5, 3.2, token, rotation=90, ha="center", va="bottom",
                fontsize=10.5,
            )  # fmt: skip
        for y, (name, values, color) in zip((2, 1, 0), rows, strict=True):
            axes.text(-0.25, y + 0.5, name, ha="right", va="center")
            for x, value in enumerate(values):
                axes.add_patch(Rectangle((x, y), 1, 1, facecolor=color(value), edgecolor=GRAY))
                axes.text(x + 0.5, y + 0.5, str(value), ha="center", va="center")
        for x, (name, color) in zip((0.5, 5.5, 11.5), KINDS, strict=True):
            axes.add_patch(Rectangle((x, -1.1), 0.8, 0.6, facecolor=color, edgecolor=GRAY))
            axes.text(x + 1.1, -0.8, name, ha="left", va="center")
        axes.set(xlim=(-2.6, len(tokens) + 0.2), ylim=(-1.3, 6.3))
        axes.set_axis_off()


def scores(path: Path) -> None:
    """Accuracy of the programs and of the steps, each with its 95 % interval."""
    with figure_saved(path, 10, 6.4) as figure:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[5, 6])
        for axes, name, title, color in (
            (upper, "qqp.csv", "The programs of today", BLUE),
            (lower, "qqp_steps.csv", "The steps as they were tried", GRAY),
        ):
            rows = measured(name)
            values = [float(row["accuracy"]) for row in rows]
            errors = [1.96 * math.sqrt(p * (1 - p) / PAIRS) for p in values]
            places = np.arange(len(rows))
            axes.errorbar(values, places, xerr=errors, fmt="o", color=color, capsize=3)
            for place, value, error in zip(places, values, errors, strict=True):
                axes.annotate(
                    f"{value:.4f}", (value + error, place), (8, 0), textcoords="offset points",
                    va="center",
                )  # fmt: skip
            axes.set_yticks(places, [row["name"] for row in rows])
            axes.set(title=title, xlim=(0.67, 0.88), ylim=(len(rows) - 0.5, -0.5))
            axes.grid(axis="x", color=LIGHT)
        lower.set_xlabel("accuracy on the 10,000 dev pairs, with 95 % interval")


def run(path: Path) -> None:
    """What <cls> attends to in two pairs of the page's run, and the calibration of both models."""
    with figure_saved(path, 10, 7.2) as figure:
        grid = figure.add_gridspec(2, 2, width_ratios=[1.35, 1])
        for row, (name, title) in enumerate(
            (("order", "“boss misses me” or “I miss my boss”"), ("meat", "the mistake"))
        ):
            axes = figure.add_subplot(grid[row, 0])
            rows = measured(f"qqp_run_attention_{name}.csv")
            words = [line["token"].split(" ", 1)[1] for line in rows]
            weights = [float(line["weight"]) for line in rows]
            second = words.index("<sep>") + 1
            colors = [BLUE if i < second else GREEN for i in range(len(words))]
            axes.bar(range(len(words)), weights, color=colors)
            axes.set_xticks(range(len(words)), words, rotation=90)
            axes.set(title=f"Last layer, from <cls>: {title}", ylabel="attention")
        axes = figure.add_subplot(grid[:, 1])
        axes.plot([0, 1], [0, 1], "--", color=GRAY)
        for name, title, color in (
            ("transformer", "Transformer", BLUE),
            ("tfidf", "tf-idf", RED),
        ):
            rows = measured(f"qqp_run_calibration_{name}.csv")
            x, y = ([float(line[key]) for line in rows] for key in ("predicted", "observed"))
            axes.plot(x, y, "-", color=color, label=title)
            sizes = [max(float(line["count"]), 20.0) for line in rows]
            axes.scatter(x, y, sizes, color=color, alpha=0.75, zorder=3)
        axes.set(title="Calibration (area: number of pairs)", xlabel="probability of a duplicate")
        axes.set(ylabel="share of duplicates", xlim=(-0.03, 1.08), ylim=(-0.03, 1.03))
        axes.legend(loc="upper left")


def difference(path: Path) -> None:
    """How the measured difference of 0.82 and 0.83 spreads on two samples and on one."""
    rng = np.random.default_rng(0)
    draws = 20_000
    apart = (rng.binomial(PAIRS, 0.83, draws) - rng.binomial(PAIRS, 0.82, draws)) / PAIRS
    # 1,000 discordant pairs in 10,000: 550 for the better model, 450 for the other
    counts = rng.multinomial(PAIRS, [0.055, 0.045, 0.9], draws)
    together = (counts[:, 0] - counts[:, 1]) / PAIRS
    bins = np.arange(-0.0152, 0.0361, 0.0006)
    with figure_saved(path, 9, 3.8) as figure:
        axes = figure.subplots()
        for values, color, name in (
            (together, GREEN, "on the same pairs, 1,000 of them discordant"),
            (apart, BLUE, "on two different samples"),
        ):
            below = float(np.mean(values <= 0))
            label = f"{name}: {below:.1%} not above 0"
            axes.hist(100 * values, 100 * bins, color=color, alpha=0.55, label=label)
        axes.axvline(0, color=INK, linewidth=1.2)
        low, high = axes.get_ylim()
        axes.set(ylim=(low, 1.35 * high), yticks=[], xlim=(-1.5, 3.6))
        axes.set(xlabel="measured difference in points, of models with 83 % and 82 %")
        axes.set(title="One point on 10,000 pairs")
        axes.legend(loc="upper right")
