"""Wrong gradients of broadcasting: what is wrong, the text, and what replaces it."""

MUTANTS = {
    "broadcasting_gradients": [
        ("not summed", ".sum(axis=1, keepdims=True)", ""),
        ("the stretched axis is lost", "sum(axis=1, keepdims=True)", "sum(axis=1)"),
        (
            "summed over the wrong axis",
            "sum(axis=1, keepdims=True)",
            "sum(axis=0, keepdims=True).T",
        ),
        ("mean instead of sum", "sum(axis=1", "mean(axis=1"),
        ("x is forgotten", "(grad * x)", "grad"),
        ("mean for the row", "grad.sum(axis=0)", "grad.mean(axis=0)"),
        ("one read for the row", "grad.sum(axis=0)", "grad[0]"),
        ("x receives itself", "return grad * column", "return grad * x"),
    ]
}
