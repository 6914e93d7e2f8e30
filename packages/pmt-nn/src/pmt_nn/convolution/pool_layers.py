"""Layers of max, average, adaptive and global pooling."""

from __future__ import annotations

from pmt_autograd import Tensor
from pmt_core import check_sizes
from pmt_nn.convolution.adaptive_pooling import adaptive_avg_pool2d, adaptive_max_pool2d
from pmt_nn.convolution.patches import Pair, as_image, as_sequence, pair
from pmt_nn.convolution.pooling import avg_pool2d, max_pool2d, pool_grid
from pmt_nn.module.inputs import float_tensor
from pmt_nn.module.module import Module


class MaxPool2d(Module):
    """Max pooling of images (b, c, h, w), see `max_pool2d`; stride is the kernel by default.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import MaxPool2d
        >>> MaxPool2d(2)(np.arange(16.0).reshape(1, 1, 4, 4)).data[0, 0]
        array([[ 5.,  7.],
               [13., 15.]])
        >>> MaxPool2d(3, stride=2, padding=1)(np.ones((8, 3, 32, 32))).shape
        (8, 3, 16, 16)
    """

    def __init__(
        self,
        kernel: int | Pair,
        *,
        stride: int | Pair | None = None,
        padding: int | Pair = 0,
        ceil_mode: bool = False,
    ) -> None:
        pool_grid(kernel, stride, padding)
        self.kernel, self.stride, self.padding = kernel, stride, padding
        self.ceil_mode = ceil_mode

    def forward(self, x: Tensor) -> Tensor:
        """Pool x (b, c, h, w) -> (b, c, oh, ow)."""
        sizes = {"kernel": self.kernel, "stride": self.stride, "padding": self.padding}
        return max_pool2d(float_tensor(x), ceil_mode=self.ceil_mode, **sizes)


class AvgPool2d(Module):
    """Average pooling of images (b, c, h, w), see `avg_pool2d`; stride is the kernel by default.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import AvgPool2d
        >>> AvgPool2d(2)(np.arange(16.0).reshape(1, 1, 4, 4)).data[0, 0]
        array([[ 2.5,  4.5],
               [10.5, 12.5]])
    """

    def __init__(
        self,
        kernel: int | Pair,
        *,
        stride: int | Pair | None = None,
        padding: int | Pair = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        pool_grid(kernel, stride, padding)
        self.kernel, self.stride, self.padding = kernel, stride, padding
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, x: Tensor) -> Tensor:
        """Pool x (b, c, h, w) -> (b, c, oh, ow)."""
        sizes = {"kernel": self.kernel, "stride": self.stride, "padding": self.padding}
        counting = {"ceil_mode": self.ceil_mode, "count_include_pad": self.count_include_pad}
        return avg_pool2d(float_tensor(x), **counting, **sizes)


class MaxPool1d(Module):
    """Max pooling of sequences (b, c, t); stride is the kernel by default.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import MaxPool1d
        >>> MaxPool1d(2)(np.array([[[1.0, 5.0, 2.0, 3.0, 9.0]]])).data  # the last one is left over
        array([[[5., 3.]]])
        >>> MaxPool1d(2, ceil_mode=True)(np.array([[[1.0, 5.0, 2.0, 3.0, 9.0]]])).data
        array([[[5., 3., 9.]]])
    """

    def __init__(
        self,
        kernel: int,
        *,
        stride: int | None = None,
        padding: int = 0,
        ceil_mode: bool = False,
    ) -> None:
        steps, border = (1, kernel if stride is None else stride), (0, padding)
        self.pool = MaxPool2d((1, kernel), stride=steps, padding=border, ceil_mode=ceil_mode)

    def forward(self, x: Tensor) -> Tensor:
        """Pool x (b, c, t) -> (b, c, ot)."""
        return as_sequence(self.pool(as_image(float_tensor(x))))


class AvgPool1d(Module):
    """Average pooling of sequences (b, c, t); stride is the kernel by default.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import AvgPool1d
        >>> x = np.array([[[3.0, 6.0, 9.0]]])
        >>> AvgPool1d(3, stride=1, padding=1)(x).data  # the zeros of the border count
        array([[[3., 6., 5.]]])
        >>> AvgPool1d(3, stride=1, padding=1, count_include_pad=False)(x).data
        array([[[4.5, 6. , 7.5]]])
    """

    def __init__(
        self,
        kernel: int,
        *,
        stride: int | None = None,
        padding: int = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        steps, border = (1, kernel if stride is None else stride), (0, padding)
        counting = {"ceil_mode": ceil_mode, "count_include_pad": count_include_pad}
        self.pool = AvgPool2d((1, kernel), stride=steps, padding=border, **counting)

    def forward(self, x: Tensor) -> Tensor:
        """Pool x (b, c, t) -> (b, c, ot)."""
        return as_sequence(self.pool(as_image(float_tensor(x))))


class AdaptiveAvgPool2d(Module):
    """Average pooling of images of any size to `size`, see `adaptive_avg_pool2d`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import AdaptiveAvgPool2d
        >>> pool = AdaptiveAvgPool2d((2, 2))
        >>> pool(np.ones((4, 8, 7, 7))).shape, pool(np.ones((4, 8, 30, 20))).shape
        ((4, 8, 2, 2), (4, 8, 2, 2))
    """

    def __init__(self, size: int | Pair) -> None:
        self.size = pair(size, "size", 1)

    def forward(self, x: Tensor) -> Tensor:
        """Pool x (b, c, h, w) -> (b, c, *size)."""
        return adaptive_avg_pool2d(float_tensor(x), size=self.size)


class AdaptiveMaxPool2d(Module):
    """Max pooling of images of any size to `size`, see `adaptive_max_pool2d`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import AdaptiveMaxPool2d
        >>> AdaptiveMaxPool2d(2)(np.arange(16.0).reshape(1, 1, 4, 4)).data[0, 0]
        array([[ 5.,  7.],
               [13., 15.]])
    """

    def __init__(self, size: int | Pair) -> None:
        self.size = pair(size, "size", 1)

    def forward(self, x: Tensor) -> Tensor:
        """Pool x (b, c, h, w) -> (b, c, *size)."""
        return adaptive_max_pool2d(float_tensor(x), size=self.size)


class AdaptiveAvgPool1d(Module):
    """Average pooling of sequences of any length to `size` steps, see `adaptive_avg_pool2d`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import AdaptiveAvgPool1d
        >>> AdaptiveAvgPool1d(2)(np.array([[[1.0, 3.0, 5.0, 7.0]]])).data
        array([[[2., 6.]]])
    """

    def __init__(self, size: int) -> None:
        check_sizes("AdaptiveAvgPool1d", size=size)
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """Pool x (b, c, t) -> (b, c, size)."""
        return as_sequence(adaptive_avg_pool2d(as_image(float_tensor(x)), size=(1, self.size)))


class AdaptiveMaxPool1d(Module):
    """Max pooling of sequences of any length to `size` steps, see `adaptive_max_pool2d`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import AdaptiveMaxPool1d
        >>> AdaptiveMaxPool1d(2)(np.array([[[1.0, 3.0, 5.0, 7.0]]])).data
        array([[[3., 7.]]])
    """

    def __init__(self, size: int) -> None:
        check_sizes("AdaptiveMaxPool1d", size=size)
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """Pool x (b, c, t) -> (b, c, size)."""
        return as_sequence(adaptive_max_pool2d(as_image(float_tensor(x)), size=(1, self.size)))


class GlobalMaxPool(Module):
    """The maximum of every channel: (b, c, ...) -> (b, c). Equal values share the gradient.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import GlobalMaxPool
        >>> GlobalMaxPool()(np.arange(8.0).reshape(1, 2, 2, 2)).data
        array([[3., 7.]])
    """

    def forward(self, x: Tensor) -> Tensor:
        """Pool x (b, c, ...) -> (b, c)."""
        return float_tensor(x).max(axis=tuple(range(2, x.ndim)))


class GlobalAvgPool(Module):
    """The mean of every channel: (b, c, ...) -> (b, c).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import GlobalAvgPool
        >>> GlobalAvgPool()(np.arange(8.0).reshape(1, 2, 2, 2)).data
        array([[1.5, 5.5]])
    """

    def forward(self, x: Tensor) -> Tensor:
        """Pool x (b, c, ...) -> (b, c)."""
        return float_tensor(x).mean(axis=tuple(range(2, x.ndim)))
