"""Wrong gradients of an embedding: what is wrong, the text, and what replaces it."""

MUTANTS = {
    "embedding_gradients": [
        (
            "only one of two writes to a row",
            "np.add.at(by_table, ids, grad)",
            "by_table[ids] += grad",
        ),
        ("the last read wins", "np.add.at(by_table, ids, grad)", "by_table[ids] = grad"),
        ("flipped sign", "np.add.at", "np.subtract.at"),
        ("rows in the wrong order", "ids, grad)", "ids, grad[::-1])"),
        ("starts at the table", "np.zeros_like(table)", "table.copy()"),
        ("times the vectors", "ids, grad)", "ids, grad * table[ids])"),
        ("the mean of the reads", "ids, grad)", "ids, grad / len(ids))"),
    ]
}
