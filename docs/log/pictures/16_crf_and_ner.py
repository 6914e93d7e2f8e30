"""Chapter 16: entity F1, the lattice of a chain, direction in attention, the run of the page."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from docs.drawing import BLUE, GRAY, GREEN, INK, RED, figure_saved
from pmt_nn import sinusoids

PICTURES = ("16_spans.png", "16_lattice.png", "16_direction.png", "16_run.png")
MEASURED = Path(__file__).resolve().parents[1] / "measured"

WORDS = ("Bank", "of", "England")
TAGS = ("O", "B", "I")
WORD = np.array([[1, 3, 1], [3, 1, 2], [1, 2, 2]])
STEP = np.array([[2, 1, 0], [1, 1, 3], [2, 1, 2]])
START, END = np.array([1, 1, 0]), np.array([1, 1, 1])


def table(name: str) -> list[dict[str, str]]:
    """The rows of a measured table; its first line says what measured it."""
    with (MEASURED / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    spans(folder / PICTURES[0])
    lattice(folder / PICTURES[1])
    direction(folder / PICTURES[2])
    run(folder / PICTURES[3])


def spans(path: Path) -> None:
    """A sentence, its names, and those of a tagger."""
    words = ["Angela", "Merkel", "visited", "the", "Bank", "of", "England"]
    rows = (
        ("truth", 1.0, [(0, 2, "PER", GREEN), (4, 7, "ORG", BLUE)]),
        ("tagger", 0.0, [(0, 2, "PER", GREEN), (6, 7, "LOC", RED)]),
    )
    with figure_saved(path, 9, 3.5) as figure:
        axes = figure.subplots()
        for i, word in enumerate(words):
            axes.text(i + 0.5, 1.75, word, ha="center", va="center", fontsize=12)
        for name, y, found in rows:
            axes.text(-0.15, y, name, ha="right", va="center", fontsize=11, weight="bold")
            axes.plot([0, 7], [y, y], color="#e4e3df", zorder=0)
            for first, stop, kind, color in found:
                axes.barh(y, stop - first - 0.1, 0.5, first + 0.05, color=color, alpha=0.85)
                middle = (first + stop) / 2
                axes.text(middle, y, kind, ha="center", va="center", color="white", weight="bold")
        for x, words_below in ((1, "right"), (5, "missed"), (6.5, "invented")):
            axes.text(x, -0.55, words_below, ha="center", va="center", color=INK)
        axes.annotate("", (5, 0.65), (5, -0.4), arrowprops={"arrowstyle": "->", "color": GRAY})
        axes.text(
            3.5, -1.15, "given 2, true 2, right 1:  precision 1/2, recall 1/2, F1 1/2", ha="center",
            va="center", fontsize=11,
        )  # fmt: skip
        axes.set(xlim=(-1.0, 7.1), ylim=(-1.5, 2.1))
        axes.set_axis_off()


def messages() -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], list[NDArray[Any]]]:
    """alpha, beta and delta (3, 3), and from which tag each maximum came."""
    alpha, delta, origin = [START * WORD[0]], [START * WORD[0]], []
    for factors in WORD[1:]:
        alpha.append(alpha[-1] @ STEP * factors)
        steps = delta[-1][:, np.newaxis] * STEP
        origin.append(steps.argmax(axis=0))
        delta.append(steps.max(axis=0) * factors)
    beta = [END]
    for factors in WORD[:0:-1]:
        beta.insert(0, STEP @ (factors * beta[0]))
    return np.array(alpha), np.array(beta), np.array(delta), origin


def lattice(path: Path) -> None:
    """Forward-backward, and Viterbi, on three words with three tags."""
    alpha, beta, delta, origin = messages()
    best = [int((delta[-1] * END).argmax())]
    for back in reversed(origin):
        best.insert(0, int(back[best[0]]))
    total = int(alpha[-1] @ END)
    with figure_saved(path, 10, 8.4) as figure:
        upper, lower = figure.subplots(2, 1)
        _nodes(upper, alpha * beta / total)
        _nodes(lower, np.where([[tag == best[t] for tag in range(3)] for t in range(3)], 0.9, 0.0))
        for t in range(3):
            for tag in range(3):
                a, b, d = alpha[t, tag], beta[t, tag], delta[t, tag]
                share = alpha[t, tag] * beta[t, tag] / total
                color = "white" if share > 0.5 else INK
                upper.text(
                    3 * t, 2 - tag, f"α = {a}\nβ = {b}\np = {a * b}/{total}", ha="center",
                    va="center", color=color, fontsize=10,
                )  # fmt: skip
                color = "white" if tag == best[t] else INK
                lower.text(
                    3 * t, 2 - tag, f"{TAGS[tag]}: δ = {d}", ha="center", va="center", color=color,
                    fontsize=11,
                )  # fmt: skip
        for t in range(2):
            for i in range(3):
                for j in range(3):
                    used = bool(STEP[i, j]) and bool(alpha[t, i])
                    _step(upper, t, i, j, GRAY if used else "#eceae6", 1.2, STEP[i, j])
                    if used:
                        is_back = origin[t][j] == i
                        on_path = is_back and best[t] == i and best[t + 1] == j
                        _step(
                            lower, t, i, j, RED if on_path else BLUE if is_back else "#dddbd6",
                            3.2 if on_path else 2.0 if is_back else 0.8, None,
                        )  # fmt: skip
        upper.set_title(f"Forward-backward: αβ sums to Z = {total} in each column")
        value = int((delta[-1] * END).max())
        lower.set_title(f"Viterbi: the best way to each node (blue); the best path has {value}")


def _nodes(axes: Any, share: NDArray[Any]) -> None:
    """Draw the nodes, filled by a share, the words below and the factors of the words."""
    for t, word in enumerate(WORDS):
        for tag in range(3):
            axes.scatter(
                3 * t, 2 - tag, s=4600, marker="s", zorder=3, edgecolor=INK, linewidth=0.8,
                color=[_blend(share[t, tag])],
            )  # fmt: skip
        factors = ", ".join(f"{name} {x}" for name, x in zip(TAGS, WORD[t], strict=True))
        axes.text(3 * t, -0.72, f"{word}:  {factors}", ha="center", va="center", fontsize=10.5)
    for tag, name in enumerate(TAGS):
        axes.text(-0.85, 2 - tag, name, ha="right", va="center", fontsize=13)
    axes.set(xlim=(-1.2, 6.9), ylim=(-0.9, 2.55))
    axes.set_axis_off()


def _blend(share: float) -> tuple[float, ...]:
    blue = np.array([0x2D, 0x5F, 0xA8]) / 255
    return tuple(1 - share * (1 - blue))


def _step(axes: Any, t: int, i: int, j: int, color: str, width: float, factor: int | None) -> None:
    x0, x1, y0, y1 = 3 * t + 0.62, 3 * t + 2.38, 2 - i, 2 - j
    style = {"arrowstyle": "->", "color": color, "linewidth": width, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", (x1, y1), (x0, y0), arrowprops=style, zorder=1)
    if factor is not None:
        share = 0.13 if i != j else 0.2  # near the beginning, where steps do not cross
        axes.text(
            x0 + share * (x1 - x0), y0 + share * (y1 - y0), str(factor), ha="center", va="center",
            fontsize=9.5, color=INK, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
            zorder=2,
        )  # fmt: skip


def direction(path: Path) -> None:
    """What attention sees of the distance of a key, by three ways to tell it positions."""
    width, middle, reach = 32, 40, 12
    table_ = sinusoids(2 * middle, width, np.float64)
    offsets = np.arange(-reach, reach + 1)
    keys = table_[middle + offsets]
    rates = 10000.0 ** (-np.arange(0, width, 2) / width)
    turn = np.zeros((width, width))
    for i, angle in enumerate(rates):
        c, s = np.cos(angle), np.sin(angle)
        turn[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = [[c, -s], [s, c]]
    random = np.random.default_rng(0).normal(size=(width, width)) / np.sqrt(width)
    query = table_[middle]
    waves = np.sin(offsets[:, np.newaxis] * rates).sum(axis=1)
    panels = (
        ("raw product $P_p \\cdot P_{p'}$", [(keys @ query, BLUE, "symmetric")]),
        (
            "behind matrices",
            [
                (keys @ (query @ turn), RED, "turned by one"),
                (keys @ (query @ random), GRAY, "a random matrix"),
            ],
        ),
        ("relative attention: its sines", [(waves, GREEN, "changes sign")]),
    )
    with figure_saved(path, 10, 3.4) as figure:
        for axes, (title, lines) in zip(figure.subplots(1, 3), panels, strict=True):
            for values, color, label in lines:
                axes.plot(offsets, values, "o-", color=color, markersize=3.5, label=label)
            axes.axvline(0, color="#dddbd6", zorder=0)
            axes.set(title=title, xlabel="position of the key - that of the query")
            axes.set_ylabel("score")
            low, high = axes.get_ylim()
            axes.set_ylim(low, high + 0.3 * (high - low))
            axes.legend(fontsize=9, loc="upper left")


def run(path: Path) -> None:
    """Attention in a sentence with a mistake, transitions, and calibration of the page's run."""
    attention, transitions = table("ner_run_attention.csv"), table("ner_run_transitions.csv")
    calibration = table("ner_run_calibration.csv")
    with figure_saved(path, 10, 9.2) as figure:
        grid = figure.add_gridspec(2, 2, height_ratios=[1.25, 1])
        _attention(figure.add_subplot(grid[0, :]), attention)
        _transitions(figure, figure.add_subplot(grid[1, 0]), transitions)
        _calibration(figure.add_subplot(grid[1, 1]), calibration)


def _attention(axes: Any, rows: list[dict[str, str]]) -> None:
    names = [name for name in rows[0] if name != "word"]
    words = [name.split(" ", 1)[1] for name in names]
    weights = np.array([[float(row[name]) for name in names] for row in rows])
    axes.imshow(weights, cmap="Blues", vmin=0, vmax=0.7, aspect="auto")
    for (i, j), share in np.ndenumerate(weights):
        if share >= 0.1:
            color = "white" if share > 0.4 else INK
            axes.text(j, i, f"{share:.1f}", ha="center", va="center", color=color, fontsize=9)
    axes.set_xticks(range(len(words)), words)
    axes.set_yticks(range(len(words)), words)
    axes.set(title="Attention of the first layer, mean of its heads", xlabel="key")
    axes.set_ylabel("query")


def _transitions(figure: Any, axes: Any, rows: list[dict[str, str]]) -> None:
    tags = [row["tag"] for row in rows]
    scores = np.array([[float(row[tag] or "nan") for tag in tags] for row in rows])
    limit = float(np.nanmax(np.abs(scores)))
    axes.set_facecolor("#c9c7c2")
    axes.imshow(scores, cmap="RdBu", vmin=-limit, vmax=limit)
    for (i, j), score in np.ndenumerate(scores):
        if not np.isnan(score):
            color = "white" if abs(score) > 0.7 * limit else INK
            axes.text(j, i, f"{score:.1f}", ha="center", va="center", fontsize=9, color=color)
    axes.set_xticks(range(len(tags)), tags, rotation=45)
    axes.set_yticks(range(len(tags)), tags)
    axes.set(title="Transition scores (gray: forbidden)", xlabel="to", ylabel="from")


def _calibration(axes: Any, rows: list[dict[str, str]]) -> None:
    rows = [row for row in rows if int(row["count"]) >= 10]  # the share of one name says nothing
    predicted, observed = ([float(row[key]) for row in rows] for key in ("predicted", "observed"))
    axes.plot([0, 1], [0, 1], "--", color=GRAY, label="as sure as right")
    axes.plot(predicted, observed, "o-", color=BLUE, label="names found on dev")
    for row, x, y in zip(rows, predicted, observed, strict=True):
        axes.annotate(
            f"{int(row['count']):,} names",
            (x, y),
            (-7, 6),
            textcoords="offset points",
            ha="right",
            fontsize=9,
        )
    axes.set(title="Calibration", xlabel="confidence", ylabel="share that is right")
    axes.set(xlim=(0, 1.02), ylim=(0, 1.15))
    axes.legend(fontsize=9, loc="lower right")
