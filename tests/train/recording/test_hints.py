"""`training_hints`: a made recording for each rule, and healthy ones that get none."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pmt_core import GradientError
from pmt_nn import Linear, Sequential, Tanh
from pmt_train import (
    SGD,
    FitOptions,
    Trainer,
    TrainingRecorder,
    TrainingRecording,
    batches_of,
    training_hints,
)

LAYERS = [
    {"name": "words", "size": 10_000, "kind": "table"},
    {"name": "first", "size": 100, "kind": "matrix"},
    {"name": "norm", "size": 10, "kind": "vector"},
    {"name": "last", "size": 400, "kind": "matrix"},
]


def recording(n: int = 100, rows: Any = (), **changes: Any) -> TrainingRecording:
    """A healthy training. changes: functions from the step to another value."""
    lines: list[dict[str, Any]] = [
        {"kind": "start", "format": "pmt recording", "version": 1, "parameters": 1,
         "total_steps": n},
        {"kind": "layers", "layers": LAYERS},
    ]  # fmt: skip
    for step in range(1, n + 1):
        line = {
            "kind": "step", "step": step, "epoch": 0, "interval": 1, "seconds": step / 10,
            "loss": 0.3 + 2 * math.exp(-step / 30) + 0.05 * math.sin(5 * step), "lr": 1e-3,
            "grad_norm": 1 + 0.3 * math.sin(step), "examples_per_second": 100.0,
            "weight": [50.0, 5.0, 3.0, 10.0], "gradient": [0.01, 0.5, 0.1, 1.0],
            "update": [0.01, 0.005, 0.3, 0.01],
            "activations": {"relu": [0.1, 0.0], "tanh": [0.0, 0.1]},
        }  # fmt: skip
        line |= {name: value(step) for name, value in changes.items()}
        lines.append(line)
    lines += [{"kind": "epoch", "row": row} for row in rows]
    return TrainingRecording(lines)


def epochs(dev: list[float], train: list[float]) -> list[dict[str, Any]]:
    return [
        {"epoch": i + 1, "train_loss": b, "dev_loss": a}
        for i, (a, b) in enumerate(zip(dev, train, strict=True))
    ]


FALLING = [2, 1.5, 1.2, 1.0, 0.9, 0.8]
HEALTHY = [
    recording(),
    recording(5),
    recording(0),
    recording(rows=epochs([2, 1.6, 1.4, 1.35, 1.33, 1.34], FALLING)),
    recording(rows=epochs([2, 1.6, 1.4, 1.5, 1.39, 1.6], FALLING)),  # one bad epoch at a time
    recording(rows=epochs([2, 1.6, 1.4, 1.6, 1.7, 1.8], [2, 1.5, 1.2, 1.3, 1.4, 1.5])),  # both rise
    recording(lr=lambda step: 0.001 if step < 60 else 0.0,  # the end of a schedule
              update=lambda step: [0.01, 0.005, 0.3, 0.01] if step < 60 else [0.0] * 4),
    recording(update=lambda step: [0.01, 3.0 if step < 20 else 0.005, 0.3, 6.0]),
    recording(gradient=lambda step: [1e-9, 0.5, 1e-9, 1.0]),  # neither tables nor vectors
    recording(activations=lambda step: {"relu": [0.9 if step < 50 else 0.1, 0.0]}),
]  # fmt: skip

UNHEALTHY = {
    "rate_too_high": [
        recording(loss=lambda step: 1 + abs(step - 40) / 20),
        recording(loss=lambda step: 2.0 if step < 70 else None),
        recording(update=lambda step: [0.01, 0.6, 0.3, 1.2]),
    ],
    "rate_too_low": [recording(update=lambda step: [1e-9, 1e-7, 1e-9, 1e-7])],
    "vanishing_gradients": [recording(gradient=lambda step: [0.01, 1e-6, 0.1, 1.0])],
    "exploding_gradients": [recording(grad_norm=lambda step: 80.0 if step % 40 == 0 else 1.0)],
    "dead_units": [recording(activations=lambda step: {"relu": [0.7, 0.0]})],
    "saturated": [recording(activations=lambda step: {"a.tanh": [0.0, 0.8], "b.tanh": [0, 0.2]})],
    "overfitting": [recording(rows=epochs([2, 1.6, 1.4, 1.5, 1.6, 1.8], FALLING))],
    "not_learning": [recording(loss=lambda step: 0.69 + 0.01 * math.sin(7 * step))],
}


@pytest.mark.parametrize("made", HEALTHY)
def test_a_healthy_training_has_no_hint(made):
    assert training_hints(made) == []


@pytest.mark.parametrize(
    ("rule", "made"), [(rule, made) for rule, several in UNHEALTHY.items() for made in several]
)
def test_each_rule_finds_its_fault_and_no_other(rule, made):
    hints = training_hints(made)
    assert [hint.rule for hint in hints] == [rule]
    assert hints[0].message.endswith(".")


def regression(rate: float, scale: float, path: Path) -> list[str]:
    """Train a small network; return the rules of its hints. scale: of its initial weights."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(256, 8)).astype(np.float32)
    y = (x @ rng.normal(size=(8, 1))).astype(np.float32) + 1
    layers = [Linear(8, 16, rng), Tanh(), Linear(16, 16, rng), Tanh(), Linear(16, 1, rng)]
    model = Sequential(*layers)
    for parameter in model.parameters():
        parameter.data = parameter.data * np.float32(scale)

    def loss(model, batch, rng):
        x, y = batch
        return ((model(x) - y) ** 2).mean()

    trainer = Trainer(model, loss, optimizer=SGD, schedule=rate, clip=None)
    recorder = TrainingRecorder(path, share=1)
    data = batches_of(x, y, batch_size=32, rng=1)
    trainer.fit(data, FitOptions(20, callbacks=recorder.callbacks, quiet=True))
    return [hint.rule for hint in training_hints(TrainingRecording.load(path))]


@pytest.mark.parametrize(
    ("rate", "scale", "rules"),
    [
        (0.03, 1, []), (0.3, 1, ["rate_too_high"]), (1e-8, 1, ["rate_too_low", "not_learning"]),
        (1e-3, 60, ["saturated"]), (1e-3, 1e-3, ["vanishing_gradients"]),
    ],
)  # fmt: skip
def test_trainings_for_real(tmp_path, rate, scale, rules):
    assert regression(rate, scale, tmp_path / "recording.jsonl") == rules


def test_a_training_that_diverged(tmp_path):
    with pytest.raises(GradientError):
        regression(0.5, 1, tmp_path / "recording.jsonl")
    hints = training_hints(TrainingRecording.load(tmp_path / "recording.jsonl"))
    assert "rate_too_high" in [hint.rule for hint in hints]
