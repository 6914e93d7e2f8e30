"""Wrong variants of the gradients of the cross-entropy; each must turn the check red."""

MUTANTS = {
    "cross_entropy_gradients": [
        ("1 is added at the label", "-= 1", "+= 1"),
        ("the label is not subtracted", "-= 1", "-= 0"),
        ("not divided by the rows", " / len(z)", ""),
        ("divided by the size", " / len(z)", " / z.size"),
        ("should minus said", "grad * by_z", "-grad * by_z"),
        ("subtracted from the whole column", "np.arange(len(z)), labels", ":, labels"),
        ("log-probabilities", "np.exp(log_softmax(z))", "log_softmax(z)"),
        ("exponentials are not normalized", "log_softmax(z)", "z"),
    ],
    "smoothed_cross_entropy_gradients": [
        ("should minus said", "p - q", "q - p"),
        ("no smoothing", "labels, smoothing, z.shape[1]", "labels, 0, z.shape[1]"),
        (
            "target of 1 - s at the label",
            "(p - q)",
            "(p - q + smoothing / z.shape[1] * np.eye(z.shape[1])[labels])",
        ),
        ("not divided by the rows", " / len(z)", ""),
        ("plus", "p - q", "p + q"),
        ("logarithm instead of probability", "np.exp(log_softmax(z))", "log_softmax(z)"),
        ("smoothing doubled", "labels, smoothing,", "labels, 2 * smoothing,"),
        ("slope of the softmax multiplied in", "(p - q)", "(p - q) * p * (1 - p)"),
    ],
    "weighted_cross_entropy_gradients": [
        ("p is not multiplied by the sum of q", "p * q.sum(axis=1, keepdims=True)", "p"),
        ("sum over the batch", "q.sum(axis=1, keepdims=True)", "q.sum(axis=0)"),
        ("divided by the rows, not by their weights", "weights[labels].sum()", "len(z)"),
        ("divided by all weights", "weights[labels].sum()", "weights.sum()"),
        ("weights are forgotten", "weights * smoothed", "smoothed"),
        ("sign", " - q", " + q"),
        (
            "p multiplied by the weight of each class",
            "p * q.sum(axis=1, keepdims=True)",
            "p * weights",
        ),
        ("no smoothing", "labels, smoothing, z.shape[1]", "labels, 0, z.shape[1]"),
    ],
}
