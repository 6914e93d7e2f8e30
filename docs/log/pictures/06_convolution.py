"""Chapter 6: what six kernels find in a digit."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pmt_autograd import Tensor
from pmt_nn import conv2d
from pmt_train import figure_saved_to

PICTURES = ("06_edges.png",)
SAMPLE = Path(__file__).resolve().parents[3] / "apps" / "pmt_apps" / "samples" / "mnist.npz"

KERNELS = {
    "left edges": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "right edges": [[1, 0, -1], [2, 0, -2], [1, 0, -1]],
    "upper edges": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "diagonals": [[2, 1, 0], [1, 0, -1], [0, -1, -2]],
    "points": [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
    "blur": [[1, 2, 1], [2, 4, 2], [1, 2, 1]],
}


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    with np.load(SAMPLE, allow_pickle=False) as sample:
        digit = sample["x_train"][7].astype(np.float64) / 255
    kernels = np.array(list(KERNELS.values()), np.float64)[:, np.newaxis]
    x = Tensor(digit.reshape(1, 1, *digit.shape[-2:]))
    found = np.maximum(conv2d(x, kernels, np.zeros(len(kernels)), padding=1).data[0], 0)
    with figure_saved_to(folder / PICTURES[0], 9, 1.6) as figure:
        for axes, picture, title in zip(
            figure.subplots(1, 7), [digit, *found], ["a digit", *KERNELS], strict=True
        ):
            axes.imshow(picture, cmap="gray_r" if title == "a digit" else "Blues")
            axes.set(xticks=[], yticks=[])
            axes.set_title(title, fontsize=8.5)
