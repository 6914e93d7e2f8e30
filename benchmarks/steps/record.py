"""A training with `TrainingRecorder` beside one without, and whether both end with the same bits.

    hatch run bench:record

Trains an encoder classifier and a small network. Two threads take turns, an epoch of some steps at
a time, so that both have the same share of a busy machine. Prints the median of the ratios of their
processor times, with its quartiles.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.models.encoder_model import SIZES, Classifier, Size, loss, make_batch

from pmt_nn import Linear, ReLU, Sequential, cross_entropy
from pmt_train import (
    Callback,
    EventName,
    FitOptions,
    Trainer,
    TrainingEvent,
    TrainingRecorder,
    TrainingRecording,
    batches_of,
)

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


def seconds(make: Callable[[], Made], epochs: int, recorder: TrainingRecorder) -> tuple[float, ...]:
    """Return the processor times of a training without and one with a recorder, which take turns.

    Raises:
        SystemExit: if they end with other weights.
    """
    trainings = [make(), make()]
    turns = [threading.Semaphore(1), threading.Semaphore(0)]
    times = [0.0, 0.0]

    def train(i: int) -> None:
        def give_turn(event: TrainingEvent) -> None:
            turns[1 - i].release()
            turns[i].acquire()

        # It is first: the recorder measures steps from the end of its own callback.
        callbacks: dict[EventName, Sequence[Callback]] = {"epoch": [give_turn]}
        for name, callback in recorder.callbacks.items() if i else ():
            callbacks[name] = [*callbacks.get(name, []), callback]
        trainer, batches = trainings[i]
        with turns[i]:
            start = time.thread_time()
            trainer.fit(batches, FitOptions(epochs, callbacks=callbacks, quiet=True))
            times[i] = time.thread_time() - start
            turns[1 - i].release()

    threads = [threading.Thread(target=train, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first, second = (trainer.flat.buffers for trainer, _ in trainings)
    if any(first[dtype].tobytes() != second[dtype].tobytes() for dtype in first):
        raise SystemExit("the weights differ")
    return (*times, trainings[0][0].step_count)


def compare(name: str, make: Callable[[], Made], epochs: int, rounds: int, folder: Path) -> None:
    """Print the ratio of times of one model."""
    ratios = []
    for i in range(rounds):
        path = folder / f"{name}-{i}.jsonl"
        # The time of the process has the turns of the other training, too: half the share is usual.
        plain, recorded, n_steps = seconds(make, epochs, TrainingRecorder(path, share=0.01))
        ratios.append(recorded / plain)
    lines = TrainingRecording.load(path).steps
    looks = sum("weight" in line for line in lines)
    low, middle, high = statistics.quantiles(ratios, n=4)
    step = 1e3 * plain / n_steps
    print(
        f"{name}: {step:.2f} ms a step, with a recorder {100 * (middle - 1):+.1f} % "
        f"(quartiles {100 * (low - 1):+.1f} and {100 * (high - 1):+.1f}); of {n_steps:.0f} "
        f"steps {len(lines)} have a line, {looks} of them with layers; same bits"
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
