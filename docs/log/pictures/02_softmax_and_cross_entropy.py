"""Chapter 2: temperatures, the Jacobian of a softmax, two losses and their slopes, digits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from docs.drawing import BLUE, GRAY, GREEN, RED, YELLOW, figure_saved
from pmt_core import sigmoid, softmax

PICTURES = ("02_temperatures.png", "02_jacobian.png", "02_losses.png", "02_digits.png")


def draw_temperatures(axes: Any) -> None:
    logits = np.array([2.0, 1.0, 0.5, -1.0, -2.0])
    at = np.arange(len(logits))
    for i, (temperature, color) in enumerate([(0.3, BLUE), (1.0, GREEN), (4.0, YELLOW)]):
        p = softmax(logits / temperature)
        bars = axes.bar(
            at + 0.27 * (i - 1), p, 0.25, color=color, label=f"temperature {temperature:g}"
        )
        axes.bar_label(bars, [f"{value:.2f}" for value in p], fontsize=9)
    axes.set_xticks(at, [f"{value:g}" for value in logits])
    axes.set(title="The same logits, sharp and soft", xlabel="logit", ylabel="probability")
    axes.legend()


def draw_jacobian(left: Any, right: Any) -> None:
    logits = np.array([2.0, 1.0, 0.5, -1.0])
    p = softmax(logits)
    bars = left.bar(np.arange(4), p, color=BLUE)
    left.bar_label(bars, [f"{value:.2f}" for value in p])
    left.set_xticks(np.arange(4), [f"{value:g}" for value in logits])
    left.set(title="The softmax of four logits", xlabel="logit", ylabel="probability")
    jacobian = np.diag(p) - np.outer(p, p)
    right.imshow(jacobian, cmap="RdBu", vmin=-0.45, vmax=0.45)
    for (k, i), value in np.ndenumerate(jacobian):
        right.text(i, k, f"{value:.3f}", ha="center", va="center")
    right.set_xticks(np.arange(4), [f"z{i}" for i in range(4)])
    right.set_yticks(np.arange(4), [f"p{k}" for k in range(4)])
    right.set(title="Its Jacobian", xlabel="by the logit", ylabel="slope of the probability")


def draw_losses(left: Any, right: Any) -> None:
    z = np.linspace(-8, 8, 300)
    p = sigmoid(z)  # two classes: z is the logit of the right one, less that of the other
    left.plot(z, np.logaddexp(0, -z), color=BLUE, label="cross-entropy")
    left.plot(z, 2 * (1 - p) ** 2, color=RED, label="squared error")
    left.set(title="Loss", ylabel="loss")
    right.plot(z, p - 1, color=BLUE, label="cross-entropy")
    right.plot(z, 4 * (p - 1) * p * (1 - p), color=RED, label="squared error")
    right.set(title="Slope of the loss", ylabel="slope")
    for axes in (left, right):
        axes.axhline(0, color=GRAY, linewidth=0.7)
        axes.set_xlabel("logit of the right class, less that of the wrong one")
        axes.legend()


def digits(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The pictures of the chapter."""
    shapes = np.zeros((3, 8, 8))
    shapes[0, 1:7, 2:6], shapes[0, 2:6, 3:5] = 1, 0
    shapes[1, 1:7, 4] = 1
    shapes[2, 1, 2:6], shapes[2, range(2, 7), [5, 4, 4, 3, 3]] = 1, 1
    labels = rng.integers(0, 3, n)
    return shapes[labels].reshape(n, 64) + rng.normal(scale=0.7, size=(n, 64)), labels


def draw_digits(panels: Any) -> None:
    x, labels = digits(np.random.default_rng(0), 600)
    w, b = np.zeros((64, 3)), np.zeros(3)
    for _ in range(100):
        by_z = softmax(x @ w + b)
        by_z[np.arange(600), labels] -= 1
        w -= 0.1 * x.T @ by_z / 600
        b -= 0.1 * by_z.mean(axis=0)
    for k, name in enumerate(("0", "1", "7")):
        panels[k].imshow(x[np.flatnonzero(labels == k)[0]].reshape(8, 8), cmap="gray_r")
        panels[k].set_title(f"a {name}, as it is seen")
        panels[3 + k].imshow(w[:, k].reshape(8, 8), cmap="RdBu", vmin=-0.4, vmax=0.4)
        panels[3 + k].set(title=f"weights of {name}", xlabel="blue: for, red: against")
    for axes in panels:
        axes.set(xticks=[], yticks=[])


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    with figure_saved(folder / PICTURES[0], 9.6, 3.6) as figure:
        draw_temperatures(figure.subplots())
    with figure_saved(folder / PICTURES[1], 9.6, 3.8) as figure:
        draw_jacobian(*figure.subplots(1, 2))
    with figure_saved(folder / PICTURES[2], 9.6, 3.8) as figure:
        draw_losses(*figure.subplots(1, 2))
    with figure_saved(folder / PICTURES[3], 8, 5.4) as figure:
        draw_digits(figure.subplots(2, 3).ravel())
