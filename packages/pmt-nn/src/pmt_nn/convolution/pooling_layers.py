"""Max, average and global pooling: the layers."""

from __future__ import annotations

from pmt_autograd import Tensor
from pmt_nn.convolution.patches import Pair, as_image, as_sequence
from pmt_nn.convolution.pooling import avg_pool2d, max_pool2d
from pmt_nn.module.module import Module


class MaxPool2d(Module):
    """Max pooling of images (b, c, h, w), see `max_pool2d`; stride is the kernel by default."""

    def __init__(
        self, kernel: int | Pair, *, stride: int | Pair | None = None, padding: int | Pair = 0
    ) -> None:
        self.kernel, self.stride, self.padding = kernel, stride, padding

    def forward(self, x: Tensor) -> Tensor:
        """Pool x (b, c, h, w) -> (b, c, oh, ow)."""
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
        self.kernel, self.stride, self.padding = kernel, stride, padding
        self.count_include_pad = count_include_pad

    def forward(self, x: Tensor) -> Tensor:
        """Pool x (b, c, h, w) -> (b, c, oh, ow)."""
        return avg_pool2d(
            x,
            kernel=self.kernel,
            stride=self.stride,
            padding=self.padding,
            count_include_pad=self.count_include_pad,
        )


class MaxPool1d(Module):
    """Max pooling of sequences (b, c, t); stride is the kernel by default."""

    def __init__(self, kernel: int, *, stride: int | None = None, padding: int = 0) -> None:
        self.pool = MaxPool2d((1, kernel), stride=(1, stride or kernel), padding=(0, padding))

    def forward(self, x: Tensor) -> Tensor:
        """Pool x (b, c, t) -> (b, c, ot)."""
        return as_sequence(self.pool(as_image(x)))


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
        self.pool = AvgPool2d(
            (1, kernel),
            stride=(1, stride or kernel),
            padding=(0, padding),
            count_include_pad=count_include_pad,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Pool x (b, c, t) -> (b, c, ot)."""
        return as_sequence(self.pool(as_image(x)))


class GlobalMaxPool(Module):
    """The maximum of every channel: (b, c, ...) -> (b, c). Equal values share the gradient."""

    def forward(self, x: Tensor) -> Tensor:
        """Pool x (b, c, ...) -> (b, c)."""
        return x.max(axis=tuple(range(2, x.ndim)))


class GlobalAvgPool(Module):
    """The mean of every channel: (b, c, ...) -> (b, c)."""

    def forward(self, x: Tensor) -> Tensor:
        """Pool x (b, c, ...) -> (b, c)."""
        return x.mean(axis=tuple(range(2, x.ndim)))
