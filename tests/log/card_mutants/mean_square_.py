"""Wrong variants of the gradient of the mean square; each must turn the check red."""

MUTANTS = {
    "mean_square_gradients": [
        ("the 2 of the power rule is missing", "grad * 2 /", "grad /"),
        ("not divided by the number of errors", "* 2 / y.size", "* 2"),
        ("divided by the number of rows only", "y.size", "len(y)"),
        ("sign of the error turned", "(y - target)", "(target - y)"),
        ("the target has the sign of the prediction", "-by_y", "by_y"),
        ("the incoming gradient is forgotten", "grad * 2", "2"),
        ("squared error instead of its slope", "(y - target)", "(y - target) ** 2"),
    ]
}
