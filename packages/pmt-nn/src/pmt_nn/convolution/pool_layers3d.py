"""Layers of max, average and adaptive pooling of volumes, each by two poolings of images.

A maximum or a mean over depth, height and width is that over height and width, then over depth. The
weights of a mean over the border and beyond multiply in the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pmt_autograd import Tensor
from pmt_core import ShapeError
from pmt_nn.convolution.adaptive_pooling import adaptive_avg_pool2d, adaptive_max_pool2d
from pmt_nn.convolution.conv3d import Triple, triple
from pmt_nn.convolution.pooling import avg_pool2d, max_pool2d, pool_grid
from pmt_nn.module.inputs import float_tensor
from pmt_nn.module.module import Module


def _pool(
    x: Tensor, pool: Callable[..., Tensor], of_slices: dict[str, Any], of_depth: dict[str, Any]
) -> Tensor:
    """Pool x (b, c, d, h, w) over height and width, then over depth."""
    x = float_tensor(x)
    if x.ndim != 5:
        raise ShapeError(f"pooling of volumes needs x (b, c, d, h, w), got {x.shape}")
    b, c, d, h, w = x.shape
    slices = pool(x.reshape(b, c * d, h, w), **of_slices)
    oh, ow = slices.shape[2:]
    y = pool(slices.reshape(b, c, d, oh * ow), **of_depth)
    return y.reshape(b, c, y.shape[2], oh, ow)


class _Pool3d(Module):
    """Base class of `MaxPool3d` and `AvgPool3d`: sizes are one number or (depth, height, width)."""

    def __init__(
        self,
        kernel: int | Triple,
        *,
        stride: int | Triple | None = None,
        padding: int | Triple = 0,
        ceil_mode: bool = False,
    ) -> None:
        self.kernel = triple(kernel, "kernel", 1)
        self.stride = self.kernel if stride is None else triple(stride, "stride", 1)
        self.padding, self.ceil_mode = triple(padding, "padding", 0), ceil_mode
        for settings in self._settings():
            pool_grid(settings["kernel"], settings["stride"], settings["padding"])

    def _settings(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the settings of the pooling of slices, and of that over depth."""
        sizes = {"kernel": self.kernel, "stride": self.stride, "padding": self.padding}
        neutral = {"kernel": 1, "stride": 1, "padding": 0}
        slices: dict[str, Any] = {name: size[1:] for name, size in sizes.items()}
        depth: dict[str, Any] = {name: (size[0], neutral[name]) for name, size in sizes.items()}
        return {**slices, "ceil_mode": self.ceil_mode}, {**depth, "ceil_mode": self.ceil_mode}


class MaxPool3d(_Pool3d):
    """Max pooling of volumes (b, c, d, h, w), see `max_pool2d`; stride is the kernel by default.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import MaxPool3d
        >>> MaxPool3d(2)(np.arange(8.0).reshape(1, 1, 2, 2, 2)).data.ravel()
        array([7.])
        >>> MaxPool3d((1, 2, 2))(np.ones((1, 4, 5, 8, 8))).shape  # not along the depth
        (1, 4, 5, 4, 4)
    """

    def forward(self, x: Tensor) -> Tensor:
        """Pool x (b, c, d, h, w) -> (b, c, od, oh, ow)."""
        return _pool(x, max_pool2d, *self._settings())


class AvgPool3d(_Pool3d):
    """Average pooling of volumes (b, c, d, h, w), see `avg_pool2d`; stride: the kernel.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import AvgPool3d
        >>> AvgPool3d(2)(np.arange(8.0).reshape(1, 1, 2, 2, 2)).data.ravel()
        array([3.5])
    """

    def __init__(
        self,
        kernel: int | Triple,
        *,
        stride: int | Triple | None = None,
        padding: int | Triple = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__(kernel, stride=stride, padding=padding, ceil_mode=ceil_mode)
        self.count_include_pad = count_include_pad

    def forward(self, x: Tensor) -> Tensor:
        """Pool x (b, c, d, h, w) -> (b, c, od, oh, ow)."""
        counting = {"count_include_pad": self.count_include_pad}
        of_slices, of_depth = self._settings()
        return _pool(x, avg_pool2d, {**of_slices, **counting}, {**of_depth, **counting})


class AdaptiveAvgPool3d(Module):
    """Average pooling of volumes of any size to `size`, see `adaptive_avg_pool2d`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import AdaptiveAvgPool3d
        >>> AdaptiveAvgPool3d((1, 2, 2))(np.ones((1, 4, 5, 9, 9))).shape
        (1, 4, 1, 2, 2)
    """

    def __init__(self, size: int | Triple) -> None:
        self.size = triple(size, "size", 1)

    def forward(self, x: Tensor) -> Tensor:
        """Pool x (b, c, d, h, w) -> (b, c, *size)."""
        depth, height, width = self.size
        of_depth = {"size": (depth, height * width)}
        return _pool(x, adaptive_avg_pool2d, {"size": (height, width)}, of_depth)


class AdaptiveMaxPool3d(Module):
    """Max pooling of volumes of any size to `size`, see `adaptive_max_pool2d`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import AdaptiveMaxPool3d
        >>> AdaptiveMaxPool3d(1)(np.arange(8.0).reshape(1, 1, 2, 2, 2)).data.ravel()
        array([7.])
    """

    def __init__(self, size: int | Triple) -> None:
        self.size = triple(size, "size", 1)

    def forward(self, x: Tensor) -> Tensor:
        """Pool x (b, c, d, h, w) -> (b, c, *size)."""
        depth, height, width = self.size
        of_depth = {"size": (depth, height * width)}
        return _pool(x, adaptive_max_pool2d, {"size": (height, width)}, of_depth)
