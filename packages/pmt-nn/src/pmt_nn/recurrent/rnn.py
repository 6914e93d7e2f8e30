"""Recurrent layers: RNN, GRU and LSTM, stacked and in one or both directions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import Tensor, concat, masked, stack
from pmt_core import ShapeError, check_sizes
from pmt_nn.layers.dropout import Dropout
from pmt_nn.layers.linear import Linear
from pmt_nn.masks import Mask, Rng, token_mask, without_padding
from pmt_nn.module.initializers import constant, orthogonal
from pmt_nn.module.inputs import float_tensor
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter
from pmt_nn.recurrent.scans import gru_scan, lstm_scan, rnn_scan


class RecurrentCell(Module):
    """Weights of one layer in one direction; recurrent ones start orthogonal (Saxe et al. 2013)."""

    def __init__(
        self,
        n_in: int,
        n: int,
        gates: int,
        rng: np.random.Generator,
        *,
        state_bias: bool,
        bias: bool = True,
        dtype: DTypeLike,
    ) -> None:
        self.input = Linear(n_in, gates * n, rng, bias=bias, dtype=dtype)
        blocks = [orthogonal(rng, (n, n), dtype=dtype) for _ in range(gates)]
        self.weight = Parameter(np.concatenate(blocks, axis=1))
        has_state_bias = state_bias and bias
        self.bias = Parameter(constant((gates * n,), dtype=dtype)) if has_state_bias else None


def open_forget_gate(cell: RecurrentCell) -> None:
    """Set the bias of an LSTM's forget gate, if it has one, to 1 (Jozefowicz et al. 2015)."""
    n = len(cell.weight)
    if cell.input.bias is not None:
        cell.input.bias.data[n : 2 * n] = 1


class RecurrentNetwork(Module):
    """Base class of `RNN`, `GRU` and `LSTM`. For the arguments see `RNN`."""

    gates: ClassVar[int] = 1
    state_bias: ClassVar[bool] = False
    scan: ClassVar[Callable[..., Tensor]]

    def __init__(
        self,
        n_in: int,
        n: int,
        rng: np.random.Generator,
        *,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_sizes(type(self).__name__, n_in=n_in, n=n, layers=layers)
        self.n = n
        self.directions = 2 if bidirectional else 1
        self.dropout = Dropout(dropout)
        settings: dict[str, Any] = {"state_bias": self.state_bias, "bias": bias, "dtype": dtype}
        self.cells = [
            RecurrentCell(width, n, self.gates, rng, **settings)
            for width in [n_in] + [n * self.directions] * (layers - 1)
            for _ in range(self.directions)
        ]
        for cell in self.cells:
            self._set_biases(cell)

    def forward(
        self, x: Tensor, mask: Mask | None = None, state: Any = None, *, rng: Rng = None
    ) -> tuple[Tensor, Any]:
        """Map x (b, t, n_in) to outputs (b, t, n * directions) and last states like `state`.

        mask: (b, t), True = a step. At other positions the state is passed on unchanged, and the
        output is 0. state: initial states (layers * directions, b, n), zeros by default; for an
        LSTM a pair of states and cells. rng: stream of this pass, needed in training with dropout.
        """
        x, mask = self._inputs(x, mask)
        return self._run(x, mask, [self._starts(state, x)], rng)

    def _set_biases(self, cell: RecurrentCell) -> None:
        """Set the initial biases of a cell that are not zero."""

    def _run(
        self, x: Tensor, mask: Mask | None, starts: list[list[Tensor]], rng: Rng
    ) -> tuple[Tensor, Tensor]:
        """Run all layers. starts: for each kind of state (hidden, cell) that of every cell."""
        last: list[Tensor] = []
        for i in range(0, len(self.cells), self.directions):
            if i:
                x = self.dropout(x, rng)
            outputs = []
            for k in range(self.directions):
                cell = self.cells[i + k]
                weights = (cell.weight, cell.bias) if self.state_bias else (cell.weight,)
                first, scan = [cells[i + k] for cells in starts], type(self).scan
                states = scan(cell.input(x), *weights, *first, mask=mask, reverse=k == 1)
                last.append(states[:, 0 if k else x.shape[1] - 1])
                outputs.append(states[..., : self.n])
            x = outputs[0] if len(outputs) == 1 else concat(*outputs, axis=-1)
        if mask is not None:
            x = masked(x, mask=mask[..., np.newaxis])
        return x, stack(*last)

    def _starts(self, state: Tensor | None, x: Tensor) -> list[Tensor]:
        """The first state of every cell, from (layers directions, b, n)."""
        if state is None:
            return [Tensor(np.zeros((len(x), self.n), x.dtype))] * len(self.cells)
        state = float_tensor(state, self.cells[0].weight)
        expected = (len(self.cells), len(x), self.n)
        if state.shape != expected:
            raise ShapeError(f"the first state has shape {expected}, got {state.shape}")
        return [state[i] for i in range(len(self.cells))]

    def _inputs(self, x: Tensor, mask: Mask | None) -> tuple[Tensor, Mask | None]:
        """Return x in the dtype of the weights, finite where there is no step, and the mask.

        Raises ShapeError or DtypeError.
        """
        x = float_tensor(x, self.cells[0].weight)
        n_in = self.cells[0].input.weight.shape[0]
        if x.ndim != 3 or x.shape[2] != n_in or not x.shape[1]:
            raise ShapeError(f"x has shape (b, t, {n_in}) with t of at least 1, got {x.shape}")
        if mask is None:
            return x, None
        mask = token_mask(mask, *x.shape[:2])
        return without_padding(x, mask), mask


class RNN(RecurrentNetwork):
    """Elman network, h' = tanh(x W + b + h U) (Elman 1990); see `rnn_scan`.

    A pass maps x (b, t, n_in) to the outputs (b, t, n * directions) and the last states
    (layers * directions, b, n); `mask` (b, t) is True at steps, and `state` holds the initial
    states, zeros by default. Recurrent weights start orthogonal (Saxe et al. 2013).

    Args:
        n_in: width of the inputs.
        n: width of the states.
        rng: stream of the initial weights.
        layers: number of layers; each reads the outputs of the layer below.
        bidirectional: whether each layer runs in both directions and concatenates the states.
        dropout: rate between layers.
        bias: whether there are biases.
        dtype: of the parameters.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import RNN
        >>> rnn = RNN(3, 8, np.random.default_rng(0), layers=2, bidirectional=True)
        >>> outputs, states = rnn(np.ones((4, 5, 3), np.float32))
        >>> outputs.shape  # (b, t, n * directions)
        (4, 5, 16)
        >>> states.shape  # (layers * directions, b, n)
        (4, 4, 8)
    """

    scan = rnn_scan


class GRU(RecurrentNetwork):
    """Gated recurrent unit (Cho et al. 2014), see `gru_scan`.

    For arguments, inputs and outputs see `RNN`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import GRU
        >>> gru = GRU(3, 8, np.random.default_rng(0))
        >>> x = np.ones((2, 5, 3), np.float32)
        >>> mask = np.array([[True] * 5, [True] * 2 + [False] * 3])
        >>> outputs, states = gru(x, mask)
        >>> outputs.shape, states.shape
        ((2, 5, 8), (1, 2, 8))
        >>> np.allclose(states.data[0, 1], outputs.data[1, 1])  # the last step of a short sequence
        True
    """

    gates = 3
    state_bias = True
    scan = gru_scan


class LSTM(RecurrentNetwork):
    """LSTM (Hochreiter & Schmidhuber 1997), see `lstm_scan`.

    For arguments, inputs and outputs see `RNN`; the states are a pair of states and cells. The bias
    of the forget gate starts at 1 (Jozefowicz et al. 2015).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import LSTM
        >>> lstm = LSTM(3, 8, np.random.default_rng(0))
        >>> outputs, (states, cells) = lstm(np.ones((4, 5, 3), np.float32))
        >>> outputs.shape, states.shape, cells.shape
        ((4, 5, 8), (1, 4, 8), (1, 4, 8))
        >>> lstm.cells[0].input.bias.data.reshape(4, 8)[:, 0]  # input, forget, candidate, output
        array([0., 1., 0., 0.], dtype=float32)
    """

    gates = 4
    scan = lstm_scan

    def _set_biases(self, cell: RecurrentCell) -> None:
        open_forget_gate(cell)

    def forward(
        self,
        x: Tensor,
        mask: Mask | None = None,
        state: tuple[Tensor, Tensor] | None = None,
        *,
        rng: Rng = None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return all outputs and the last (states, cells); see `RNN`."""
        states, cells = (None, None) if state is None else state
        x, mask = self._inputs(x, mask)
        starts = [self._starts(states, x), self._starts(cells, x)]
        outputs, last = self._run(x, mask, starts, rng)  # last: (layers directions, b, 2n)
        return outputs, (last[..., : self.n], last[..., self.n :])
