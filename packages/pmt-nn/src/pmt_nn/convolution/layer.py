"""`Convolution`, the base class of the layers of convolution, and `Padding`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import Tensor
from pmt_core import SettingsError
from pmt_nn.convolution.padding import PADDING_MODES, pad_border
from pmt_nn.convolution.patches import check_groups, per_axis
from pmt_nn.module.initializers import constant, kaiming_uniform
from pmt_nn.module.inputs import float_tensor
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter

Sizes = int | tuple[int, ...]
"""One number, or one for each axis."""


class Padding(NamedTuple):
    """A border that is more than a width of zeros: the argument `padding` of a convolution.

    Attributes:
        width: one number or one for each axis; "same" keeps the size of the input (which needs
            stride 1 and an odd span).
        mode: "zeros"; "reflect", the input mirrored at its outermost elements; "replicate", copies
            of these; or "circular", the opposite side.
        output: of transposed convolutions: the rows and columns added at the end of the result
            (`output_padding` of `conv_transpose2d`).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Conv1d, Padding
        >>> x = np.array([[[1, 2, 3]]], np.float32)
        >>> for mode in ("zeros", "reflect", "replicate", "circular"):
        ...     layer = Conv1d(1, 1, 3, np.random.default_rng(0), padding=Padding("same", mode))
        ...     layer.weight.data[...] = [1, 0, 0]  # the element to the left
        ...     print(mode, layer(x).data.ravel())
        zeros [0. 1. 2.]
        reflect [2. 1. 2.]
        replicate [1. 1. 2.]
        circular [3. 1. 2.]
    """

    width: Sizes | str = 0
    mode: str = "zeros"
    output: Sizes = 0


class Convolution(Module):
    """Base class of the layers of convolution: a kernel, a bias and how the kernel moves.

    For the arguments see `Conv2d`.
    """

    axes: ClassVar[int]
    operation: ClassVar[Callable[..., Tensor]]
    is_transposed: ClassVar[bool] = False

    def __init__(
        self,
        c: int,
        o: int,
        kernel: Sizes,
        rng: np.random.Generator,
        *,
        stride: Sizes = 1,
        padding: Sizes | str | Padding = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        bias: bool = True,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check_groups(c, o, groups)
        sizes = self._per_axis(kernel, "kernel", 1)
        steps = {
            "stride": self._per_axis(stride, "stride", 1),
            "dilation": self._per_axis(dilation, "dilation", 1),
        }
        if not isinstance(padding, Padding):
            padding = Padding(padding)
        borders = self._borders(padding, sizes, **steps)
        self.padding_mode, self.border = padding.mode, borders["padding"]
        if padding.mode == "zeros":  # the operation itself pads with zeros
            self.border = (0,)
        else:
            borders["padding"] = (0,) * self.axes
        settings = {**steps, **borders}.items()
        self.settings: dict[str, Any] = {
            name: values if self.axes > 1 else values[0] for name, values in settings
        } | {"groups": groups}
        n_in, shape = c // groups * int(np.prod(sizes)), (o, c // groups, *sizes)
        if self.is_transposed:  # each element of y sums about prod(kernel) / prod(stride) of x
            shape = (c, o // groups, *sizes)
            n_in = c // groups * max(1, int(np.prod(sizes)) // int(np.prod(steps["stride"])))
        self.weight = Parameter(kaiming_uniform(rng, shape, n_in, dtype=dtype))
        self.bias = Parameter(constant((o,), dtype=dtype)) if bias else None

    def _per_axis(self, value: Sizes, name: str, least: int) -> tuple[int, ...]:
        return per_axis(value, self.axes, name, least, caller=type(self).__name__)

    def _borders(
        self,
        padding: Padding,
        kernel: tuple[int, ...],
        stride: tuple[int, ...],
        dilation: tuple[int, ...],
    ) -> dict[str, tuple[int, ...]]:
        """Return the settings of the operation that `padding` gives. Raises SettingsError."""
        name = type(self).__name__
        output = self._per_axis(padding.output, "output", 0)
        if padding.mode not in PADDING_MODES:
            raise SettingsError(
                f"the mode of a Padding is one of {', '.join(PADDING_MODES)}, got {padding.mode!r}"
            )
        if self.is_transposed and padding.mode != "zeros":
            raise SettingsError(f'{name} pads with "zeros" only, got {padding}')
        if any(output) and not self.is_transposed:
            raise SettingsError(f"output is for transposed convolutions, {name} got {padding}")
        if not isinstance(padding.width, str):
            width = self._per_axis(padding.width, "padding", 0)
        else:
            spans = [gap * (k - 1) + 1 for k, gap in zip(kernel, dilation, strict=True)]
            is_same = padding.width == "same" and not self.is_transposed
            if not is_same or set(stride) != {1} or not all(span % 2 for span in spans):
                raise SettingsError(
                    "padding is a number, one for each axis, or, in a convolution that is not "
                    f'transposed, "same" (stride 1, odd span); {name} got {padding.width!r} with '
                    f"stride {stride} and span {tuple(spans)}"
                )
            width = tuple(span // 2 for span in spans)
        return {"padding": width} | ({"output_padding": output} if self.is_transposed else {})

    def forward(self, x: Tensor) -> Tensor:
        """Convolve x (b, c, ...) -> (b, o, ...)."""
        x = float_tensor(x, self.weight)
        if any(self.border):
            x = pad_border(x, widths=self.border, mode=self.padding_mode)
        return type(self).operation(x, self.weight, self.bias, **self.settings)
