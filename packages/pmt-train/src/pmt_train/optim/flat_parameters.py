"""`FlatParameters`: all parameters of a model in one flat buffer per dtype."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Array, Tensor
from pmt_core import DtypeError, RowSparse, SettingsError, ShapeError, StateError
from pmt_nn import Parameter
from pmt_train.optim.flat_gradients import FlatGradients, ParameterSlot, squared_norm_unchecked
from pmt_train.parallel.workers import Workers

Shard = Mapping[Tensor, Array | RowSparse]
"""The gradients of one shard of a batch, by parameter."""

CACHE_LINE = 64
"""Bytes of a cache line, and of the widest vector register."""

_THREADS_PAY_FROM = 1 << 18  # elements: below, distributing work to threads costs more


class FlatParameters:
    """Parameters moved into one flat buffer per dtype; each `Parameter.data` becomes a view of it.

    An optimizer is then a few vectorized operations on blocks of that buffer, and a sum of
    gradients over processes is one call. Matrices and tables come first, vectors (biases, norms)
    last, so that parameters with equal settings (weight decay) form long ranges.

    A gradient that is a `RowSparse` (of a table that was looked up) is not written to the
    gradient buffer: its rows are passed on as they are, and the table's part of the buffer is
    never touched.

    Args:
        parameters: `Module.named_parameters()`, or `Module.parameters()`, which get the names
            "0", "1", ... Parameters that do not require a gradient are left out.

    Raises:
        SettingsError: if no parameter is left, or something else than parameters was given.
        DtypeError: for a parameter that is not floating.
        StateError: for a parameter that was given twice.

    Attributes:
        slots: the location of each parameter, in order of the memory.
        buffers: the values, by dtype.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Linear
        >>> from pmt_train import FlatParameters
        >>> model = Linear(2, 1, np.random.default_rng(0))
        >>> flat = FlatParameters(model.named_parameters())
        >>> flat.size, [slot.name for slot in flat.slots]
        (3, ['weight', 'bias'])
        >>> for buffer in flat.buffers.values():
        ...     buffer[...] = 7
        >>> model.weight.data.ravel(), model.bias.data  # views of the buffer
        (array([7., 7.], dtype=float32), array([7.], dtype=float32))
    """

    slots: tuple[ParameterSlot, ...]
    buffers: dict[np.dtype[Any], Array]

    def __init__(self, parameters: Iterable[Parameter] | Iterable[tuple[str, Parameter]]) -> None:
        learned = [(name, p) for name, p in _named(parameters) if p.requires_grad]
        _check(learned)
        learned.sort(key=lambda item: (str(item[1].dtype), item[1].ndim < 2))  # stable
        ranges, sizes = _ranges([parameter for _, parameter in learned])
        self.buffers = {dtype: aligned_zeros(size, dtype) for dtype, size in sizes.items()}
        self._gradients = {dtype: aligned_zeros(size, dtype) for dtype, size in sizes.items()}
        slots = []
        for index, ((name, p), (start, end)) in enumerate(zip(learned, ranges, strict=True)):
            view = self.buffers[p.dtype][start : start + p.size].reshape(p.shape)
            slots.append(ParameterSlot(index, name, p, start, start + p.size, end, view))
        self.slots = tuple(slots)
        self._known = frozenset(parameter for _, parameter in learned)
        self._gradient_views = [slot.view_of(self._gradients[slot.dtype]) for slot in self.slots]
        self.rebind()

    @property
    def size(self) -> int:
        """Number of trained elements."""
        return sum(slot.size for slot in self.slots)

    def rebind(self) -> None:
        """Make each `Parameter.data` a view of the buffer again, with the values it has now.

        Raises ShapeError if the data was replaced by an array of another shape.
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
        """Return the sum of the shards' gradients, added in the order of the shards.

        A parameter that is in no shard is left out of the result. The gradients are added to
        `onto`, the result of the previous `gather`, which is not valid afterwards. The result
        does not depend on the number of `workers`.
        """
        self._check_known(shards)
        earlier = _by_slot(onto)
        parts_of = ([*earlier.get(s.index, ()), *_of_slot(shards, s)] for s in self.slots)
        work = [(slot, parts) for slot, parts in zip(self.slots, parts_of, strict=True) if parts]
        if workers is None or not _threads_pay(workers, work):
            with np.errstate(over="ignore", invalid="ignore"):
                sums = [self._sum(slot, parts) for slot, parts in work]
        else:
            order = sorted(range(len(work)), key=lambda i: -work[i][0].size)  # large ones first
            quiet_sum = np.errstate(over="ignore", invalid="ignore")(self._sum)  # of each thread
            unordered = workers.map(lambda i: quiet_sum(*work[i]), order)
            sums = [result for _, result in sorted(zip(order, unordered, strict=True))]
        by_slot = [(slot, rows) for (slot, _), (_, rows) in zip(work, sums, strict=True)]
        dense = tuple(slot for slot, rows in by_slot if rows is None)
        sparse = tuple((slot, rows) for slot, rows in by_slot if rows is not None)
        return FlatGradients(self._gradients, dense, sparse, sum(square for square, _ in sums))

    @property
    def gradients(self) -> Mapping[np.dtype[Any], Array]:
        """Flat memory of the gradients, by dtype."""
        return self._gradients

    def gradient_of(self, slot: ParameterSlot) -> Array:
        """Return the part of that memory for one parameter, in its shape."""
        return self._gradient_views[slot.index]

    def _sum(
        self, slot: ParameterSlot, parts: Sequence[Array | RowSparse]
    ) -> tuple[float, RowSparse | None]:
        """Add the gradients of one parameter; return its squared norm, and the sum if sparse."""
        rows = self.add(slot, parts)
        total = self._gradient_views[slot.index] if rows is None else rows.values
        return squared_norm_unchecked(total), rows

    def add(self, slot: ParameterSlot, parts: Sequence[Array | RowSparse]) -> RowSparse | None:
        """Write the sum of gradients of one parameter to flat memory; return it if all are sparse.

        A row-sparse sum is not written.
        """
        for part in parts:
            if part.shape != slot.shape:
                raise ShapeError(
                    f"the gradient of {slot.name} has shape {part.shape}, expected {slot.shape}"
                )
        sparse = [part.viewed_as(np.ndarray) for part in parts if isinstance(part, RowSparse)]
        if len(sparse) == len(parts):
            rows = sparse[0]
            for part in sparse[1:]:
                rows = rows + part
            return rows.coalesce()
        dense = [np.asarray(part) for part in parts if not isinstance(part, RowSparse)]
        total = self._gradient_views[slot.index]
        if len(dense) == 1:
            if not np.may_share_memory(total, dense[0]):  # else it is the sum of earlier batches
                np.copyto(total, dense[0], casting="same_kind")
        else:
            np.add(dense[0], dense[1], out=total, casting="same_kind")
            for part in dense[2:]:
                np.add(total, part, out=total, casting="same_kind")
        for part in sparse:  # a table that was looked up and also multiplied by
            part.add_to(total)
        return None

    def _check_known(self, shards: Sequence[Shard]) -> None:
        for shard in shards:
            if shard.keys() <= self._known:
                continue
            unknown = [tensor for tensor in shard if tensor not in self._known]
            raise StateError(
                f"the loss depends on {len(unknown)} tensor(s) that require a gradient and "
                f"are no parameters of the model (first: shape {unknown[0].shape}); make "
                "them Parameters of the model, or detach() them"
            )


Parameters: TypeAlias = FlatParameters | Iterable[Parameter] | Iterable[tuple[str, Parameter]]
"""What an optimizer is made from: `model.parameters()`, `model.named_parameters()`, or both of
them moved into flat memory already."""


def _threads_pay(workers: Workers, work: Sequence[tuple[ParameterSlot, Any]]) -> bool:
    return workers.active > 1 and sum(slot.size for slot, _ in work) >= _THREADS_PAY_FROM


def _of_slot(shards: Sequence[Shard], slot: ParameterSlot) -> Iterator[Array | RowSparse]:
    return (shard[slot.parameter] for shard in shards if slot.parameter in shard)


def _by_slot(gradients: FlatGradients | None) -> dict[int, list[Array | RowSparse]]:
    """Return gathered gradients by the index of their slot."""
    if gradients is None:
        return {}
    dense: dict[int, list[Array | RowSparse]] = {
        slot.index: [slot.view_of(gradients.buffers[slot.dtype])] for slot in gradients.dense
    }
    return dense | {slot.index: [rows] for slot, rows in gradients.sparse}


def _ranges(
    parameters: Sequence[Parameter],
) -> tuple[list[tuple[int, int]], dict[np.dtype[Any], int]]:
    """Return (start, end) of each parameter, on cache lines, and the sizes of the buffers."""
    sizes: dict[np.dtype[Any], int] = {}
    ranges = []
    for parameter in parameters:
        line = CACHE_LINE // parameter.dtype.itemsize
        start = sizes.get(parameter.dtype, 0)
        end = start + -(-parameter.size // line) * line
        ranges.append((start, end))
        sizes[parameter.dtype] = end
    return ranges, sizes


def _named(parameters: object) -> Iterator[tuple[str, Parameter]]:
    """Yield (name, parameter) of what an optimizer was given."""
    expected = "expected model.parameters() or model.named_parameters()"
    if isinstance(parameters, (str, Mapping)) or not isinstance(parameters, Iterable):
        raise SettingsError(f"{expected}, got {type(parameters).__name__} {parameters!r:.60}")
    for i, item in enumerate(parameters):
        match item:
            case Parameter():
                yield str(i), item
            case (str() as name, Parameter() as parameter):
                yield name, parameter
            case dict():
                raise SettingsError(
                    f"{expected}, got a dict; settings of some parameters are given as "
                    "groups=[ParameterGroup(lambda name, p: ..., lr_factor=0.1)]"
                )
            case _:
                raise SettingsError(f"{expected}; item {i} is a {type(item).__name__}")


def _check(learned: Sequence[tuple[str, Parameter]]) -> None:
    if not learned:
        raise SettingsError(
            "the model has no parameter that requires a gradient, so there is nothing to train"
        )
    names: dict[int, str] = {}
    for name, parameter in learned:
        if parameter.dtype.kind != "f":
            raise DtypeError(f"parameter {name} must be floating, got {parameter.dtype}")
        if id(parameter) in names:
            raise StateError(
                f"parameter {name} was given twice, first as {names[id(parameter)]}; "
                "give every parameter once, as Module.named_parameters() does"
            )
        names[id(parameter)] = name


def aligned_zeros(size: int, dtype: DTypeLike) -> NDArray[Any]:
    """Return `size` contiguous zeros whose first byte is at the start of a cache line.

    The operating system provides such memory page by page when it is first touched, so parts
    that are never written cost nothing.
    """
    itemsize = np.dtype(dtype).itemsize
    memory = np.zeros(size * itemsize + CACHE_LINE, np.uint8)
    skip = -memory.ctypes.data % CACHE_LINE
    return memory[skip : skip + size * itemsize].view(dtype)
