"""Optimizers, clipping and schedules beside torch on random configurations (`-m oracle`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from random_arrays import Draw
from torch_comparison import CONFIGURATIONS, wrong_cells

import pmt_train as pt
from pmt_nn import Parameter

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]


def rates(draw: Draw) -> dict[str, Any]:
    return {"betas": (draw.choice([0.0, 0.5, 0.9]), draw.choice([0.0, 0.9, 0.999]))}


def adams(draw: Draw) -> dict[str, Any]:
    return {**rates(draw), "amsgrad": draw.chance(0.5)}


def decoupled(draw: Draw) -> dict[str, Any]:
    return {**rates(draw), "decoupled_weight_decay": draw.chance(0.5)}


def scheduled(draw: Draw) -> dict[str, Any]:
    return {**decoupled(draw), "momentum_decay": draw.choice([0.0, 0.004, 1.0])}


def momentum(draw: Draw) -> dict[str, Any]:
    value = draw.choice([0.0, 0.5, 0.9])
    return {"momentum": value, "nesterov": bool(value) and draw.chance(0.5)}


def decayed(draw: Draw) -> dict[str, Any]:
    return {"alpha": draw.choice([0.0, 0.9, 0.99]), "momentum": draw.choice([0.0, 0.9])}


def spread(draw: Draw) -> dict[str, Any]:
    return {"rho": draw.choice([0.0, 0.9, 0.99])}


def started(draw: Draw) -> dict[str, Any]:
    return {"initial": draw.choice([0.0, 0.5])}


# name: ours, torch's, settings, the smallest eps
KINDS: dict[str, tuple[Any, str, Callable[[Draw], dict[str, Any]], float]] = {
    "SGD": (pt.SGD, "SGD", momentum, 0.0),
    "Adam": (pt.Adam, "Adam", adams, 1e-8),
    "AdamW": (pt.AdamW, "AdamW", adams, 1e-8),
    "NAdam": (pt.NAdam, "NAdam", scheduled, 1e-8),
    "RAdam": (pt.RAdam, "RAdam", decoupled, 1e-8),
    "Adadelta": (pt.Adadelta, "Adadelta", spread, 1e-6),
    "RMSProp": (pt.RMSProp, "RMSprop", decayed, 1e-8),
    "Adagrad": (pt.Adagrad, "Adagrad", started, 1e-10),
}
NAMES = {"initial": "initial_accumulator_value"}
EDGES = (0.0, -0.0, np.inf, -np.inf, np.nan, 1e-20, 1e10)


def gradient(draw: Draw, shape: tuple[int, ...]) -> Any:
    """Return a gradient: of another size in some steps, zero, or with edge values."""
    size = draw.choice([0.0, 1.0, 1.0, 1e-6, 1e6])
    values = draw.rng.normal(size=shape) * size
    if draw.content in ("edges", "infinities") and draw.chance(0.2):
        values = np.where(draw.rng.random(shape) < 0.3, draw.rng.choice(EDGES, size=shape), values)
    return np.asarray(values, draw.dtype)


@pytest.mark.parametrize("kind", KINDS)
def test_the_steps_are_torchs(kind: str) -> None:
    torch = pytest.importorskip("torch")
    made, name, more, eps = KINDS[kind]
    for number in range(CONFIGURATIONS):
        draw = Draw(kind, number)
        settings = {"weight_decay": draw.choice([0.0, 0.0, 0.1]), **more(draw)}
        if eps:
            settings["eps"] = eps * draw.choice([1, 1e3])
        start = np.asarray(draw.rng.normal(size=draw.shape(0, 3)), draw.dtype)
        ours, theirs = Parameter(start.copy()), torch.nn.Parameter(torch.from_numpy(start.copy()))
        flat = pt.FlatParameters([("p", ours)])
        optimizer = made(flat, decays=lambda name, parameter: True, **settings)
        renamed = {NAMES.get(key, key): value for key, value in settings.items()}
        other = getattr(torch.optim, name)([theirs], **renamed)
        for step in range(draw.integer(1, 6)):
            g, lr = gradient(draw, start.shape), draw.choice([0.1, 1e-3, 0.0])
            with np.errstate(all="ignore"):
                optimizer.step(flat.gather([{ours: g}]), lr)
            other.param_groups[0]["lr"] = lr
            theirs.grad = torch.from_numpy(g.copy())
            other.step()
            reached = theirs.detach().numpy()
            scale = float(np.abs(start).max(initial=0))
            # torch keeps the product of NAdam's momenta in float32, whatever the parameters are.
            single = np.float32 if kind == "NAdam" else draw.dtype
            wrong = wrong_cells(ours.data.astype(single), reached.astype(single), 20.0, scale)
            if kind == "RAdam":  # after an infinite gradient: torch's m is nan, here it is inf
                wrong &= np.isfinite(ours.data) | np.isfinite(reached)
            told = f"{number}, step {step}: {settings}, lr {lr}, gradient {g[wrong]}"
            assert not wrong.any(), f"{told}: {ours.data[wrong]}, torch {reached[wrong]}"


def test_clipping_is_torchs() -> None:
    """The norms, and the gradients times limit / norm; torch adds 1e-6 to the norm."""
    torch = pytest.importorskip("torch")
    for number in range(CONFIGURATIONS):
        draw = Draw("clipping", number)
        arrays = [draw.array(draw.shape(0, 3), exponent=8) for _ in range(draw.integer(1, 3))]
        limit = draw.choice([1e-3, 1.0, 1e6])
        parameters = [Parameter(np.zeros(array.shape, array.dtype)) for array in arrays]
        others = [torch.nn.Parameter(torch.zeros(array.shape)) for array in arrays]
        for parameter, other, array in zip(parameters, others, arrays, strict=True):
            parameter.grad = np.array(array)
            other.data = other.data.to(torch.from_numpy(np.array(array)).dtype)
            other.grad = torch.from_numpy(np.array(array))
        with np.errstate(all="ignore"):
            norm = pt.clip_grad_norm(parameters, limit)
        expected = float(torch.nn.utils.get_total_norm([other.grad for other in others]))
        less = torch.tensor(expected - 1e-6, dtype=torch.float64)
        torch.nn.utils.clip_grads_with_norm_(others, limit, less)
        assert norm == pytest.approx(expected, rel=1e-5, nan_ok=True), number
        if np.isnan(norm):
            continue  # a difference: torch makes all gradients nan
        for parameter, other in zip(parameters, others, strict=True):
            wrong = wrong_cells(parameter.grad, other.grad.numpy(), 20.0)
            told = f"{number}: {norm}, {parameter.grad[wrong]}, torch {other.grad.numpy()[wrong]}"
            assert not wrong.any(), told


def schedules(draw: Draw, torch: Any, lr: float) -> tuple[Any, Callable[[Any], Any], int]:
    """Return a schedule of ours, a maker of torch's, and the number of steps to compare."""
    schedulers, steps = torch.optim.lr_scheduler, draw.integer(2, 40)
    factor, final = draw.choice([0.1, 0.5, 0.99]), draw.choice([0.0, 0.3])
    rise = draw.choice([0.1, 0.3, 0.7])
    steps = max(steps, int(2 / rise))  # the rise takes a step
    warm = draw.integer(1, 10)
    milestones = sorted(draw.integer(1, 40) for _ in range(draw.integer(0, 4)))
    growth, down = draw.integer(1, 3), draw.integer(1, 10)
    mode = draw.choice(["triangular", "triangular2", "exp_range"])
    gamma = factor if mode == "exp_range" else 1.0
    return draw.choice(
        [
            (pt.step_schedule(lr, steps, factor),
             lambda o: schedulers.StepLR(o, steps, factor), 3 * steps),
            (pt.multi_step_schedule(lr, milestones, factor),
             lambda o: schedulers.MultiStepLR(o, milestones, factor), 45),
            (pt.cosine_restarts_schedule(lr, warm, growth=growth, final=final * lr),
             lambda o: schedulers.CosineAnnealingWarmRestarts(o, warm, growth, final * lr), 45),
            (pt.cyclic_schedule(lr, warm, base=final * lr, down=down, mode=mode, decay=gamma),
             lambda o: schedulers.CyclicLR(
                 o, final * lr, lr, warm, down, mode, gamma, cycle_momentum=False), 45),
            (pt.exponential_schedule(lr, 1, factor),
             lambda o: schedulers.ExponentialLR(o, factor), steps),
            (pt.linear_schedule(lr, steps, final * lr),
             lambda o: schedulers.LinearLR(o, 1.0, final, steps), 2 * steps),
            (pt.cosine_schedule(lr, steps, final * lr),
             lambda o: schedulers.CosineAnnealingLR(o, steps, final * lr), steps + 1),
            (pt.one_cycle_schedule(lr, steps, rise=rise),
             lambda o: schedulers.OneCycleLR(o, lr, steps, pct_start=rise, cycle_momentum=False),
             steps),
            (pt.warmup(pt.constant_schedule(lr), warm),
             lambda o: schedulers.LinearLR(o, 1 / warm, 1.0, max(warm - 1, 1)), steps),
        ]
    )  # fmt: skip


def test_the_schedules_are_torchs() -> None:
    torch = pytest.importorskip("torch")
    for number in range(CONFIGURATIONS):
        draw = Draw("schedules", number)
        lr = draw.choice([1.0, 3e-4])
        ours, make, steps = schedules(draw, torch, lr)
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
        theirs = make(optimizer)
        for step in range(steps):
            expected = theirs.get_last_lr()[0]
            assert ours(step) == pytest.approx(expected, rel=1e-9, abs=1e-12 * lr), (number, step)
            optimizer.step()
            if step + 1 < steps:
                theirs.step()
