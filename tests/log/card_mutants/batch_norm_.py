"""Wrong gradients of batch normalization: what is wrong, the text, and what replaces it."""

MUTANTS = {
    "batch_norm_gradients": [
        ("the mean is held constant", "h - h.mean(axis=0) - n", "h - n"),
        ("the variance is held constant", " - n * (h * n).mean(axis=0)", ""),
        (
            "not divided by the deviation",
            "mean(axis=0)) / s\n    return",
            "mean(axis=0))\n    return",
        ),
        ("the gain is forgotten", "grad * gain", "grad"),
        ("sums instead of means", "(h * n).mean(axis=0)", "(h * n).sum(axis=0)"),
        ("flipped sign", "- n * (h * n)", "+ n * (h * n)"),
        (
            "mean over the row, as in layer norm",
            "h.mean(axis=0) -",
            "h.mean(axis=1, keepdims=True) -",
        ),
        ("gain from x that is not normalized", "(grad * n).sum(axis=0)", "(grad * x).sum(axis=0)"),
        ("mean for the bias", "grad.sum(axis=0)", "grad.mean(axis=0)"),
    ]
}
