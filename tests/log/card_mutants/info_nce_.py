"""Wrong gradients of InfoNCE: what is wrong, the text, and what replaces it."""

MUTANTS = {
    "info_nce_gradients": [
        ("the positives are forgotten", " - np.eye(len(a))", ""),
        (
            "flipped sign",
            "(softmax(u @ v.T / temperature) - np.eye(len(a)))",
            "(np.eye(len(a)) - softmax(u @ v.T / temperature))",
        ),
        ("transposed", "error.T @ u", "error @ u"),
        ("without the temperature", "(len(a) * temperature)", "len(a)"),
        ("sum instead of mean", "(len(a) * temperature)", "temperature"),
        ("the length is held constant", "unit_gradients(error @ v, a)", "error @ v"),
        ("vectors of length 1 are forgotten", "u, v = unit(a), unit(b)", "u, v = a, b"),
        (
            "a and b are swapped",
            "unit_gradients(error @ v, a), unit_gradients(error.T @ u, b)",
            "unit_gradients(error.T @ u, b), unit_gradients(error @ v, a)",
        ),
    ],
    "unit_gradients": [
        ("the length does not change", " - unit(x) * along", ""),
        ("not divided by the length", " / np.linalg.norm(x, axis=1, keepdims=True)", ""),
        ("flipped sign", "grad - unit(x)", "grad + unit(x)"),
        ("sum over the examples", "sum(axis=1", "sum(axis=0"),
        ("along x in place of its direction", "grad - unit(x)", "grad - x"),
    ],
}
