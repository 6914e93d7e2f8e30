"""`Parameter` and `Buffer`: the tensors of a module's state."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike, DTypeLike, NDArray

from pmt_autograd import Tensor
from pmt_nn.module.packed_weight import PackedWeight, pack


class Parameter(Tensor):
    """Leaf tensor of a `Module` that requires a gradient.

    `data` may be rebound to an array of the same shape and dtype, e.g. a view of a flat buffer.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Parameter
        >>> scale = Parameter([2.0, 3.0])
        >>> (scale * np.array([1.0, 10.0], np.float32)).sum().backward()
        >>> scale.grad
        GradientArray([ 1., 10.], dtype=float32)
    """

    __slots__ = ("_packed",)

    _packed: PackedWeight | None

    def __init__(self, data: ArrayLike, dtype: DTypeLike | None = None) -> None:
        super().__init__(data, requires_grad=True, dtype=dtype)
        self._packed = None

    @property
    def data(self) -> NDArray[Any]:
        """The values, which may be written to and replaced."""
        if self._packed is not None:
            self._release()
        return self._data

    @data.setter
    def data(self, array: NDArray[Any]) -> None:
        if self._packed is not None:
            self._release()
        Tensor.data.__set__(self, array)  # type: ignore[attr-defined]

    def packed(self) -> PackedWeight | None:
        """Return the packed matrix for products with few rows, which must not be written to.

        It is packed at the first call, and again at the first one after `data` was read or set.
        None if anything else refers to the matrix and may change it: flat memory of a trainer, or a
        variable that holds `data`.
        """
        packed = self._packed
        if packed is None or packed.source is not self._data or not packed.is_current:
            self._packed = packed = pack(self)
        return packed

    def _release(self) -> None:
        """Drop the packed matrix, as the values may be written to from now on."""
        packed, self._packed = self._packed, None
        if packed is not None:
            packed.release()

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        """Return the state for a copy, which packs for itself and may share the values."""
        self._release()
        names = ("_data", "grad", "node", "requires_grad", "_packed")
        return None, {name: getattr(self, name) for name in names}

    def __repr__(self) -> str:
        return f"Parameter(shape={self.shape}, dtype={self.dtype})"


class Buffer(Tensor):
    """State without a gradient, e.g. running statistics; saved and loaded with the parameters.

    A forward pass does not write to it; see `collecting_statistics`.

    Examples:
        >>> from pmt_nn import Buffer, Module, Parameter
        >>> class Centered(Module):
        ...     def __init__(self):
        ...         self.scale = Parameter([1.0])
        ...         self.mean = Buffer([0.5])
        ...
        ...     def forward(self, x):
        ...         return self.scale * (x - self.mean)
        >>> sorted(Centered().state_dict()), [name for name, _ in Centered().named_parameters()]
        (['mean', 'scale'], ['scale'])
    """

    __slots__ = ()

    def __init__(self, data: ArrayLike, dtype: DTypeLike | None = None) -> None:
        super().__init__(data, requires_grad=False, dtype=dtype)

    def __repr__(self) -> str:
        return f"Buffer(shape={self.shape}, dtype={self.dtype})"
