"""Wrong variants of the gradients of a convolution in 1-D; each must turn the check red."""

MUTANTS = {
    "convolution_1d_gradients": [
        ("the kernel is not turned around", "kernel[::-1]", "kernel"),
        (
            "border of zeros too narrow",
            "np.pad(grad, len(kernel) - 1)",
            "np.pad(grad, len(kernel) - 2)",
        ),
        (
            "zeros on one side only",
            "np.pad(grad, len(kernel) - 1)",
            "np.pad(grad, (2 * len(kernel) - 2, 0))",
        ),
        ("the signal is turned around", "np.correlate(x, grad", "np.correlate(x[::-1], grad"),
        ("the gradient is turned around", "np.correlate(x, grad", "np.correlate(x, grad[::-1]"),
        ("sign of the kernel's gradient", "by_x, by_kernel", "by_x, -by_kernel"),
        ("slid past the end", 'np.correlate(x, grad, "valid")', 'np.correlate(x, grad, "full")'),
    ],
    "strided_convolution_1d_gradients": [
        ("form without stride", "spread[::stride] = grad", "spread[: len(grad)] = grad"),
        ("zeros before, not behind, the gradients", "spread[::stride]", "spread[1::stride]"),
        (
            "gradients repeated instead of zeros",
            "np.correlate(x, spread",
            "np.correlate(x, np.repeat(grad, stride)[: len(spread)]",
        ),
        ("the kernel is not turned around", "kernel[::-1]", "kernel"),
        ("gradients in reverse", "= grad", "= grad[::-1]"),
        ("no zeros between for the kernel", "np.correlate(x, spread", "np.correlate(x, grad"),
        ("the remainder at the end is left out", "return by_x,", "return by_x[:-1],"),
        ("multiplied by the stride", "return by_x, by_kernel", "return by_x, stride * by_kernel"),
    ],
}
