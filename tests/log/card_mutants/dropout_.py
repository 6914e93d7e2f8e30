"""Wrong variants of the gradient of dropout; each must turn the check red."""

MUTANTS = {
    "dropout_gradients": [
        ("the factor is missing", "grad / (1 - rate)", "grad"),
        ("multiplied by the share kept", "grad / (1 - rate)", "grad * (1 - rate)"),
        ("divided by the rate", "(1 - rate)", "rate"),
        ("dropped and kept are swapped", "np.where(keep,", "np.where(~keep,"),
        ("passes everything", ", 0)", ", grad)"),
        ("rows of the mask in reverse order", "np.where(keep,", "np.where(keep[::-1],"),
        ("sign", "grad / ", "-grad / "),
        ("mask of the values, not of the draw", "np.where(keep,", "np.where(x > 0,"),
    ]
}
