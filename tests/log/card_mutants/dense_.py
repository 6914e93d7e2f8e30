"""Wrong gradients of the dense layer: what is wrong, the text of the form, the wrong text."""

MUTANTS = {
    "dense_gradients": [
        ("W is not transposed", "grad @ weight.T", "grad @ weight"),
        ("the sign of the first", "grad @ weight.T", "-grad @ weight.T"),
        ("x and grad change places", "x.T @ grad", "grad.T @ x"),
        ("a mean in place of the sum over rows", "x.T @ grad", "x.T @ grad / len(x)"),
        ("the bias counts its mean", "grad.sum(axis=0)", "grad.mean(axis=0)"),
        ("the bias sums over the outputs", "grad.sum(axis=0)", "grad.sum(axis=1)"),
        (
            "the gradients in another order",
            "x.T @ grad, grad.sum(axis=0)",
            "grad.sum(axis=0), x.T @ grad",
        ),
    ],
}
