"""`Optimizer`: what all optimizers share. One of them is its formula and little else."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import Array
from pmt_core import RowSparse, SettingsError, ShapeError
from pmt_train.optim.flat_gradients import FlatGradients, ParameterSlot
from pmt_train.optim.flat_parameters import FlatParameters, aligned_zeros
from pmt_train.optim.parameter_groups import Decays, ParameterGroup, decays_matrices
from pmt_train.parallel.workers import Workers

BLOCK = 1 << 15
"""Elements of a block: parameters, gradient, moments and scratch of it stay in the cache."""

_THREADS_PAY_FROM = 1 << 17  # elements


_Scratch = Mapping[np.dtype[Any], list[Array]]
_Job = Callable[[_Scratch], None]
"""A part of a step: it gets the scratch of the thread that does it."""


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of flat memory whose parameters have equal settings."""

    dtype: np.dtype[Any]
    start: int
    stop: int
    lr_factor: float
    decay: float


class Optimizer(ABC):
    """Base of the optimizers: walks the flat memory block by block, a subclass gives the formula.

    A step passes once over the memory: every block of parameters, gradient and state is brought
    to the cache, updated there by a few in-place lines, and left. Blocks are independent, so
    threads can share them without changing a bit of the result.

    Row-sparse gradients update only the rows they name. State that fades with every step (see
    `fade`) is brought up to date when a row is next read, so the moments of a row are those of
    the dense form to the rounding. The one difference to the dense form: a row moves (and decays)
    only in the steps that name it, where the dense form would go on moving it by what is left
    of its momentum. So, without weight decay:

        a table follows the dense form   optimizers
        bit for bit                      SGD without momentum, Adagrad
        to the rounding                  RMSProp without momentum
        in its moments, not its values   SGD and RMSProp with momentum, Adam, AdamW, Lion

    flat: the parameters. weight_decay: of those parameters that `decays` chooses.
    groups: parameters with settings of their own, see `ParameterGroup`.
    Raises SettingsError for a negative decay, and for a group that chooses nothing.

    Attributes:
        state_names: names of the arrays kept per parameter, e.g. ("m", "v").
        scratch_count: scratch arrays that `update` wants.
        steps: number of steps done.
    """

    state_names: tuple[str, ...] = ()
    scratch_count: int = 1

    def __init__(
        self,
        flat: FlatParameters,
        *,
        weight_decay: float = 0.0,
        decays: Decays = decays_matrices,
        groups: Sequence[ParameterGroup] = (),
    ) -> None:
        if not weight_decay >= 0:
            raise SettingsError(f"weight_decay is 0 or more, got {weight_decay}")
        self.flat = flat
        self.weight_decay = weight_decay
        self.steps = 0
        chosen = [_group_of(slot, groups) for slot in flat.slots]
        _check_groups(groups, chosen)
        self._lr_factors = tuple(group.lr_factor if group else 1.0 for group in chosen)
        self._decays = tuple(
            group.weight_decay
            if group is not None and group.weight_decay is not None
            else weight_decay
            if weight_decay and decays(slot.name, slot.parameter)
            else 0.0
            for slot, group in zip(flat.slots, chosen, strict=True)
        )
        self._state = {
            name: {dtype: aligned_zeros(b.size, dtype) for dtype, b in flat.buffers.items()}
            for name in self.state_names
        }
        self._last: dict[int, NDArray[np.int64]] = {}  # slot -> step of each row's last update
        self._scratch: list[dict[np.dtype[Any], list[Array]]] = []
        self._runs_of: tuple[tuple[int, ...], list[Run]] = ((), [])

    # --- what a subclass writes ---------------------------------------------------------------

    @abstractmethod
    def update(
        self,
        p: Array,
        g: Array,
        state: Sequence[Array],
        scratch: Sequence[Array],
        *,
        lr: float,
        scale: float,
        decay: float,
    ) -> None:
        """Update parameters `p` and `state` in place from the gradient `scale * g`.

        All arrays have one shape and dtype; `g` is not to be changed, `scratch` holds anything.
        decay: weight decay of these parameters, 0 for none.
        """

    def decay_state(self, state: Sequence[Array], gaps: Array) -> None:  # noqa: B027 (nothing to fade)
        """Bring the state of rows up to date that had no gradient for `gaps` (n, 1) steps."""

    # --- the step ---------------------------------------------------------------------------

    def step(
        self,
        gradients: FlatGradients,
        lr: float,
        *,
        scale: float = 1.0,
        workers: Workers | None = None,
    ) -> None:
        """Update the parameters once.

        gradients: from `FlatParameters.gather`. lr: learning rate of this step. scale: factor on
        all gradients (1 / number of examples, clipping). workers: threads to share the blocks.
        """
        self.flat.rebind()
        self.steps += 1
        self._catch_up(gradients.dense)
        jobs: list[_Job] = [
            functools.partial(self._step_block, gradients, block, lr=lr, scale=scale)
            for block in self._blocks(self._runs(gradients.dense))
        ]
        elements = sum(slot.size for slot in gradients.dense)
        for slot, rows in gradients.sparse:
            jobs += self._row_jobs(slot, rows, lr=lr, scale=scale)
            elements += rows.values.size
        teams = 1
        if workers is not None and elements >= _THREADS_PAY_FROM:
            teams = workers.count
        self._prepare_scratch(teams)

        def share(team: int) -> None:
            for job in jobs[team::teams]:
                job(self._scratch[team])

        if workers is not None and teams > 1:
            workers.map(share, range(teams))
        else:
            share(0)

    def _step_block(
        self, gradients: FlatGradients, block: Run, scratch: _Scratch, *, lr: float, scale: float
    ) -> None:
        """Update a block of the flat memory."""
        part, size = slice(block.start, block.stop), block.stop - block.start
        self.update(
            self.flat.buffers[block.dtype][part],
            gradients.buffers[block.dtype][part],
            [self._state[name][block.dtype][part] for name in self.state_names],
            [array[:size] for array in scratch[block.dtype]],
            lr=lr * block.lr_factor,
            scale=scale,
            decay=block.decay,
        )

    def _row_jobs(
        self, slot: ParameterSlot, rows: RowSparse, *, lr: float, scale: float
    ) -> Iterator[_Job]:
        """The rows that a row-sparse gradient names, each once, some at a time."""
        if not len(rows.rows):
            return
        if slot.index not in self._last:
            # Rows of before were updated by dense steps, all of them until the last one.
            self._last[slot.index] = np.full(slot.shape[0], self.steps - 1, np.int64)
        n = max(BLOCK * slot.shape[0] // max(slot.size, 1), 1)
        for start in range(0, len(rows.rows), n):
            part = slice(start, start + n)
            yield functools.partial(
                self._step_rows, slot, rows.rows[part], rows.values[part], lr=lr, scale=scale
            )

    def _step_rows(
        self,
        slot: ParameterSlot,
        which: NDArray[np.int64],
        values: Array,
        scratch: _Scratch,
        *,
        lr: float,
        scale: float,
    ) -> None:
        """Update the rows `which` of a table: take them out, update, put back."""
        width = max(slot.size // slot.shape[0], 1)
        table = slot.view.reshape(slot.shape[0], width)
        states = [self._state_view(name, slot).reshape(table.shape) for name in self.state_names]
        last = self._last[slot.index]
        p = table.take(which, axis=0)
        state = [array.take(which, axis=0) for array in states]
        self.decay_state(state, (self.steps - 1 - last[which])[:, None])
        self.update(
            p,
            values.reshape(p.shape),
            state,
            [_room(array, p) for array in scratch[slot.dtype]],
            lr=lr * self._lr_factors[slot.index],
            scale=scale,
            decay=self._decays[slot.index],
        )
        table[which] = p
        for whole, part in zip(states, state, strict=True):
            whole[which] = part
        last[which] = self.steps

    def _catch_up(self, dense: Sequence[ParameterSlot]) -> None:
        """Tables that had row-sparse gradients and now get a dense one: fade all their rows."""
        for slot in dense if self._last else ():
            last = self._last.pop(slot.index, None)
            if last is not None:
                states = [
                    self._state_view(name, slot).reshape(slot.shape[0], -1)
                    for name in self.state_names
                ]
                self.decay_state(states, (self.steps - 1 - last)[:, None])

    def _runs(self, dense: Sequence[ParameterSlot]) -> list[Run]:
        """Neighboring slots with equal settings, joined."""
        key = tuple(slot.index for slot in dense)
        if self._runs_of[0] == key:
            return self._runs_of[1]
        runs: list[Run] = []
        for slot in dense:
            settings = (self._lr_factors[slot.index], self._decays[slot.index])
            run = Run(slot.dtype, slot.start, slot.end, *settings)
            if runs and runs[-1] == replace(run, start=runs[-1].start, stop=slot.start):
                run = replace(run, start=runs.pop().start)
            runs.append(run)
        self._runs_of = key, runs
        return runs

    def _blocks(self, runs: Sequence[Run]) -> Iterator[Run]:
        for run in runs:
            for start in range(run.start, run.stop, BLOCK):
                stop = min(start + BLOCK, run.stop)
                yield Run(run.dtype, start, stop, run.lr_factor, run.decay)

    def _prepare_scratch(self, teams: int) -> None:
        while len(self._scratch) < teams:
            self._scratch.append(
                {
                    dtype: [aligned_zeros(BLOCK, dtype) for _ in range(self.scratch_count)]
                    for dtype in self.flat.buffers
                }
            )

    # --- state --------------------------------------------------------------------------------

    def _state_view(self, name: str, slot: ParameterSlot) -> Array:
        return slot.view_of(self._state[name][slot.dtype])

    def state_dict(self) -> dict[str, Array]:
        """A copy of all that the next step depends on, by name ("m.encoder.weight", ...)."""
        state: dict[str, Array] = {"steps": np.asarray(self.steps, np.int64)}
        for slot in self.flat.slots:
            for name in self.state_names:
                state[f"{name}.{slot.name}"] = self._state_view(name, slot).copy()
            if slot.index in self._last:
                state[f"last.{slot.name}"] = self._last[slot.index].copy()
        return state

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Take over what `state_dict` gave. All or nothing.

        Raises one ShapeError that names every missing, unexpected and misshaped entry.
        """
        expected: dict[str, tuple[int, ...]] = {"steps": ()}
        rows = {f"last.{slot.name}": slot for slot in self.flat.slots if slot.shape}
        for slot in self.flat.slots:
            expected |= {f"{name}.{slot.name}": slot.shape for name in self.state_names}
        problems = [f"missing {name}" for name in expected if name not in state]
        for name, array in state.items():
            shape = expected.get(name) if name not in rows else rows[name].shape[:1]
            if shape is None:
                problems.append(f"unexpected {name}")
            elif array.shape != shape:
                problems.append(f"{name}: expected shape {shape}, got {array.shape}")
        if problems:
            raise ShapeError(
                f"the state does not fit this {type(self).__name__}: {'; '.join(problems)}; "
                "use the model and the optimizer that it was saved with"
            )
        self.steps = int(state["steps"])
        for slot in self.flat.slots:
            for name in self.state_names:
                self._state_view(name, slot)[...] = state[f"{name}.{slot.name}"]
        self._last = {
            slot.index: np.array(state[name], np.int64)
            for name, slot in rows.items()
            if name in state
        }


def _room(scratch: Array, like: Array) -> Array:
    """Scratch of the shape of `like`; new where rows are longer than a block."""
    if like.size > scratch.size:
        return np.empty_like(like)
    return scratch[: like.size].reshape(like.shape)


def _group_of(slot: ParameterSlot, groups: Sequence[ParameterGroup]) -> ParameterGroup | None:
    return next((g for g in groups if g.chooses(slot.name, slot.parameter)), None)


def _check_groups(
    groups: Sequence[ParameterGroup], chosen: Sequence[ParameterGroup | None]
) -> None:
    for i, group in enumerate(groups):
        if not any(group is one for one in chosen):
            raise SettingsError(
                f"parameter group {i + 1} of {len(groups)} chooses no parameter (an earlier group "
                "takes what it would); look at the names in model.named_parameters()"
            )


OptimizerMaker = Callable[[FlatParameters], Optimizer]
"""Makes an optimizer for a model's parameters: a class, or `functools.partial(AdamW, ...)`."""
