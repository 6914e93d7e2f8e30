"""Chapter 3: four optimizers in a valley, and learning rates over time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from pmt_autograd import gradients
from pmt_nn import Module, Parameter
from pmt_train import (
    SGD,
    AdamW,
    FlatParameters,
    Optimizer,
    RMSProp,
    cosine_schedule,
    figure_saved_to,
    inverse_sqrt_schedule,
    linear_schedule,
    preview,
    step_schedule,
    warmup,
)

PICTURES = ("03_optimizers.png",)
STEEP = np.array([1, 50], np.float32)


class Valley(Module):
    """L = (x^2 + 50 y^2) / 2, from (10, 1)."""

    def __init__(self) -> None:
        self.at = Parameter(np.array([10.0, 1.0], np.float32))

    def forward(self):
        return 0.5 * (self.at * self.at * STEEP).sum()


def way(make: Callable[[FlatParameters], Optimizer], rate: float, steps: int) -> np.ndarray:
    """The points that an optimizer passes, (steps + 1, 2)."""
    valley = Valley()
    flat = FlatParameters(valley.named_parameters())
    optimizer = make(flat)
    points = [valley.at.data.copy()]
    for _ in range(steps):
        optimizer.step(flat.gather([gradients(valley())]), lr=rate)
        points.append(valley.at.data.copy())
    return np.array(points)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    with figure_saved_to(folder / PICTURES[0], 9, 3.6) as figure:
        left, right = figure.subplots(1, 2, width_ratios=[3, 2])
        x, y = np.meshgrid(np.linspace(-2.5, 11, 200), np.linspace(-1.5, 1.5, 150))
        height = (x * x + 50 * y * y) / 2
        left.contour(x, y, height, np.geomspace(0.5, 120, 10), colors="#c9ccd2", linewidths=0.7)
        for name, make, rate, color in [
            ("SGD", SGD, 0.037, "#8a8e98"),
            ("momentum 0.8", lambda flat: SGD(flat, momentum=0.8), 0.02, "#c8553d"),
            ("RMSProp", RMSProp, 0.04, "#3f8f5f"),
            ("Adam", lambda flat: AdamW(flat, weight_decay=0), 0.4, "#2d5fa8"),
        ]:
            points = way(make, rate, 60)
            left.plot(*points.T, ".-", color=color, linewidth=1, markersize=3, label=name)
        left.legend(loc="lower right")
        left.set(title="60 steps in a valley, from (10, 1)", ylim=(-1.5, 1.5))
        for name, schedule, color in [
            ("linear", warmup(linear_schedule(1.0, 1000), 100), "#2d5fa8"),
            ("cosine", warmup(cosine_schedule(1.0, 1000), 100), "#c8553d"),
            ("inverse square root", inverse_sqrt_schedule(1.0, 100), "#3f8f5f"),
            ("step", step_schedule(1.0, 300, 0.3), "#b8862b"),
        ]:
            right.plot(preview(schedule, 1000), color=color, label=name)
        right.set(title="Learning rate by step", xlabel="step")
        right.legend()
