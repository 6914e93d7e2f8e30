"""Wrong gradients of negative sampling: what is wrong, the text, and what replaces it."""

MUTANTS = {
    "negative_sampling_gradients": [
        ("the observed word is noise", "    error[:, 0] -= grad  # sigmoid(score) - label\n", ""),
        ("all are observed", "error[:, 0] -= grad", "error -= grad"),
        ("flipped sign of the scores", "np.exp(-scores_of", "np.exp(scores_of"),
        (
            "only one of two writes to a row",
            "np.add.at(by_table, ids, error[:, :, np.newaxis] * hidden[:, np.newaxis])",
            "by_table[ids] += error[:, :, np.newaxis] * hidden[:, np.newaxis]",
        ),
        (
            "the error is forgotten for the table",
            "error[:, :, np.newaxis] * hidden",
            "np.ones_like(error)[:, :, np.newaxis] * hidden",
        ),
        (
            "the error is forgotten for the input",
            '"nj,njd->nd", error',
            '"nj,njd->nd", np.ones_like(error)',
        ),
        (
            "only the observed word moves the input",
            '"nj,njd->nd", error, table[ids]',
            '"nj,njd->nd", error[:, :1], table[ids[:, :1]]',
        ),
        ("the gradient of the loss is forgotten", "error = grad /", "error = 1 /"),
    ]
}
