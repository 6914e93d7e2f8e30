"""The shape of an app: logistic regression of points in the plane. Run by test_app.py.

What it owns: its settings, its data, its model, its loss, what it measures, its pictures, and
what an answer is. Everything else is the kit's.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pmt_apps.kit.files import check_input_file
from pmt_apps.kit.main import run_app
from pmt_apps.kit.options import option
from pmt_apps.kit.run import Run
from pmt_apps.kit.settings import AppSettings
from pmt_autograd import Tensor
from pmt_core import DataError, RandomStream, softmax
from pmt_nn import Dropout, Linear, Module, cross_entropy
from pmt_train import (
    FitOptions,
    Trainer,
    accuracy,
    confusion_matrix,
    confusion_plot,
    cosine_schedule,
    learning_curves,
    precision_recall_f1,
    warmup,
)


@dataclass(frozen=True)
class Settings(AppSettings):
    """Settings of the example."""

    out: Path = Path("runs/points")
    epochs: int = 4
    batch_size: int = 32
    lr: float = 0.05
    points: Path | None = option(None, "file of points: x, y and 0 or 1, by tabs", group="data")
    dropout: float = option(0.1, "share of inputs dropped", group="model", at_least=0, below=1)
    pause: float = option(0, "seconds to wait in every step", group="testing", changeable=True)
    linger: float = option(
        0, "seconds to wait after the training", group="testing", changeable=True
    )


class Points(Module):
    def __init__(self, dropout: float, rng: np.random.Generator) -> None:
        self.dropout = Dropout(dropout)
        self.linear = Linear(2, 2, rng)

    def forward(self, x: np.ndarray, rng: np.random.Generator | None = None) -> Tensor:
        return self.linear(self.dropout(Tensor(x), rng))


@dataclass(frozen=True)
class Batch:
    x: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


class Batches:
    def __init__(self, data: Batch, size: int, stream: RandomStream) -> None:
        self.data, self.size, self.stream = data, size, stream

    def epoch(self, n: int):
        order = self.stream.child(n).generator().permutation(len(self.data))
        for i in range(0, len(order), self.size):
            pick = order[i : i + self.size]
            yield Batch(self.data.x[pick], self.data.labels[pick])

    def __len__(self) -> int:
        return -(-len(self.data) // self.size)


def make_points(n: int, rng: np.random.Generator) -> Batch:
    x = rng.normal(size=(n, 2)).astype(np.float32)
    return Batch(x, (x.sum(axis=1) + 0.3 * rng.normal(size=n) > 0).astype(np.int64))


def read_points(path: Path, limit: int | None) -> Batch:
    check_input_file(path, "points")
    rows = []
    for n, line in enumerate(path.read_text().splitlines()[:limit], start=1):
        try:
            x, y, label = line.split("\t")
            rows.append((float(x), float(y), int(label)))
        except ValueError:
            raise DataError(f"{path}:{n}: expected x, y and 0 or 1 by tabs, got {line!r}") from None
    return Batch(
        np.array([row[:2] for row in rows], np.float32), np.array([row[2] for row in rows])
    )


def train(settings: Settings, run: Run[Settings]) -> None:
    stream = RandomStream(settings.seed)
    if settings.points is None:
        data = make_points(settings.limit or 300, stream.child("points").generator())
    else:
        data = read_points(settings.points, settings.limit)
        run.log_file("points", settings.points, len(data))
    dev = make_points(100, stream.child("dev").generator())
    batches = Batches(data, settings.batch_size, stream.child("order"))
    model = Points(settings.dropout, stream.child("weights").generator())

    def loss(model: Points, batch: Batch, rng: np.random.Generator) -> tuple[Tensor, int]:
        time.sleep(settings.pause)
        return cross_entropy(model(batch.x, rng), batch.labels, reduction="sum"), len(batch)

    steps = settings.epochs * len(batches)
    trainer = Trainer(
        model,
        loss,
        schedule=warmup(cosine_schedule(settings.lr, steps), steps // 10),
        seed=settings.seed,
        workers=settings.workers,
    )

    def predicted() -> np.ndarray:
        return np.concatenate(trainer.predict(lambda b: model(b.x).data.argmax(axis=1), [dev]))

    def evaluate() -> dict[str, float]:
        scores = precision_recall_f1(predicted(), dev.labels)
        return {"accuracy": accuracy(predicted(), dev.labels), "f1": scores.f1}

    history = run.fit(
        trainer,
        batches,
        FitOptions(settings.epochs, evaluate=evaluate),
        model_meta={"names": ["no", "yes"]},
    )

    time.sleep(settings.linger)
    run.log_metrics("dev", evaluate())
    run.add_figure("curves.png", "How training went.", learning_curves, history)
    matrix = confusion_matrix(predicted(), dev.labels, classes=2)
    run.add_figure(
        "confusion.png", "What is taken for what.", confusion_plot, matrix, ["no", "yes"]
    )
    run.report.section("A word from the app")
    run.report.text("x + y > 0 & <nothing> more")
    run.finish()


def predict(settings: Settings, run: Run[Settings]) -> None:
    model = Points(settings.dropout, RandomStream(settings.seed, "weights").generator())
    _, meta = run.load_model(model)

    def answer(examples: Sequence[tuple[str, ...]]) -> list[dict[str, object]]:
        x = np.array([[float(cell) for cell in example] for example in examples], np.float32)
        shares = softmax(model(x).data, axis=-1)
        return [
            {"label": meta["names"][row.argmax()], "probability": float(row[1])} for row in shares
        ]

    run.predict_jsonl(answer, ("x", "y"))


def main(argv: Sequence[str] | None = None) -> int:
    return run_app(
        Settings,
        task="points",
        train=train,
        predict=predict,
        description=__doc__ or "",
        argv=argv,
    )


if __name__ == "__main__":
    sys.exit(main())
