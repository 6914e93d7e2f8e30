"""Chapter 9: the tape of a small network."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pmt_autograd import Tensor, draw_tape, matmul, tanh

PICTURES = ("09_tape.png",)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    rng = np.random.default_rng(0)
    x = Tensor(rng.normal(size=(4, 3)))
    w = Tensor(rng.normal(size=(3, 3)), requires_grad=True)
    b = Tensor(np.zeros(3), requires_grad=True)
    hidden = tanh(matmul(x, w) + b)
    loss = (tanh(matmul(hidden, w)) + hidden).sum()
    draw_tape(loss, folder / PICTURES[0], names={"x": x, "w": w, "b": b})
