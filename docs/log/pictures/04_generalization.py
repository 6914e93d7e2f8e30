"""Chapter 4: polynomials, curves of overfitting, sizes by layer, and the noise of batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.polynomial import Polynomial

from docs.drawing import BLUE, GRAY, GREEN, INK, RED, YELLOW, figure_saved
from pmt_apps.kit.files import SAMPLES
from pmt_autograd import no_grad
from pmt_core import load_archive
from pmt_nn import Dropout, Linear, ReLU, Sequential, cross_entropy
from pmt_train import AdamW

PICTURES = ("04_polynomials.png", "04_curves.png", "04_initialization.png", "04_noise.png")
Data = tuple[np.ndarray, np.ndarray]


def draw_polynomials(panels: Any, right: Any) -> None:
    rng = np.random.default_rng(2)
    x_train, x_new = np.linspace(-1, 1, 12), rng.uniform(-1, 1, 1000)
    y_train = np.sin(3 * x_train) + rng.normal(scale=0.25, size=12)
    y_new = np.sin(3 * x_new) + rng.normal(scale=0.25, size=1000)
    fits = [Polynomial.fit(x_train, y_train, degree, domain=[-1, 1]) for degree in range(12)]
    across = np.linspace(-1, 1, 300)
    for axes, degree in zip(panels, (1, 3, 11), strict=True):
        axes.plot(across, np.sin(3 * across), color=GRAY, linestyle="--", linewidth=1.2)
        axes.plot(across, fits[degree](across), color=RED)
        axes.plot(x_train, y_train, "o", color=BLUE, markersize=4)
        axes.set(title=f"degree {degree}", ylim=(-2.2, 2.2), xlabel="x")
    panels[0].set_ylabel("y")
    error = [[np.mean((fit(x) - y) ** 2) for fit in fits]
             for x, y in ((x_train, y_train), (x_new, y_new))]  # fmt: skip
    right.plot(error[0], ".-", color=BLUE, label="training")
    right.plot(error[1], ".-", color=RED, label="new")
    right.set(title="mean squared error", xlabel="degree", ylim=(0, 0.7), xticks=range(0, 12, 3))
    right.legend(loc="upper center")


def digits() -> tuple[Data, Data]:
    """The training set, a fifth of its labels redrawn, and the dev set of the chapter."""
    arrays, _ = load_archive(SAMPLES / "mnist.npz")
    x = arrays["x_train"].reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(-1, 196) / 255
    y = arrays["y_train"].astype(int)
    rng = np.random.default_rng(0)
    labels = y[:400].copy()
    redrawn = rng.random(400) < 0.2
    labels[redrawn] = rng.integers(0, 10, redrawn.sum())
    return (x[:400], labels), (x[2000:3000], y[2000:3000])


def score(model: Sequential, data: Data) -> float:
    model.eval()
    with no_grad():
        return float(cross_entropy(model(data[0]), data[1]).item())


def curve(train: Data, dev: Data, dropout: float = 0.0, decay: float = 0.0, batch: int = 50,
          epochs: int = 60) -> np.ndarray:  # fmt: skip
    """Training loss and dev loss after each epoch, (epochs, 2), trained as in the chapter."""
    rng = np.random.default_rng(0)
    model = Sequential(
        Linear(196, 128, rng, dtype=np.float64),
        ReLU(),
        Dropout(dropout),
        Linear(128, 10, rng, dtype=np.float64),
    )
    optimizer = AdamW(model.parameters(), lr=5e-3, weight_decay=decay)
    losses = []
    for _ in range(epochs):
        model.train()
        order = rng.permutation(len(train[1]))
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            optimizer.zero_grad()
            cross_entropy(model(train[0][rows], rng=rng), train[1][rows]).backward()
            optimizer.step()
        losses.append((score(model, train), score(model, dev)))
    return np.array(losses)


def draw_curves(panels: Any, train: Data, dev: Data) -> None:
    for axes, (name, settings) in zip(
        panels,
        [("plain", {}), ("dropout 0.5", {"dropout": 0.5}), ("weight decay 2", {"decay": 2.0})],
        strict=True,
    ):
        losses = curve(train, dev, **settings)
        epochs = np.arange(1, len(losses) + 1)
        axes.plot(epochs, losses[:, 0], color=BLUE, label="training loss")
        axes.plot(epochs, losses[:, 1], color=RED, label="dev loss")
        best = losses[:, 1].argmin()
        axes.plot(best + 1, losses[best, 1], "o", color=RED)
        axes.annotate(f"best: {losses[best, 1]:.2f}", (best + 1, losses[best, 1]),
                      (best + 1, losses[best, 1] + 0.35), ha="center", color=RED,
                      arrowprops={"arrowstyle": "-", "color": RED})  # fmt: skip
        axes.set(title=name, xlabel="epoch", ylim=(0, 2))
        axes.legend(loc="upper right")
    panels[0].set_ylabel("cross-entropy")


def draw_initialization(axes: Any) -> None:
    rng = np.random.default_rng(0)
    for factor, color in ((4, YELLOW), (2, GREEN), (1, BLUE), (0.5, RED)):
        h, sizes = rng.normal(size=(256, 256)), []
        for _ in range(20):
            h = np.maximum(h @ rng.normal(scale=np.sqrt(factor / 256), size=(256, 256)), 0)
            sizes.append(np.sqrt(np.mean(h**2)))
        axes.semilogy(np.arange(1, 21), sizes, ".-", color=color, label=f"variance {factor:g}/n")
    axes.set(title="20 layers with relu", xlabel="layer", ylabel="root mean square of the outputs")
    axes.set_xticks(range(1, 21))
    axes.set_yticks(10.0 ** np.arange(-6, 4, 2))
    axes.legend(loc="lower left")


def draw_noise(left: Any, right: Any, train: Data, dev: Data) -> None:
    rng = np.random.default_rng(0)
    error = np.full((400, 10), 0.1) - np.eye(10)[train[1]]
    each = train[0][:, :, np.newaxis] * error[:, np.newaxis]  # (400, 196, 10)
    full = each.mean(axis=0)
    sizes = np.array([1, 4, 16, 64, 256])
    noise = []
    for n in sizes:
        found = np.array([each[rng.integers(0, 400, n)].mean(axis=0) for _ in range(100)])
        squares = np.sum((found - full) ** 2, axis=(1, 2))
        noise.append(np.sqrt(squares.mean()) / np.linalg.norm(full))
    left.loglog(sizes, noise, "o-", color=BLUE)
    left.set_xticks(sizes, [str(n) for n in sizes])
    left.set_yticks([1, 2, 5, 10], ["1", "2", "5", "10"])
    left.minorticks_off()
    left.set(
        title="Error of the gradient", xlabel="examples in a batch",
        ylabel="multiple of the gradient's length",
    )  # fmt: skip
    for batch, color in ((10, RED), (50, BLUE), (400, INK)):
        losses = curve(train, dev, batch=batch, epochs=20)
        right.plot(np.arange(1, 21), losses[:, 0], color=color, label=f"batches of {batch}")
    right.set(title="Training loss", xlabel="epoch", ylabel="cross-entropy")
    right.set_xticks(range(0, 21, 5))
    right.legend()


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    train, dev = digits()
    with figure_saved(folder / PICTURES[0], 10, 3.4) as figure:
        *panels, right = figure.subplots(1, 4)
        draw_polynomials(panels, right)
    with figure_saved(folder / PICTURES[1], 10, 3.4) as figure:
        draw_curves(figure.subplots(1, 3, sharey=True), train, dev)
    with figure_saved(folder / PICTURES[2], 9, 3.8) as figure:
        draw_initialization(figure.subplots())
    with figure_saved(folder / PICTURES[3], 9.6, 3.8) as figure:
        draw_noise(*figure.subplots(1, 2), train, dev)
