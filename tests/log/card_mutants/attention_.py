"""Wrong gradients of attention: what is wrong, the text, and what replaces it."""

MUTANTS = {
    "attention_gradients": [
        ("queries in the wrong order", "by_s.T @ q", "by_s.T @ q[::-1]"),
        ("queries and keys are swapped", "by_s @ k, by_s.T @ q", "by_s.T @ q, by_s @ k"),
        ("without the sum of the softmax", " - (by_a * a).sum(axis=1, keepdims=True)", ""),
        (
            "sum over the queries",
            "(by_a * a).sum(axis=1, keepdims=True)",
            "(by_a * a).sum(axis=0, keepdims=True)",
        ),
        ("without the root", " / np.sqrt(q.shape[1])", ""),
        ("divided by d", "np.sqrt(q.shape[1])", "q.shape[1]"),
        ("values as if weights were transposed", "a.T @ grad", "a[:, ::-1].T @ grad"),
        ("flipped sign", "(by_a - (by_a", "(by_a + (by_a"),
        ("the mask is forgotten", "weights_of(q, k, mask)", "weights_of(q, k, mask | True)"),
    ],
    "multi_head_gradients": [
        (
            "the mask is forgotten",
            "attention_gradients(*part, mask)",
            "attention_gradients(*part, mask | True)",
        ),
        ("heads in the wrong order", "for part in parts]", "for part in parts][::-1]"),
        ("one wide head", "heads_of(x, heads)", "heads_of(x, 1)"),
        ("one head too many", "heads_of(x, heads)", "heads_of(x, heads + 1)"),
        ("the gradient is forgotten", "(grad, q, k, v)", "(grad**0, q, k, v)"),
        ("values in place of keys", "(grad, q, k, v)", "(grad, q, v, k)"),
    ],
}
