"""Wrong variants of the gradient of the softmax; each must turn the check red."""

MUTANTS = {
    "softmax_gradients": [
        ("diagonal of the Jacobian only", "p * (grad - mean_grad)", "grad * p * (1 - p)"),
        ("mean of the gradient is not taken off", "(grad - mean_grad)", "grad"),
        ("sign of the mean", "grad - mean_grad", "grad + mean_grad"),
        ("not multiplied by p", "p * (grad - mean_grad)", "grad - mean_grad"),
        ("plain sum of the gradient", "(p * grad).sum", "grad.sum"),
        ("sum over the batch", "axis=-1", "axis=0"),
        ("logits instead of probabilities", "p = softmax(z)", "p = z"),
        ("sign", "p * (grad", "-p * (grad"),
        (
            "rule of log-softmax",
            "p * (grad - mean_grad)",
            "grad - p * grad.sum(axis=-1, keepdims=True)",
        ),
    ]
}
