"""Chapter 1: a descent, shapes of a dense layer, moons and their borders, the rules of the tape."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from docs.drawing import BLUE, GRAY, INK, RED, figure_saved

PICTURES = ("01_descent.png", "01_shapes.png", "01_moons.png", "01_rules.png")

CELSIUS = np.array([-0.4, -0.1, 0.0, 0.2, 0.37, 1.0])
FAHRENHEIT = 1.8 * CELSIUS + 0.32


def descent(steps: int = 60, rate: float = 0.3) -> np.ndarray:
    """The points (w, b) that gradient descent passes, (steps + 1, 2)."""
    at = [np.array([0.5, 0.0])]
    for _ in range(steps):
        w, b = at[-1]
        by_y = 2 / len(CELSIUS) * (w * CELSIUS + b - FAHRENHEIT)
        at.append(at[-1] - rate * np.array([np.sum(by_y * CELSIUS), np.sum(by_y)]))
    return np.array(at)


def loss_at(w: np.ndarray, b: np.ndarray) -> np.ndarray:
    error = w[..., np.newaxis] * CELSIUS + b[..., np.newaxis] - FAHRENHEIT
    return np.mean(error**2, axis=-1)


def draw_descent(left: Any, right: Any) -> None:
    w, b = np.meshgrid(np.linspace(0.3, 2.3, 160), np.linspace(-0.3, 0.95, 120))
    left.contour(w, b, loss_at(w, b), np.geomspace(0.003, 1.5, 10), colors=GRAY, linewidths=0.8)
    path = descent()
    left.plot(*path.T, "o-", color=BLUE, markersize=3.5, linewidth=1.2)
    left.plot(1.8, 0.32, "*", color=RED, markersize=14)
    left.set(xlabel="w", ylabel="b", title="Downhill, at right angles to the level lines")
    left.set_aspect("equal")
    right.semilogy(loss_at(path[:, 0], path[:, 1]), ".-", color=BLUE, linewidth=1)
    right.set(xlabel="step", ylabel="loss", title="The loss on the way")
    right.set_yticks(10.0 ** np.arange(-6, 1))


def moons(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    angle, which = rng.uniform(0, np.pi, n), np.arange(n) % 2
    x = np.stack([np.cos(angle) + which, np.sin(angle) * (1 - 2 * which) + which / 2], axis=1)
    return x + rng.normal(scale=0.1, size=x.shape), which[:, np.newaxis]


def trained(x: np.ndarray, target: np.ndarray, hidden: int, steps: int = 4000, rate: float = 0.1):
    """The function that two layers learn, as in the chapter."""
    rng = np.random.default_rng(1)
    w1, b1 = rng.normal(size=(2, hidden)), np.zeros(hidden)
    w2, b2 = rng.normal(size=(hidden, 1)) / np.sqrt(hidden), np.zeros(1)
    for _ in range(steps):
        before = x @ w1 + b1
        after = np.maximum(before, 0)
        by_y = 2 / len(x) * (after @ w2 + b2 - target)
        by_w2, by_before = after.T @ by_y, (by_y @ w2.T) * (before > 0)
        w2, b2 = w2 - rate * by_w2, b2 - rate * by_y.sum(axis=0)
        w1, b1 = w1 - rate * (x.T @ by_before), b1 - rate * by_before.sum(axis=0)
    return lambda points: np.maximum(points @ w1 + b1, 0) @ w2 + b2


def draw_moons(panels: Any) -> None:
    x, target = moons(np.random.default_rng(0), 200)
    across, up = np.meshgrid(np.linspace(-1.6, 2.6, 150), np.linspace(-1.1, 1.6, 110))
    grid = np.stack([across.ravel(), up.ravel()], axis=1)
    for axes, hidden in zip(panels, (1, 3, 32), strict=True):
        predict = trained(x, target, hidden)
        height = predict(grid).reshape(across.shape)
        axes.contourf(across, up, height, [-99, 0.5, 99], colors=["#dbe5f3", "#f6dfd9"])
        for moon, color in enumerate((BLUE, RED)):
            axes.plot(*x[target[:, 0] == moon].T, "o", color=color, markersize=3)
        right = np.mean((predict(x) > 0.5) == target)
        units = "1 hidden unit" if hidden == 1 else f"{hidden} hidden units"
        axes.set(title=f"{units}: {right:.1%} right", xlabel="first input", aspect="equal")
    panels[0].set_ylabel("second input")


def box(axes: Any, x: float, y: float, rows: int, columns: int, color: str, name: str) -> None:
    """Draw an empty table of cells around (x, y), with its name and shape below."""
    from matplotlib.patches import Rectangle

    size = 0.3
    left, top = x - columns * size / 2, y + rows * size / 2
    for i in range(rows):
        for j in range(columns):
            corner = left + j * size, top - (i + 1) * size
            axes.add_patch(
                Rectangle(corner, size, size, facecolor=color, edgecolor=GRAY, linewidth=0.8)
            )
    axes.text(x, top - rows * size - 0.12, name, ha="center", va="top")


def draw_shapes(axes: Any) -> None:
    axes.set(xlim=(-0.3, 11.2), ylim=(-3.9, 1.6), aspect="equal")
    axes.axis("off")
    forward, backward, plain = "#dbe5f3", "#f6dfd9", "#f1f0ec"
    arrow = {"arrowstyle": "->", "linewidth": 1.5}
    axes.text(-0.2, 1.35, "forward: y = x W + b", color=BLUE, weight="bold")
    box(axes, 2, 0.3, 4, 3, forward, "x (4, 3)")
    box(axes, 4.4, 0.3, 3, 2, plain, "W (3, 2)")
    box(axes, 6.4, 0.3, 1, 2, plain, "b (2,)")
    box(axes, 9.2, 0.3, 4, 2, forward, "y (4, 2)")
    axes.text(3.25, 0.3, "@", ha="center", va="center", fontsize=12)
    axes.text(5.4, 0.3, "+", ha="center", va="center", fontsize=12)
    axes.annotate("", (8.6, 0.3), (7.1, 0.3), arrowprops={**arrow, "color": BLUE})
    axes.text(
        -0.2, -1.3, "backward: the gradient has the shape of the array", color=RED, weight="bold"
    )
    box(axes, 2, -2.4, 4, 3, backward, "∂L/∂x = g Wᵀ (4, 3)")
    box(axes, 4.4, -2.4, 3, 2, backward, "∂L/∂W = xᵀ g (3, 2)")
    box(axes, 6.4, -2.4, 1, 2, backward, "∂L/∂b = Σ g (2,)")
    box(axes, 9.2, -2.4, 4, 2, backward, "g = ∂L/∂y (4, 2)")
    axes.annotate("", (7.1, -2.4), (8.6, -2.4), arrowprops={**arrow, "color": RED})


def node(axes: Any, x: float, y: float, text: str) -> None:
    style = {"boxstyle": "circle,pad=0.45", "facecolor": "white", "edgecolor": INK}
    axes.text(x, y, text, ha="center", va="center", bbox=style, fontsize=11)


def edge(axes: Any, start: tuple[float, float], end: tuple[float, float], label: str,
         slope: str, at: float = 0.5, lift: float = 0.22) -> None:  # fmt: skip
    """Draw a value above an arrow and the gradient that comes back below it."""
    axes.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": GRAY, "linewidth": 1.4})
    x = start[0] + at * (end[0] - start[0])
    y = start[1] + at * (end[1] - start[1])
    axes.text(x, y + lift, label, ha="center", va="center", color=INK)
    axes.text(x, y - lift, slope, ha="center", va="center", color=RED, weight="bold")


def draw_rules(axes: Any) -> None:
    axes.set(xlim=(-0.7, 10), ylim=(-1.7, 1.9), aspect="equal")
    axes.axis("off")
    for x, y, text in [(0, 1.2, "a"), (0, -1.2, "c"), (3, 0, "×"), (5.6, 0, "+"), (8, 0, "× 4")]:
        node(axes, x, y, text)
    edge(axes, (0.35, 1.05), (2.7, 0.15), "5", "4 · 2 = 8", at=0.52, lift=0.27)
    edge(axes, (0.35, -1.05), (2.7, -0.15), "2", "4 · 5 = 20", at=0.6, lift=0.3)
    edge(axes, (3.35, 0), (5.25, 0), "10", "4")
    edge(axes, (5.95, 0), (7.5, 0), "15", "4")
    edge(axes, (8.5, 0), (9.6, 0), "60", "1")
    edge(axes, (0.4, 1.35), (5.5, 0.4), "5", "4", at=0.55, lift=0.26)
    axes.text(-0.45, 1.6, "8 + 4 = 12", ha="left", color=RED, weight="bold")
    axes.text(-0.45, -1.65, "20", ha="left", color=RED, weight="bold")


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    with figure_saved(folder / PICTURES[0], 9.6, 3.9) as figure:
        draw_descent(*figure.subplots(1, 2, width_ratios=[3, 2]))
    with figure_saved(folder / PICTURES[1], 9.6, 4.6) as figure:
        draw_shapes(figure.subplots())
    with figure_saved(folder / PICTURES[2], 9.6, 3.3) as figure:
        draw_moons(figure.subplots(1, 3, sharey=True))
    with figure_saved(folder / PICTURES[3], 9.6, 3.5) as figure:
        draw_rules(figure.subplots())
