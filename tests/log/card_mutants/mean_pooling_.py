"""Wrong variants of the gradients of mean pooling; each must turn the check red."""

MUTANTS = {
    "mean_pooling_gradients": [
        ("not divided", " / size**2", ""),
        ("divided by one side", "size**2", "size"),
        ("multiplied", "/ size**2", "* size**2"),
        (
            "tiled instead of repeated",
            "np.kron(grad, np.ones((size, size)))",
            "np.tile(grad, (size, size))",
        ),
        ("kron the other way around", "grad, np.ones((size, size))", "np.ones((size, size)), grad"),
        (
            "to the first of the window only",
            "np.ones((size, size))",
            "np.eye(1, size**2).reshape(size, size)",
        ),
        ("sign", "np.kron(grad", "np.kron(-grad"),
    ],
    "masked_mean_gradients": [
        ("divided by the length with padding", "mask.sum(axis=1, keepdims=True)", "mask.shape[1]"),
        ("padding has a gradient", "mask / mask", "1 / mask"),
        ("not divided", " / mask.sum(axis=1, keepdims=True)", " * 1.0"),
        ("only padding has a gradient", "share = mask", "share = ~mask"),
        ("divided by all words of the batch", "mask.sum(axis=1, keepdims=True)", "mask.sum()"),
        ("sign", "* grad", "* -grad"),
        ("multiplied by x", "* grad", "* x * grad"),
    ],
}
