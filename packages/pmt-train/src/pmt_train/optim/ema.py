"""`WeightAverage`: an exponential moving average of the weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import Array
from pmt_core import SettingsError, ShapeError
from pmt_train.optim.flat_gradients import FlatGradients
from pmt_train.optim.flat_parameters import FlatParameters, aligned_zeros
from pmt_train.optim.optimizer import BLOCK


class WeightAverage:
    """The mean of the weights after every step, those of late steps counting most.

        a = decay a + (1 - decay) p        after every step; the average is a / (1 - decay^t)

    Kingma & Ba 2015, section 7.2: a begins with zeros and the division takes their share out, so
    that the first weights are not favored. The average mostly scores better than the weights
    themselves, which jump about the best place as long as the learning rate is high.

    Rows of tables with row-sparse gradients stand still in the steps that do not name them, so
    the average of a row is brought up to date when it is next named (or the average is asked
    for): that is the same number, to the rounding, at no cost for a large table.

        average.before_step(gradients)
        optimizer.step(gradients, lr)
        average.after_step(gradients)

    flat: the weights. decay: in 0 < decay < 1, e.g. 0.999: about the last 1000 steps.

    Attributes:
        steps: number of steps that were averaged.
    """

    def __init__(self, flat: FlatParameters, decay: float = 0.999) -> None:
        if not 0 < decay < 1:
            raise SettingsError(f"the decay of an average lies in 0 < decay < 1, got {decay}")
        self.flat = flat
        self.decay = decay
        self.steps = 0
        self._sums = {dtype: aligned_zeros(b.size, dtype) for dtype, b in flat.buffers.items()}
        self._scratch = {dtype: aligned_zeros(BLOCK, dtype) for dtype in flat.buffers}
        self._last: dict[int, NDArray[np.int64]] = {}  # slot -> step up to which rows are averaged

    def before_step(self, gradients: FlatGradients) -> None:
        """Call it before the optimizer's step: the rows it will move are brought up to date."""
        for slot, rows in gradients.sparse:
            last = self._last.setdefault(slot.index, np.full(slot.shape[0], self.steps, np.int64))
            self._catch_up(slot.index, rows.rows)
            last[rows.rows] = self.steps
        for slot in gradients.dense:
            if slot.index in self._last:  # a table that had row-sparse gradients until now
                self._catch_up(slot.index, np.arange(slot.shape[0]))
                del self._last[slot.index]

    def after_step(self, gradients: FlatGradients) -> None:
        """Call it after the optimizer's step: the weights are counted in."""
        self.steps += 1
        for slot, rows in gradients.sparse:
            self._catch_up(slot.index, rows.rows)
            self._last[slot.index][rows.rows] = self.steps
        for start, stop, dtype in self._dense_runs():
            p, a, s = self.flat.buffers[dtype], self._sums[dtype], self._scratch[dtype]
            for begin in range(start, stop, BLOCK):
                part = slice(begin, min(begin + BLOCK, stop))
                scratch = s[: part.stop - part.start]
                np.subtract(p[part], a[part], out=scratch)
                scratch *= 1 - self.decay
                a[part] += scratch

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Within this context the weights of the model are their average.

        Afterwards they are what they were, to the bit. Before the first step there is no average
        and nothing changes.
        """
        if not self.steps:
            yield
            return
        self.flat.rebind()
        before = {dtype: buffer.copy() for dtype, buffer in self.flat.buffers.items()}
        share = 1 - self.decay**self.steps
        late = {i: self._caught_up(i, np.arange(len(last))) for i, last in self._last.items()}
        for dtype, buffer in self.flat.buffers.items():
            np.divide(self._sums[dtype], share, out=buffer)
        for i, sums in late.items():
            np.divide(sums, share, out=self.flat.slots[i].view)
        try:
            yield
        finally:
            self.flat.rebind()
            for dtype, buffer in self.flat.buffers.items():
                np.copyto(buffer, before[dtype])

    def _catch_up(self, index: int, rows: NDArray[np.int64]) -> None:
        slot = self.flat.slots[index]
        slot.view_of(self._sums[slot.dtype])[rows] = self._caught_up(index, rows)

    def _caught_up(self, index: int, rows: NDArray[np.int64]) -> Array:
        """Averages of rows that stood still since `last`: a + (1 - decay^gap) (p - a)."""
        slot = self.flat.slots[index]
        gaps = (self.steps - self._last[index][rows]).reshape(-1, *[1] * (len(slot.shape) - 1))
        found = slot.view_of(self._sums[slot.dtype])[rows]
        found += (1 - np.power(self.decay, gaps)).astype(slot.dtype) * (slot.view[rows] - found)
        return found

    def _dense_runs(self) -> Iterator[tuple[int, int, np.dtype[np.generic]]]:
        """(start, stop, dtype) of neighboring slots that are averaged in every step."""
        run: tuple[int, int, np.dtype[np.generic]] | None = None
        for slot in self.flat.slots:
            if slot.index in self._last:
                continue
            if run is not None and run[1:] == (slot.start, slot.dtype):
                run = (run[0], slot.end, slot.dtype)
                continue
            if run is not None:
                yield run
            run = (slot.start, slot.end, slot.dtype)
        if run is not None:
            yield run

    def state_dict(self) -> dict[str, Array]:
        """A copy of all that the next step depends on, by name."""
        state: dict[str, Array] = {"steps": np.asarray(self.steps, np.int64)}
        for slot in self.flat.slots:
            state[f"sum.{slot.name}"] = slot.view_of(self._sums[slot.dtype]).copy()
            if slot.index in self._last:
                state[f"last.{slot.name}"] = self._last[slot.index].copy()
        return state

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Take over what `state_dict` gave. Raises ShapeError where it does not fit."""
        for slot in self.flat.slots:
            found = state.get(f"sum.{slot.name}")
            if found is None or found.shape != slot.shape:
                got = "nothing" if found is None else f"shape {found.shape}"
                raise ShapeError(
                    f"the average of {slot.name}: expected shape {slot.shape}, got {got}; use "
                    "the model that it was saved with"
                )
        self.steps = int(state["steps"])
        self._last = {}
        for slot in self.flat.slots:
            slot.view_of(self._sums[slot.dtype])[...] = state[f"sum.{slot.name}"]
            if f"last.{slot.name}" in state:
                self._last[slot.index] = np.array(state[f"last.{slot.name}"], np.int64)
