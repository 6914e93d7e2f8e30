"""Layers of max, average and global pooling."""

from __future__ import annotations

from pmt_autograd import Tensor
from pmt_nn.convolution.patches import Pair, as_image, as_sequence
from pmt_nn.convolution.pooling import avg_pool2d, max_pool2d, pool_grid
from pmt_nn.module.inputs import float_tensor
from pmt_nn.module.module import Module


class MaxPool2d(Module):
    """Max pooling of images (b, c, h, w), see `max_pool2d`; stride is the kernel by default."""

    def __init__(
        self, kernel: int | Pair, *, stride: int | Pair | None = None, padding: int | Pair = 0
    ) -> None:
        pool_grid(kernel, stride, padding)
        self.kernel, self.stride, self.padding = kernel, stride, padding

    def forward(self, x: Tensor) -> Tensor:
        """Pool x (b, c, h, w) -> (b, c, oh, ow)."""
        x = float_tensor(x)
        return max_pool2d(x, kernel=self.kernel, stride=self.stride, padding=self.padding)


class AvgPool2d(Module):
    """Average pooling of images (b, c, h, w), see `avg_pool2d`; stride is the kernel by default."""

    def __init__(
        self,
        kernel: int | Pair,
        *,
        stride: int | Pair | None = None,
        padding: int | Pair = 0,
        count_include_pad: bool = True,
    ) -> None:
        pool_grid(kernel, stride, padding)
        self.kernel, self.stride, self.padding = kernel, stride, padding
        self.count_include_pad = count_include_pad

    def forward(self, x: Tensor) -> Tensor:
        """Pool x (b, c, h, w) -> (b, c, oh, ow)."""
        sizes = {"kernel": self.kernel, "stride": self.stride, "padding": self.padding}
        return avg_pool2d(float_tensor(x), count_include_pad=self.count_include_pad, **sizes)


class MaxPool1d(Module):
    """Max pooling of sequences (b, c, t); stride is the kernel by default."""

    def __init__(self, kernel: int, *, stride: int | None = None, padding: int = 0) -> None:
        steps = (1, kernel if stride is None else stride)
        self.pool = MaxPool2d((1, kernel), stride=steps, padding=(0, padding))

    def forward(self, x: Tensor) -> Tensor:
        """Pool x (b, c, t) -> (b, c, ot)."""
        return as_sequence(self.pool(as_image(float_tensor(x))))


class AvgPool1d(Module):
    """Average pooling of sequences (b, c, t); stride is the kernel by default."""

    def __init__(
        self,
        kernel: int,
        *,
        stride: int | None = None,
        padding: int = 0,
        count_include_pad: bool = True,
    ) -> None:
        steps, border = (1, kernel if stride is None else stride), (0, padding)
        self.pool = AvgPool2d(
            (1, kernel), stride=steps, padding=border, count_include_pad=count_include_pad
        )

    def forward(self, x: Tensor) -> Tensor:
        """Pool x (b, c, t) -> (b, c, ot)."""
        return as_sequence(self.pool(as_image(float_tensor(x))))


class GlobalMaxPool(Module):
    """The maximum of every channel: (b, c, ...) -> (b, c). Equal values share the gradient."""

    def forward(self, x: Tensor) -> Tensor:
        """Pool x (b, c, ...) -> (b, c)."""
        return float_tensor(x).max(axis=tuple(range(2, x.ndim)))


class GlobalAvgPool(Module):
    """The mean of every channel: (b, c, ...) -> (b, c)."""

    def forward(self, x: Tensor) -> Tensor:
        """Pool x (b, c, ...) -> (b, c)."""
        return float_tensor(x).mean(axis=tuple(range(2, x.ndim)))
