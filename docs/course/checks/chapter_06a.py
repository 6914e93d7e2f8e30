"""Checks of the tasks of chapter 6: the convolution of signals, and windows of pictures."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from docs.course.workshop.task import Check, Mutant, Observation, Observations, slopes


def _convolve(mine: ModuleType) -> Observations:
    steps = np.array([0.0, 0, 0, 1, 1, 1, 0, 0])
    edges = np.array([0.0, 0, 1, 0, 0, -1, 0])
    yield Observation("the edges of a step", mine.convolve(steps, np.array([-1.0, 1])), edges)
    x = np.array([1.0, 2, 4, 8, 16])
    yield Observation(
        "1, 2, 4, 8, 16 by the kernel (1, 10, 100)",
        mine.convolve(x, np.array([1.0, 10, 100])),
        np.array([421.0, 842, 1684]),
    )
    got = mine.convolve(x, np.array([2.0]))
    yield Observation("a kernel of one number", got, np.array([2.0, 4, 8, 16, 32]))
    got = mine.convolve(x, np.array([1.0, 0, 0, 0, 1]))
    yield Observation("a kernel as long as the signal", got, np.array([17.0]))


def _convolve_gradients(mine: ModuleType) -> Observations:
    rng = np.random.default_rng(6)
    for n, k in ((7, 3), (5, 2), (4, 4), (4, 1)):
        x, kernel, grad = rng.normal(size=n), rng.normal(size=k), rng.normal(size=n - k + 1)

        def loss(x: np.ndarray, kernel: np.ndarray, grad: np.ndarray = grad) -> float:
            return sum(
                g * sum(w * x[q + i] for i, w in enumerate(kernel)) for q, g in enumerate(grad)
            )

        d_x, d_kernel = mine.convolve_gradients(grad, x, kernel)
        sizes = f"{n} numbers and a kernel of {k}"
        right = slopes(lambda x, kernel=kernel, loss=loss: loss(x, kernel), x)
        yield Observation(f"the gradient by x, of {sizes}", d_x, right)
        right = slopes(lambda kernel, x=x, loss=loss: loss(x, kernel), kernel)
        yield Observation(f"the gradient by the kernel, of {sizes}", d_kernel, right)


def _pixel(x: np.ndarray, b: int, c: int, row: int, column: int) -> float:
    inside = 0 <= row < x.shape[2] and 0 <= column < x.shape[3]
    return x[b, c, row, column] if inside else 0.0


def loop_windows(x: np.ndarray, k: int, stride: int, padding: int) -> np.ndarray:
    count = [(n + 2 * padding - k) // stride + 1 for n in x.shape[2:]]
    result = np.empty((*x.shape[:2], *count, k, k))
    for b, c, p, q, i, j in np.ndindex(result.shape):
        row, column = stride * p + i - padding, stride * q + j - padding
        result[b, c, p, q, i, j] = _pixel(x, b, c, row, column)
    return result


SETTINGS = ((1, 0), (2, 0), (1, 1), (2, 1), (3, 2))


def _windows(mine: ModuleType) -> Observations:
    x = np.arange(1.0, 61).reshape(1, 2, 5, 6)
    got = mine.windows(x, 3)[0, 1, 2, 3]
    right = np.array([[46.0, 47, 48], [52, 53, 54], [58, 59, 60]])
    yield Observation("the last window of channel 1 of a picture of 5 x 6", got, right)
    for stride, padding in SETTINGS[1:]:
        settings = f"stride {stride} and padding {padding}"
        got, right = mine.windows(x, 3, stride, padding), loop_windows(x, 3, stride, padding)
        shapes = list(np.shape(got)), list(right.shape)
        yield Observation(f"the shape of the windows with {settings}", *shapes)
        yield Observation(f"the first window with {settings}", got[0, 0, 0, 0], right[0, 0, 0, 0])
        last = got[0, 0, -1, -1], right[0, 0, -1, -1]
        yield Observation(f"the last window of channel 0 with {settings}", *last)
        yield Observation(f"all windows with {settings}", np.array(got), right)
    batch = np.random.default_rng(6).normal(size=(2, 1, 4, 3))
    got = np.array(mine.windows(batch, 2))
    yield Observation("the windows of 2 x 2 of two pictures", got, loop_windows(batch, 2, 1, 0))


CHECKS = (
    Check(
        "6.1",
        _convolve,
        mutants=(
            Mutant(
                "You turned the kernel around. Its first weight meets the first number of the "
                "window.",
                "kernel @",
                "kernel[::-1] @",
            ),
            Mutant(
                "The last window is missing: there are n - k + 1 of them, not n - k.",
                "range(n - k + 1)",
                "range(n - k)",
            ),
            Mutant(
                "Your windows do not overlap. A window begins at every position, not at every "
                "k-th.",
                "range(n - k + 1)",
                "range(0, n - k + 1, k)",
            ),
            Mutant(
                "You divided by the length of the kernel. The output is the sum, not the mean.",
                "kernel @ x[q : q + k]",
                "kernel @ x[q : q + k] / k",
            ),
            Mutant(
                "Your signal has zeros at its ends, and windows reach into them. Only windows "
                "that lie inside the signal count.",
                "n, k = len(x), len(kernel)",
                "x = np.pad(x, len(kernel) - 1)\n    n, k = len(x), len(kernel)",
            ),
            Mutant(
                "Your output is as long as the signal: zeros at its ends fill up the last "
                "windows. Only windows that lie inside the signal count.",
                "n, k = len(x), len(kernel)",
                "k = len(kernel)\n    x = np.pad(x, ((k - 1) // 2, k // 2))\n    n = len(x)",
            ),
            Mutant(
                "Your signal is a ring: the last windows go on at its beginning.",
                edits=(
                    (
                        "n, k = len(x), len(kernel)",
                        "n, k = len(x), len(kernel)\n    x = np.tile(x, 2)",
                    ),
                    ("range(n - k + 1)", "range(n)"),
                ),
            ),
        ),
    ),
    Check(
        "6.2",
        _convolve_gradients,
        mutants=(
            Mutant(
                "In the gradient by x the kernel has to be turned around: the input r meets the "
                "weight i in the output r - i.",
                "kernel[::-1]",
                "kernel",
            ),
            Mutant(
                "You turned grad around in the gradient by the kernel. The slope of output q goes "
                "with the window that begins at q.",
                "convolve(x, grad)",
                "convolve(x, grad[::-1])",
            ),
            Mutant(
                "The two gradients come in the wrong order: first by x, then by the kernel.",
                "convolve(padded, kernel[::-1]), convolve(x, grad)",
                "convolve(x, grad), convolve(padded, kernel[::-1])",
            ),
            Mutant(
                "All your zeros are at the left end. k - 1 zeros belong at either end of grad.",
                "np.pad(grad, len(kernel) - 1)",
                "np.pad(grad, (2 * len(kernel) - 2, 0))",
            ),
            Mutant(
                "You divided the gradient by the kernel by the number of outputs. A weight that "
                "is used several times gets the sum of what comes back.",
                "convolve(x, grad)",
                "convolve(x, grad) / len(grad)",
            ),
            Mutant(
                "The gradient by x is too short: grad needs k - 1 zeros at either end before the "
                "kernel slides over it.",
                "np.pad(grad, len(kernel) - 1)",
                "grad",
            ),
            Mutant(
                "You added k zeros at either end of grad; k - 1 make a gradient as long as x.",
                "len(kernel) - 1",
                "len(kernel)",
            ),
        ),
    ),
    Check(
        "6.3",
        _windows,
        mutants=(
            Mutant(
                "Your padding is at the top and the left only. It goes around the whole picture.",
                "(padding, padding), (padding, padding)))",
                "(padding, 0), (padding, 0)))",
            ),
            Mutant(
                "You forgot the padding.",
                "(padding, padding), (padding, padding)))",
                "(0, 0), (0, 0)))",
            ),
            Mutant(
                "Your padding repeats the pixels of the border. It should be zeros.",
                "(padding, padding), (padding, padding)))",
                '(padding, padding), (padding, padding)), mode="edge")',
            ),
            Mutant("You forgot the stride.", "[:, :, ::stride, ::stride]", "[:, :, ::1, ::1]"),
            Mutant(
                "Your stride counts for the columns only. It holds in both directions.",
                "::stride, ::stride",
                "::1, ::stride",
            ),
            Mutant(
                "Your stride leaves out points of the window, which is dilation. It leaves out "
                "windows.",
                "every[:, :, ::stride, ::stride]",
                "every[:, :, :, :, ::stride, ::stride]",
            ),
            Mutant(
                "Rows and columns within a window are swapped: windows(x, k)[b, c, p, q] is a "
                "window as it is in the picture, not its transpose.",
                "return every[:, :, ::stride, ::stride]",
                "return every[:, :, ::stride, ::stride].swapaxes(4, 5)",
            ),
        ),
    ),
)
