"""Checks of the arguments of `Trainer`, with messages that name the cure."""

from __future__ import annotations

from pmt_core import SettingsError
from pmt_nn import Module
from pmt_train.optim.optimizer import Optimizer


def check_arguments(model: object, loss: object, optimizer: object, schedule: object) -> None:
    """Raise SettingsError for an argument of the wrong type."""
    if not isinstance(model, Module):
        raise SettingsError(f"expected model to be a pmt_nn.Module, got {model!r:.60}")
    if not callable(loss):
        raise SettingsError(
            f"expected loss to be a function (model, batch, rng) -> mean or (sum, count), got "
            f"{loss!r:.60}; see help(pmt_train.Loss)"
        )
    if isinstance(optimizer, Optimizer) or not callable(optimizer):
        got = repr(optimizer) if isinstance(optimizer, str) else f"a {type(optimizer).__name__}"
        raise SettingsError(
            "expected optimizer to be a class or a function that makes an optimizer for the "
            f"model's parameters, got {got}; e.g. optimizer=AdamW, or "
            "optimizer=functools.partial(AdamW, weight_decay=0.1)"
        )
    if not (schedule is None or callable(schedule) or isinstance(schedule, (int, float))):
        raise SettingsError(
            f"expected schedule to be a learning rate or a function from step to learning rate, "
            f"got {schedule!r:.60}; e.g. schedule=1e-3 or schedule=cosine_schedule(1e-3, steps=500)"
        )
