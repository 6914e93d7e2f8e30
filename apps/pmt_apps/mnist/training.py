"""Reading the splits of an MNIST run and training on them."""

from __future__ import annotations

import functools

import numpy as np

from pmt_apps.kit.files import SAMPLES
from pmt_apps.kit.run import Run
from pmt_apps.mnist.images import LabeledImages
from pmt_apps.mnist.load_mnist import load_mnist
from pmt_apps.mnist.model import loss, predict_probabilities, scores
from pmt_apps.mnist.settings import Settings
from pmt_core import DataError, RandomStream
from pmt_nn import Sequential
from pmt_train import AdamW, FitOptions, Trainer, Workers, batches_of, cosine_schedule, warmup


def read_splits(settings: Settings, run: Run[Settings]) -> dict[str, LabeledImages]:
    """Return the images of "train", "dev" (held out of train) and "test".

    Raises:
        DataError: there is only one training image.
    """
    data = load_mnist(settings.data or SAMPLES / "mnist.npz")
    for role, (path, count) in data.files.items():
        run.log_file(role, path, count)
    n = len(data.train)
    order = RandomStream(settings.seed, "split").generator().permutation(n)
    n_dev = min(max(round(n * settings.dev_fraction), 1), n - 1)
    if n_dev < 1:
        raise DataError("one training image cannot be split; give at least two")
    splits = {
        "train": data.train.take(np.sort(order[n_dev:])[: settings.limit]),
        "dev": data.train.take(np.sort(order[:n_dev])),
        "test": data.test,
    }
    for name, images in splits.items():
        run.say(f"{name}: {len(images):,} images")
    return splits


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
        schedule=warmup(cosine_schedule(settings.lr, steps), min(settings.warmup, steps // 10)),
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
