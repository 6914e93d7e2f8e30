"""Chapter 5: the path of a step, mistakes on the sample digits, and a training on MNIST."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from docs.drawing import (
    BLUE,
    GRAY,
    GREEN,
    LIGHT_BLUE,
    LIGHT_GREEN,
    LIGHT_RED,
    LIGHT_YELLOW,
    RED,
    arrow,
    box,
    canvas,
    figure_saved,
)
from pmt_apps.kit.files import SAMPLES
from pmt_autograd import no_grad
from pmt_core import load_archive
from pmt_nn import Dropout, Linear, ReLU, Sequential, cross_entropy
from pmt_train import Trainer, batches_of, confusion_matrix, cosine_schedule, warmup

PICTURES = ("05_step.png", "05_mistakes.png", "05_mnist.png")
MEASURED = Path(__file__).resolve().parents[1] / "measured" / "mnist_mlp.csv"
EPOCHS = 8


def draw_step(figure: Any) -> None:
    axes = canvas(figure)
    batch = box(axes, (0.9, 2.0), "batch", 1.2, 0.7, LIGHT_BLUE)
    total = box(axes, (6.0, 2.0), "sum of\ngradients", 1.3, 0.8, LIGHT_RED)
    clip = box(axes, (7.7, 2.0), "/ count,\nclip", 1.1, 0.8, LIGHT_RED)
    optimizer = box(axes, (9.3, 2.0), "optimizer", 1.2, 0.8, LIGHT_GREEN)
    schedule = box(axes, (9.3, 3.35), "schedule(step)", 1.3, 0.5, LIGHT_YELLOW)
    parameters = box(axes, (9.3, 0.6), "parameters", 1.3, 0.5, LIGHT_GREEN)
    for y, name in ((2.9, "shard 1"), (1.1, "shard 2")):
        shard = box(axes, (2.5, y), f"{name}\n+ its stream", 1.3, 0.7, LIGHT_BLUE)
        tape = box(axes, (4.25, y), "forward,\nbackward", 1.2, 0.7, LIGHT_RED)
        arrow(axes, batch.right, shard.left)
        arrow(axes, shard.right, tape.left)
        arrow(axes, tape.right, total.left)
    for start, end in ((total.right, clip.left), (clip.right, optimizer.left)):
        arrow(axes, start, end)
    arrow(axes, schedule.bottom, optimizer.top)
    arrow(axes, optimizer.bottom, parameters.top)
    axes.text(6.0, 1.35, "loss and count\nare added, too", ha="center", va="center", color=RED)


def misread() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Test images, labels and answers of the network of the chapter."""
    arrays, _ = load_archive(SAMPLES / "mnist.npz")
    x, y = arrays["x_train"].reshape(-1, 784) / 255, arrays["y_train"].astype(int)
    train = batches_of(x[:3200], y[:3200], batch_size=64, rng=1)
    rng, wide = np.random.default_rng(0), {"dtype": np.float64}
    model = Sequential(
        Linear(784, 128, rng, **wide), ReLU(), Dropout(0.2), Linear(128, 10, rng, **wide)
    )

    def loss(model: Sequential, batch: Any, rng: np.random.Generator):
        return cross_entropy(model(batch[0], rng=rng), batch[1], reduction="sum"), len(batch[1])

    schedule = warmup(cosine_schedule(3e-3, EPOCHS * len(train)), 40)
    Trainer(model, loss, schedule=schedule).fit(train, epochs=EPOCHS, quiet=True)
    model.eval()
    images, labels = arrays["x_test"], arrays["y_test"].astype(int)
    with no_grad():
        answers = model(images.reshape(-1, 784) / 255).data.argmax(axis=1)
    return images, labels, answers


def draw_mistakes(figure: Any) -> None:
    images, labels, answers = misread()
    left, right = figure.subfigures(1, 2, width_ratios=[4, 5])
    axes = left.subplots()
    counts = confusion_matrix(answers, labels, 10)
    off = counts - np.diag(np.diag(counts))
    axes.imshow(off + 5 * np.eye(10), cmap="Blues", vmax=16)
    for (i, j), count in np.ndenumerate(counts):
        if count:
            axes.text(j, i, str(count), ha="center", va="center", fontsize=9)
    axes.set(xticks=range(10), yticks=range(10), xlabel="read as", ylabel="is")
    axes.set_title(f"{off.sum()} of {len(labels)} are misread")
    wrong = np.flatnonzero(answers != labels)[:12]
    for axes, i in zip(right.subplots(3, 4).ravel(), wrong, strict=True):
        axes.imshow(images[i], cmap="gray_r")
        axes.set(title=f"{labels[i]}, read as {answers[i]}", xticks=[], yticks=[])


def draw_mnist(panels: Any) -> None:
    lines = [line for line in MEASURED.read_text().splitlines() if not line.startswith("#")]
    rows = [row for row in csv.DictReader(lines) if row["epoch"].isdecimal()]
    epochs = [int(row["epoch"]) for row in rows]
    for axes, names, title in (
        (panels[0], {"train_loss": BLUE, "dev_loss": RED}, "loss"),
        (panels[1], {"dev_accuracy": GREEN}, "dev accuracy"),
        (panels[2], {"lr": GRAY}, "learning rate, end of epoch"),
    ):
        for name, color in names.items():
            values = [float(row[name]) for row in rows]
            axes.plot(epochs, values, ".-", color=color, label=name.replace("_", " "))
        axes.set(title=title, xlabel="epoch", xticks=range(1, 16, 2))
    panels[0].set_ylim(0, 0.46)
    panels[0].legend()


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    with figure_saved(folder / PICTURES[0], 10, 4) as figure:
        draw_step(figure)
    with figure_saved(folder / PICTURES[1], 10, 4.6) as figure:
        draw_mistakes(figure)
    with figure_saved(folder / PICTURES[2], 10, 3.4) as figure:
        draw_mnist(figure.subplots(1, 3))
