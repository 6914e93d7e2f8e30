"""Chapter 0: tables and their axes, difference quotients, a gradient, means of dice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from docs.drawing import BLUE, GRAY, GREEN, RED, figure_saved

PICTURES = ("00_tables.png", "00_slopes.png", "00_gradient.png", "00_chances.png")
PALE = {BLUE: "#dbe5f3", RED: "#f6dfd9", GREEN: "#dcefe2", "": "#ffffff"}


def table(axes: Any, values: np.ndarray, left: float, top: float, fill: Any) -> None:
    """Draw a matrix with its upper left corner at (left, top); `fill(i, j)` is a color or ""."""
    for (i, j), value in np.ndenumerate(values):
        color = PALE[fill(i, j)]
        axes.add_patch(axes_rectangle(left + j, top - i - 1, color))
        axes.text(left + j + 0.5, top - i - 0.5, f"{value}", ha="center", va="center", fontsize=11)


def axes_rectangle(x: float, y: float, color: str) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x, y), 1, 1, facecolor=color, edgecolor=GRAY, linewidth=0.8)


def draw_tables(axes: Any) -> None:
    a = np.array([[1, 2, 3], [4, 5, 6]])
    b = np.array([[1, 0], [0, 1], [2, 2]])
    axes.set(xlim=(-1.0, 18.8), ylim=(-2.6, 3.2), aspect="equal")
    axes.axis("off")
    arrow = {"arrowstyle": "->", "color": GRAY, "linewidth": 1.4}
    table(axes, a, 0, 2, lambda i, j: "")
    axes.annotate("", (-0.35, -0.1), (-0.35, 2.1), arrowprops=arrow)
    axes.text(-0.6, 1, "axis 0", rotation=90, ha="center", va="center")
    axes.annotate("", (3.1, 2.35), (-0.1, 2.35), arrowprops=arrow)
    axes.text(1.5, 2.7, "axis 1", ha="center")
    table(axes, a.sum(axis=0, keepdims=True), 0, -0.7, lambda i, j: BLUE)
    axes.text(1.5, -2.35, "sum(axis=0): (3,)", ha="center", color=BLUE)
    table(axes, a.sum(axis=1, keepdims=True), 3.9, 2, lambda i, j: RED)
    axes.text(4.4, -0.6, "sum(axis=1): (2,)", ha="left", va="center", color=RED)
    table(axes, a, 9, 1.2, lambda i, j: BLUE if i == 1 else "")
    table(axes, b, 13, 1.7, lambda i, j: RED if j == 0 else "")
    table(axes, a @ b, 16.5, 1.2, lambda i, j: GREEN if (i, j) == (1, 0) else "")
    axes.text(12.5, 0.2, "@", ha="center", va="center", fontsize=13)
    axes.text(15.75, 0.2, "=", ha="center", va="center", fontsize=13)
    for x, label in [(10.5, "A (2, 3)"), (14, "B (3, 2)"), (17.5, "C (2, 2)")]:
        axes.text(x, 2.1, label, ha="center")
    axes.text(13.6, -2.35, "4 · 1 + 5 · 0 + 6 · 2 = 16", ha="center", color=GREEN)


def draw_slopes(left: Any, right: Any) -> None:
    x = np.linspace(-0.2, 2.6, 200)
    left.plot(x, x**2, color="#33363d")
    for h, color in [(1.4, RED), (0.7, "#b8862b"), (0.0, BLUE)]:
        slope = 2 + h
        label = f"h = {h}: slope {slope:.1f}" if h else "tangent: slope 2.0"
        ends = np.array([0.2, 2.5])
        left.plot(ends, 1 + slope * (ends - 1), color=color, linewidth=1.3, label=label)
        left.plot(1 + h, (1 + h) ** 2, "o", color=color, markersize=6)
    left.set(title="Secants of x² at 1", xlabel="x", ylabel="x²", ylim=(-1.5, 7))
    left.legend(loc="upper left")
    steps = np.geomspace(1e-12, 1, 49)
    exact = np.exp(1.0)
    one = np.abs((np.exp(1 + steps) - exact) / steps - exact)
    two = np.abs((np.exp(1 + steps) - np.exp(1 - steps)) / (2 * steps) - exact)
    right.loglog(steps, one, color=RED, label="one-sided: falls like h")
    right.loglog(steps, two, color=BLUE, label="two-sided: falls like h²")
    right.set(title="Error of the slope of the exponential at 1", xlabel="step h", ylabel="error")
    right.set_xticks(10.0 ** np.arange(-12, 1, 2))
    right.set_yticks(10.0 ** np.arange(-10, 1, 2))
    right.legend(loc="upper center")


def draw_gradient(axes: Any) -> None:
    x, y = np.meshgrid(np.linspace(-3.4, 3.4, 200), np.linspace(-2.2, 2.2, 150))
    axes.contour(x, y, x**2 + 2 * y**2, [0.5, 1.5, 3, 5, 7.5], colors=GRAY, linewidths=0.9)
    for level in (0.5, 1.5, 3, 5, 7.5):
        axes.text(np.sqrt(level), 0, f"{level:g}", ha="center", va="center", backgroundcolor="w")
    angle = np.linspace(0, 2 * np.pi, 9)[:-1] + np.pi / 8
    for level in (1.5, 5):
        at_x, at_y = np.sqrt(level) * np.cos(angle), np.sqrt(level / 2) * np.sin(angle)
        axes.quiver(
            at_x, at_y, 2 * at_x, 4 * at_y, color=BLUE, angles="xy", scale_units="xy",
            scale=8, width=0.005,
        )  # fmt: skip
    axes.set(title="x² + 2y²: level lines and gradient", xlabel="x", ylabel="y", aspect="equal")


def draw_chances(panels: Any) -> None:
    rng = np.random.default_rng(0)
    for axes, n in zip(panels, (1, 4, 16, 64), strict=True):
        means = rng.integers(1, 7, (20_000, n)).mean(axis=1)
        if n == 1:
            edges = np.arange(0.5, 7)
        else:
            edges = np.arange(1 - 0.5 / n, 6.5, max(1, n // 8) / n)
        axes.hist(means, edges, color=BLUE, density=True, rwidth=0.9)
        axes.set(
            title=f"n = {n}, std {means.std():.2f}", xlabel="mean of n throws", xlim=(0.5, 6.5)
        )
        axes.set_yticks([])
        axes.set_xticks(range(1, 7))
    panels[0].set_ylabel("share")


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    with figure_saved(folder / PICTURES[0], 9.6, 3.4) as figure:
        draw_tables(figure.subplots())
    with figure_saved(folder / PICTURES[1], 9.6, 4) as figure:
        draw_slopes(*figure.subplots(1, 2))
    with figure_saved(folder / PICTURES[2], 8, 5) as figure:
        draw_gradient(figure.subplots())
    with figure_saved(folder / PICTURES[3], 9.6, 3.3) as figure:
        draw_chances(figure.subplots(1, 4))
