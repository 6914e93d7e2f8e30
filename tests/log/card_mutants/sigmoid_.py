"""Wrong variants of the gradients of sigmoid and tanh; each must turn the check red."""

MUTANTS = {
    "sigmoid_gradients": [
        ("slope of tanh", "y * (1 - y)", "(1 - y**2)"),
        ("sign", "(1 - y)", "(y - 1)"),
        ("1 - y is missing", " * (1 - y)", ""),
        ("y is missing", "grad * y", "grad"),
        ("x instead of y", "y = sigmoid(x)", "y = x"),
        ("plus instead of minus", "1 - y", "1 + y"),
        ("sigmoid applied twice", "sigmoid(x)", "sigmoid(sigmoid(x))"),
        ("the incoming gradient is forgotten", "grad * y", "y"),
    ],
    "tanh_gradients": [
        ("slope of sigmoid", "(1 - y**2)", "y * (1 - y)"),
        ("sign", "1 - y**2", "y**2 - 1"),
        ("plus instead of minus", "1 - y**2", "1 + y**2"),
        ("square is missing", "y**2", "y"),
        ("x instead of y", "np.tanh(x)", "x"),
        ("the incoming gradient is forgotten", "grad * ", ""),
        ("squares the whole slope", "(1 - y**2)", "(1 - y) ** 2"),
    ],
}
