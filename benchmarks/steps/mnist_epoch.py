"""An epoch of the CNN of `train_mnist.py`: pmt's trainer beside PyTorch's, in turns in one process.

`hatch run bench:convolution --epoch N` calls this. Both start with equal weights and see the same
images in the same order, translated by the same function, with dropout, the same loss, clipping and
AdamW. torch runs twice, with channels first and last in memory. The time of an epoch is that of the
processor with one thread, else that of the clock.
"""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from benchmarks.models.mnist_torch import TorchTraining, torch_network

from pmt_apps.mnist import model as mnist
from pmt_apps.mnist.images import LabeledImages, random_translation
from pmt_apps.mnist.load_mnist import load_mnist
from pmt_apps.mnist.settings import Settings
from pmt_train import AdamW, Trainer, Workers, batches_of

ORDERS = {"torch first": torch.contiguous_format, "torch last": torch.channels_last}


def compare_epochs(n: int, batch: int, rounds: int, threads: int, data: Path | None) -> None:
    """Print the median time of an epoch of n images and its loss, and the ratio."""
    images, settings = _images(n, data), Settings()
    clock = time.process_time if threads == 1 else time.perf_counter
    with Workers(threads) as workers:
        runs = {"pmt": _pmt_epoch(images, batch, settings, workers)}
        for name, order in ORDERS.items():
            runs[name] = _torch_epoch(images, batch, settings, order)
        seconds: dict[str, list[float]] = {name: [] for name in runs}
        losses = dict.fromkeys(runs, 0.0)
        for i in range(rounds + 1):  # the first one warms up
            for name, run in runs.items():
                start = clock()
                losses[name] = run(i)
                seconds[name] += [clock() - start] if i else []
    print(f"an epoch of {len(images.labels):,} images, batches of {batch}, {threads} thread(s)")
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    for name, middle in medians.items():
        print(f"{name:>12} {middle:8.3f} s   last loss {losses[name]:.4f}")
    best = min(ORDERS, key=medians.__getitem__)
    paired = [a / b for a, b in zip(seconds["pmt"], seconds[best], strict=True)]
    print(
        f"pmt takes {medians['pmt'] / medians[best]:.2f} of the time of torch's faster order "
        f"(rounds {min(paired):.2f} to {max(paired):.2f})"
    )


def _images(n: int, data: Path | None) -> LabeledImages:
    if data is not None:
        train = load_mnist(data).train
        return LabeledImages(train.images[:n], train.labels[:n])
    rng = np.random.default_rng(0)
    return LabeledImages(rng.integers(0, 256, (n, 28, 28)).astype(np.uint8), rng.integers(0, 10, n))


Epoch = Callable[[int], float]


def _pmt_epoch(images: LabeledImages, batch: int, settings: Settings, workers: Workers) -> Epoch:
    trainer = Trainer(
        mnist.build_model(settings),
        functools.partial(mnist.loss, settings.shift),
        optimizer=functools.partial(AdamW, weight_decay=settings.weight_decay),
        schedule=settings.lr,
        workers=workers,
    )
    trainer.model.train()

    def run(epoch: int) -> float:
        batches = batches_of(images.images, images.labels, batch_size=batch, rng=epoch)
        results = [trainer.step(part) for part in batches]
        return statistics.fmean(result.loss / result.count for result in results)

    return run


def _torch_epoch(
    images: LabeledImages, batch: int, settings: Settings, order: torch.memory_format
) -> Epoch:
    network = torch_network(mnist.build_model(settings), order)
    training = TorchTraining(network, order, settings.lr, settings.weight_decay)
    rng = np.random.default_rng(0)

    def run(epoch: int) -> float:
        batches = batches_of(images.images, images.labels, batch_size=batch, rng=epoch)
        return statistics.fmean(
            training.step(random_translation(part, settings.shift, rng), labels)
            for part, labels in batches
        )

    return run
