"""A training with `TrainingRecorder` beside one without, and whether both end with the same bits.

    hatch run bench:record

Trains an encoder classifier and a small network, alternating, some steps at a time, and prints the
median of the ratios of their processor times, with its quartiles.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.models.encoder_model import SIZES, Classifier, Size, loss, make_batch

from pmt_nn import Linear, ReLU, Sequential, cross_entropy
from pmt_train import FitOptions, Trainer, TrainingRecorder, TrainingRecording, batches_of

Made = tuple[Trainer[Any, Any], Any]


def encoder(size: Size) -> Made:
    """Return a trainer of a Transformer, and its batches."""
    return Trainer(Classifier(size, 0.1), loss, workers=1), [make_batch(size)] * 4


def network() -> Made:
    """Return a trainer of a network of 100,000 weights, and its batches."""
    rng = np.random.default_rng(0)
    model = Sequential(Linear(784, 128, rng), ReLU(), Linear(128, 10, rng))
    x, y = rng.normal(size=(640, 784)).astype(np.float32), rng.integers(0, 10, 640)

    def loss(model: Any, batch: Any, rng: np.random.Generator) -> Any:
        return cross_entropy(model(batch[0]), batch[1])

    return Trainer(model, loss, workers=1), batches_of(x, y, batch_size=64, rng=1)


def seconds(trainer: Trainer[Any, Any], batches: Any, options: FitOptions) -> float:
    """Return the processor time of a training."""
    start = time.process_time()
    trainer.fit(batches, options)
    return time.process_time() - start


def compare(name: str, make: Callable[[], Made], epochs: int, rounds: int, folder: Path) -> None:
    """Print the ratio of times of one model."""
    ratios, looks = [], 0
    for i in range(rounds):
        path = folder / f"{name}-{i}.jsonl"
        recorder = TrainingRecorder(path)
        times: dict[bool, float] = {}
        states = []
        for recorded in (i % 2 == 0, i % 2 != 0):
            trainer, batches = make()
            callbacks = recorder.callbacks if recorded else None
            options = FitOptions(epochs, callbacks=callbacks, quiet=True)
            times[recorded] = seconds(trainer, batches, options)
            states.append(trainer.flat.buffers)
        for dtype, buffer in states[0].items():
            if buffer.tobytes() != states[1][dtype].tobytes():
                raise SystemExit(f"{name}: the weights differ")
        ratios.append(times[True] / times[False])
        steps = TrainingRecording.load(path).steps
        looks = sum("weight" in line for line in steps)
    low, middle, high = statistics.quantiles(ratios, n=4)
    step = times[False] / trainer.step_count * 1e3
    print(
        f"{name}: {step:.2f} ms a step, with a recorder {100 * (middle - 1):+.1f} % "
        f"(quartiles {100 * (low - 1):+.1f} and {100 * (high - 1):+.1f}); of {trainer.step_count} "
        f"steps {looks} with layers; same bits"
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=11, help="of each model (default: 11)")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        compare("network", network, 100, options.rounds, Path(name))
        compare(f"encoder {SIZES[0]}", partial(encoder, SIZES[0]), 50, options.rounds, Path(name))


if __name__ == "__main__":
    main()
