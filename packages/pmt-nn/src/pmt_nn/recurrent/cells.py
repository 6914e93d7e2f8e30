"""Recurrent cells: one step of an RNN, GRU or LSTM, for loops of your own."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import Tensor
from pmt_core import ShapeError, check_sizes
from pmt_nn.module.inputs import float_tensor
from pmt_nn.recurrent.rnn import RecurrentCell, open_forget_gate
from pmt_nn.recurrent.scans import gru_scan, lstm_scan, rnn_scan


class StepCell(RecurrentCell):
    """Base class of `RNNCell`, `GRUCell` and `LSTMCell`. For the arguments see `RNNCell`."""

    gates: ClassVar[int] = 1
    has_state_bias: ClassVar[bool] = False

    def __init__(
        self,
        n_in: int,
        n: int,
        rng: np.random.Generator,
        *,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_sizes(type(self).__name__, n_in=n_in, n=n)
        state_bias = self.has_state_bias
        super().__init__(n_in, n, self.gates, rng, state_bias=state_bias, bias=bias, dtype=dtype)
        self.n = n

    def _projected(self, x: Tensor) -> Tensor:
        """Return the product of x (b, n_in) and the input weights as one step, (b, 1, gates n)."""
        x = float_tensor(x, self.weight)
        n_in = self.input.weight.shape[0]
        if x.ndim != 2 or x.shape[1] != n_in:
            raise ShapeError(f"{type(self).__name__} needs x (b, {n_in}), got shape {x.shape}")
        projected: Tensor = self.input(x).reshape(len(x), 1, self.gates * self.n)
        return projected

    def _state(self, state: Tensor | None, b: int) -> Tensor:
        """Return the state (b, n), zeros for None."""
        if state is None:
            return Tensor(np.zeros((b, self.n), self.weight.dtype))
        state = float_tensor(state, self.weight)
        if state.shape != (b, self.n):
            raise ShapeError(
                f"{type(self).__name__} needs a state {(b, self.n)}, got shape {state.shape}"
            )
        return state


class RNNCell(StepCell):
    """One step of an Elman network, h' = tanh(x W + b + h U); see `RNN`.

    The weights have the names and shapes of one layer of the network (`cells.0`), which runs all
    steps of a sequence in one operation and is faster.

    Args:
        n_in: width of the inputs.
        n: width of the states.
        rng: stream of the initial weights.
        bias: whether there are biases.
        dtype: of the parameters.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import RNNCell
        >>> cell, state = RNNCell(3, 8, np.random.default_rng(0)), None
        >>> for x in np.ones((5, 4, 3), np.float32):  # five steps of a batch of four
        ...     state = cell(x, state)
        >>> state.shape
        (4, 8)
    """

    def forward(self, x: Tensor, state: Tensor | None = None) -> Tensor:
        """Return the next state (b, n) of inputs x (b, n_in). state: (b, n), zeros by default."""
        z = self._projected(x)
        return rnn_scan(z, self.weight, self._state(state, len(z)))[:, 0]


class GRUCell(StepCell):
    """One step of a gated recurrent unit; see `GRU` and `gru_scan`, for the arguments `RNNCell`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import GRUCell
        >>> cell = GRUCell(3, 8, np.random.default_rng(0))
        >>> state = cell(np.ones((4, 3), np.float32))
        >>> cell(np.ones((4, 3), np.float32), state).shape
        (4, 8)
    """

    gates = 3
    has_state_bias = True

    def forward(self, x: Tensor, state: Tensor | None = None) -> Tensor:
        """Return the next state (b, n) of inputs x (b, n_in). state: (b, n), zeros by default."""
        z = self._projected(x)
        return gru_scan(z, self.weight, self.bias, self._state(state, len(z)))[:, 0]


class LSTMCell(StepCell):
    """One step of an LSTM; see `LSTM` and `lstm_scan`, for the arguments `RNNCell`.

    The bias of the forget gate starts at 1 (Jozefowicz et al. 2015).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import LSTMCell
        >>> lstm = LSTMCell(3, 8, np.random.default_rng(0))
        >>> state, cell = lstm(np.ones((4, 3), np.float32))
        >>> state, cell = lstm(np.ones((4, 3), np.float32), (state, cell))
        >>> state.shape, cell.shape
        ((4, 8), (4, 8))
    """

    gates = 4

    def __init__(
        self,
        n_in: int,
        n: int,
        rng: np.random.Generator,
        *,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(n_in, n, rng, bias=bias, dtype=dtype)
        open_forget_gate(self)

    def forward(
        self, x: Tensor, state: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the next (state, cell), (b, n) each, of inputs x (b, n_in).

        state: a pair (state, cell), (b, n) each, zeros by default.
        """
        z = self._projected(x)
        hidden, cell = (None, None) if state is None else state
        starts = self._state(hidden, len(z)), self._state(cell, len(z))
        states = lstm_scan(z, self.weight, *starts)[:, 0]
        return states[:, : self.n], states[:, self.n :]
