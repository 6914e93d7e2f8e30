"""Wrong variants of the gradients of soft targets; each must turn the check red."""

MUTANTS = {
    "soft_cross_entropy_gradients": [
        ("p is not multiplied by the sum of q", " * q.sum(axis=1, keepdims=True)", ""),
        ("sign of q", " - q", " + q"),
        ("gradient of the targets has the wrong sign", "-grad * log_p", "grad * log_p"),
        (
            "probability instead of its logarithm by the targets",
            "-grad * log_p",
            "-grad * np.exp(log_p)",
        ),
        ("gradient of the targets is that of the logits", "-grad * log_p", "-grad * by_z"),
        ("sum over the batch", "q.sum(axis=1, keepdims=True)", "q.sum(axis=0)"),
        ("not divided by the rows", "grad * by_z / len(z)", "grad * by_z"),
        ("logarithm instead of probability", "np.exp(log_p) *", "log_p *"),
    ]
}
