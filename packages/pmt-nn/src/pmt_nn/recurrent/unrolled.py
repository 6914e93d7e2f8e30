"""The composed form of every recurrent scan, a loop over its steps, and samples of scans."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

import pmt_autograd as ag
from pmt_autograd import Sample, Tensor
from pmt_nn.masks import Mask
from pmt_nn.recurrent.steps import step_order


def unrolled(
    step: Callable[..., tuple[Tensor, ...]],
    x: Tensor,
    states: tuple[Tensor, ...],
    *,
    mask: Mask | None = None,
    reverse: bool = False,
) -> Tensor:
    """Apply `step(x_i, *states)` at every position; returns all states beside each other."""
    if mask is not None:  # what padding holds, nan included, has no influence
        x = ag.masked(x, mask=mask[..., np.newaxis])
    outputs: dict[int, Tensor] = {}
    for i in step_order(x.shape[1], reverse):
        updated = step(x[:, i], *states)
        if mask is not None:
            is_step = mask[:, i, np.newaxis]
            updated = tuple(ag.where(is_step, *pair) for pair in zip(updated, states, strict=True))
        states = updated
        outputs[i] = ag.concat(*states, axis=1)
    return ag.stack(*(outputs[i] for i in range(x.shape[1])), axis=1)


def scan_samples(rng: np.random.Generator, *, shapes: list[tuple[int, ...]]) -> Iterator[Sample]:
    """Yield samples of 2 sequences of 4 steps, with arrays of these shapes."""
    mask = np.array([[True, True, True, False], [False, True, False, True]])
    cases: dict[str, dict[str, object]] = {
        "forward": {},
        "backward": {"reverse": True},
        "masked": {"mask": mask},
        "masked, backward": {"mask": mask, "reverse": True},
        "all masked": {"mask": np.zeros((2, 4), bool)},
    }
    for note, settings in cases.items():
        yield Sample(tuple(rng.normal(size=shape) for shape in shapes), settings, note)
