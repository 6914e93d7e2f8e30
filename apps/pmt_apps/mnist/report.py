"""Figures of an MNIST run: confusion matrices, misread digits, first-layer filters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.run import Run
from pmt_apps.mnist.images import MNIST_CLASSES, LabeledImages
from pmt_apps.mnist.model import predict_probabilities, scores
from pmt_apps.mnist.png import MNIST_SIZE
from pmt_apps.mnist.settings import Settings
from pmt_nn import Conv2d, Linear, Sequential
from pmt_train import Workers, confusion_matrix, confusion_plot, image_grid, learning_curves

MISTAKES = 40  # images in the figure of misread digits
FILTERS = 64  # images in the figure of first-layer weights


def report(
    run: Run[Settings], model: Sequential, splits: dict[str, LabeledImages], workers: Workers
) -> None:
    """Score "dev" and "test" and add the figures."""
    run.add_figure("learning.png", "Loss and scores by epoch", learning_curves, run.history)
    for name in ("dev", "test"):
        probabilities = predict_probabilities(model, splits[name].images, workers)
        _report_split(run, name, splits[name], probabilities)
    run.add_figure(
        "filters.png",
        "Filters of the first layer",
        image_grid,
        first_filters(model),
        title="weights of the first layer",
        columns=8,
        signed=True,
    )


def _report_split(
    run: Run[Settings], name: str, data: LabeledImages, probabilities: NDArray[np.float32]
) -> None:
    """Log the scores of a split; add its confusion matrix and its most confident mistakes."""
    run.log_metrics(name, scores(probabilities, data.labels))
    predicted = probabilities.argmax(axis=1)
    run.add_figure(
        f"confusion_{name}.png",
        f"Confusion matrix of {name}",
        confusion_plot,
        confusion_matrix(predicted, data.labels, MNIST_CLASSES),
        [str(digit) for digit in range(MNIST_CLASSES)],
        f"{name}: what each digit was read as",
    )
    confidence = probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != data.labels)
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")][:MISTAKES]
    run.add_figure(
        f"mistakes_{name}.png",
        f"Misread digits of {name}, the most confident mistakes first",
        image_grid,
        data.images[worst],
        [f"{data.labels[i]} read as {predicted[i]}\n{confidence[i]:.0%}" for i in worst],
        title=f"{name}: {len(wrong):,} of {len(data):,} misread",
        note="none is misread",
    )


def first_filters(model: Sequential) -> NDArray[np.float32]:
    """Return the weights of the first layer as images (n, h, w), the 64 of largest norm."""
    first = next(layer for layer in model if isinstance(layer, (Conv2d, Linear)))
    weight: NDArray[np.float32] = first.weight.data
    images = weight[:, 0] if weight.ndim == 4 else weight.T.reshape(-1, *MNIST_SIZE)
    squared_norms = np.square(images).sum(axis=(1, 2))
    return images[np.argsort(-squared_norms, kind="stable")[:FILTERS]]
