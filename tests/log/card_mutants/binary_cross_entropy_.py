"""Wrong variants of the gradients of the binary cross-entropy; each must turn the check red."""

MUTANTS = {
    "binary_cross_entropy_gradients": [
        ("should minus said", "sigmoid(z) - targets", "targets - sigmoid(z)"),
        ("not divided by the number", " / z.size", ""),
        ("divided by the rows", "z.size", "len(z)"),
        (
            "slope of the sigmoid is left in",
            "(sigmoid(z) - targets)",
            "(sigmoid(z) - targets) * sigmoid(z) * (1 - sigmoid(z))",
        ),
        ("logit instead of probability", "sigmoid(z) - ", "z - "),
        ("sigmoid of the other class", "sigmoid(z)", "sigmoid(-z)"),
        ("target is forgotten", " - targets", ""),
    ],
    "weighted_binary_cross_entropy_gradients": [
        ("weight is forgotten", "weight * targets", "targets"),
        ("weight on the negatives too", "(1 - targets) *", "weight * (1 - targets) *"),
        ("sign of the positives", "- weight", "+ weight"),
        ("sigmoid of the wrong side for positives", "sigmoid(-z)", "sigmoid(z)"),
        ("sigmoid of the wrong side for negatives", "sigmoid(z)", "sigmoid(-z)"),
        ("not divided by the number", " / z.size", ""),
        ("divided by the weights", "z.size", "(weight * targets + 1 - targets).sum()"),
    ],
    "of_probabilities_gradients": [
        ("rule of the logits", " / (p * (1 - p))", ""),
        ("multiplied by p (1 - p)", " / (p * (1 - p))", " * (p * (1 - p))"),
        ("should minus said", "(p - targets)", "(targets - p)"),
        ("1 - p is missing", "(p * (1 - p))", "p"),
        ("not divided by the number", " / p.size", ""),
        ("the incoming gradient is forgotten", "grad * ", ""),
    ],
}
