"""`Optimizer`: the base class of the optimizers. A subclass adds little but its formula."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from pmt_autograd import Array, Tensor
from pmt_core import RowSparse, SettingsError, StateError
from pmt_train.optim.blocks import (
    Block,
    ParameterRange,
    Scratch,
    join_ranges,
    new_scratch,
    scratch_like,
    split_ranges,
)
from pmt_train.optim.flat_gradients import FlatGradients, ParameterSlot
from pmt_train.optim.flat_parameters import FlatParameters, Parameters
from pmt_train.optim.settings import (
    Decays,
    ParameterGroup,
    check_not_negative,
    decays_matrices,
    settings_of_slots,
)
from pmt_train.optim.state import FlatState, decay_state
from pmt_train.parallel.workers import Workers

BLOCK = 1 << 16
"""Elements of a block: its parameters, gradient, state and scratch fit into the cache."""

_THREADS_PAY_FROM = 1 << 18  # elements


class Optimizer(ABC):
    """Base class of the optimizers.

    `step` takes the gradients that `backward()` left in the parameters; a `Trainer` passes them,
    the learning rate and a scale to `step` instead. The parameters are
    moved into flat memory (`FlatParameters`). A step passes over that memory once: each block of
    parameters, gradient and state is loaded into the cache and updated there by a few in-place
    operations. Blocks are independent, so threads share them and the result stays bit-identical.

    Row-sparse gradients update only the rows they name. State that decays in every step (see
    `state_rates`) is brought up to date when a row is next read, so the moments of a row equal
    those of the dense update to rounding. A row moves (and decays) only in the steps that name
    it, while a dense update also moves it by the rest of its momentum. So, without weight decay:

        a table follows the dense update   optimizers
        bit for bit                        SGD without momentum, Adagrad
        to rounding                        RMSProp without momentum, Adadelta
        in its moments, not its values     SGD and RMSProp with momentum, Adam, AdamW, NAdam,
                                           RAdam, Lion

    Args:
        parameters: `model.parameters()`, `model.named_parameters()` (names appear in
            `state_dict` and are passed to `decays` and `groups`), or a `FlatParameters`.
        lr: learning rate of steps that are given none; may be changed between steps.
        weight_decay: of the parameters that `decays` chooses.
        decays: chooses the parameters that decay; by default matrices and tables, not vectors.
        groups: parameters with settings of their own, see `ParameterGroup`.

    Raises:
        SettingsError: for a setting out of range, and for a group that chooses no parameter.

    Attributes:
        state_names: names of the arrays kept for each parameter, e.g. ("m", "v").
        state_rates: factor on each of these arrays in a step without a gradient; empty if they
            do not decay.
        flat: the parameters.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Linear, mse
        >>> from pmt_train import Adam
        >>> x = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
        >>> y = x @ np.array([[1], [2], [3]], np.float32)
        >>> model = Linear(3, 1, np.random.default_rng(1))
        >>> optimizer = Adam(model.parameters(), lr=0.1)
        >>> for _ in range(200):
        ...     optimizer.zero_grad()
        ...     mse(model(x), y).backward()
        ...     optimizer.step()
        >>> optimizer.steps, model.weight.data.ravel().round(1)
        (200, array([1., 2., 3.], dtype=float32))
    """

    state_names: tuple[str, ...] = ()
    state_rates: tuple[float, ...] = ()

    def __init__(
        self,
        parameters: Parameters,
        lr: float | None = None,
        *,
        weight_decay: float = 0.0,
        decays: Decays = decays_matrices,
        groups: Sequence[ParameterGroup] = (),
    ) -> None:
        check_not_negative("weight_decay", weight_decay)
        if lr is not None:
            check_not_negative("lr", lr)
        if not isinstance(parameters, FlatParameters):
            parameters = FlatParameters(parameters)
        self.flat = parameters
        self.lr = lr
        self.weight_decay = weight_decay
        settings = settings_of_slots(self.flat.slots, weight_decay, decays, groups)
        self._lr_factors, self._decays = settings
        self._state = FlatState(self.flat, self.state_names)
        self._scratch: list[Scratch] = []
        self._ranges: tuple[tuple[int, ...], list[ParameterRange]] = ((), [])

    @property
    def steps(self) -> int:
        """Number of steps done."""
        return self._state.steps

    @abstractmethod
    def update(self, block: Block) -> None:
        """Update `block.p` and `block.state` in place. All arrays have one shape and dtype."""

    def zero_grad(self) -> None:
        """Set the `.grad` of all parameters to None."""
        for slot in self.flat.slots:
            slot.parameter.zero_grad()

    def gather(self) -> FlatGradients:
        """Return the `.grad` of all parameters, in flat memory."""
        shard: dict[Tensor, Array | RowSparse] = {
            slot.parameter: slot.parameter.grad
            for slot in self.flat.slots
            if slot.parameter.grad is not None
        }
        if not shard:
            raise StateError(
                "no parameter has a gradient; call loss.backward() before optimizer.step(), on a "
                "loss of the model whose parameters the optimizer was given"
            )
        return self.flat.gather([shard])

    def step(
        self,
        gradients: FlatGradients | None = None,
        lr: float | None = None,
        *,
        scale: float = 1.0,
        workers: Workers | None = None,
    ) -> None:
        """Update the parameters once.

        By default it takes `gather()`, the gradients that `loss.backward()` left in `.grad`, and
        the learning rate `self.lr`. `scale` is a factor on all gradients (1 / number of examples,
        clipping); `workers` share the blocks.
        """
        lr = self.lr if lr is None else lr
        if lr is None:
            raise SettingsError(
                f"expected a learning rate, got none; use {type(self).__name__}(parameters, "
                "lr=1e-3) or step(lr=1e-3)"
            )
        gradients = self.gather() if gradients is None else gradients
        self.flat.rebind()
        self._state.steps += 1
        self._update_skipped_rows(gradients.dense)
        jobs: list[Callable[[Scratch], None]] = [
            functools.partial(self._step_block, gradients, block, lr=lr, scale=scale)
            for block in self._blocks_of(gradients.dense)
        ]
        elements = sum(slot.size for slot in gradients.dense)
        for slot, rows in gradients.sparse:
            jobs += self._row_jobs(slot, rows, lr=lr, scale=scale)
            elements += rows.values.size
        threads = 1
        if workers is not None and elements >= _THREADS_PAY_FROM:
            threads = workers.count
        while len(self._scratch) < threads:
            self._scratch.append(new_scratch(self.flat.buffers, BLOCK))

        def run(thread: int) -> None:
            for job in jobs[thread::threads]:
                job(self._scratch[thread])

        if workers is not None and threads > 1:
            workers.map(run, range(threads))
        else:
            run(0)

    def _blocks_of(self, dense: Sequence[ParameterSlot]) -> Iterator[ParameterRange]:
        """Yield blocks of the memory of the given slots."""
        key = tuple(slot.index for slot in dense)
        if self._ranges[0] != key:
            self._ranges = key, join_ranges(dense, self._lr_factors, self._decays)
        return split_ranges(self._ranges[1], BLOCK)

    def _step_block(
        self,
        gradients: FlatGradients,
        block: ParameterRange,
        scratch: Scratch,
        *,
        lr: float,
        scale: float,
    ) -> None:
        """Update a block of the flat memory."""
        part, size = slice(block.start, block.stop), block.stop - block.start
        self.update(
            Block(
                self.flat.buffers[block.dtype][part],
                gradients.buffers[block.dtype][part],
                [self._state.buffers[name][block.dtype][part] for name in self.state_names],
                [array[:size] for array in scratch[block.dtype]],
                lr * block.lr_factor,
                scale,
                block.decay,
            )
        )

    def _row_jobs(
        self, slot: ParameterSlot, rows: RowSparse, *, lr: float, scale: float
    ) -> Iterator[Callable[[Scratch], None]]:
        """Update the rows that a row-sparse gradient names, some at a time."""
        if not len(rows.rows):
            return
        if slot.index not in self._state.last:
            # Dense steps until now updated all rows.
            self._state.last[slot.index] = np.full(slot.shape[0], self.steps - 1, np.int64)
        n = max(BLOCK * slot.shape[0] // max(slot.size, 1), 1)
        for start in range(0, len(rows.rows), n):
            part = slice(start, start + n)
            gradient = RowSparse(rows.rows[part], rows.values[part], rows.shape)
            yield functools.partial(self._step_rows, slot, gradient, lr=lr, scale=scale)

    def _step_rows(
        self, slot: ParameterSlot, rows: RowSparse, scratch: Scratch, *, lr: float, scale: float
    ) -> None:
        """Update rows of a table: copy them, update the copies, write them back."""
        table, *states = self._as_rows(slot)
        last = self._state.last[slot.index]
        p = table.take(rows.rows, axis=0)
        state = [array.take(rows.rows, axis=0) for array in states]
        decay_state(state, self.state_rates, self.steps - 1 - last[rows.rows])
        self.update(
            Block(
                p,
                rows.values.reshape(p.shape),
                state,
                [scratch_like(array, p) for array in scratch[slot.dtype]],
                lr * self._lr_factors[slot.index],
                scale,
                self._decays[slot.index],
            )
        )
        for whole, part in zip((table, *states), (p, *state), strict=True):
            whole[rows.rows] = part
        last[rows.rows] = self.steps

    def _as_rows(self, slot: ParameterSlot) -> list[Array]:
        """Return the parameter and its state, each as (rows, width)."""
        arrays = [slot.view, *(self._state.view(name, slot) for name in self.state_names)]
        width = max(slot.size // slot.shape[0], 1)
        return [array.reshape(slot.shape[0], width) for array in arrays]

    def _update_skipped_rows(self, dense: Sequence[ParameterSlot]) -> None:
        """Decay the state of tables that had row-sparse gradients and now get a dense one."""
        for slot in dense if self._state.last else ():
            last = self._state.last.pop(slot.index, None)
            if last is not None:
                decay_state(self._as_rows(slot)[1:], self.state_rates, self.steps - 1 - last)

    def state_dict(self) -> dict[str, Array]:
        """Return a copy of all state of later steps by name ("m.encoder.weight", ...)."""
        return self._state.state_dict()

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Load what `state_dict` returned, all or nothing; see `Module.load_state_dict`."""
        self._state.load_state_dict(state, type(self).__name__)

    def check_state_dict(self, state: Mapping[str, Array]) -> None:
        """Raise the error that `load_state_dict` would raise, and change nothing."""
        self._state.check(state, type(self).__name__)
