"""Checks of the tasks of chapter 6: the convolution of pictures, and max pooling."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from docs.course.checks.chapter_06a import SETTINGS, loop_windows
from docs.course.workshop.task import Check, Mutant, Observation, Observations, slopes


def _loop_conv2d(
    x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, stride: int, padding: int
) -> np.ndarray:
    patches = loop_windows(x, kernel.shape[-1], stride, padding)
    y = np.empty((len(x), len(kernel), *patches.shape[2:4]))
    for b, o, p, q in np.ndindex(y.shape):
        y[b, o, p, q] = bias[o] + sum(
            (patches[b, c, p, q] * kernel[o, c]).sum() for c in range(x.shape[1])
        )
    return y


def _pictures(
    stride: int, padding: int, size: tuple[int, int] = (5, 6)
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng([6, stride, padding])
    x, kernel = rng.normal(size=(2, 2, *size)), rng.normal(size=(3, 2, 3, 3))
    return x, kernel, rng.normal(size=3)


def _conv2d(mine: ModuleType) -> Observations:
    x = np.array([[[[1.0, 2, 0], [0, 1, 0], [3, 0, 1]]]])
    kernel, bias = np.array([[[[1.0, 10], [100, 1000]]]]), np.array([0.5])
    right = np.array([[[[1021.5, 102.5], [310.5, 1001.5]]]])
    label = "a picture of 3 x 3 by the kernel 1, 10, 100, 1000 and the bias 0.5"
    yield Observation(label, mine.conv2d(x, kernel, bias), right)
    got = mine.conv2d(np.concatenate([x, x], axis=1), np.ones((3, 2, 2, 2)), np.array([0.0, 1, 2]))
    right = np.array([[[[8.0, 6], [8, 4]]]]) + np.array([0.0, 1, 2])[:, None, None]
    yield Observation("two channels, three kernels of ones", got, right)
    for stride, padding in SETTINGS:
        x, kernel, bias = _pictures(stride, padding)
        got = mine.conv2d(x, kernel, bias, stride, padding)
        right = _loop_conv2d(x, kernel, bias, stride, padding)
        yield Observation(f"stride {stride} and padding {padding}", got, right)
    x, kernel, bias = _pictures(1, 0)
    got, right = mine.conv2d(x, kernel, bias), _loop_conv2d(x, kernel, bias, 1, 0)
    yield Observation("without settings: stride 1 and padding 0", got, right)


def _conv2d_gradients(mine: ModuleType) -> Observations:
    x, kernel = np.arange(9.0).reshape(1, 1, 3, 3), np.array([[[[1.0, 10], [100, 1000]]]])
    d_x, d_kernel, d_bias = mine.conv2d_gradients(np.ones((1, 1, 2, 2)), x, kernel)
    right = np.array([[[[1.0, 11, 10], [101, 1111, 1010], [100, 1100, 1000]]]])
    yield Observation("the gradient by a picture of 3 x 3, all slopes 1", d_x, right)
    yield Observation("its gradient by the kernel", d_kernel, np.array([[[[8.0, 12], [20, 24]]]]))
    yield Observation("its gradient by the bias", d_bias, np.array([4.0]))
    for stride, padding in ((1, 0), (1, 1), (2, 0), (2, 1)):
        x, kernel, _ = _pictures(stride, padding, size=(4, 5))
        count = [(n + 2 * padding - 3) // stride + 1 for n in (4, 5)]
        grad = np.random.default_rng(66).normal(size=(2, 3, *count))
        answer = mine.conv2d_gradients(grad, x, kernel, stride, padding)
        right = _loop_conv2d_gradients(grad, x, kernel, stride, padding)
        for name, got, value in zip(("x", "the kernel", "the bias"), answer, right):
            label = f"the gradient by {name}, with stride {stride} and padding {padding}"
            yield Observation(label, got, value)


def _loop_conv2d_gradients(
    grad: np.ndarray, x: np.ndarray, kernel: np.ndarray, stride: int, padding: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Let each product of a weight and a pixel send its two slopes."""
    d_x, d_kernel = np.zeros_like(x), np.zeros_like(kernel)
    for b, o, p, q in np.ndindex(grad.shape):
        for c, i, j in np.ndindex(kernel.shape[1:]):
            row, column = stride * p + i - padding, stride * q + j - padding
            if 0 <= row < x.shape[2] and 0 <= column < x.shape[3]:
                d_x[b, c, row, column] += grad[b, o, p, q] * kernel[o, c, i, j]
                d_kernel[o, c, i, j] += grad[b, o, p, q] * x[b, c, row, column]
    return d_x, d_kernel, np.array([grad[:, o].sum() for o in range(len(kernel))])


def _max_pool(mine: ModuleType) -> Observations:
    x = np.random.default_rng(6).normal(size=(2, 2, 4, 4)) - 5
    right = np.empty((2, 2, 2, 2))
    for b, c, p, q in np.ndindex(right.shape):
        right[b, c, p, q] = max(x[b, c, 2 * p + i, 2 * q + j] for i in (0, 1) for j in (0, 1))
    yield Observation("the maxima of windows of 2 x 2", mine.max_pool(x, 2, 2), right)
    grad = np.random.default_rng(7).normal(size=right.shape)
    got = mine.max_pool_gradient(grad, x, 2, 2)
    value = slopes(
        lambda x: sum(_maxima(x[b, c], grad[b, c], 2, 2) for b, c in np.ndindex(2, 2)), x
    )
    yield Observation("the gradient of windows side by side", got, value)
    peak = np.array([[[[1.0, 2, 0], [3, 9, 4], [0, 5, 6]]]])
    grad = np.array([[[[1.0, 10], [100, 1000]]]])
    got = mine.max_pool_gradient(grad, peak, 2, 1)
    right = np.zeros((1, 1, 3, 3))
    right[0, 0, 1, 1] = 1111
    yield Observation("a peak that wins four overlapping windows", got, right)
    tied = np.array([[[[1.0, 5], [5, 5]]]])
    got = mine.max_pool_gradient(np.array([[[[2.0]]]]), tied, 2, 2)
    yield Observation("three equal numbers", got, np.array([[[[0.0, 2], [0, 0]]]]))


def _maxima(picture: np.ndarray, grad: np.ndarray, k: int, stride: int) -> float:
    return sum(
        slope * picture[stride * p : stride * p + k, stride * q : stride * q + k].max()
        for (p, q), slope in np.ndenumerate(grad)
    )


CHECKS = (
    Check(
        "6.4",
        _conv2d,
        mutants=(
            Mutant("You forgot the bias.", " + bias[:, None, None]", ""),
            Mutant(
                "You turned the kernel around in both directions. Its first weight meets the "
                "first pixel of the window.",
                "patches, kernel)",
                "patches, kernel[:, :, ::-1, ::-1])",
            ),
            Mutant(
                "Your kernels are transposed: rows of the kernel meet columns of the window.",
                "bcpqij,ocij->bopq",
                "bcpqij,ocji->bopq",
            ),
            Mutant(
                "You took the mean over the channels. A kernel adds up what it reads of all of "
                "them.",
                "patches, kernel)",
                "patches, kernel) / x.shape[1]",
            ),
            Mutant(
                "You added the bias once for every input channel. It is added once.",
                "+ bias[:, None, None]",
                "+ x.shape[1] * bias[:, None, None]",
            ),
            Mutant(
                "You forgot to pass the stride on to the windows.",
                "stride, padding)\n",
                "1, padding)\n",
            ),
            Mutant(
                "You forgot to pass the padding on to the windows.",
                "stride, padding)\n",
                "stride, 0)\n",
            ),
            Mutant(
                "Every channel has met the kernel of the first input channel. Each input channel "
                "has a kernel of its own.",
                "patches, kernel)",
                "patches, np.repeat(kernel[:, :1], x.shape[1], axis=1))",
            ),
        ),
    ),
    Check(
        "6.5",
        _conv2d_gradients,
        mutants=(
            Mutant(
                "Where windows overlap, your copies overwrite each other: `+=` them.",
                "padded[:, :, rows, columns] += copies",
                "padded[:, :, rows, columns] = copies",
            ),
            Mutant(
                "You turned the kernel around in the gradient by x. If each output lays its copy "
                "on its own window, nothing is turned.",
                "kernel[:, :, i, j]",
                "kernel[:, :, -1 - i, -1 - j]",
            ),
            Mutant(
                "You cut off the wrong part: the border that padding added is on all four sides.",
                "padded[:, :, padding : padding + height, padding : padding + width]",
                "padded[:, :, :height, :width]",
            ),
            Mutant(
                "The gradient by x still has the border of zeros that padding put around the "
                "picture. Cut it off: zeros are constants, and nobody asks for their slope.",
                "padded[:, :, padding : padding + height, padding : padding + width]",
                "padded",
            ),
            Mutant(
                "Your gradient of the bias is a mean. The bias is added at every position of every "
                "picture, so it gets the sum.",
                "grad.sum(axis=(0, 2, 3))",
                "grad.mean(axis=(0, 2, 3))",
            ),
            Mutant(
                "Your gradient of the kernel is that of a mean over the pictures: you divided by "
                "B.",
                "windows(x, k, stride, padding))",
                "windows(x, k, stride, padding)) / len(x)",
            ),
            Mutant(
                "You forgot the stride in the gradient by x: your copies lie side by side, one "
                "pixel apart.",
                "slice(i, i + stride * p, stride), slice(j, j + stride * q, stride)",
                "slice(i, i + p), slice(j, j + q)",
            ),
            Mutant(
                "Your gradient of the kernel is transposed: rows and columns of the window are "
                "swapped.",
                "->ocij",
                "->ocji",
            ),
        ),
    ),
    Check(
        "6.6",
        _max_pool,
        mutants=(
            Mutant(
                "A number that wins several windows gets the slope of the last one only. Add "
                "them: `+=`.",
                "stride * q + j] += grad",
                "stride * q + j] = grad",
            ),
            Mutant(
                "If several numbers are equally large, you gave the slope to each of them. That "
                "counts it more than once; the first one gets it.",
                edits=(
                    (
                        "i, j = divmod(patches[b, c, p, q].argmax(), k)",
                        "patch = patches[b, c, p, q]",
                    ),
                    (
                        "gradient[b, c, stride * p + i, stride * q + j] += grad[b, c, p, q]",
                        "for i, j in np.argwhere(patch == patch.max()):\n"
                        "            gradient[b, c, stride * p + i, stride * q + j] += grad[b, c, "
                        "p, q]",
                    ),
                ),
            ),
            Mutant(
                "If several numbers are equally large, the slope goes to the first in reading "
                "order, not to the last.",
                "patches[b, c, p, q].argmax()",
                "k * k - 1 - patches[b, c, p, q].ravel()[::-1].argmax()",
            ),
            Mutant(
                "You shared the slope among all numbers of the window, as average pooling does. "
                "Only the largest gets it.",
                edits=(
                    (
                        "i, j = divmod(patches[b, c, p, q].argmax(), k)",
                        "i, j = stride * p, stride * q",
                    ),
                    (
                        "gradient[b, c, stride * p + i, stride * q + j] += grad[b, c, p, q]",
                        "gradient[b, c, i : i + k, j : j + k] += grad[b, c, p, q] / k**2",
                    ),
                ),
            ),
            Mutant(
                "Row and column of the winner are swapped. `argmax` counts row by row: the row is "
                "the quotient by k, the column the remainder.",
                "i, j = divmod",
                "j, i = divmod",
            ),
            Mutant(
                "You pooled over the channels, too. Each channel has maxima of its own.",
                "windows(x, k, stride).max(axis=(4, 5))",
                "windows(x, k, stride).max(axis=(1, 4, 5), keepdims=True)[..., 0, 0] + 0 * x[:, "
                ":, :1, :1]",
            ),
            Mutant(
                "Your maxima are never below zero: you compared with zero as well.",
                "windows(x, k, stride).max(axis=(4, 5))",
                "windows(x, k, stride).max(axis=(4, 5), initial=0)",
            ),
        ),
    ),
)
