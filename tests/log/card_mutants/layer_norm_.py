"""Wrong gradients of layer normalization: what is wrong, the text, and what replaces it."""

MUTANTS = {
    "layer_norm_gradients": [
        ("the mean is held constant", "h - mean(h) - n", "h - n"),
        ("the variance is held constant", " - n * mean(h * n)", ""),
        ("not divided by the deviation", "mean(h * n)) / s", "mean(h * n))"),
        ("divided by the variance", "mean(h * n)) / s", "mean(h * n)) / s**2"),
        ("the gain is forgotten", "grad * gain", "grad"),
        ("n is missing", "n * mean(h * n)", "mean(h * n)"),
        ("flipped sign", "- n * mean(h * n)", "+ n * mean(h * n)"),
        ("sum over the row for the gain", "(grad * n).sum(axis=0)", "(grad * n).sum(axis=1)"),
        (
            "gain and bias are swapped",
            "(grad * n).sum(axis=0), grad.sum(axis=0)",
            "grad.sum(axis=0), (grad * n).sum(axis=0)",
        ),
    ]
}
