"""Wrong variants of the gradients of relu, leaky relu and elu; each must turn the check red."""

MUTANTS = {
    "relu_gradients": [
        ("passes the negative side", "x > 0", "x < 0"),
        ("sign", "grad, 0", "-grad, 0"),
        ("passes everything", "x > 0", "x == x"),
        ("cuts where the gradient is negative, not x", "x > 0", "grad > 0"),
        ("value of relu instead of its slope", "grad, 0", "grad * x, 0"),
        ("slope 1 on the dead side", "grad, 0", "grad, grad"),
        ("the incoming gradient is forgotten", "grad, 0", "1.0, 0"),
    ],
    "leaky_relu_gradients": [
        ("sides swapped", "x > 0", "x < 0"),
        ("dead on the negative side", "slope * grad", "0"),
        ("sign of the leak", "slope * grad", "-slope * grad"),
        ("slope added, not multiplied", "slope * grad", "slope + grad"),
        ("slope on the positive side too", "grad, slope", "slope * grad, slope"),
        ("divides by the slope", "slope * grad", "grad / slope"),
        ("value instead of slope", "slope * grad", "slope * x * grad"),
    ],
    "elu_gradients": [
        ("sides swapped", "x > 0", "x < 0"),
        ("alpha is missing", "alpha * np.exp", "np.exp"),
        ("value instead of slope", "np.exp(", "np.expm1("),
        ("exponent turned", "np.minimum(x, 0)", "-np.minimum(x, 0)"),
        ("exponential on the positive side too", "grad, alpha", "np.exp(x) * grad, alpha"),
        (
            "the incoming gradient is forgotten on the negative side",
            "(np.minimum(x, 0)) * grad",
            "(np.minimum(x, 0))",
        ),
        ("sign of the negative side", "alpha * np", "-alpha * np"),
    ],
}
