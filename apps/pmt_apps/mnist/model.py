"""The MLP and the CNN of the MNIST app: layers, training, predictions, scores."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.run import Run
from pmt_apps.mnist.images import MNIST_CLASSES, LabeledImages, random_translation
from pmt_apps.mnist.png import MNIST_SIZE
from pmt_apps.mnist.settings import Settings
from pmt_autograd import Tensor
from pmt_core import RandomStream, softmax
from pmt_nn import Conv2d, Dropout, Flatten, Linear, MaxPool2d, ReLU, Sequential, cross_entropy
from pmt_train import (
    AdamW,
    FitOptions,
    Trainer,
    Workers,
    accuracy,
    averaged_f1,
    batches_of,
    cosine_schedule,
    predict_batches,
    warmup,
    warmup_steps,
)

Batch = tuple[NDArray[np.uint8], NDArray[np.int64]]  # images (b, h, w) and labels (b,)
EVALUATION_BATCH = 250


def build_model(settings: Settings) -> Sequential:
    """Return a network with new weights; input (b, 1, 28, 28), output (b, 10) logits."""
    rng = RandomStream(settings.seed, "weights").generator()
    if settings.model == "mlp":
        return _build_mlp(settings.hidden, settings.dropout, rng)
    return _build_cnn(settings.channels, settings.dropout, rng)


def _build_mlp(hidden: int, dropout: float, rng: np.random.Generator) -> Sequential:
    h, w = MNIST_SIZE
    return Sequential(
        Flatten(),
        Linear(h * w, hidden, rng),
        ReLU(),
        Dropout(dropout),
        Linear(hidden, hidden, rng),
        ReLU(),
        Dropout(dropout),
        Linear(hidden, MNIST_CLASSES, rng),
    )


def _build_cnn(c: int, dropout: float, rng: np.random.Generator) -> Sequential:
    return Sequential(
        Conv2d(1, c, 5, rng, padding="same"),  # (b, c, 28, 28)
        MaxPool2d(2),  # before ReLU: the result is the same for a quarter of the work
        ReLU(),
        Conv2d(c, 2 * c, 3, rng, padding="same"),  # (b, 2c, 14, 14)
        ReLU(),
        Conv2d(2 * c, 2 * c, 3, rng, padding="same"),
        MaxPool2d(2),
        ReLU(),
        Conv2d(2 * c, 4 * c, 3, rng, padding="same"),  # (b, 4c, 7, 7)
        ReLU(),
        Conv2d(4 * c, 4 * c, 3, rng),  # (b, 4c, 5, 5)
        ReLU(),
        Flatten(),
        Dropout(dropout),
        Linear(4 * c * 25, 128, rng),
        ReLU(),
        Dropout(dropout),
        Linear(128, MNIST_CLASSES, rng),
    )


def pixels(images: NDArray[np.uint8]) -> Tensor:
    """Convert bytes (b, h, w) to network input (b, 1, h, w) in 0 to 1."""
    return Tensor(images[:, np.newaxis] * np.float32(1 / 255))


def loss(
    shift: int, model: Sequential, batch: Batch, rng: np.random.Generator
) -> tuple[Tensor, int]:
    """Return the summed cross-entropy of randomly translated images, and their number."""
    images, labels = batch
    x = pixels(random_translation(images, shift, rng))
    return cross_entropy(model(x, rng=rng), labels, reduction="sum"), len(labels)


def fit(
    model: Sequential, splits: dict[str, LabeledImages], settings: Settings, run: Run[Settings]
) -> Workers:
    """Train on "train" and keep the weights of the best "dev" accuracy; return the workers."""
    train, dev = splits["train"], splits["dev"]
    batches = batches_of(
        train.images, train.labels, batch_size=settings.batch_size, rng=settings.seed
    )
    steps = settings.epochs * len(batches)
    trainer = Trainer(
        model,
        functools.partial(loss, settings.shift),
        optimizer=functools.partial(AdamW, weight_decay=settings.weight_decay),
        schedule=warmup(cosine_schedule(settings.lr, steps), warmup_steps(settings.warmup, steps)),
        seed=settings.seed,
        workers=settings.workers,
    )
    run.fit(
        trainer,
        batches,
        FitOptions(
            settings.epochs,
            evaluate=lambda: scores(
                predict_probabilities(model, dev.images, trainer.workers), dev.labels
            ),
        ),
    )
    return trainer.workers


def predict_probabilities(
    model: Sequential, images: NDArray[np.uint8], workers: Workers
) -> NDArray[np.float32]:
    """Return the probability of every class for every image (n, h, w): (n, 10)."""
    model.eval()

    def predict(batch: tuple[NDArray[Any], ...]) -> NDArray[np.float32]:
        return softmax(model(pixels(batch[0])).data, axis=-1)

    batches = batches_of(images, batch_size=EVALUATION_BATCH)
    return np.concatenate(predict_batches(predict, batches, workers, description="scoring"))


def scores(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> dict[str, float]:
    """Return accuracy, macro F1 and mean cross-entropy of class probabilities (n, 10)."""
    predicted = probabilities.argmax(axis=1)
    label_probabilities = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return {
        "accuracy": accuracy(predicted, labels),
        "f1": averaged_f1(predicted, labels).f1,
        "loss": float(-np.log(np.maximum(label_probabilities, 1e-12)).mean()),
    }
