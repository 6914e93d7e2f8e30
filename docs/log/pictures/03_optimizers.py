"""Chapter 3: four optimizers in a valley, the bias of Adam's means, learning rates over time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from docs.drawing import BLUE, GRAY, GREEN, RED, YELLOW, figure_saved
from pmt_autograd import gradients
from pmt_nn import Module, Parameter
from pmt_train import (
    SGD,
    AdamW,
    FlatParameters,
    Optimizer,
    RMSProp,
    cosine_schedule,
    inverse_sqrt_schedule,
    linear_schedule,
    preview,
    step_schedule,
    warmup,
)

PICTURES = ("03_valley.png", "03_bias_correction.png", "03_schedules.png")
STEEP = np.array([1, 50], np.float32)
STEPS = 60


class Valley(Module):
    """L = (x^2 + 50 y^2) / 2, from (10, 1)."""

    def __init__(self) -> None:
        self.at = Parameter(np.array([10.0, 1.0], np.float32))

    def forward(self):
        return 0.5 * (self.at * self.at * STEEP).sum()


def path_of(make: Callable[[FlatParameters], Optimizer], rate: float) -> np.ndarray:
    """The points that an optimizer passes, (STEPS + 1, 2)."""
    valley = Valley()
    flat = FlatParameters(valley.named_parameters())
    optimizer = make(flat)
    points = [valley.at.data.copy()]
    for _ in range(STEPS):
        optimizer.step(flat.gather([gradients(valley())]), lr=rate)
        points.append(valley.at.data.copy())
    return np.array(points)


def draw_valley(left: Any, right: Any) -> None:
    x, y = np.meshgrid(np.linspace(-2.5, 11, 200), np.linspace(-1.5, 2.6, 150))
    height = (x * x + 50 * y * y) / 2
    left.contour(x, y, height, np.geomspace(0.5, 120, 10), colors="#c9ccd2", linewidths=0.7)
    for name, make, rate, color in [
        ("SGD, rate 0.037", SGD, 0.037, GRAY),
        ("momentum 0.8, rate 0.02", lambda flat: SGD(flat, momentum=0.8), 0.02, RED),
        ("RMSProp, rate 0.04", RMSProp, 0.04, GREEN),
        ("Adam, rate 0.4", lambda flat: AdamW(flat, weight_decay=0), 0.4, BLUE),
    ]:
        points = path_of(make, rate)
        left.plot(*points.T, ".-", color=color, linewidth=1, markersize=3.5, label=name)
        right.semilogy(np.linalg.norm(points, axis=1), color=color)
    left.plot(0, 0, "*", color=YELLOW, markersize=13)
    left.set(title=f"{STEPS} steps from (10, 1)", xlabel="x, gentle", ylabel="y, steep")
    left.set_ylim(-1.5, 2.6)
    left.legend(loc="upper left", ncols=2, frameon=True, framealpha=1, edgecolor="none")
    right.set(title="Distance to the goal", xlabel="step")
    right.set_yticks(10.0 ** np.arange(-2, 2))


def draw_bias(axes: Any) -> None:
    steps = np.geomspace(1, 10_000, 300)
    axes.semilogx(steps, 1 - 0.9**steps, color=BLUE, label="mean of gradients, 0.9")
    root = np.sqrt(1 - 0.999**steps)
    axes.semilogx(steps, root, color=RED, label="root of the mean of squares, 0.999")
    axes.axhline(0.95, color=GRAY, linewidth=0.8, linestyle="--")
    axes.text(1, 0.96, "95 %", va="bottom", color=GRAY)
    axes.plot(2327, np.sqrt(1 - 0.999**2327), "o", color=RED)
    axes.annotate("step 2,327", (2327, 0.95), (2327, 0.75), color=RED, ha="left",
                  arrowprops={"arrowstyle": "-", "color": RED})  # fmt: skip
    axes.set(title="Without bias correction", xlabel="step", ylabel="share of the true value")
    axes.set_xticks([1, 10, 100, 1000, 10_000], ["1", "10", "100", "1,000", "10,000"])
    axes.set_ylim(0, 1.06)
    axes.legend(loc="lower right")


def draw_schedules(axes: Any) -> None:
    for name, schedule, color in [
        ("linear, warm-up 100", warmup(linear_schedule(1.0, 1000), 100), BLUE),
        ("cosine, warm-up 100", warmup(cosine_schedule(1.0, 1000), 100), RED),
        ("inverse square root, warm-up 100", inverse_sqrt_schedule(1.0, 100), GREEN),
        ("step: 0.3 every 300", step_schedule(1.0, 300, 0.3), YELLOW),
    ]:
        axes.plot(preview(schedule, 1000), color=color, label=name)
    axes.set(title="Four schedules", xlabel="step", ylabel="share of the peak rate")
    axes.legend()


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    with figure_saved(folder / PICTURES[0], 9.8, 4.2) as figure:
        draw_valley(*figure.subplots(1, 2, width_ratios=[5, 3]))
    with figure_saved(folder / PICTURES[1], 9, 3.8) as figure:
        draw_bias(figure.subplots())
    with figure_saved(folder / PICTURES[2], 9, 3.8) as figure:
        draw_schedules(figure.subplots())
