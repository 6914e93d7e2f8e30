"""Operations that move, join and index elements beside torch (`-m oracle`)."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import pytest
from random_arrays import Draw
from torch_comparison import Comparison, Inputs, hold

import pmt_autograd as ag

pytestmark = pytest.mark.oracle


def one(draw: Draw, low: int = 0) -> Inputs:
    return [draw.array(draw.shape(low))], {}


def reshaped(draw: Draw) -> Inputs:
    (x,), _ = one(draw)
    axes = [draw.integer(1, 3) for _ in range(draw.integer(0, 2))]
    if x.size % max(prod(axes), 1) == 0 and x.size:
        axes.insert(draw.integer(0, len(axes)), draw.choice([-1, x.size // prod(axes)]))
    else:
        axes = [x.size]
    return [x], {"shape": tuple(axes)}


def permuted(draw: Draw) -> Inputs:
    (x,), _ = one(draw)
    return [x], {"axes": tuple(int(i) for i in draw.rng.permutation(x.ndim))}


def two_axes(draw: Draw) -> Inputs:
    (x,), _ = one(draw, 1)
    return [x], {"first": draw.axis(x.ndim), "second": draw.axis(x.ndim)}


def widened(draw: Draw) -> Inputs:
    shape = draw.shape()
    return [draw.array(draw.broadcastable(shape))], {"shape": shape}


def some_axes(draw: Draw) -> Inputs:
    (x,), _ = one(draw, 1)
    axes = draw.axes(x.ndim)
    return [x], {"axis": tuple(range(x.ndim)) if axes is None else axes}


def narrowed(draw: Draw) -> Inputs:
    """An axis of length 1: torch leaves others, NumPy refuses them."""
    shape = list(draw.shape(1))
    axis = draw.integer(-len(shape), len(shape) - 1)
    shape[axis] = 1
    return [draw.array(tuple(shape))], {"axis": axis}


def inserted(draw: Draw) -> Inputs:
    (x,), _ = one(draw)
    return [x], {"axis": draw.integer(-x.ndim - 1, x.ndim)}


def chosen(draw: Draw) -> Inputs:
    shape = draw.shape()
    arrays = [draw.array(draw.broadcastable(shape)) for _ in range(2)]
    return [draw.rng.random(draw.broadcastable(shape)) < 0.5, *arrays], {}


def padded(draw: Draw) -> Inputs:
    (x,), _ = one(draw)
    widths = [(draw.integer(0, 2), draw.integer(0, 2)) for _ in range(x.ndim)]
    return [x], {"widths": widths, "value": draw.choice([0.0, -1.5])}


def tiled(draw: Draw) -> Inputs:
    return one(draw)[0], {"repeats": tuple(draw.integer(0, 3) for _ in range(draw.integer(0, 4)))}


def repeated(draw: Draw) -> Inputs:
    (x,), _ = one(draw, 1)
    return [x], {"count": draw.integer(0, 3), "axis": draw.axis(x.ndim)}


def repeated_by_counts(draw: Draw) -> Inputs:
    (x,), _ = one(draw, 1)
    axis = draw.choice([draw.axis(x.ndim), None])
    length = x.size if axis is None else x.shape[axis]
    return [x], {"count": draw.rng.integers(0, 4, length), "axis": axis}


def moved_axes(draw: Draw) -> Inputs:
    (x,), _ = one(draw, 1)
    count = draw.integer(1, x.ndim)
    first, second = (
        tuple(int(i) for i in draw.rng.permutation(x.ndim)[:count] - x.ndim * draw.chance(0.5))
        for _ in range(2)
    )
    return [x], {"first": first, "second": second}


def rolled(draw: Draw) -> Inputs:
    (x,), _ = one(draw, 1)
    axes = draw.axes(x.ndim)
    count = len(axes) if isinstance(axes, tuple) else 1
    shift = tuple(draw.integer(-5, 5) for _ in range(count))
    return [x], {"shift": shift if isinstance(axes, tuple) else shift[0], "axis": axes}


def matrices(draw: Draw) -> Inputs:
    (x,), _ = one(draw, 2)
    return [x], {"k": draw.integer(-4, 4)}


def matrix_or_vector(draw: Draw) -> Inputs:
    return [draw.array(draw.shape(1, 2))], {"k": draw.integer(-3, 3)}


def diagonals(draw: Draw) -> Inputs:
    (x,), _ = one(draw, 2)
    axis1, axis2 = draw.rng.permutation(x.ndim)[:2].tolist()
    offset = draw.integer(-min(2, x.shape[axis1]), min(2, x.shape[axis2]))
    return [x], {"offset": offset, "axis1": axis1, "axis2": axis2 - x.ndim}


def sorted_along(draw: Draw) -> Inputs:
    (x,), _ = one(draw, 1)
    return [x], {"axis": draw.axis(x.ndim)}


def side_by_side(draw: Draw) -> Inputs:
    arrays, settings = parts(draw, False)
    along = min(1, arrays[0].ndim - 1)
    return (arrays, {}) if settings["axis"] % arrays[0].ndim == along else side_by_side(draw)


def parts(draw: Draw, alike: bool) -> Inputs:
    shape = draw.shape(0 if alike else 1)
    axis = draw.integer(-len(shape) - alike, len(shape) - 1 + alike)
    arrays = []
    for _ in range(draw.integer(1, 4)):
        lengths = list(shape)
        if not alike:
            lengths[axis] = draw.length()
        arrays.append(draw.array(tuple(lengths)))
    return arrays, {"axis": axis}


def cut(draw: Draw) -> Inputs:
    (x,), _ = one(draw, 1)
    axis = draw.axis(x.ndim)
    ends = np.sort(draw.rng.integers(0, x.shape[axis] + 1, draw.integer(0, 3)))
    lengths = np.diff([0, *ends, x.shape[axis]]).tolist()
    return [x], {"sections": lengths, "axis": axis}


def torch_pad(torch: Any, x: Any, widths: Any, value: float) -> Any:
    flat = [width for pair in reversed(widths) for width in pair]
    return torch.nn.functional.pad(x, flat, value=value)


def torch_flip(torch: Any, x: Any, axis: Any) -> Any:
    return torch.flip(x, tuple(np.atleast_1d(axis).tolist()))


def our_moveaxis(x: Any, first: int, second: int) -> Any:
    return ag.moveaxis(x, source=first, destination=second)


def moved(name: str, theirs: Any, draw: Any, ours: Any = None) -> Comparison:
    """Return the comparison of a function that moves elements; gradients are sums at most."""

    def by_one(*arrays: Any, **settings: Any) -> dict[str, float]:
        return {f"gradient {i}": 1.0 for i in range(len(arrays))}

    return Comparison(name, ours or getattr(ag, name), theirs, draw, scales=by_one, by_element=True)


CASES = [
    moved("reshape", lambda t, x, shape: x.reshape(shape), reshaped),
    moved("transpose", lambda t, x, axes: x.permute(axes), permuted),
    moved("swapaxes", lambda t, x, first, second: x.swapaxes(first, second), two_axes),
    moved(
        "moveaxis", lambda t, x, first, second: x.moveaxis(first, second), two_axes, our_moveaxis
    ),
    moved("broadcast_to", lambda t, x, shape: t.broadcast_to(x, shape), widened),
    moved("flip", torch_flip, some_axes),
    moved("squeeze", lambda t, x, axis: x.squeeze(axis), narrowed),
    moved("expand_dims", lambda t, x, axis: x.unsqueeze(axis), inserted),
    moved("pad", torch_pad, padded),
    moved("tile", lambda t, x, repeats: t.tile(x, repeats), tiled),
    moved("repeat", lambda t, x, count, axis: t.repeat_interleave(x, count, axis), repeated),
    moved(
        "repeat by counts",
        lambda t, x, count, axis: t.repeat_interleave(x, t.from_numpy(count), axis),
        repeated_by_counts,
        ag.repeat,
    ),
    moved(
        "moveaxis of several",
        lambda t, x, first, second: x.moveaxis(first, second),
        moved_axes,
        our_moveaxis,
    ),
    moved("roll", lambda t, x, shift, axis: t.roll(x, shift, axis), rolled),
    moved("tril", lambda t, x, k: t.tril(x, k), matrices),
    moved("triu", lambda t, x, k: t.triu(x, k), matrices),
    moved("diag", lambda t, x, k: t.diag(x, k), matrix_or_vector),
    moved("diagonal", lambda t, x, **where: t.diagonal(x, *where.values()), diagonals),
    moved("trace", lambda t, x, **where: t.diagonal(x, *where.values()).sum(-1), diagonals),
    moved("sort", lambda t, x, axis: t.sort(x, stable=True, dim=axis)[0], sorted_along),
    moved("hstack", lambda t, *x: t.hstack(x), side_by_side),
    moved("vstack", lambda t, *x: t.vstack(x), lambda d: (parts(d, True)[0], {})),
    moved("concat", lambda t, *x, axis: t.concat(x, axis), lambda d: parts(d, False)),
    moved("stack", lambda t, *x, axis: t.stack(x, axis), lambda d: parts(d, True)),
    moved("split", lambda t, x, sections, axis: t.split(x, sections, axis), cut),
    moved("where", lambda t, c, a, b: t.where(c, a, b), chosen),
]


@pytest.mark.parametrize("comparison", CASES, ids=str)
def test_torch_agrees(comparison: Comparison) -> None:
    hold(comparison)
