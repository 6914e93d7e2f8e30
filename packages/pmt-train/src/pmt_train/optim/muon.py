"""Muon: momentum whose matrices are orthogonalized (Jordan et al. 2024)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Unpack

import numpy as np

from pmt_autograd import Array
from pmt_core import SettingsError, ShapeError, check_sizes
from pmt_train.optim.adam import AdamW
from pmt_train.optim.blocks import Block, ParameterRange, Scratch
from pmt_train.optim.flat_gradients import FlatGradients, ParameterSlot
from pmt_train.optim.flat_parameters import Parameters
from pmt_train.optim.settings import Decays, OptimizerOptions, check_rates

_QUINTIC = (3.4445, -4.7750, 2.0315)
_RMS = 0.2  # of an update by AdamW, as Liu et al. measured it
_TINY = 1e-30  # so that a gradient of zeros stays zero


def orthogonalize(matrix: Array, iterations: int = 5) -> Array:
    """Return about U V^T for a matrix U S V^T (rows, columns), by a Newton-Schulz iteration.

    With X of Frobenius norm 1 at first, so that no singular value exceeds 1,

        X = a X + b (X X^T) X + c (X X^T)^2 X,  (a, b, c) = (3.4445, -4.7750, 2.0315)

    leaves U and V as they are and maps each singular value s to a s + b s^3 + c s^5. The slope a
    at 0 makes small values grow quickly; in return they end near 1 instead of at 1 (Jordan et al.
    2024). After five iterations all values above 0.0015 of the norm are between 0.67 and 1.21.

    Raises:
        ShapeError: if it is no matrix.

    Examples:
        >>> import numpy as np
        >>> from pmt_train import orthogonalize
        >>> matrix = np.array([[2.0, 0.0, 0.0], [0.0, -0.1, 0.0]])
        >>> orthogonalize(matrix).round(1)  # signs stay, sizes come near 1
        array([[ 0.7,  0. ,  0. ],
               [ 0. , -0.8,  0. ]])
    """
    if matrix.ndim != 2:
        raise ShapeError(f"expected a matrix to orthogonalize, got shape {matrix.shape}")
    a, b, c = _QUINTIC
    is_tall = matrix.shape[0] > matrix.shape[1]
    x = np.ascontiguousarray(matrix.T if is_tall else matrix)  # the smaller of X X^T and X^T X
    x = x / (np.linalg.norm(x) + _TINY)
    dtype, n = x.dtype, len(x)
    gram, polynomial = np.empty((2, n, n), dtype)
    diagonal, product = np.einsum("ii->i", polynomial), np.empty_like(x)
    for _ in range(iterations):
        np.matmul(x, x.T, out=gram)  # symmetric, as is its square: half of the entries are computed
        np.matmul(gram, gram.T, out=polynomial)
        polynomial *= dtype.type(c)
        gram *= dtype.type(b)
        polynomial += gram
        diagonal += dtype.type(a)
        np.matmul(polynomial, x, out=product)
        x, product = product, x
    orthogonal: Array = x.T if is_tall else x
    return orthogonal


class Muon(AdamW):
    """Muon (Jordan et al. 2024) for hidden matrices, and `AdamW` for all other parameters.

        m = momentum m + (1 - momentum) g
        u = (1 - momentum) g + momentum m                     Nesterov
        p = p - lr 0.2 sqrt(max(p.shape)) orthogonalize(u) - lr decay p

    A gradient of a matrix often has a few large singular values, and a step along it changes
    little else. `orthogonalize` makes all of them about 1, so each direction is learned at one
    pace. The factor 0.2 sqrt(max(p.shape)) gives an update the root mean square of AdamW's
    (Liu et al. 2025, eq. 4), so that both parts share learning rate and weight decay.

    Use AdamW for embeddings and output layers: their rows are tokens, which do not occur equally
    often. A matrix of Muon cannot have row-sparse gradients.

    Args:
        matrices: chooses the parameters of Muon, which must have two axes.
        momentum: of Muon, in 0 <= momentum < 1.
        sections: number of equal parts of the columns of a matrix that are orthogonalized each
            by itself, e.g. 3 for queries, keys and values in one matrix; None: 1 for all.
        iterations: see `orthogonalize`.
        betas, weight_decay: see `AdamW`; the decay applies to both parts.

    Raises:
        SettingsError: for a setting out of range, and if `matrices` chooses no parameter or one
            that is no matrix.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Linear, ReLU, Sequential
        >>> from pmt_train import Muon
        >>> rng = np.random.default_rng(0)
        >>> model = Sequential(Linear(4, 8, rng), ReLU(), Linear(8, 2, rng))
        >>> def hidden(name, parameter):
        ...     return name == "parts.0.weight"
        >>> optimizer = Muon(model.named_parameters(), lr=0.01, matrices=hidden)
        >>> before = model.parts[0].weight.data.copy()
        >>> model(rng.normal(size=(3, 4)).astype(np.float32)).sum().backward()
        >>> optimizer.step()
        >>> step = before - model.parts[0].weight.data
        >>> bool(0.5 < np.linalg.norm(step, 2) / (0.01 * 0.2 * 8**0.5) < 1.3)
        True
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: float | None = None,
        *,
        matrices: Decays,
        momentum: float = 0.95,
        sections: Callable[[str, Any], int] | None = None,
        iterations: int = 5,
        betas: tuple[float, float] = (0.9, 0.95),
        weight_decay: float = 0.01,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        check_rates("momentum", momentum)
        check_sizes("Muon", iterations=iterations)
        super().__init__(parameters, lr, betas=betas, weight_decay=weight_decay, **options)
        self.momentum = momentum
        self.iterations = iterations
        self._matrices = {
            slot.index: 1 if sections is None else sections(slot.name, slot.parameter)
            for slot in self.flat.slots
            if matrices(slot.name, slot.parameter)
        }
        self._by_start = {
            (slot.dtype, slot.start): slot
            for slot in self.flat.slots
            if slot.index in self._matrices
        }
        self._check_matrices()

    @property
    def matrix_names(self) -> list[str]:
        """Return the names of the parameters that are orthogonalized."""
        return [slot.name for slot in self._by_start.values()]

    def step(
        self,
        gradients: FlatGradients | None = None,
        lr: float | None = None,
        **settings: Any,
    ) -> None:
        """Update the parameters once, see `Optimizer.step`."""
        gradients = self.gather() if gradients is None else gradients
        _check_dense(gradients, self._matrices)
        super().step(gradients, lr, **settings)

    def _blocks_of(self, dense: Sequence[ParameterSlot]) -> Iterator[ParameterRange]:
        """Yield the matrices of Muon as a whole, and blocks of the memory of the other slots."""
        for slot in dense:
            if slot.index in self._matrices:
                settings = self._lr_factors[slot.index], self._decays[slot.index]
                yield ParameterRange(slot.dtype, slot.start, slot.stop, *settings)
        yield from super()._blocks_of([s for s in dense if s.index not in self._matrices])

    def _step_block(
        self,
        gradients: FlatGradients,
        block: ParameterRange,
        scratch: Scratch,
        *,
        lr: float,
        scale: float,
    ) -> None:
        slot = self._by_start.get((block.dtype, block.start))
        if slot is None:
            super()._step_block(gradients, block, scratch, lr=lr, scale=scale)
            return
        g, m = slot.view_of(gradients.buffers[slot.dtype]), self._state.view("m", slot)
        rate, decay = lr * block.lr_factor, block.decay
        self._update_matrix(
            Block(slot.view, g, (m,), (), rate, scale, decay), self._matrices[slot.index]
        )

    def _update_matrix(self, block: Block, sections: int) -> None:
        """Update a matrix; see the class. The block has the shape of the matrix."""
        p, (m,), mu = block.p, block.state, self.momentum
        g = block.g * p.dtype.type(block.scale * (1 - mu))
        m *= mu
        m += g
        g += mu * m
        if block.decay:
            p *= 1 - block.lr * block.decay
        for columns in np.split(np.arange(p.shape[1]), sections):
            part = slice(columns[0], columns[-1] + 1)
            step = orthogonalize(g[:, part], self.iterations)
            step *= block.lr * _RMS * max(step.shape) ** 0.5
            p[:, part] -= step

    def _check_matrices(self) -> None:
        """Raise SettingsError if there are no matrices, or for one that cannot be updated."""
        if not self._matrices:
            raise SettingsError(
                "`matrices` of Muon chooses no parameter; compare it to the names in "
                "model.named_parameters(), or use AdamW"
            )
        for slot in self._by_start.values():
            sections = self._matrices[slot.index]
            if len(slot.shape) != 2 or not slot.size:
                raise SettingsError(
                    f"Muon orthogonalizes matrices, and {slot.name} has shape {slot.shape}; "
                    "leave it out of `matrices`"
                )
            if sections < 1 or slot.shape[1] % sections:
                raise SettingsError(
                    f"the {slot.shape[1]} columns of {slot.name} cannot be cut into {sections} "
                    "equal sections"
                )


def _check_dense(gradients: FlatGradients, matrices: dict[int, int]) -> None:
    """Raise SettingsError if a matrix of Muon has a row-sparse gradient."""
    for slot, _ in gradients.sparse:
        if slot.index in matrices:
            raise SettingsError(
                f"{slot.name} has a row-sparse gradient, which Muon cannot orthogonalize; leave "
                "tables that are looked up out of `matrices`"
            )
