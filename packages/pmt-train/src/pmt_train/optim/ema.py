"""`WeightAverage`: an exponential moving average (EMA) of the weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import Array
from pmt_core import SettingsError
from pmt_train.optim.flat_gradients import FlatGradients
from pmt_train.optim.flat_parameters import FlatParameters, aligned_zeros
from pmt_train.optim.optimizer import BLOCK
from pmt_train.optim.state import FlatState


class WeightAverage:
    """An exponential moving average of the weights after every step.

        a = decay a + (1 - decay) p        after every step; the average is a / (1 - decay^t)

    a starts at zero and the division removes that bias (Kingma & Ba 2015, section 7.2). While
    the learning rate is high, the average usually scores better than the weights, which oscillate
    around the minimum.

    Rows of tables with row-sparse gradients do not change in steps that do not name them. The
    average of a row is updated when it is next named, or when the average is applied: the same
    value to rounding, at no cost for a large table.

    `decay` is in 0 < decay < 1; 0.999 averages about the last 1000 steps.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Parameter
        >>> from pmt_train import SGD, FlatParameters, WeightAverage
        >>> p = Parameter([0.0])
        >>> flat = FlatParameters([p])
        >>> optimizer, average = SGD(flat, lr=1.0), WeightAverage(flat, decay=0.5)
        >>> for gradient in (-1.0, 1.0, -1.0):  # the weight oscillates: 1, 0, 1
        ...     p.grad = np.array([gradient], np.float32)
        ...     gradients = optimizer.gather()
        ...     average.before_step(gradients)
        ...     optimizer.step(gradients)
        ...     average.after_step(gradients)
        >>> with average.applied():
        ...     print(p.data.round(3))  # (1 * 0.125 + 0 * 0.25 + 1 * 0.5) / 0.875
        [0.714]
        >>> p.data
        array([1.], dtype=float32)
    """

    def __init__(self, flat: FlatParameters, decay: float = 0.999) -> None:
        if not 0 < decay < 1:
            raise SettingsError(f"the decay of an average lies in 0 < decay < 1, got {decay}")
        self.flat = flat
        self.decay = decay
        self._state = FlatState(flat, ("sum",))
        self._scratch = {dtype: aligned_zeros(BLOCK, dtype) for dtype in flat.buffers}

    @property
    def steps(self) -> int:
        """Number of steps that were averaged."""
        return self._state.steps

    def before_step(self, gradients: FlatGradients) -> None:
        """Bring the rows that the optimizer is about to change up to date."""
        last_of = self._state.last
        for slot, rows in gradients.sparse:
            last = last_of.setdefault(slot.index, np.full(slot.shape[0], self.steps, np.int64))
            self._update_rows(slot.index, rows.rows)
            last[rows.rows] = self.steps
        for slot in gradients.dense:
            if slot.index in last_of:  # a table that had row-sparse gradients until now
                self._update_rows(slot.index, np.arange(slot.shape[0]))
                del last_of[slot.index]

    def after_step(self, gradients: FlatGradients) -> None:
        """Include the weights after the optimizer's step in the average."""
        self._state.steps += 1
        for slot, rows in gradients.sparse:
            self._update_rows(slot.index, rows.rows)
            self._state.last[slot.index][rows.rows] = self.steps
        for start, stop, dtype in self._dense_ranges():
            p, a, s = self.flat.buffers[dtype], self._sums[dtype], self._scratch[dtype]
            for begin in range(start, stop, BLOCK):
                part = slice(begin, min(begin + BLOCK, stop))
                scratch = s[: part.stop - part.start]
                np.subtract(p[part], a[part], out=scratch)
                scratch *= 1 - self.decay
                a[part] += scratch

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Replace the weights of the model by their average within this context.

        Afterwards the weights are bit-identical to before. Before the first step there is no
        average and nothing changes.
        """
        if not self.steps:
            yield
            return
        self.flat.rebind()
        before = {dtype: buffer.copy() for dtype, buffer in self.flat.buffers.items()}
        share = 1 - self.decay**self.steps
        tables = {
            i: self._present_rows(i, np.arange(len(last))) for i, last in self._state.last.items()
        }
        for dtype, buffer in self.flat.buffers.items():
            np.divide(self._sums[dtype], share, out=buffer)
        for i, sums in tables.items():
            np.divide(sums, share, out=self.flat.slots[i].view)
        try:
            yield
        finally:
            self.flat.rebind()
            for dtype, buffer in self.flat.buffers.items():
                np.copyto(buffer, before[dtype])

    @property
    def _sums(self) -> dict[np.dtype[np.generic], Array]:
        return self._state.buffers["sum"]

    def _update_rows(self, index: int, rows: NDArray[np.int64]) -> None:
        slot = self.flat.slots[index]
        self._state.view("sum", slot)[rows] = self._present_rows(index, rows)

    def _present_rows(self, index: int, rows: NDArray[np.int64]) -> Array:
        """Return sums of rows unchanged since `last`: a + (1 - decay^gap) (p - a)."""
        slot = self.flat.slots[index]
        gaps = self.steps - self._state.last[index][rows]
        gaps = gaps.reshape(-1, *[1] * (len(slot.shape) - 1))
        sums = self._state.view("sum", slot)[rows]
        sums += (1 - np.power(self.decay, gaps)).astype(slot.dtype) * (slot.view[rows] - sums)
        return sums

    def _dense_ranges(self) -> list[tuple[int, int, np.dtype[np.generic]]]:
        """Return (start, stop, dtype) of neighboring slots that are averaged in every step."""
        ranges: list[tuple[int, int, np.dtype[np.generic]]] = []
        for slot in self.flat.slots:
            if slot.index not in self._state.last:
                follows = bool(ranges) and ranges[-1][1:] == (slot.start, slot.dtype)
                start = ranges.pop()[0] if follows else slot.start
                ranges.append((start, slot.end, slot.dtype))
        return ranges

    def state_dict(self) -> dict[str, Array]:
        """Return a copy of all state of later steps by name ("sum.encoder.weight", ...)."""
        return self._state.state_dict()

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Load what `state_dict` returned, all or nothing; see `Module.load_state_dict`."""
        self._state.load_state_dict(state, type(self).__name__)

    def check_state_dict(self, state: Mapping[str, Array]) -> None:
        """Raise the error that `load_state_dict` would raise, and change nothing."""
        self._state.check(state, type(self).__name__)
