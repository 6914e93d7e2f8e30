"""Chapter 6: a sliding window, kernels and their numbers, settings as matrices, a network."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.drawing import (
    BLUE,
    GRAY,
    LIGHT,
    LIGHT_BLUE,
    LIGHT_GREEN,
    LIGHT_YELLOW,
    WHITE,
    arrow,
    axes_at,
    box,
    canvas,
    figure_saved,
    heat_map,
    label,
    table,
)
from pmt_autograd import Tensor, gradients, relu
from pmt_nn import Conv2d, GlobalMaxPool, Linear, Module, conv2d, cross_entropy
from pmt_train import AdamW, FlatParameters

PICTURES = ("06_window.png", "06_edges.png", "06_settings.png", "06_network.png")
SAMPLE = Path(__file__).resolve().parents[3] / "apps" / "pmt_apps" / "samples" / "mnist.npz"

KERNELS = {
    "left edges": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "right edges": [[1, 0, -1], [2, 0, -2], [1, 0, -1]],
    "upper edges": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "diagonals": [[2, 1, 0], [1, 0, -1], [0, -1, -2]],
    "points": [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
    "blur (16ths)": [[1, 2, 1], [2, 4, 2], [1, 2, 1]],
}


def draw_window(path: Path) -> None:
    """The kernel (-1, 1) at three places of the signal of the chapter."""
    x, kernel = np.array([0, 0, 0, 1, 1, 1, 0, 0]), np.array([-1, 1])
    y = [int(kernel @ x[q : q + 2]) for q in range(7)]
    with figure_saved(path, 10, 4.1) as figure:
        axes = canvas(figure)
        for column, (q, shade) in enumerate([(1, LIGHT_BLUE), (2, LIGHT_YELLOW), (5, LIGHT_GREEN)]):
            left = 0.75 + 3.1 * column
            cell = (0.33, 0.38)
            colors = [[shade if q <= r <= q + 1 else WHITE for r in range(8)]]
            label(axes, (left + 1.3, 3.85), f"output q = {q}", fontsize=11)
            inputs = table(axes, x, (left, 3.5), cell, colors=colors, form="{:.0f}")
            at = (left + q * cell[0], 2.62)
            weights = table(axes, kernel, at, cell, colors=[[shade] * 2], form="{:.0f}")
            products = table(
                axes,
                kernel * x[q : q + 2],
                (at[0], 1.74),
                cell,
                colors=[[shade] * 2],
                form="{:.0f}",
            )
            outputs = [str(v).replace("-", "\u2212") if i <= q else "" for i, v in enumerate(y)]
            colors = [[shade if i == q else WHITE for i in range(7)]]
            result = table(axes, outputs, (left + cell[0] / 2, 0.86), cell, colors=colors)
            middle = at[0] + cell[0]
            arrow(axes, (middle, inputs.y), (middle, weights.y + cell[1]))
            arrow(axes, (middle, weights.y), (middle, products.y + cell[1]))
            arrow(axes, (middle, products.y), (middle, result.y + cell[1]))
        for height, text in [(3.31, "x"), (2.43, "K"), (1.55, "K x"), (0.67, "y")]:
            label(axes, (0.4, height), text, fontsize=11, color=GRAY)
        label(
            axes, (5, 0.2), "times the kernel, then the sum: one number of the output", color=GRAY
        )


def draw_edges(path: Path) -> None:
    """A digit, six kernels with their numbers, and the answers of each."""
    with np.load(SAMPLE, allow_pickle=False) as sample:
        digit = sample["x_train"][7].astype(np.float64) / 255
    kernels = np.array(list(KERNELS.values()), np.float64)[:, np.newaxis]
    x = Tensor(digit.reshape(1, 1, *digit.shape[-2:]))
    found = np.maximum(conv2d(x, kernels, np.zeros(len(kernels)), padding=1).data[0], 0)
    with figure_saved(path, 10, 5.2) as figure:
        axes = canvas(figure)
        first = axes_at(figure, (0.2, 1.7), 1.9, 1.9)
        first.imshow(digit, cmap="gray_r")
        first.set(xticks=[], yticks=[], title="a digit, 28 x 28")
        for i, (name, kernel) in enumerate(KERNELS.items()):
            left, top = 2.45 + 2.55 * (i % 3), 4.75 - 2.55 * (i // 3)
            numbers = table(
                axes,
                np.array(kernel),
                (left, top - 0.35),
                (0.27, 0.3),
                slopes=np.array(kernel),
                form="{:.0f}",
            )
            label(axes, (left + 1.2, top + 0.15), name, fontsize=11)
            answer = axes_at(figure, (left + 0.95, top - 1.65), 1.45, 1.65)
            answer.imshow(found[i], cmap="Blues")
            answer.set(xticks=[], yticks=[])
            label(axes, (numbers.center[0], numbers.y - 0.2), "kernel", color=GRAY)


def draw_settings(path: Path) -> None:
    """The matrix of a convolution of six numbers with (a, b, c) under four settings."""
    variants = [
        ("plain", 1, 1, 0),
        ("padding 1", 1, 1, 1),
        ("stride 2, padding 1", 2, 1, 1),
        ("dilation 2, padding 1", 1, 2, 1),
    ]
    shades = [LIGHT_BLUE, LIGHT_YELLOW, LIGHT_GREEN]
    with figure_saved(path, 10, 3.6) as figure:
        axes = canvas(figure)
        for column, (name, stride, dilation, padding) in enumerate(variants):
            n = (6 + 2 * padding - 2 * dilation - 1) // stride + 1
            texts, colors = [[""] * 6 for _ in range(n)], [[WHITE] * 6 for _ in range(n)]
            for q in range(n):
                for i in range(3):
                    r = stride * q + dilation * i - padding
                    if 0 <= r < 6:
                        texts[q][r], colors[q][r] = "abc"[i], shades[i]
            left = 0.65 + 2.4 * column
            table(
                axes,
                texts,
                (left, 2.75),
                (0.31, 0.36),
                colors=colors,
                columns=[str(r) for r in range(6)],
                rows=[str(q) for q in range(n)],
            )
            label(axes, (left + 0.93, 3.35), name, fontsize=11)
        label(axes, (0.15, 1.7), "output q", rotation=90, color=GRAY)
        label(axes, (5, 0.25), "columns: input r. An empty cell is the weight 0.", color=GRAY)


class _Shapes(Module):
    """The network of the chapter."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.first = Conv2d(1, 8, 3, rng, padding=1)
        self.second = Conv2d(8, 16, 3, rng, stride=2)
        self.pool = GlobalMaxPool()
        self.classify = Linear(16, 3, rng)

    def seen(self, x: np.ndarray) -> Tensor:
        return relu(self.second(relu(self.first(x))))

    def forward(self, x: np.ndarray) -> Tensor:
        return self.classify(self.pool(self.seen(x)))


def _strokes(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    shapes = np.zeros((3, 5, 5), np.float32)
    shapes[0, 2], shapes[1, 0], shapes[1, :, 0], shapes[2, 2], shapes[2, :, 2] = 1, 1, 1, 1, 1
    x = rng.normal(scale=0.2, size=(n, 1, 12, 12)).astype(np.float32)
    labels = rng.integers(0, 3, n)
    for picture, kind, (up, left) in zip(x, labels, rng.integers(0, 8, (n, 2)), strict=True):
        picture[0, up : up + 5, left : left + 5] += shapes[kind]
    return x, labels


def draw_network(path: Path) -> None:
    """The layers with shapes and parameters; the busiest channel of the second layer."""
    rng = np.random.default_rng(0)
    model = _Shapes(rng)
    flat = FlatParameters(model.named_parameters())
    optimizer = AdamW(flat)
    for _ in range(120):
        x, labels = _strokes(rng, 32)
        loss = cross_entropy(model(x), labels)
        optimizer.step(flat.gather([gradients(loss)]), lr=0.01)
    x, labels = _strokes(rng, 60)
    chosen = [int(np.flatnonzero(labels == kind)[0]) for kind in range(3)]
    seen = model.seen(x[chosen]).data
    weights = model.classify.weight.data  # (16, 3)
    peaks = seen.max(axis=(2, 3))
    with figure_saved(path, 10, 5.4) as figure:
        axes = canvas(figure)
        parts = [
            ("conv 3 x 3\npadding 1, relu", "(8, 12, 12)", 80),
            ("conv 3 x 3\nstride 2, relu", "(16, 5, 5)", 1168),
            ("max over\nall places", "(16)", 0),
            ("dense", "(3)", 51),
        ]
        start = (0.15, 4.6)
        for i, (text, _, count) in enumerate(parts):
            layer = box(
                axes, (1.75 + 2.15 * i, 4.6), text, 1.2, 0.75, LIGHT_BLUE if count else LIGHT
            )
            arrow(axes, start, layer.left, "(1, 12, 12)" if i == 0 else parts[i - 1][1], fontsize=9)
            label(axes, (layer.center[0], 4.05), f"{count or 'no'} parameters",
                  fontsize=9, color=GRAY)  # fmt: skip
            start = layer.right
        arrow(axes, start, (9.75, 4.6), parts[-1][1], fontsize=9)
        for column, (kind, name) in enumerate(enumerate(["bar", "corner", "cross"])):
            left = 0.5 + 3.2 * column
            picture = axes_at(figure, (left, 1.6), 1.6, 1.6)
            picture.imshow(x[chosen[kind], 0], cmap="gray_r")
            picture.set(xticks=[], yticks=[], title=name)
            channel = int((weights[:, kind] * peaks[kind]).argmax())
            answer = axes_at(figure, (left + 1.7, 1.6), 1.2, 1.2)
            heat_map(answer, seen[kind, channel], colors="Blues", low=0, form=None)
            label(axes, (left + 2.3, 2.98), f"channel {channel}", color=GRAY, fontsize=9)
            logits = model(x[chosen[kind] : chosen[kind] + 1]).data[0]
            shares = np.exp(logits - logits.max())
            shares /= shares.sum()
            cells = [f"{share:.2f}" for share in shares]
            colors = [[LIGHT_BLUE if k == kind else WHITE for k in range(3)]]
            table(axes, cells, (left + 0.55, 0.75), (0.62, 0.36), colors=colors,
                  columns=["bar", "corner", "cross"])  # fmt: skip
            arrow(axes, (left + 1.5, 1.5), (left + 1.5, 1.1), color=BLUE)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    for name, function in zip(
        PICTURES, (draw_window, draw_edges, draw_settings, draw_network), strict=True
    ):
        function(folder / name)
