"""Wrong gradients of the CRF by its transitions: what is wrong, the text, and what replaces it."""

MUTANTS = {
    "crf_transitions_gradients": [
        (
            "without the actual uses",
            "    np.subtract.at(by_transitions, (tags[:-1], tags[1:]), 1)  # - actual uses\n",
            "",
        ),
        (
            "only one of two writes",
            "np.subtract.at(by_transitions, (tags[:-1], tags[1:]), 1)",
            "by_transitions[tags[:-1], tags[1:]] -= 1",
        ),
        ("transposed", "(tags[:-1], tags[1:]), 1", "(tags[1:], tags[:-1]), 1"),
        ("the step's own score is forgotten", "np.exp(transitions) * (alpha", "(alpha"),
        (
            "the emission behind the step is forgotten",
            "np.exp(emissions[1:]) * beta[1:]",
            "beta[1:]",
        ),
        ("one position too early", "beta[1:]", "beta[:-1]"),
        ("expected uses transposed", "(alpha[:-1].T @ following)", "(alpha[:-1].T @ following).T"),
        ("the end takes the first tag", "by_end[tags[-1]]", "by_end[tags[1]]"),
        (
            "start and end are swapped",
            "alpha[0] * beta[0] / z, alpha[-1] * beta[-1] / z",
            "alpha[-1] * beta[-1] / z, alpha[0] * beta[0] / z",
        ),
        ("the start's actual tag is forgotten", "    by_start[tags[0]] -= 1\n", ""),
    ]
}
