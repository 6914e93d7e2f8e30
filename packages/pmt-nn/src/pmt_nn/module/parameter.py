"""`Parameter` and `Buffer`: the tensors of a module's state."""

from __future__ import annotations

from numpy.typing import ArrayLike, DTypeLike

from pmt_autograd import Tensor


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

    __slots__ = ()

    def __init__(self, data: ArrayLike, dtype: DTypeLike | None = None) -> None:
        super().__init__(data, requires_grad=True, dtype=dtype)

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
