"""`Tensor`: an array that remembers how it was made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from pmt_autograd.node import Node
from pmt_core import DtypeError, RowSparse, ShapeError, StateError


class Tensor:
    """An n-dimensional array on the tape.

    Python numbers and lists become float32 (integers stay int64, booleans bool); an array keeps
    its dtype and is not copied.

    Attributes:
        data: the values, a NumPy array.
        grad: gradient of the last `backward()` by this leaf: None, an array of the shape of
            `data`, or a `RowSparse` where only some rows were looked up.
        requires_grad: whether gradients flow to this tensor.
        node: the operation that made it; None for a leaf.

    First order only: gradients are arrays, not tensors, so there is no gradient of a gradient.
    """

    __slots__ = ("__weakref__", "_data", "grad", "node", "requires_grad")

    _data: NDArray[Any]
    grad: NDArray[Any] | RowSparse | None
    node: Node | None
    requires_grad: bool

    # NumPy's own operators step back, so that `array * tensor` reaches `Tensor.__rmul__`.
    __array_ufunc__: ClassVar[None] = None

    def __init__(
        self, data: ArrayLike | Tensor, requires_grad: bool = False, dtype: DTypeLike | None = None
    ) -> None:
        if isinstance(data, Tensor):
            data = data._data
        given_dtype = isinstance(data, (np.ndarray, np.generic))
        array = np.asarray(data, dtype=dtype)
        if dtype is None and not given_dtype and array.dtype == np.float64:
            array = array.astype(np.float32)
        if array.dtype.kind not in "fiub":
            raise DtypeError(
                f"a tensor holds floating, integer or boolean numbers, got dtype {array.dtype}; "
                "give an array of numbers, all rows of one length"
            )
        if requires_grad and array.dtype.kind != "f":
            raise DtypeError(
                f"only floating tensors have gradients, got dtype {array.dtype}; "
                "convert with .astype(np.float32)"
            )
        self._data = array
        self.grad = None
        self.node = None
        self.requires_grad = requires_grad

    @staticmethod
    def wrap(value: Any) -> Tensor:
        """A leaf without a gradient: no checks, no copies."""
        tensor = Tensor.__new__(Tensor)
        tensor._data = value if type(value) is np.ndarray else np.asarray(value)
        tensor.grad = None
        tensor.node = None
        tensor.requires_grad = False
        return tensor

    # --- what it is -------------------------------------------------------------------------

    @property
    def data(self) -> NDArray[Any]:
        """The values: of a leaf the array itself, which may be written to and replaced.

        Of a result on the tape a read-only view, as gradients are still computed with it; it is
        writable again once `backward()` has passed. Setting it is then a StateError.
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
        self._data = array

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of every axis."""
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
        """True where no recorded operation made it."""
        return self.node is None

    def __len__(self) -> int:
        if not self._data.ndim:
            raise ShapeError("a 0-d tensor has no length; use .item() for its value")
        return len(self._data)

    def __repr__(self) -> str:
        values = np.array2string(self._data, separator=", ", prefix="Tensor(", threshold=100)
        made = f", made by {self.node.operation}" if self.node else ""
        wants = ", requires_grad=True" if self.requires_grad and self.node is None else ""
        return f"Tensor({values}, dtype={self.dtype}{wants}{made})"

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
        """The single value as a Python number. Raises ShapeError where there are more."""
        if self._data.size != 1:
            raise ShapeError(
                f"item() wants a tensor of one element, got shape {self.shape}; "
                "reduce it first, e.g. with .sum() or .mean()"
            )
        return self._data.item()

    def numpy(self) -> NDArray[Any]:
        """The values, as `.data`: the same memory, not a copy."""
        return self.data

    def detach(self) -> Tensor:
        """The same values, cut off from the tape."""
        return Tensor.wrap(self.data)

    # --- gradients --------------------------------------------------------------------------

    def backward(self, grad: ArrayLike | None = None) -> None:
        """Add the gradient of this tensor to `.grad` of every leaf it was made from.

        grad: gradient by this tensor, of its shape; may be left out for a single element (1).
        The tape is used up by it, node by node, so memory falls as it goes.
        """
        for leaf, gradient in gradients(self, grad).items():
            # A copy, as the walk may hand one array to two leaves and `.grad` is the user's.
            before = leaf.grad
            if before is not None:
                leaf.grad = add_gradients(before, gradient)
            else:
                leaf.grad = gradient if isinstance(gradient, RowSparse) else gradient.copy()

    def zero_grad(self) -> None:
        """Forget the accumulated gradient."""
        self.grad = None

    # --- comparison: plain boolean arrays, no gradient ------------------------------------------

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> NDArray[np.bool_]:  # type: ignore[override]
        return np.asarray(self._data == values(other))

    def __ne__(self, other: object) -> NDArray[np.bool_]:  # type: ignore[override]
        return np.asarray(self._data != values(other))

    def __lt__(self, other: Any) -> NDArray[np.bool_]:
        return np.asarray(self._data < values(other))

    def __le__(self, other: Any) -> NDArray[np.bool_]:
        return np.asarray(self._data <= values(other))

    def __gt__(self, other: Any) -> NDArray[np.bool_]:
        return np.asarray(self._data > values(other))

    def __ge__(self, other: Any) -> NDArray[np.bool_]:
        return np.asarray(self._data >= values(other))

    # --- arithmetic: the operations themselves are the operators, see the end of the file --------

    if TYPE_CHECKING:

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
        def __neg__(self) -> Tensor: ...
        def __abs__(self) -> Tensor: ...

    def __pos__(self) -> Tensor:
        return self

    # --- reductions -------------------------------------------------------------------------

    def sum(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Sum over `axis` (all axes by default)."""
        return sum(self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Mean over `axis` (all axes by default)."""
        return mean(self, axis=axis, keepdims=keepdims)

    def var(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Variance over `axis`, divided by the number of elements."""
        return var(self, axis=axis, keepdims=keepdims)

    def max(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Largest value over `axis`; ties share the gradient."""
        return max(self, axis=axis, keepdims=keepdims)

    def min(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Smallest value over `axis`; ties share the gradient."""
        return min(self, axis=axis, keepdims=keepdims)

    def std(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Standard deviation over `axis`; its gradient is 0 where all elements are equal."""
        return std(self, axis=axis, keepdims=keepdims)

    def cumsum(self, axis: int = -1) -> Tensor:
        """Running sum along an axis."""
        return cumsum(self, axis=axis)

    def argmax(self, axis: int | None = None) -> NDArray[np.int64]:
        """Position of the largest value: a plain array, as positions have no gradient."""
        return np.asarray(self._data.argmax(axis))

    def argmin(self, axis: int | None = None) -> NDArray[np.int64]:
        """Position of the smallest value: a plain array, as positions have no gradient."""
        return np.asarray(self._data.argmin(axis))

    # --- elements ---------------------------------------------------------------------------

    def abs(self) -> Tensor:
        """Absolute values; the gradient at 0 is 0."""
        return absolute(self)

    def clip(self, low: float | None = None, high: float | None = None) -> Tensor:
        """Held within low ... high."""
        return clip(self, low=low, high=high)

    def exp(self) -> Tensor:
        """e^x by element."""
        return exp(self)

    def log(self) -> Tensor:
        """Natural logarithm by element."""
        return log(self)

    def sqrt(self) -> Tensor:
        """Square root by element."""
        return sqrt(self)

    def tanh(self) -> Tensor:
        """Hyperbolic tangent by element."""
        return tanh(self)

    # --- shape ------------------------------------------------------------------------------

    def reshape(self, *shape: int | tuple[int, ...]) -> Tensor:
        """The same elements in another shape; one axis may be -1."""
        given = shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
        return reshape(self, shape=tuple(given))

    def transpose(self, *axes: int | tuple[int, ...]) -> Tensor:
        """Permute the axes; reversed by default."""
        given = axes[0] if len(axes) == 1 and isinstance(axes[0], (tuple, list)) else axes
        return transpose(self, axes=tuple(given) or None)

    def squeeze(self, axis: Axis = None) -> Tensor:
        """Without axes of length 1: all of them, or those named."""
        return squeeze(self, axis=axis)

    def flatten(self) -> Tensor:
        """All elements along one axis."""
        return reshape(self, shape=(-1,))

    def repeat(self, count: int, axis: int) -> Tensor:
        """Every slice along an axis `count` times in a row."""
        return repeat(self, count=count, axis=axis)

    def split(self, sections: int | Sequence[int], axis: int = 0) -> tuple[Tensor, ...]:
        """Cut along an axis into `sections` equal parts, or into parts of the lengths given."""
        return split(self, sections=sections, axis=axis)

    def swapaxes(self, first: int, second: int) -> Tensor:
        """Exchange two axes."""
        return swapaxes(self, first=first, second=second)

    @property
    def T(self) -> Tensor:
        """All axes reversed."""
        return transpose(self)

    def astype(self, dtype: DTypeLike) -> Tensor:
        """Cast to another floating dtype; the gradient is cast back."""
        return astype(self, dtype=dtype)

    def __getitem__(self, index: Any) -> Tensor:
        return getitem(self, index=index)

    def take(self, indices: Any, axis: int | None = None) -> Tensor:
        """Slices at `indices` along an axis, of the flat tensor by default."""
        return take(self, indices, axis=axis)

    def set(self, index: Any, value: Any) -> Tensor:
        """A new tensor in which `[index]` is `value`: index assignment as a function."""
        return set_items(self, value, index=index)

    def __setitem__(self, index: Any, value: Any) -> None:
        made = f"made by {self.node.operation!r}" if self.node else "a leaf"
        raise StateError(
            f"this tensor ({made}, shape {self.shape}) is not changed in place, as the tape may "
            "need its values; use y = x.set(index, value), which gives a new tensor, or, for a "
            "leaf between two passes, x.data[index] = value"
        )


def values(operand: Any) -> Any:
    """The array of a tensor; anything else as it is."""
    return operand._data if isinstance(operand, Tensor) else operand


# The operations and the walk make tensors, so they come after the class.
from pmt_autograd.backward import add_gradients, gradients
from pmt_autograd.ops.arithmetic import add, divide, multiply, negative, power, subtract
from pmt_autograd.ops.elementwise import exp, log, sqrt, tanh
from pmt_autograd.ops.indexing import getitem
from pmt_autograd.ops.join_split import split
from pmt_autograd.ops.matmul import matmul
from pmt_autograd.ops.piecewise import absolute, clip
from pmt_autograd.ops.rearrange import repeat, squeeze
from pmt_autograd.ops.reduction import Axis, cumsum, max, mean, min, std, sum, var
from pmt_autograd.ops.scatter import set_items, take
from pmt_autograd.ops.shape import astype, reshape, swapaxes, transpose


def _install_operators() -> None:
    """Make the operations the operators: a method in between would cost each a call."""
    both_ways = {
        "add": add,
        "sub": subtract,
        "mul": multiply,
        "truediv": divide,
        "pow": power,
        "matmul": matmul,
    }
    for name, operation in both_ways.items():
        setattr(Tensor, f"__{name}__", operation)
        setattr(Tensor, f"__r{name}__", _reflected(operation))
    for name, operation in {"neg": negative, "abs": absolute}.items():
        setattr(Tensor, f"__{name}__", operation)


def _reflected(operation: Callable[..., Tensor]) -> Callable[[Any, Any], Tensor]:
    return lambda second, first: operation(first, second)


_install_operators()
