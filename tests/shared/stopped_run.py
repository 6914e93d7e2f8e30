"""A short training that a test stops and resumes, and all that it leaves behind."""

from __future__ import annotations

import os
import signal

import numpy as np

from pmt_train import EarlyStopping, FitOptions

EPOCHS = 4
STEPS = 7 * EPOCHS


def stop_at(step, number=signal.SIGINT):
    """Return the callbacks that send a signal to this process after a step."""

    def callback(event):
        if event.step == step:
            os.kill(os.getpid(), number)

    return {"step": callback}


def everything(trainer, history):
    """All that a run leaves behind, clocks aside."""
    arrays = {f"model.{k}": v for k, v in trainer.model.state_dict().items()}
    arrays |= {f"optimizer.{k}": v for k, v in trainer.optimizer.state_dict().items()}
    clocks = ("seconds", "examples_per_second")
    rows = [{k: v for k, v in row.items() if k not in clocks} for row in history.rows]
    return arrays, (rows, history.best_epoch, history.best, history.examples)


def assert_same(first, second):
    """Check that two results of `everything` are equal to the bit."""
    assert first[1] == second[1]
    assert first[0].keys() == second[0].keys()
    for name in first[0]:
        np.testing.assert_array_equal(first[0][name], second[0][name], err_msg=name)


def fit(trainer, toys, path, **kwargs):
    """Train the model of the toys, with a checkpoint at a path."""
    return trainer.fit(
        toys.data(),
        FitOptions(
            epochs=EPOCHS,
            evaluate=toys.evaluate(trainer),
            early_stopping=EarlyStopping(patience=3),
            checkpoint_path=path,
            quiet=True,
            **kwargs,
        ),
    )
