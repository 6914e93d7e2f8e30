"""Wrong gradients of hierarchical softmax: what is wrong, the text, and what replaces it."""

MUTANTS = {
    "hierarchical_softmax_gradients": [
        ("right and left are swapped", "(right - turns)", "(right - ~turns)"),
        ("flipped sign", "(right - turns)", "(turns - right)"),
        ("padding counts", "grad * on_path * ", "grad * "),
        ("the turns are forgotten", "(right - turns)", "right"),
        (
            "only one of two writes to the root",
            "np.add.at(by_table, nodes, error[:, :, np.newaxis] * hidden[:, np.newaxis])",
            "by_table[nodes] += error[:, :, np.newaxis] * hidden[:, np.newaxis]",
        ),
        ("the path backwards", "error, table[nodes]", "error, table[nodes[:, ::-1]]"),
        (
            "only the root moves the input",
            '"nj,njd->nd", error, table[nodes]',
            '"nj,njd->nd", error[:, :1], table[nodes[:, :1]]',
        ),
        ("flipped sign of the scores", "np.exp(-scores_of", "np.exp(scores_of"),
    ]
}
