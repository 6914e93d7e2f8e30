"""Chapter 7: rows of a table, a window with noise, what scores become, a world of capitals."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.drawing import (
    BLUE,
    GRAY,
    LIGHT,
    LIGHT_BLUE,
    LIGHT_RED,
    LIGHT_YELLOW,
    RED,
    WHITE,
    arrow,
    box,
    canvas,
    figure_saved,
    heat_map,
    label,
    table,
)

PICTURES = ("07_rows.png", "07_window.png", "07_information.png", "07_capitals.png")
COUNTRIES = ("France", "Germany", "Italy", "Spain", "Greece", "Norway", "Japan", "Peru")
CAPITALS = ("Paris", "Berlin", "Rome", "Madrid", "Athens", "Oslo", "Tokyo", "Lima")


def draw_rows(path: Path) -> None:
    """Lookup of the rows 2, 5, 2, and the gradient of the table."""
    weights = np.arange(18).reshape(6, 3)
    ids, g = [2, 5, 2], np.array([[1, 1, 1], [2, 2, 2], [3, 3, 3]])
    gradient = np.zeros((6, 3), int)
    np.add.at(gradient, ids, g)
    shade = {2: LIGHT_BLUE, 5: LIGHT_YELLOW}
    tables = [[shade.get(row, WHITE)] * 3 for row in range(6)]
    batch = [[shade[row]] * 3 for row in ids]
    names = [str(row) for row in range(6)]
    cell = (0.5, 0.36)
    with figure_saved(path, 10, 3.7) as figure:
        axes = canvas(figure)
        forward = table(
            axes, weights, (0.5, 2.9), cell, colors=tables, rows=names, form="{:.0f}",
            title="W  (6, 3)",
        )  # fmt: skip
        read = table(
            axes, weights[ids], (3.1, 2.4), cell, colors=batch, rows=["2", "5", "2"],
            form="{:.0f}", title="W[ids]  (3, 3)",
        )  # fmt: skip
        slopes = table(
            axes, g, (5.5, 2.4), cell, colors=batch, rows=["2", "5", "2"], form="{:.0f}",
            title="g  (3, 3)",
        )  # fmt: skip
        back = table(
            axes, gradient, (8.1, 2.9), cell, colors=tables, rows=names, form="{:.0f}",
            title="\u2202L/\u2202W  (6, 3)",
        )  # fmt: skip
        for place, row in enumerate(ids):
            height = 2.4 - (place + 0.5) * cell[1]
            at = 2.9 - (row + 0.5) * cell[1]
            arrow(axes, (forward.x + forward.width, at), (read.x - 0.3, height), color=BLUE)
            arrow(axes, (slopes.x + slopes.width, height), (back.x - 0.3, at), color=RED)
        label(axes, (2.3, 0.35), "forward: read a row for each id", color=BLUE)
        label(axes, (7.5, 0.35), "backward: add each slope to its row", color=RED)


def draw_window(path: Path) -> None:
    """The pairs of the word "Seine" in a window of 2, and noise words for one pair."""
    words = ["in", "France", "the", "river", "Seine", "flows", "past", "old", "Paris"]
    with figure_saved(path, 10, 4.3) as figure:
        axes = canvas(figure)
        boxes = []
        for i, word in enumerate(words):
            near = i != 4 and abs(i - 4) <= 2
            color = LIGHT_YELLOW if i == 4 else LIGHT_BLUE if near else LIGHT
            boxes.append(box(axes, (0.72 + 1.07 * i, 3.3), word, 0.9, 0.45, color))
        for i, bend in [(2, 0.35), (3, 0.25), (5, -0.25), (6, -0.35)]:
            arrow(axes, boxes[4].top, boxes[i].top, color=BLUE, bend=bend)
        label(axes, (0.3, 4.05), "window 2: four pairs (Seine, neighbor)", color=BLUE, ha="left")
        given = box(axes, (1.1, 1.4), "h of Seine", 1.5, 0.5, LIGHT_YELLOW)
        rows = [("river", 1, LIGHT_BLUE), ("of", 0, LIGHT_RED), ("tax", 0, LIGHT_RED)]
        rows.append(("opera", 0, LIGHT_RED))
        for i, (word, target, color) in enumerate(rows):
            height = 2.35 - 0.62 * i
            other = box(axes, (4.6, height), f"u of {word}", 1.5, 0.45, color)
            arrow(axes, given.right, other.left, color=BLUE if target else RED)
            label(axes, (5.6, height), f"target {target}", ha="left")
        note = "one real neighbor"
        label(axes, (7.0, 2.35), note, color=BLUE, ha="left")
        label(axes, (7.0, 1.11), "k = 3 noise words, drawn", color=RED, ha="left")


def draw_information(path: Path) -> None:
    """Counts, the expected scores, and the scores that gradient descent finds."""
    counts = np.array([[60, 30, 10], [70, 25, 5], [10, 10, 80]])
    rng, k = np.random.default_rng(0), 2
    share = counts.sum(axis=0) / counts.sum()
    drawn = k * np.outer(counts.sum(axis=1), share)
    h, u = rng.uniform(-1, 1, (3, 3)) / 3, np.zeros((3, 3))
    for _ in range(4000):
        said = 1 / (1 + np.exp(-(h @ u.T)))
        error = drawn * said - counts * (1 - said)
        h, u = h - 0.002 * error @ u, u - 0.002 * error.T @ h
    expected = np.log(counts / counts.sum(axis=1, keepdims=True) / share) - np.log(k)
    words, neighbors = ["tea", "coffee", "road"], ["drink", "hot", "drive"]
    with figure_saved(path, 10, 3.4) as figure:
        first, second, third = figure.subplots(1, 3)
        heat_map(first, counts, words, neighbors, title="counts N", colors="Blues", low=0,
                 form="{:.0f}", xlabel="neighbor o", ylabel="word w", fontsize=11)  # fmt: skip
        heat_map(second, expected, words, neighbors, title="log(p(o | w) / q(o)) \u2212 log 2",
                 scale=2.6, xlabel="neighbor o", fontsize=11)  # fmt: skip
        heat_map(third, h @ u.T, words, neighbors, title="h \u00b7 u after training", scale=2.6,
                 xlabel="neighbor o", fontsize=11)  # fmt: skip


def sentences(rng: np.random.Generator, n: int) -> np.ndarray:
    """(n, 3) ids: a country (0-7) or capital (8-15), a word of its own, a word for its kind."""
    c, is_capital = rng.integers(0, 8, n), rng.integers(0, 2, n)
    own, role = 16 + 4 * c + rng.integers(0, 4, n), 48 + 4 * is_capital + rng.integers(0, 4, n)
    return np.stack([c + 8 * is_capital, own, role], axis=1)


def trained(rng: np.random.Generator, v: int = 56, d: int = 16) -> np.ndarray:
    """Skip-gram with negative sampling, (v, d)."""
    text = sentences(rng, 6000)
    pairs = np.concatenate([text[:, [i, j]] for i in range(3) for j in range(3) if i != j])
    h, u = rng.uniform(-1, 1, (v, d)) / d, np.zeros((v, d))
    for _ in range(3):
        for batch in np.array_split(rng.permutation(pairs), len(pairs) // 32):
            words = batch[:, 0]
            others = np.concatenate([batch[:, 1:], rng.choice(v, (len(batch), 5))], axis=1)
            vectors = u[others]
            error = 1 / (1 + np.exp(-(vectors @ h[words][:, :, None])[..., 0]))
            error[:, 0] -= 1
            by_h = (error[:, None] @ vectors)[:, 0]
            np.add.at(u, others, -0.05 * error[..., None] * h[words][:, None])
            np.add.at(h, words, -0.05 * by_h)
    return h


def spread(heights: np.ndarray, least: float) -> np.ndarray:
    """Return heights of labels near the given ones, at least `least` apart."""
    order = np.argsort(heights)
    result = heights[order].copy()
    for _ in range(200):
        gaps = np.diff(result)
        close = np.maximum(least - gaps, 0) / 2
        result[:-1] -= close
        result[1:] += close
    return result[np.argsort(order)]


def draw_capitals(path: Path) -> None:
    """All names in a plane: along the mean arrow, and along the largest variance across it."""
    vectors = trained(np.random.default_rng(0))[:16]
    along = (vectors[:8] - vectors[8:]).mean(axis=0)
    along /= np.linalg.norm(along)
    centered = vectors - vectors.mean(axis=0)
    rest = centered - np.outer(centered @ along, along)
    across = np.linalg.svd(rest, full_matrices=False)[2][0]
    x, y = centered @ along, centered @ across
    with figure_saved(path, 10, 5.6) as figure:
        axes = figure.subplots()
        room = np.ptp(y) / 14
        for side, names, color, sign in [
            (slice(0, 8), COUNTRIES, BLUE, 1),
            (slice(8, 16), CAPITALS, RED, -1),
        ]:
            edge = sign * (np.abs(x).max() + 0.35)
            for px, py, name, at in zip(
                x[side], y[side], names, spread(y[side], room), strict=True
            ):
                axes.plot([px, edge - sign * 0.02], [py, at], color=GRAY, linewidth=0.6)
                look = {"color": color, "va": "center", "fontsize": 11}
                axes.text(edge, at, name, ha="left" if sign > 0 else "right", **look)
            axes.plot(x[side], y[side], "o", color=color, markersize=6)
        look = {"arrowstyle": "-|>", "color": GRAY, "shrinkA": 5, "shrinkB": 5}
        for i in range(8):
            axes.annotate("", (x[i], y[i]), (x[8 + i], y[8 + i]), arrowprops=look)
        axes.set_xlim(-np.abs(x).max() - 0.9, np.abs(x).max() + 1.0)
        axes.margins(y=0.1)
        axes.set(
            xlabel="along the mean of the eight arrows",
            ylabel="largest variance across it",
            title="From each capital to its country",
        )


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    for name, function in zip(
        PICTURES, (draw_rows, draw_window, draw_information, draw_capitals), strict=True
    ):
        function(folder / name)
