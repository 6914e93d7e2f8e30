"""A training run that is killed: `python killed_training.py FOLDER WORKERS HOW STEP`.

HOW: "finish" trains to the end, "kill" sends SIGKILL to itself after step STEP, "kill in a save"
before the file number STEP that it writes is complete, "full" has no more room on the disk after
step STEP. It goes on with the run in FOLDER if there is one, and
prints a digest of everything that is left at the end.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import resource
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pmt_autograd import Tensor
from pmt_core import RandomStream, load_archive
from pmt_nn import Dropout, Embedding, Linear, Module, cross_entropy
from pmt_train import (
    Clipping,
    EarlyStopping,
    FitOptions,
    ReduceOnPlateau,
    Trainer,
    TrainingEvent,
    cosine_schedule,
    launched_process_group,
    warmup,
)


@dataclass(frozen=True)
class Rows:
    ids: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


class Data:
    """Shuffled anew in every epoch."""

    def __init__(self, n: int) -> None:
        self.ids = RandomStream(1, "data").generator().integers(0, 60, (n, 5))
        self.labels = (self.ids.sum(axis=1) > 150).astype(np.int64)

    def epoch(self, number: int) -> Iterator[Rows]:
        order = RandomStream(2, "order", number).generator().permutation(len(self.ids))
        for start in range(0, len(order), 16):
            pick = order[start : start + 16]
            yield Rows(self.ids[pick], self.labels[pick])


class Classifier(Module):
    def __init__(self) -> None:
        rng = RandomStream(3, "weights").generator()
        self.words = Embedding(60, 8, rng, std=0.3)
        self.dropout = Dropout(0.3)
        self.out = Linear(8, 2, rng)

    def forward(self, ids: np.ndarray, rng: np.random.Generator | None = None) -> Tensor:
        return self.out(self.dropout(self.words(ids).mean(axis=1), rng))


def loss(model: Classifier, batch: Rows, rng: np.random.Generator) -> tuple[Tensor, int]:
    return cross_entropy(model(batch.ids, rng), batch.labels, reduction="sum"), len(batch)


def die_within_a_save(number: int) -> None:
    """Send SIGKILL to this process before the rename that completes this file, counted from 1."""
    replace, files = os.replace, itertools.count(1)

    def replace_or_die(source: str, target: str) -> None:
        if next(files) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        replace(source, target)

    os.replace = replace_or_die


def main(folder: Path, workers: int, how: str, at: int) -> None:
    launched_process_group().bucket_bytes = 256  # several buckets, on one machine, too
    trainer = Trainer(
        Classifier(),
        loss,
        schedule=warmup(cosine_schedule(0.02, 60), 5),
        seed=5,
        workers=workers,
        accumulate=2,
        average=0.9,
        clip=Clipping(value=0.2),
    )
    data = Data(200)
    dev = Rows(data.ids[:80], data.labels[:80])

    def evaluate() -> dict[str, float]:
        predicted = trainer.model(dev.ids).data.argmax(axis=1)
        return {"accuracy": float(np.mean(predicted == dev.labels))}

    def break_off(event: TrainingEvent) -> None:
        if event.step == at and how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if event.step == at and how == "full":
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    if how == "kill in a save":
        die_within_a_save(at)
    history = trainer.fit(
        data,
        FitOptions(
            epochs=6,
            evaluate=evaluate,
            early_stopping=EarlyStopping(patience=6),
            plateau=ReduceOnPlateau(patience=1),
            checkpoint_path=folder / "checkpoint.npz",
            best_model_path=folder / "model.npz",
            checkpoint_seconds=0.0,
            resume=True,
            callbacks={"step": break_off},
            quiet=True,
        ),
    )
    digest = hashlib.sha256()
    states = [
        trainer.model.state_dict(),
        trainer.optimizer.state_dict(),
        trainer.average.state_dict() if trainer.average is not None else {},
        load_archive(folder / "model.npz")[0],
    ]
    for state in states:
        for name in sorted(state):
            digest.update(name.encode() + state[name].tobytes())
    columns = [c for c in history.columns if "second" not in c]
    digest.update(repr([[row[c] for c in columns] for row in history.rows]).encode())
    print(trainer.step_count, history.column("lr"), digest.hexdigest())


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
