"""Wrong variants of the gradient of log-softmax; each must turn the check red."""

MUTANTS = {
    "log_softmax_gradients": [
        ("sum of the gradient is missing", "p * grad.sum(axis=-1, keepdims=True)", "p"),
        ("sign of the second term", "grad - p", "grad + p"),
        ("softmax is missing", "p * grad.sum", "grad.sum"),
        ("log-probabilities instead of probabilities", "np.exp(log_softmax(z))", "log_softmax(z)"),
        ("sum over the batch", "axis=-1", "axis=0"),
        ("mean instead of sum", "grad.sum", "grad.mean"),
        (
            "rule of softmax",
            "grad - p * grad.sum(axis=-1, keepdims=True)",
            "p * (grad - (p * grad).sum(axis=-1, keepdims=True))",
        ),
        ("exponential of the logits, not normalized", "np.exp(log_softmax(z))", "np.exp(z)"),
    ]
}
