"""Chapter 2: the slopes of two losses, and a softmax at three temperatures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pmt_core import sigmoid, softmax
from pmt_train import figure_saved_to

PICTURES = ("02_losses.png",)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    with figure_saved_to(folder / PICTURES[0], 9, 3.4) as figure:
        left, right = figure.subplots(1, 2)
        z = np.linspace(-8, 8, 300)
        p = sigmoid(z)  # two classes: z is the logit of the right one, less that of the other
        left.plot(z, p - 1, color="#2d5fa8")
        left.plot(z, 2 * (p - 1) * p * (1 - p), color="#c8553d")
        left.annotate("cross-entropy", (-7.6, -0.93), color="#2d5fa8")
        left.annotate("squared error", (-7.6, -0.10), color="#c8553d")
        left.axhline(0, color="#8a8e98", linewidth=0.7)
        left.set(
            title="Slope of the loss", xlabel="logit of the right class, less that of the wrong one"
        )
        logits = np.array([2.0, 1.0, 0.5, -1.0, -2.0])
        places = np.arange(len(logits))
        for i, (temperature, color) in enumerate(
            [(0.3, "#2d5fa8"), (1.0, "#3f8f5f"), (4.0, "#b8862b")]
        ):
            label = f"temperature {temperature:g}"
            height = softmax(logits / temperature)
            right.bar(places + 0.27 * (i - 1), height, 0.25, color=color, label=label)
        right.set_xticks(places, [f"{value:g}" for value in logits])
        right.set(title="The same logits, sharp and soft", xlabel="logit", ylabel="probability")
        right.legend()
