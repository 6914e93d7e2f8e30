"""Operations that read and write elements by index beside torch (`-m oracle`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from random_arrays import Draw
from torch_comparison import Comparison, Inputs, hold

import pmt_autograd as ag

pytestmark = pytest.mark.oracle


def ids(draw: Draw, shape: tuple[int, ...], length: int, *, negative: bool = False) -> Any:
    """Return indices of an axis of this length, with repetition."""
    return draw.laid_out(draw.rng.integers(-length if negative else 0, max(length, 1), shape))


def an_index(draw: Draw, shape: tuple[int, ...]) -> Any:
    """Return an index of an array: of each axis an integer, a slice or ids; or a mask."""
    if draw.chance(0.15):
        return draw.rng.random(shape[: draw.integer(1, len(shape))]) < 0.5
    picked = draw.shape(0, 2)
    parts: list[Any] = []
    for length in shape[: draw.integer(1, len(shape))]:
        kind = draw.integer(0, 3) if length else 0
        start, stop = sorted([draw.integer(0, length), draw.integer(0, length)])
        slices = [slice(None), slice(start, stop), slice(start, None, 2), slice(-stop, None)]
        chosen = ids(draw, draw.broadcastable(picked), length, negative=True) if kind == 2 else 0
        parts.append([draw.choice(slices), draw.choice(slices), chosen,
                      draw.integer(-length, max(length - 1, 0))][kind])  # fmt: skip
    if draw.chance(0.2):
        parts.insert(draw.integer(0, len(parts)), None)
    if draw.chance(0.2):
        parts.append(Ellipsis)
    return parts[0] if len(parts) == 1 else tuple(parts)


def read(draw: Draw) -> Inputs:
    x = draw.array(draw.shape(1))
    return [x], {"index": an_index(draw, x.shape)}


def written(draw: Draw) -> Inputs:
    """Elements are named once: torch leaves open which of several values is kept."""
    x = draw.array(draw.shape(1))
    index = an_index(draw, x.shape)
    places = np.arange(x.size).reshape(x.shape)[index]
    if np.unique(places).size != places.size:
        index = slice(0, 2)
    return [x, draw.array(draw.broadcastable(x[index].shape))], {"index": index}


def for_torch(torch: Any, index: Any) -> Any:
    """Return the index with tensors for arrays."""
    if isinstance(index, tuple):
        return tuple(for_torch(torch, part) for part in index)
    return torch.from_numpy(index.copy()) if isinstance(index, np.ndarray) else index


def torch_set(torch: Any, x: Any, values: Any, index: Any) -> Any:
    y = x.clone()
    y[for_torch(torch, index)] = values
    return y


def rows(draw: Draw) -> Inputs:
    table = draw.array(draw.shape(1, 3))
    return [table, ids(draw, draw.shape(0, 3), len(table))], {"sparse": draw.chance(0.5)}


def slices(draw: Draw) -> Inputs:
    shape = list(draw.shape(1))
    axis = draw.axis(len(shape))
    shape[axis] = max(shape[axis], 1)
    x = draw.array(tuple(shape))
    return [x, ids(draw, draw.shape(0, 2), x.shape[axis])], {"axis": axis}


def torch_take(torch: Any, x: Any, index: Any, axis: int) -> Any:
    before, after = x.shape[: axis % x.ndim], x.shape[axis % x.ndim + 1 :]
    return x.index_select(axis, index.reshape(-1)).reshape((*before, *index.shape, *after))


def flat(draw: Draw) -> Inputs:
    x = draw.array(draw.shape())
    return [x, ids(draw, draw.shape(0, 2), x.size)], {}


def along(draw: Draw) -> Inputs:
    x = draw.array(draw.shape(1))
    axis = draw.axis(x.ndim)
    shape = list(x.shape)
    shape[axis] = draw.length()
    return [x, ids(draw, tuple(shape), x.shape[axis])], {"axis": axis}


def added(draw: Draw) -> Inputs:
    """Rows of an array that has some: of none, torch ignores the indices."""
    x = draw.array((draw.length(1), *draw.shape(0, 3)), exponent=5, spread=False)
    index = ids(draw, draw.shape(0, 2), len(x))
    return [x, index, draw.array((*index.shape, *x.shape[1:]), exponent=5, spread=False)], {}


def torch_added(torch: Any, x: Any, index: Any, updates: Any) -> Any:
    return x.index_add(0, index.reshape(-1), updates.reshape(index.numel(), *x.shape[1:]))


def ranked(draw: Draw) -> Inputs:
    """Elements that all differ, of which some are infinite: torch's choice of ties is open."""
    shape = draw.shape(1)
    x = draw.rng.permutation(int(np.prod(shape))).reshape(shape).astype(draw.dtype) - 3
    if draw.chance(0.3) and x.size > 1:
        x[x == x.max()], x[x == x.min()] = np.inf, -np.inf
    axis = draw.axis(x.ndim)
    return [x], {"k": draw.integer(0, x.shape[axis]), "axis": axis}


def torch_table(torch: Any, table: Any, index: Any, sparse: bool) -> Any:
    return table[index]


def by_one(*arrays: Any, **settings: Any) -> dict[str, float]:
    """A gradient is a sum of some of the gradients of the result."""
    return {f"gradient {i}": 1.0 for i in range(len(arrays))}


def torch_take_along(torch: Any, x: Any, index: Any, axis: int) -> Any:
    return torch.take_along_dim(x, index, axis)


SUMS: dict[str, Any] = {"scales": by_one, "by_element": True}
CASES = [
    Comparison("getitem", ag.getitem, lambda t, x, index: x[for_torch(t, index)], read, **SUMS),
    Comparison("set_items", ag.set_items, torch_set, written, **SUMS),
    Comparison("take_rows", ag.take_rows, torch_table, rows, **SUMS),
    Comparison("take", ag.take, torch_take, slices, **SUMS),
    Comparison("take of all elements", ag.take, lambda t, x, i: t.take(x, i), flat, **SUMS),
    Comparison("take_along_axis", ag.take_along_axis, torch_take_along, along, **SUMS),
    Comparison("scatter_add", ag.scatter_add, torch_added, added, scales=by_one),
    Comparison("top_k", ag.top_k, lambda t, x, k, axis: t.topk(x, k, axis), ranked, **SUMS),
]


@pytest.mark.parametrize("comparison", CASES, ids=str)
def test_torch_agrees(comparison: Comparison) -> None:
    hold(comparison)
