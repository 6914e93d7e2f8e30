"""Chapter 1: a descent on the thermometers, and the border that two dense layers draw."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pmt_train import figure_saved_to

PICTURES = ("01_descent.png",)

CELSIUS = np.array([-0.4, -0.1, 0.0, 0.2, 0.37, 1.0])
FAHRENHEIT = 1.8 * CELSIUS + 0.32


def descent(steps: int = 40, rate: float = 0.3) -> np.ndarray:
    """The points (w, b) that gradient descent passes, (steps + 1, 2)."""
    at = [np.array([0.5, 0.0])]
    for _ in range(steps):
        w, b = at[-1]
        by_y = 2 / len(CELSIUS) * (w * CELSIUS + b - FAHRENHEIT)
        at.append(at[-1] - rate * np.array([np.sum(by_y * CELSIUS), np.sum(by_y)]))
    return np.array(at)


def moons(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    angle, which = rng.uniform(0, np.pi, n), np.arange(n) % 2
    x = np.stack([np.cos(angle) + which, np.sin(angle) * (1 - 2 * which) + which / 2], axis=1)
    return x + rng.normal(scale=0.1, size=x.shape), which[:, np.newaxis]


def two_layers(hidden: int = 32, steps: int = 4000, rate: float = 0.1):
    """The trained function, and the points it was trained on."""
    rng = np.random.default_rng(0)
    x, target = moons(rng, 200)
    w1, b1 = rng.normal(size=(2, hidden)), np.zeros(hidden)
    w2, b2 = rng.normal(size=(hidden, 1)) / np.sqrt(hidden), np.zeros(1)
    for _ in range(steps):
        before = x @ w1 + b1
        after = np.maximum(before, 0)
        by_y = 2 / len(x) * (after @ w2 + b2 - target)
        by_w2, by_before = after.T @ by_y, (by_y @ w2.T) * (before > 0)
        w2, b2 = w2 - rate * by_w2, b2 - rate * by_y.sum(axis=0)
        w1, b1 = w1 - rate * (x.T @ by_before), b1 - rate * by_before.sum(axis=0)
    return (lambda points: np.maximum(points @ w1 + b1, 0) @ w2 + b2), x, target[:, 0]


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    with figure_saved_to(folder / PICTURES[0], 9, 3.8) as figure:
        left, right = figure.subplots(1, 2)
        w, b = np.meshgrid(np.linspace(0.2, 2.4, 120), np.linspace(-0.2, 0.9, 120))
        error = w[..., np.newaxis] * CELSIUS + b[..., np.newaxis] - FAHRENHEIT
        levels = np.geomspace(0.003, 1.5, 10)
        left.contour(w, b, np.mean(error**2, axis=-1), levels, colors="#8a8e98", linewidths=0.7)
        path = descent()
        left.plot(*path.T, "o-", color="#2d5fa8", markersize=3, linewidth=1)
        left.plot(1.8, 0.32, "*", color="#c8553d", markersize=13)
        left.set(xlabel="w", ylabel="b", title="Downhill, at right angles to the level lines")

        predict, x, which = two_layers()
        across, up = np.meshgrid(np.linspace(-1.6, 2.6, 200), np.linspace(-1.1, 1.6, 150))
        height = predict(np.stack([across.ravel(), up.ravel()], axis=1)).reshape(across.shape)
        right.contourf(across, up, height, [-9, 0.5, 9], colors=["#dbe5f3", "#f6dfd9"])
        for moon, color in enumerate(("#2d5fa8", "#c8553d")):
            right.plot(*x[which == moon].T, "o", color=color, markersize=3)
        right.set(title="Two dense layers, 32 hidden units", xticks=[], yticks=[])
