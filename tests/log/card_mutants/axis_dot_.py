"""Wrong gradients of AxisDot: what is wrong, the text, and what replaces it."""

MUTANTS = {
    "axis_dot_gradients": [
        ("each gets itself", "x[:, ::-1]", "x"),
        ("flipped sign", "x[:, ::-1]", "-x[:, ::-1]"),
        ("the last axis is reversed", "x[:, ::-1]", "x[:, ::-1, ::-1]"),
        ("both get the first", "x[:, ::-1]", "x[:, [0, 0]]"),
        ("as for a square", "x[:, ::-1]", "2 * x[:, ::-1]"),
        ("the gradient is forgotten", "grad[:, np.newaxis, np.newaxis] * ", ""),
        ("the gradients of the wrong examples", "grad[:,", "grad[::-1,"),
    ]
}
