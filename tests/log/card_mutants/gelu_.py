"""Wrong variants of the gradients of GELU; each must turn the check red."""

MUTANTS = {
    "gelu_gradients": [
        ("only the first half of the product rule", " + x * density", ""),
        ("only the second half of the product rule", "normal_share(x) + ", ""),
        ("sign of the second term", "+ x *", "- x *"),
        ("density without its factor", " / sqrt(2 * pi)", ""),
        ("the 2 in the exponent is missing", "(x**2) / 2", "(x**2)"),
        ("sign of the exponent", "-(x**2)", "(x**2)"),
        ("x of the product rule is missing", "x * density", "density"),
        ("the incoming gradient is forgotten", "grad * ", ""),
    ],
    "gelu_tanh_gradients": [
        ("only the first half of the product rule", " + x / 2 * (1 - t**2) * by_inner", ""),
        ("slope of tanh without square", "1 - t**2", "1 - t"),
        ("slope of the inside is missing", " * by_inner", ""),
        ("3 of the cube is missing", "1 + 3 * 0.044715", "1 + 0.044715"),
        ("cube not differentiated", "0.044715 * x**2)", "0.044715 * x**3)"),
        ("sign of the second term", "+ x / 2", "- x / 2"),
        ("factor of the inside is missing", "by_inner = sqrt(2 / pi) *", "by_inner ="),
        ("the first term is not halved", "(1 + t) / 2", "(1 + t)"),
    ],
}
