"""`Tensor`: an array with a gradient, and the node that made it."""

# Methods that are operations are declared without a body and a docstring: ops/tensor_methods.py
# binds them to functions that have both.
# mypy: disable-error-code="empty-body"
# ruff: noqa: D102

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from pmt_autograd.grad_mode import recording
from pmt_autograd.gradient_array import GradientArray, refuse_gradients
from pmt_autograd.node import Node
from pmt_autograd.promotion import as_numbers
from pmt_autograd.types import Axis
from pmt_core import DtypeError, RowSparse, ShapeError, StateError


class Tensor:
    """An n-dimensional array on the tape.

    Gradients are arrays, not tensors: there are no second derivatives. A gradient in an expression
    that is recorded is refused, see `GradientArray`.

    Args:
        data: an array, which keeps its dtype and is not copied, or Python numbers and lists,
            which become float32 (integers int64, booleans bool).
        requires_grad: whether `backward()` computes the gradient of this tensor.
        dtype: dtype to convert to.

    Attributes:
        grad: sum of the gradients that `backward()` has computed for this leaf: None, an array of
            the shape of `data`, or a `RowSparse` if only some rows were looked up.
        node: the recorded operation that made this tensor; None for a leaf.

    Raises:
        DtypeError: if the data are not numbers, or a gradient is required of integers, or would
            be lost, as the data are a tensor on the tape.
        GradientError: if the data were computed from a gradient, and this is no new leaf.

    Examples:
        >>> from pmt_autograd import Tensor
        >>> weight = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        >>> y = weight @ [10.0, 1.0]
        >>> y.sum().backward()
        >>> y.data, weight.grad.tolist()
        (array([12., 34.], dtype=float32), [[10.0, 1.0], [10.0, 1.0]])
    """

    __slots__ = ("__weakref__", "_data", "grad", "node", "requires_grad")

    _data: NDArray[Any]
    grad: NDArray[Any] | RowSparse | None
    node: Node | None
    requires_grad: bool

    # NumPy's functions on tensors: bound to those of ops/numpy_functions.py.
    __array_ufunc__: ClassVar[Callable[..., Any]]
    __array_function__: ClassVar[Callable[..., Any]]

    def __init__(
        self, data: ArrayLike | Tensor, requires_grad: bool = False, dtype: DTypeLike | None = None
    ) -> None:
        if isinstance(data, Tensor):
            if data.requires_grad and recording.on:
                raise DtypeError(
                    "Tensor(x) of a tensor on the tape would lose its gradient; use x itself, or "
                    "x.detach() for a tensor with its values alone"
                )
            data = data._data
        elif not requires_grad and isinstance(data, (GradientArray, list, tuple)):
            refuse_gradients([data] if isinstance(data, GradientArray) else data, "Tensor")
        self._data, self.requires_grad = as_numbers(data, dtype, requires_grad), requires_grad
        self.grad = self.node = None

    @staticmethod
    def wrap(value: Any) -> Tensor:
        """Return a leaf without a gradient. Makes no checks and no copy."""
        tensor = Tensor.__new__(Tensor)
        tensor._data = value if type(value) is np.ndarray else np.asarray(value)
        tensor.grad = tensor.node = None
        tensor.requires_grad = False
        return tensor

    # --- attributes ---------------------------------------------------------------------------

    @property
    def data(self) -> NDArray[Any]:
        """The values.

        The data of a leaf may be written to and replaced. The data of a result on the tape are a
        read-only view, since gradients are computed from them; setting them raises StateError.
        They become writable after `backward()`.
        """
        if self.node is None or self.node.backward is None:
            return self._data
        view = self._data.view()
        view.flags.writeable = False
        return view

    @data.setter
    def data(self, array: NDArray[Any]) -> None:
        if self.node is not None and self.node.backward is not None:
            raise StateError(
                f"the values of this result of {self.node.operation!r} (shape {self.shape}) are "
                "needed for its gradient; set the data of leaves, or of .detach()"
            )
        if not isinstance(array, np.ndarray):
            raise DtypeError(f"data is a NumPy array, got {type(array).__name__}")
        self._data = np.asarray(array)

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return self._data.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the elements."""
        return self._data.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self._data.ndim

    @property
    def size(self) -> int:
        """Number of elements."""
        return self._data.size

    @property
    def is_leaf(self) -> bool:
        """True if no recorded operation made this tensor."""
        return self.node is None

    @property
    def T(self) -> Tensor:
        """This tensor with its axes reversed."""
        return self.transpose()

    # --- conversion ---------------------------------------------------------------------------

    def __len__(self) -> int:
        if not self._data.ndim:
            raise ShapeError("a 0-d tensor has no length; use .item() for its value")
        return len(self._data)

    def __repr__(self) -> str:
        numbers = np.array2string(self._data, separator=", ", prefix="Tensor(", threshold=100)
        made = f", made by {self.node.operation}" if self.node else ""
        leaf = ", requires_grad=True" if self.requires_grad and self.node is None else ""
        return f"Tensor({numbers}, dtype={self.dtype}{leaf}{made})"

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        return bool(self._data)

    def __float__(self) -> float:
        return float(self._data)

    def __int__(self) -> int:
        return int(self._data)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        if self.requires_grad:
            raise DtypeError(
                "this tensor is on the tape and a plain array would lose its gradient; "
                "use the operations of pmt_autograd, or .data for the values alone"
            )
        return np.array(self._data, dtype=dtype, copy=copy)

    def item(self) -> float:
        """Return the single element as a Python number; ShapeError if there are more."""
        if self._data.size != 1:
            raise ShapeError(
                f"item() expects a tensor of one element, got shape {self.shape}; "
                "reduce it first, e.g. with .sum() or .mean()"
            )
        return self._data.item()

    def numpy(self) -> NDArray[Any]:
        """Return the values, as `.data`: the same memory, not a copy."""
        return self.data

    def detach(self) -> Tensor:
        """Return a tensor with the same values that is not on the tape."""
        return Tensor.wrap(self.data)

    def zero_grad(self) -> None:
        """Set the accumulated gradient to None."""
        self.grad = None

    __hash__ = object.__hash__

    # --- operations: declared here, bound by ops/tensor_methods.py ------------------------------

    # Comparisons give boolean arrays, argmax, argmin and argsort arrays of indices.
    def __eq__(self, other: object) -> NDArray[np.bool_]: ...  # type: ignore[override]
    def __ne__(self, other: object) -> NDArray[np.bool_]: ...  # type: ignore[override]
    def __lt__(self, other: Any) -> NDArray[np.bool_]: ...
    def __le__(self, other: Any) -> NDArray[np.bool_]: ...
    def __gt__(self, other: Any) -> NDArray[np.bool_]: ...
    def __ge__(self, other: Any) -> NDArray[np.bool_]: ...
    def argmax(self, axis: int | None = None) -> NDArray[np.int64]: ...
    def argmin(self, axis: int | None = None) -> NDArray[np.int64]: ...
    def argsort(self, axis: int | None = -1) -> NDArray[np.int64]: ...

    def __add__(self, other: Any) -> Tensor: ...
    def __radd__(self, other: Any) -> Tensor: ...
    def __sub__(self, other: Any) -> Tensor: ...
    def __rsub__(self, other: Any) -> Tensor: ...
    def __mul__(self, other: Any) -> Tensor: ...
    def __rmul__(self, other: Any) -> Tensor: ...
    def __truediv__(self, other: Any) -> Tensor: ...
    def __rtruediv__(self, other: Any) -> Tensor: ...
    def __pow__(self, other: Any) -> Tensor: ...
    def __rpow__(self, other: Any) -> Tensor: ...
    def __matmul__(self, other: Any) -> Tensor: ...
    def __rmatmul__(self, other: Any) -> Tensor: ...
    def __mod__(self, other: Any) -> Tensor: ...
    def __rmod__(self, other: Any) -> Tensor: ...
    def __floordiv__(self, other: Any) -> Tensor: ...
    def __rfloordiv__(self, other: Any) -> Tensor: ...
    def __neg__(self) -> Tensor: ...
    def __abs__(self) -> Tensor: ...
    def __round__(self, decimals: int = 0) -> Tensor: ...
    def __getitem__(self, index: Any) -> Tensor: ...

    def backward(self, grad: ArrayLike | None = None) -> None: ...
    def abs(self) -> Tensor: ...
    def astype(self, dtype: DTypeLike) -> Tensor: ...
    def clip(self, low: Any = None, high: Any = None) -> Tensor: ...
    def cos(self) -> Tensor: ...
    def cumprod(self, axis: int = -1) -> Tensor: ...
    def cumsum(self, axis: int = -1) -> Tensor: ...
    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor: ...
    def exp(self) -> Tensor: ...
    def log(self) -> Tensor: ...
    def log_softmax(self, axis: Axis = -1) -> Tensor: ...
    def logsumexp(self, axis: Axis = -1, keepdims: bool = False) -> Tensor: ...
    def max(self, axis: Axis = None, keepdims: bool = False) -> Tensor: ...
    def mean(self, axis: Axis = None, keepdims: bool = False) -> Tensor: ...
    def min(self, axis: Axis = None, keepdims: bool = False) -> Tensor: ...
    def prod(self, axis: Axis = None, keepdims: bool = False) -> Tensor: ...
    def ravel(self) -> Tensor: ...
    def relu(self) -> Tensor: ...
    def repeat(self, count: int | Sequence[int], axis: int | None = None) -> Tensor: ...
    def reshape(self, *shape: int | tuple[int, ...]) -> Tensor: ...
    def round(self, decimals: int = 0) -> Tensor: ...
    def set(self, index: Any, value: Any) -> Tensor: ...
    def sigmoid(self) -> Tensor: ...
    def sin(self) -> Tensor: ...
    def softmax(self, axis: Axis = -1) -> Tensor: ...
    def sort(self, axis: int | None = -1) -> Tensor: ...
    def split(self, sections: int | Sequence[int], axis: int = 0) -> tuple[Tensor, ...]: ...
    def sqrt(self) -> Tensor: ...
    def squeeze(self, axis: Axis = None) -> Tensor: ...
    def std(self, axis: Axis = None, keepdims: bool = False, ddof: float = 0) -> Tensor: ...
    def sum(self, axis: Axis = None, keepdims: bool = False) -> Tensor: ...
    def swapaxes(self, first: int, second: int) -> Tensor: ...
    def take(self, indices: Any, axis: int | None = None) -> Tensor: ...
    def tanh(self) -> Tensor: ...
    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor: ...
    def transpose(self, *axes: int | tuple[int, ...]) -> Tensor: ...
    def var(self, axis: Axis = None, keepdims: bool = False, ddof: float = 0) -> Tensor: ...

    def flatten(self) -> Tensor:
        """Return all elements along one axis."""
        return self.reshape(-1)

    def __pos__(self) -> Tensor:
        return self

    def __setitem__(self, index: Any, value: Any) -> None:
        made = f"made by {self.node.operation!r}" if self.node else "a leaf"
        raise StateError(
            f"this tensor ({made}, shape {self.shape}) is not changed in place, as the tape may "
            "need its values; use y = x.set(index, value), which gives a new tensor, or, for a "
            "leaf between two passes, x.data[index] = value"
        )


def values(operand: Any) -> Any:
    """Return the array of a tensor, and anything else unchanged.

    Examples:
        >>> from pmt_autograd import Tensor, values
        >>> values(Tensor([1.0, 2.0])), values(3)
        (array([1., 2.], dtype=float32), 3)
    """
    return operand._data if isinstance(operand, Tensor) else operand
