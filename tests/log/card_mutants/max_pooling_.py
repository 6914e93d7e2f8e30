"""Wrong variants of the gradient of max pooling; each must turn the check red."""

MUTANTS = {
    "max_pooling_gradients": [
        (
            "one gradient replaces another where windows overlap",
            "np.add.at(by_x, winners(x, size, stride), grad)",
            "by_x[winners(x, size, stride)] = grad",
        ),
        ("to the smallest", "winners(x, size, stride)", "winners(-x, size, stride)"),
        (
            "to the first of the window",
            "winners(x, size, stride)",
            "winners(np.zeros_like(x), size, stride)",
        ),
        (
            "windows of another stride",
            "winners(x, size, stride), grad",
            "winners(x, size, 1), np.pad(grad, 9)[9 : 9 + len(x) - size + 1, "
            "9 : 9 + x.shape[1] - size + 1]",
        ),
        ("shared by the window", "size, stride), grad", "size, stride), grad / size**2"),
        ("sign", "stride), grad", "stride), -grad"),
        ("values instead of gradients", "stride), grad", "stride), max_pooling(x, size, stride)"),
        ("sent to everybody", "return by_x", "return by_x + grad.sum()"),
    ]
}
