"""Card of recurrence: the steps forward, the slopes back through time, and how far they come."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.cards.forms.recurrence import (
    recurrence,
    recurrence_gradients,
    recurrence_step_gradients,
)
from docs.drawing import (
    BLUE,
    INK,
    RED,
    arrow,
    axes_at,
    canvas,
    figure_saved,
    heat_map,
    label,
    table,
)

PICTURES = ("recurrence.png",)
CELL = (0.56, 0.36)
STEPS, SCALE = 4, 1.2


def lengths(factor: float, rng: np.random.Generator, steps: int = 40) -> list[float]:
    """Return the length of the slope by the state before each of the last steps, last one first."""
    n = 32
    weight_h = np.linalg.qr(rng.normal(size=(n, n)))[0] * factor
    zeros = np.zeros((1, n))
    x, weight_x, bias = 0.02 * rng.normal(size=(steps, 1, n)), np.eye(n), np.zeros(n)
    states = [zeros, *recurrence(x, zeros, weight_x, weight_h, bias)]
    grad, found = np.ones((1, n)) / np.sqrt(n), []
    for t in reversed(range(steps)):
        _, grad, *_ = recurrence_step_gradients(grad, x[t], states[t], weight_x, weight_h, bias)
        found.append(float(np.linalg.norm(grad)))
    return found


def influence(inputs) -> np.ndarray:
    """Return the length of the slope of state t by input s, (t, s)."""
    found = np.zeros((STEPS, STEPS))
    for t in range(STEPS):
        for unit in np.eye(2):
            grad = np.zeros((STEPS, 1, 2))
            grad[t, 0] = unit
            found[t] += np.square(recurrence_gradients(grad, *inputs)[0]).sum(axis=(1, 2))
    return np.sqrt(found)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    rng = np.random.default_rng(7)
    x, start = rng.normal(size=(STEPS, 1, 2)), np.zeros((1, 2))
    weights = np.eye(2), np.array([[0.9, -0.5], [0.4, 0.7]]), np.zeros(2)
    states = recurrence(x, start, *weights)
    grad = np.zeros_like(states)
    grad[1], grad[3] = [[0.0, 0.8]], [[1.0, -0.6]]
    by_x, by_start, *_ = recurrence_gradients(grad, x, start, *weights)
    carried = [by_start]  # what arrives from the right of each state
    for t in range(1, STEPS):
        late = np.zeros_like(grad)
        late[t:] = grad[t:]
        whole = recurrence_gradients(late[t:], x[t:], states[t - 1], *weights)
        carried.append(whole[1])
    total = [grad[t] + (carried[t + 1] if t + 1 < STEPS else 0) for t in range(STEPS)]
    with figure_saved(folder / PICTURES[0], 10, 8.9) as figure:
        axes = canvas(figure)
        lefts = [0.35 + 1.97 * t for t in range(STEPS + 1)]
        settings = {"scale": SCALE, "cell": CELL}
        label(axes, (0.35, 8.55), "forward", color=BLUE, ha="left", fontsize=12, weight="bold")
        row = [
            table(axes, start, (lefts[0], 7.55), slopes=by_start, title="$h_0$  (1, 2)", **settings)
        ]
        label(axes, (0.35, 5.55), "backward", color=RED, ha="left", fontsize=12, weight="bold")
        note = "each arrow: times 1 − h², then"
        label(axes, (0.35, 5.25), f"{note} Uᵀ or Wᵀ (here W = I)", ha="left", fontsize=9.5)
        back = [
            table(axes, by_start, (lefts[0], 4.55), slopes=by_start, title="∂L/∂$h_0$", **settings)
        ]
        for t in range(STEPS):
            left = lefts[t + 1]
            row.append(
                table(
                    axes, states[t], (left, 7.55), slopes=total[t], title=f"$h_{t + 1}$", **settings
                )
            )
            arrow(axes, row[t].right, row[t + 1].left, "tanh\n$U$", BLUE, offset=(0, 0.25))
            under = table(axes, x[t], (left, 6.55), slopes=by_x[t], **settings)
            arrow(axes, under.top, row[t + 1].bottom, "", BLUE)
            label(axes, (under.x - 0.22, under.center[1]), f"$x_{t + 1}$", fontsize=11)
            back.append(
                table(
                    axes,
                    total[t],
                    (left, 4.55),
                    slopes=total[t],
                    title=f"∂L/∂$h_{t + 1}$",
                    **settings,
                )
            )
            arrow(axes, back[t + 1].left, back[t].right, "$U^T$", RED)
            if np.any(grad[t]):
                own = table(axes, grad[t], (left, 5.45), slopes=grad[t], **settings)
                arrow(
                    axes,
                    (own.right[0] + 0.02, own.center[1]),
                    (own.right[0] + 0.02, back[t + 1].top[1]),
                    "",
                    RED,
                    bend=-0.5,
                )
                label(axes, (own.x - 0.2, own.center[1]), f"$g_{t + 1}$", fontsize=11)
            under = table(axes, by_x[t], (left, 3.75), slopes=by_x[t], **settings)
            arrow(axes, back[t + 1].bottom, under.top, "", RED)
            label(axes, (under.x - 0.42, under.center[1]), f"∂L/∂$x_{t + 1}$", fontsize=9.5)
        left = axes_at(figure, (0.75, 0.55), 2.5, 1.9)
        names = [f"$h_{t}$" for t in range(1, 5)], [f"$x_{t}$" for t in range(1, 5)]
        heat_map(left, influence((x, start, *weights)), *names, colors="Blues", low=0.0)
        left.set_title("|slope of a state by an input|")
        plot = axes_at(figure, (4.3, 0.6), 2.9, 1.8)
        for factor in (1.2, 1.0, 0.8):
            plot.semilogy(
                range(1, 41),
                lengths(factor, np.random.default_rng(0)),
                label=f"$U$ scales by {factor}",
            )
        plot.axhline(1.0, color=INK, ls=":", lw=1)
        plot.set(
            xlabel="steps gone back through time",
            ylabel="length of the slope",
            title="forty steps back",
        )
        plot.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=9)
        label(
            axes,
            (8.55, 0.75),
            "clipping scales what is\nabove the dotted line\ndown to it",
            fontsize=9.5,
        )
