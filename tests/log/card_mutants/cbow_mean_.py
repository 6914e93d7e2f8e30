"""Wrong gradients of CBOW's mean: what is wrong, the text, and what replaces it."""

MUTANTS = {
    "cbow_mean_gradients": [
        (
            "the whole error for each neighbor, as in the C program",
            "mask / mask.sum(axis=1, keepdims=True)",
            "mask",
        ),
        ("divided by the width of the window", "mask.sum(axis=1, keepdims=True)", "mask.shape[1]"),
        (
            "padding counts",
            "share = mask / mask.sum(axis=1, keepdims=True)",
            "share = np.ones(mask.shape) / mask.sum(axis=1, keepdims=True)",
        ),
        (
            "only one of two writes to a row",
            "np.add.at(by_table, neighbors, share[:, :, np.newaxis] * grad[:, np.newaxis])",
            "by_table[neighbors] += share[:, :, np.newaxis] * grad[:, np.newaxis]",
        ),
        ("flipped sign", "np.add.at", "np.subtract.at"),
        ("neighbors in the wrong order", "by_table, neighbors,", "by_table, neighbors[::-1],"),
        ("times the vectors", "* grad[:, np.newaxis]", "* grad[:, np.newaxis] * table[neighbors]"),
    ]
}
