"""Wrong gradients of a residual connection: what is wrong, the text, and what replaces it."""

MUTANTS = {
    "residual_gradients": [
        ("without the path around", "return grad + ", "return "),
        ("only the path around", "grad + by_z @ weight.T", "grad"),
        ("flipped sign", "grad + by_z", "grad - by_z"),
        ("transposed", "by_z @ weight.T", "by_z @ weight"),
        ("slope of tanh not squared", "np.tanh(x @ weight) ** 2", "np.tanh(x @ weight)"),
        (
            "the path around is added to the branch as well",
            "by_z = grad * (1 - np.tanh",
            "by_z = grad * (2 - np.tanh",
        ),
        ("weights from the wrong product", "x.T @ by_z", "by_z.T @ x"),
    ]
}
