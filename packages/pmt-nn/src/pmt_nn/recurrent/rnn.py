"""Recurrent networks: layers of scans, in one or both directions."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import Tensor, concat, stack
from pmt_core import DtypeError, SettingsError, ShapeError
from pmt_nn.layers.dropout import Dropout
from pmt_nn.layers.linear import Linear
from pmt_nn.masks import Mask
from pmt_nn.module.initializers import orthogonal
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter
from pmt_nn.recurrent.scans import gru_scan, lstm_scan, rnn_scan

State = Tensor | None


class RecurrentCell(Module):
    """The weights of one layer in one direction: of the input, and of the state before.

    The state's weights start orthogonal, gate by gate (Saxe et al. 2013).
    """

    def __init__(
        self,
        n_in: int,
        n: int,
        gates: int,
        rng: np.random.Generator,
        *,
        state_bias: bool,
        dtype: DTypeLike,
    ) -> None:
        self.input = Linear(n_in, gates * n, rng, dtype=dtype)
        blocks = [orthogonal(rng, (n, n), dtype=dtype) for _ in range(gates)]
        self.weight = Parameter(np.concatenate(blocks, axis=1))
        self.bias = Parameter(np.zeros(gates * n, dtype)) if state_bias else None


class _Recurrent(Module):
    """Base of the three kinds.

    n_in: width of the input; n: of the state; layers: one reads what the one below gives;
    bidirectional: each layer reads from both ends and gives both states side by side; dropout:
    rate between layers.
    """

    gates = 1
    state_bias = False

    def __init__(
        self,
        n_in: int,
        n: int,
        rng: np.random.Generator,
        *,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        dtype: DTypeLike = np.float32,
    ) -> None:
        if layers < 1 or n < 1:
            raise SettingsError(f"layers and n are at least 1, got {layers} and {n}")
        self.n = n
        self.directions = 2 if bidirectional else 1
        self.dropout = Dropout(dropout)
        self.cells = [
            RecurrentCell(
                n_in if layer == 0 else n * self.directions,
                n,
                self.gates,
                rng,
                state_bias=self.state_bias,
                dtype=dtype,
            )
            for layer in range(layers)
            for _ in range(self.directions)
        ]

    def _run(
        self,
        x: Tensor,
        mask: Mask | None,
        starts: list[tuple[State, ...]],
        rng: np.random.Generator | None,
    ) -> tuple[Tensor, list[Tensor]]:
        """All layers. -> outputs (b, t, n directions), and the last state(s) of every cell."""
        self._check(x, mask)
        lasts: list[Tensor] = []
        for i in range(0, len(self.cells), self.directions):
            if i:
                x = self.dropout(x, rng)
            given = []
            for k in range(self.directions):
                states = self._scan(self.cells[i + k], x, mask, starts[i + k], reverse=k == 1)
                lasts.append(states[:, 0 if k else x.shape[1] - 1])
                given.append(states[..., : self.n])
            x = given[0] if len(given) == 1 else concat(*given, axis=-1)
        if mask is not None:
            x = x * mask[..., np.newaxis].astype(x.dtype)
        return x, lasts

    def _scan(
        self, cell: RecurrentCell, x: Tensor, mask: Mask | None, start: tuple[State, ...], *,
        reverse: bool,
    ) -> Tensor:  # fmt: skip
        raise NotImplementedError

    def _zeros(self, x: Tensor, start: State) -> Tensor:
        return Tensor(np.zeros((len(x), self.n), x.dtype)) if start is None else start

    def _starts(self, state: Tensor | None, x: Tensor) -> list[State]:
        """The first state of every cell, from (layers directions, b, n)."""
        if state is None:
            return [None] * len(self.cells)
        expected = (len(self.cells), len(x), self.n)
        if state.shape != expected:
            raise ShapeError(f"the first state has shape {expected}, got {state.shape}")
        return [state[i] for i in range(len(self.cells))]

    def _check(self, x: Tensor, mask: Mask | None) -> None:
        n_in = self.cells[0].input.weight.shape[0]
        if x.ndim != 3 or x.shape[2] != n_in or not x.shape[1]:
            raise ShapeError(f"x has shape (b, t, {n_in}) with t of at least 1, got {x.shape}")
        if mask is not None and mask.dtype != np.bool_:
            raise DtypeError(f"a mask is boolean, True = a step, got dtype {mask.dtype}")
        if mask is not None and mask.shape != x.shape[:2]:
            raise ShapeError(f"x of shape {x.shape} wants a mask (b, t), got {mask.shape}")


class RNN(_Recurrent):
    """h' = tanh(x W + b + h U) (Elman 1990). Settings: see `_Recurrent` above."""

    def forward(
        self,
        x: Tensor,
        mask: Mask | None = None,
        state: Tensor | None = None,
        *,
        rng: np.random.Generator | None = None,
    ) -> tuple[Tensor, Tensor]:
        """x: (b, t, n_in), mask: (b, t), True = a step -> outputs, last states.

        outputs: (b, t, n) or (b, t, 2n), zeros where masked; state and last states:
        (layers directions, b, n), a masked step leaves them as they are. rng: needed in training
        with dropout.
        """
        starts: list[tuple[State, ...]] = [(start,) for start in self._starts(state, x)]
        outputs, lasts = self._run(x, mask, starts, rng)
        return outputs, stack(*lasts)

    def _scan(
        self, cell: RecurrentCell, x: Tensor, mask: Mask | None, start: tuple[State, ...], *,
        reverse: bool,
    ) -> Tensor:  # fmt: skip
        first = self._zeros(x, start[0])
        return rnn_scan(cell.input(x), cell.weight, first, mask=mask, reverse=reverse)


class GRU(_Recurrent):
    """The gated recurrent unit, see `gru_scan`. Settings: see `_Recurrent` above."""

    gates = 3
    state_bias = True

    def forward(
        self,
        x: Tensor,
        mask: Mask | None = None,
        state: Tensor | None = None,
        *,
        rng: np.random.Generator | None = None,
    ) -> tuple[Tensor, Tensor]:
        """As `RNN.forward`."""
        starts: list[tuple[State, ...]] = [(start,) for start in self._starts(state, x)]
        outputs, lasts = self._run(x, mask, starts, rng)
        return outputs, stack(*lasts)

    def _scan(
        self, cell: RecurrentCell, x: Tensor, mask: Mask | None, start: tuple[State, ...], *,
        reverse: bool,
    ) -> Tensor:  # fmt: skip
        first = self._zeros(x, start[0])
        return gru_scan(cell.input(x), cell.weight, cell.bias, first, mask=mask, reverse=reverse)


class LSTM(_Recurrent):
    """Long short-term memory, see `lstm_scan`. Settings: see `_Recurrent` above.

    The gate that forgets starts with bias 1, so that little is forgotten (Jozefowicz et al. 2015).
    """

    gates = 4

    def __init__(
        self,
        n_in: int,
        n: int,
        rng: np.random.Generator,
        *,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(
            n_in, n, rng, layers=layers, bidirectional=bidirectional, dropout=dropout, dtype=dtype
        )
        for cell in self.cells:
            if cell.input.bias is not None:
                cell.input.bias.data[n : 2 * n] = 1

    def forward(
        self,
        x: Tensor,
        mask: Mask | None = None,
        state: tuple[Tensor, Tensor] | None = None,
        *,
        rng: np.random.Generator | None = None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """As `RNN.forward`, with states and cells: -> outputs, (last states, last cells)."""
        states, cells = (None, None) if state is None else state
        starts: list[tuple[State, ...]] = list(
            zip(self._starts(states, x), self._starts(cells, x), strict=True)
        )
        outputs, lasts = self._run(x, mask, starts, rng)
        both = stack(*lasts)  # (layers directions, b, 2n)
        return outputs, (both[..., : self.n], both[..., self.n :])

    def _scan(
        self, cell: RecurrentCell, x: Tensor, mask: Mask | None, start: tuple[State, ...], *,
        reverse: bool,
    ) -> Tensor:  # fmt: skip
        first, cell_first = self._zeros(x, start[0]), self._zeros(x, start[1])
        projected = cell.input(x)
        return lstm_scan(projected, cell.weight, first, cell_first, mask=mask, reverse=reverse)
