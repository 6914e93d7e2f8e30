"""Wrong gradients of the CRF by its scores: what is wrong, the text, and what replaces it."""

MUTANTS = {
    "crf_scores_gradients": [
        ("without the actual tags", " - one_hot", ""),
        ("flipped sign", "/ z - one_hot", "/ z + one_hot"),
        ("without beta", "alpha * beta / z", "alpha / z"),
        ("not normalized", "alpha * beta / z", "alpha * beta"),
        (
            "each position by itself",
            "alpha * beta / z",
            "(alpha / alpha.sum(axis=1, keepdims=True))",
        ),
        ("beta from the wrong end", "alpha * beta / z", "alpha * beta[::-1] / z"),
        ("one-hot of the previous tag", "[tags]", "[np.roll(tags, 1)]"),
        (
            "the end scores are forgotten",
            "forward_backward(emissions, transitions, start, end)",
            "forward_backward(emissions, transitions, start, 0 * end)",
        ),
        (
            "transposed transitions",
            "forward_backward(emissions, transitions,",
            "forward_backward(emissions, transitions.T,",
        ),
    ]
}
