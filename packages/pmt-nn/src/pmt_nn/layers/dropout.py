"""Dropout: masks, fused operations and the layer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pmt_autograd import Array, Result, Sample, Tensor, composed_form, masked, primitive, samples
from pmt_core import SettingsError, ShapeError, StateError, as_floats, cut
from pmt_nn.layers.memory_layout import cache_blocks
from pmt_nn.masks import Rng
from pmt_nn.module.inputs import float_tensor
from pmt_nn.module.module import Module


def keep_mask(rng: np.random.Generator, shape: tuple[int, ...], rate: float) -> Array:
    """Return booleans that are False with probability `rate`.

    8 random bits per element decide 255 of 256 cases; in the other case one more number decides,
    so the rate is exact, at an eighth of the cost of a float64 per element.
    """
    size = math.prod(shape)
    bits = _random_words(rng, -(-size // 8)).view(np.uint8)[:size]
    level = math.floor(rate * 256)
    keep: Array = bits >= level
    undecided = (bits == level).nonzero()[0]
    keep[undecided] = rng.random(len(undecided), np.float32) >= rate * 256 - level
    return keep.reshape(shape)


def _random_words(rng: np.random.Generator, n: int) -> Array:
    """Return n random numbers of 64 bits, as uint64."""
    if isinstance(rng.bit_generator, _OF_64_BITS):  # the same words, without the cost of bounds
        return rng.bit_generator.random_raw(n)
    return rng.integers(0, 1 << 64, n, np.uint64)


_OF_64_BITS = (np.random.Philox, np.random.PCG64)


@dataclass(frozen=True, slots=True, eq=False)
class DropoutMask:
    """The elements that dropout keeps, and the factor that scales them.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Dropout, DropoutMask
        >>> mask = DropoutMask(np.array([True, False, True, True]), scale=4 / 3)
        >>> mask.apply(np.array([3.0, 3.0, 3.0, 3.0]))
        array([4., 0., 4., 4.])
        >>> drawn = Dropout(0.5).draw((2, 3), np.random.default_rng(0))
        >>> drawn.keep.shape, drawn.scale
        ((2, 3), 2.0)
    """

    keep: Array  # booleans, of the shape of the array that the mask is for
    scale: float  # 1 / (1 - rate)

    def reshape(self, *shape: int) -> DropoutMask:
        """Return the mask for an array of another shape, in the same order of elements."""
        return DropoutMask(self.keep.reshape(shape), self.scale)

    def __getitem__(self, rows: slice) -> DropoutMask:
        """Return the mask of some rows (entries of the first axis)."""
        return DropoutMask(self.keep[rows], self.scale)

    def apply(self, x: Array) -> Array:
        """Return x * scale where kept, else 0, as a new array."""
        dropped = cut(x, self.keep)
        dropped *= dropped.dtype.type(self.scale)
        return dropped


@primitive
def apply_mask(x: Array, *, dropout_mask: DropoutMask) -> Result:
    """Return x * scale where the mask, of the shape of x, keeps it, and 0 elsewhere."""
    x = as_floats(x)

    def backward(grad: Array) -> Array:
        return _masked(grad, dropout_mask, None)

    return _masked(x, dropout_mask, None), backward


@composed_form(apply_mask)
def apply_mask_composed(x: Tensor, *, dropout_mask: DropoutMask) -> Tensor:
    """Compute `apply_mask` in plain operations."""
    return masked(x, mask=dropout_mask.keep) * dropout_mask.scale


@primitive
def add_dropped(x: Array, y: Array, *, dropout_mask: DropoutMask) -> Result:
    """Return x plus y * scale where kept, all of one shape: a residual connection with dropout."""

    def backward(grad: Array) -> tuple[Array, Array]:
        return grad, _masked(grad, dropout_mask, None)

    return _masked(y, dropout_mask, x), backward


@composed_form(add_dropped)
def add_dropped_composed(x: Tensor, y: Tensor, *, dropout_mask: DropoutMask) -> Tensor:
    """Return x + `apply_mask` of y, in two steps."""
    return x + apply_mask(y, dropout_mask=dropout_mask)


def _masked(y: Array, dropout_mask: DropoutMask, x: Array | None) -> Array:
    """Return y * scale where kept, else 0, plus x if there is one."""
    mask, scale = dropout_mask.keep, dropout_mask.scale
    out = np.empty(y.shape, y.dtype)
    if y.ndim == 0 or not (y.flags.c_contiguous and mask.flags.c_contiguous):
        np.multiply(cut(y, mask), y.dtype.type(scale), out=out)
        return out if x is None else out + x
    flat_y, flat_mask, flat_out = y.reshape(-1), mask.reshape(-1), out.reshape(-1)
    flat_x = None if x is None else x.reshape(-1)
    factor = y.dtype.type(scale)
    for block in cache_blocks(y.size, 1):
        part = flat_out[block]
        cut(flat_y[block], flat_mask[block], out=part)
        part *= factor
        if flat_x is not None:
            part += flat_x[block]
    return out


class Dropout(Module):
    """Set each element to zero with probability `rate` in training (Srivastava et al. 2014).

    The others are scaled by 1 / (1 - rate), which keeps the expected value ("inverted dropout").

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Dropout
        >>> dropout, x = Dropout(0.5), np.ones(1000, np.float32)
        >>> y = dropout(x, rng=np.random.default_rng(0)).data
        >>> np.unique(y)  # dropped, or scaled by 1 / (1 - rate)
        array([0., 2.], dtype=float32)
        >>> bool(0.9 < y.mean() < 1.1)
        True
        >>> bool((dropout.eval()(x).data == x).all())  # nothing is dropped in evaluation
        True
    """

    def __init__(self, rate: float) -> None:
        if not 0 <= rate < 1:
            raise SettingsError(f"0 <= rate < 1 is required of dropout, got {rate}")
        self.rate = rate

    def forward(self, x: Tensor, rng: Rng = None) -> Tensor:
        """Apply dropout to x of any shape. rng: needed in training if rate > 0."""
        x = float_tensor(x)
        dropout_mask = self.draw(x.shape, rng)
        return x if dropout_mask is None else apply_mask(x, dropout_mask=dropout_mask)

    def draw(self, shape: tuple[int, ...], rng: Rng) -> DropoutMask | None:
        """Draw a mask; None if dropout does not act. Raises StateError if it does without rng."""
        if not (self.training and self.rate):
            return None
        return DropoutMask(keep_mask(stream_of_pass(rng), shape, self.rate), 1 / (1 - self.rate))


class ChannelDropout(Dropout):
    """Base class of `Dropout1d`, `2d` and `3d`: set whole channels to zero."""

    axes: ClassVar[int] = 0

    def forward(self, x: Tensor, rng: Rng = None) -> Tensor:
        """Apply dropout to the channels of x (b, c, ...). rng: needed in training if rate > 0."""
        x = float_tensor(x)
        if x.ndim != self.axes:
            raise ShapeError(
                f"{type(self).__name__} needs x with {self.axes} axes, (b, c, ...), got {x.shape}"
            )
        channels = self.draw(x.shape[:2], rng)
        if channels is None:
            return x
        keep = channels.keep.reshape(*x.shape[:2], *[1] * (x.ndim - 2))
        mask = DropoutMask(np.broadcast_to(keep, x.shape), channels.scale)
        return apply_mask(x, dropout_mask=mask)


class Dropout1d(ChannelDropout):
    """Dropout of whole channels of sequences (b, c, t), at probability `rate`; see `Dropout2d`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Dropout1d
        >>> y = Dropout1d(0.5)(np.ones((2, 8, 5), np.float32), rng=np.random.default_rng(0)).data
        >>> bool((y == y[:, :, :1]).all())  # a channel is dropped at all steps, or at none
        True
        >>> np.unique(y)
        array([0., 2.], dtype=float32)
    """

    axes = 3


class Dropout2d(ChannelDropout):
    """Dropout of whole channels of images (b, c, h, w) in training (Tompson et al. 2015).

    rate: probability of a channel. The pixels of a channel resemble each other, so dropping single
    ones regularizes little. The other channels are scaled as in `Dropout`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Dropout2d
        >>> y = Dropout2d(0.5)(np.ones((2, 8, 4, 4), np.float32), rng=np.random.default_rng(0)).data
        >>> bool((y == y[:, :, :1, :1]).all())  # a channel is dropped at all pixels, or at none
        True
        >>> np.unique(y)
        array([0., 2.], dtype=float32)
    """

    axes = 4


class Dropout3d(ChannelDropout):
    """Dropout of whole channels of volumes (b, c, d, h, w), at probability `rate`; see `Dropout2d`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Dropout3d
        >>> dropout, x = Dropout3d(0.5), np.ones((2, 8, 4, 4, 4), np.float32)
        >>> np.unique(dropout(x, rng=np.random.default_rng(0)).data)
        array([0., 2.], dtype=float32)
    """

    axes = 5


def add_with_dropout(x: Tensor, y: Tensor, dropout: Dropout, rng: Rng) -> Tensor:
    """Return x + dropout(y), in one step if dropout acts."""
    dropout_mask = dropout.draw(y.shape, rng)
    return x + y if dropout_mask is None else add_dropped(x, y, dropout_mask=dropout_mask)


def stream_of_pass(rng: Rng) -> np.random.Generator:
    """Return the random stream of this pass. Raises StateError if it is None."""
    if rng is None:
        raise StateError(
            "dropout in training needs a random stream and got None; call the model with "
            "rng=np.random.Generator(...), or switch to model.eval()"
        )
    return rng


@samples(apply_mask)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    for shape, note in [((3, 4), ""), ((0, 4), "empty")]:
        x, keep = rng.normal(size=shape), rng.random(shape) < 0.5
        yield Sample((x,), {"dropout_mask": DropoutMask(keep, 2.0)}, note=note)


@samples(add_dropped)
def _(rng: np.random.Generator) -> Iterator[Sample]:
    for shape, note in [((3, 4), ""), ((0, 4), "empty"), ((), "0-d"), ((3, 50_000), "blocks")]:
        x, y, draws = rng.normal(size=shape), rng.normal(size=shape), rng.random(shape)
        keep = np.asarray(draws < 0.5)
        yield Sample((x, y), {"dropout_mask": DropoutMask(keep, 2.0)}, note=note)
