"""`FlatParameters`: all parameters of a model in one piece of memory.

Memory for flat buffers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Array, Tensor
from pmt_core import DtypeError, RowSparse, SettingsError, ShapeError, StateError
from pmt_nn import Parameter
from pmt_train.optim.flat_gradients import FlatGradients, ParameterSlot, squared_norm
from pmt_train.parallel.workers import Workers

Shard = Mapping[Tensor, Array | RowSparse]
"""The gradients of one shard of a batch, by parameter."""

_THREADS_PAY_FROM = 1 << 18  # elements: below, handing work to threads costs more than it saves


class FlatParameters:
    """Parameters moved into one flat buffer per dtype, each `Parameter.data` a view of it.

    An optimizer then is a few vectorized lines over blocks of that buffer, and a sum of
    gradients over machines is one call. Matrices and tables stand first, vectors (biases, norms)
    behind them, so that those with equal settings (weight decay) form long runs.

    A parameter whose gradient comes as a `RowSparse` (a table that was looked up) is not written
    to the gradient buffer: its rows are handed on as they are, and the place it would have there
    is never touched.

    named_parameters: as `Module.named_parameters()` gives them; those that do not require a
    gradient are left out. Raises SettingsError where none is left, DtypeError for other than
    floating numbers.

    Attributes:
        slots: place of every parameter, in order of the memory.
        buffers: the values, by dtype.
    """

    slots: tuple[ParameterSlot, ...]
    buffers: dict[np.dtype[Any], Array]

    def __init__(self, named_parameters: Iterable[tuple[str, Parameter]]) -> None:
        learned = [(name, p) for name, p in named_parameters if p.requires_grad]
        _check(learned)
        learned.sort(key=lambda item: (str(item[1].dtype), item[1].ndim < 2))  # stable
        places, sizes = _places([parameter for _, parameter in learned])
        self.buffers = {dtype: aligned_zeros(size, dtype) for dtype, size in sizes.items()}
        self._gradients = {dtype: aligned_zeros(size, dtype) for dtype, size in sizes.items()}
        self.slots = tuple(
            ParameterSlot(
                index,
                name,
                parameter,
                start,
                start + parameter.size,
                end,
                self.buffers[parameter.dtype][start : start + parameter.size].reshape(
                    parameter.shape
                ),
            )
            for index, ((name, parameter), (start, end)) in enumerate(
                zip(learned, places, strict=True)
            )
        )
        self._known = frozenset(parameter for _, parameter in learned)
        self._gradient_views = [slot.view_of(self._gradients[slot.dtype]) for slot in self.slots]
        self.rebind()

    @property
    def size(self) -> int:
        """Number of learned numbers."""
        return sum(slot.size for slot in self.slots)

    def rebind(self) -> None:
        """Make every `Parameter.data` its view again where somebody has put another array there.

        The values of that array are kept. Raises ShapeError where its shape is another one.
        """
        for slot in self.slots:
            data = slot.parameter.data
            if data is slot.view:
                continue
            if data.shape != slot.shape:
                raise ShapeError(
                    f"parameter {slot.name} had shape {slot.shape} when training was set up and "
                    f"has {data.shape} now; make a new Trainer after changing the model"
                )
            slot.view[...] = data
            slot.parameter.data = slot.view

    def gather(
        self,
        shards: Sequence[Shard],
        workers: Workers | None = None,
        onto: FlatGradients | None = None,
    ) -> FlatGradients:
        """The sum of the shards' gradients, added in the order of the shards.

        shards: of each part of the batch, the gradients that `pmt_autograd.gradients` found.
        A parameter that is in none of them is left out of the result: it took no part.
        workers: threads to share the work among; the result does not depend on their number.
        onto: result of the `gather` before, to which these are added; it is used up.
        """
        self._check_known(shards)
        earlier = _by_slot(onto)
        found = [
            (
                slot,
                [
                    *earlier.get(slot.index, ()),
                    *(shard[slot.parameter] for shard in shards if slot.parameter in shard),
                ],
            )
            for slot in self.slots
        ]
        found = [(slot, parts) for slot, parts in found if parts]
        if workers is None or sum(slot.size for slot, _ in found) < _THREADS_PAY_FROM:
            summed = [self._sum(slot, parts) for slot, parts in found]
        else:
            order = sorted(range(len(found)), key=lambda i: -found[i][0].size)  # large ones first
            done = workers.map(lambda i: self._sum(*found[i]), order)
            summed = [result for _, result in sorted(zip(order, done, strict=True))]
        return FlatGradients(
            self._gradients,
            tuple(slot for (slot, _), (_, rows) in zip(found, summed, strict=True) if rows is None),
            tuple(
                (slot, rows)
                for (slot, _), (_, rows) in zip(found, summed, strict=True)
                if rows is not None
            ),
            sum(square for square, _ in summed),
        )

    def _sum(
        self, slot: ParameterSlot, parts: Sequence[Array | RowSparse]
    ) -> tuple[float, RowSparse | None]:
        """Add the gradients of one parameter; its squared norm, and the sum if row-sparse."""
        for part in parts:
            if part.shape != slot.shape:
                raise ShapeError(
                    f"the gradient of {slot.name} has shape {part.shape}, expected {slot.shape}"
                )
        sparse = [part for part in parts if isinstance(part, RowSparse)]
        if len(sparse) == len(parts):
            rows = sparse[0]
            for part in sparse[1:]:
                rows = rows + part
            rows = rows.coalesce()
            return squared_norm(rows.values), rows
        dense = [part for part in parts if not isinstance(part, RowSparse)]
        total = self._gradient_views[slot.index]
        if len(dense) == 1:
            if not np.may_share_memory(total, dense[0]):  # else it is the sum of earlier ones
                np.copyto(total, dense[0], casting="same_kind")
        else:
            np.add(dense[0], dense[1], out=total, casting="same_kind")
            for part in dense[2:]:
                np.add(total, part, out=total, casting="same_kind")
        for part in sparse:  # a table that was looked up and multiplied by, too
            part.add_to(total)
        return squared_norm(total), None

    def _check_known(self, shards: Sequence[Shard]) -> None:
        for shard in shards:
            if shard.keys() <= self._known:
                continue
            strange = [tensor for tensor in shard if tensor not in self._known]
            raise StateError(
                f"the loss depends on {len(strange)} tensor(s) that require a gradient and "
                f"are no parameters of the model (first: shape {strange[0].shape}); make "
                "them Parameters of the model, or detach() them"
            )


def _by_slot(gradients: FlatGradients | None) -> dict[int, list[Array | RowSparse]]:
    """What was gathered before, by the index of its slot."""
    if gradients is None:
        return {}
    found: dict[int, list[Array | RowSparse]] = {
        slot.index: [slot.view_of(gradients.buffers[slot.dtype])] for slot in gradients.dense
    }
    return found | {slot.index: [rows] for slot, rows in gradients.sparse}


def _places(
    parameters: Sequence[Parameter],
) -> tuple[list[tuple[int, int]], dict[np.dtype[Any], int]]:
    """(start, end) of every parameter in the buffer of its dtype, and the buffers' sizes.

    Every one starts on a cache line.
    """
    sizes: dict[np.dtype[Any], int] = {}
    places = []
    for parameter in parameters:
        line = CACHE_LINE // parameter.dtype.itemsize
        start = sizes.get(parameter.dtype, 0)
        end = start + -(-parameter.size // line) * line
        places.append((start, end))
        sizes[parameter.dtype] = end
    return places, sizes


def _check(learned: Sequence[tuple[str, Parameter]]) -> None:
    if not learned:
        raise SettingsError(
            "the model has no parameter that requires a gradient, so there is nothing to train"
        )
    seen: dict[int, str] = {}
    for name, parameter in learned:
        if parameter.dtype.kind != "f":
            raise DtypeError(f"parameter {name} must be floating, got {parameter.dtype}")
        if id(parameter) in seen:
            raise StateError(
                f"parameter {name} was given twice, first as {seen[id(parameter)]}; "
                "give every parameter once, as Module.named_parameters() does"
            )
        seen[id(parameter)] = name


CACHE_LINE = 64
"""Bytes of a cache line, and of the widest vector register."""


def aligned_zeros(size: int, dtype: DTypeLike) -> NDArray[Any]:
    """`size` zeros in one piece whose first byte stands at the start of a cache line.

    The operating system hands out such memory page by page when it is first touched, so parts
    that nobody writes to cost nothing.
    """
    itemsize = np.dtype(dtype).itemsize
    memory = np.zeros(size * itemsize + CACHE_LINE, np.uint8)
    skip = -memory.ctypes.data % CACHE_LINE
    return memory[skip : skip + size * itemsize].view(dtype)
