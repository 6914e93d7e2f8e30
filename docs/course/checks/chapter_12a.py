"""Checks of the tasks of chapter 12: the weights of keys, and masks."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from docs.course.workshop.task import Check, Mutant, Observation, Observations


def loop_weights(
    queries: np.ndarray, keys: np.ndarray, mask: np.ndarray | None = None
) -> np.ndarray:
    """Return the weights of queries (t, k) over keys (s, k), with one exponential at a time."""
    weights = np.zeros((len(queries), len(keys)))
    for t, query in enumerate(queries):
        for s, key in enumerate(keys):
            if mask is None or mask[t, s]:
                weights[t, s] = np.exp(sum(a * b for a, b in zip(query, key)) / len(query) ** 0.5)
        weights[t] /= max(weights[t].sum(), 1e-300)
    return weights


def loop_attention(
    queries: np.ndarray, keys: np.ndarray, values: np.ndarray, mask: np.ndarray | None = None
) -> np.ndarray:
    """Return the mixtures of values for arrays with any equal leading axes."""
    lead, t, s = queries.shape[:-2], queries.shape[-2], keys.shape[-2]
    masks = None if mask is None else np.broadcast_to(mask, (*lead, t, s))
    output = np.zeros((*lead, t, values.shape[-1]))
    for i in np.ndindex(lead):
        rows = loop_weights(queries[i], keys[i], None if masks is None else masks[i])
        output[i] = rows @ values[i]
    return output


def _weights(mine: ModuleType) -> Observations:
    rng = np.random.default_rng(121)
    queries, keys = np.array([[2.0, 0.0]]), np.array([[1.0, 5.0], [-1.0, 3.0], [0.0, 0.0]])
    right = loop_weights(queries, keys)
    label = "the weights of the query (2, 0) over the keys (1, 5), (-1, 3), (0, 0)"
    yield Observation(label, mine.attention_weights(queries, keys), right)
    queries, keys = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 5, 4))
    right = np.array([loop_weights(q, k) for q, k in zip(queries, keys)])
    got = mine.attention_weights(queries, keys)
    yield Observation("two batches of 3 queries over 5 keys", got, right)
    yield Observation("the weights of each query sum to", got.sum(axis=-1), np.ones((2, 3)))
    mask = np.array([[True, True, False, True, False]] * 2 + [[False, True, True, True, True]])
    right = np.array([loop_weights(q, k, mask) for q, k in zip(queries, keys)])
    got = mine.attention_weights(queries, keys, mask)
    yield Observation("the same with a mask (3, 5)", got, right)
    far = mine.attention_weights(1000 * queries[0], keys[0], mask)
    yield Observation("queries of length 1000: the weights sum to", far.sum(axis=-1), np.ones(3))
    yield Observation("queries of length 1000: a masked key", float(far[0, 2]), 0.0)
    least = (queries[0] @ keys[0].T).argmin(axis=-1)[:, np.newaxis] == np.arange(5)
    got = mine.attention_weights(1000 * queries[0], keys[0], least)
    yield Observation("only the key with the lowest score is allowed", got, least * 1.0)
    nothing = np.array([[True] * 5, [False] * 5, [True] * 5])
    got = mine.attention_weights(queries[0], keys[0], nothing)
    label = "a query that may look nowhere, between two that may"
    yield Observation(label, got, loop_weights(queries[0], keys[0], nothing))


def _masks(mine: ModuleType) -> Observations:
    causal = mine.causal_mask(3)
    right = np.array([[True, False, False], [True, True, False], [True, True, True]])
    yield Observation("the causal mask of three positions", causal, right)
    yield Observation("the causal mask of one position", mine.causal_mask(1), np.array([[True]]))
    ids = np.array([[7, 1, 0, 0], [2, 3, 4, 5]])
    padding = mine.padding_mask(ids)
    right = np.array([[[[True, True, False, False]]], [[[True, True, True, True]]]])
    yield Observation("the mask of (7, 1, 0, 0) and (2, 3, 4, 5)", padding, right)
    square = mine.padding_mask(np.array([[3, 0], [0, 0]]))
    right = np.array([[[[True, False]]], [[[False, False]]]])
    yield Observation("the mask of (3, 0) and (0, 0)", square, right)


_MASKED = "return softmax(np.where(mask, scores, -1e30)) * mask"

CHECKS = (
    Check(
        "12.1",
        _weights,
        mutants=(
            Mutant(
                "Your scores are √k too large: divide them by the root of the width of queries "
                "and keys.",
                " / np.sqrt(queries.shape[-1])",
                "",
            ),
            Mutant(
                "You divide by the width k of queries and keys; divide by its root.",
                "np.sqrt(queries.shape[-1])",
                "queries.shape[-1]",
            ),
            Mutant(
                "You divide by the root of the number of keys; divide by the root of their width.",
                "np.sqrt(queries.shape[-1])",
                "np.sqrt(keys.shape[-2])",
            ),
            Mutant(
                "The softmax goes over the queries: for each *query*, the weights over the keys "
                "sum to 1.",
                edits=(
                    (
                        "return softmax(scores)",
                        "return softmax(scores.swapaxes(-1, -2)).swapaxes(-1, -2)",
                    ),
                    (
                        "softmax(np.where(mask, scores, -1e30)) * mask",
                        "softmax(np.where(mask, scores, -1e30).swapaxes(-1, -2)).swapaxes(-1, -2) "
                        "* mask",
                    ),
                ),
            ),
            Mutant(
                "The mask comes after the softmax, so the weights that are left no longer sum to "
                "1: mask the scores.",
                _MASKED,
                "return softmax(scores) * mask",
            ),
            Mutant(
                "The mask is not used: where it is False, the weight is 0.",
                _MASKED,
                "return softmax(scores)",
            ),
            Mutant(
                "`.T` reverses all axes of a batch: exchange the last two only, np.swapaxes(x, "
                "-1, -2).",
                "np.swapaxes(keys, -1, -2)",
                "keys.T",
            ),
            Mutant(
                "Your mask is the wrong way round: True means that a query may look there.",
                _MASKED,
                "return softmax(np.where(mask, -1e30, scores)) * ~mask",
            ),
            Mutant(
                "A masked score of 0 is a score like any other, and gets a weight: it must be "
                "hugely negative.",
                _MASKED,
                "return softmax(np.where(mask, scores, 0.0))",
            ),
            Mutant(
                "A query that may look nowhere has equal weights here; all its weights must be 0.",
                _MASKED,
                "return softmax(np.where(mask, scores, -1e30))",
            ),
            Mutant(
                "A query that may look nowhere is nan here: all its scores are -∞, and ∞ - ∞ is no "
                "number. All its weights must be 0.",
                _MASKED,
                "return softmax(np.where(mask, scores, -np.inf))",
            ),
            Mutant(
                "Your mask only takes a constant off the scores. It must be so large that the "
                "exponential is 0 for scores of every size.",
                _MASKED,
                "return softmax(scores - 100.0 * ~mask)",
            ),
        ),
    ),
    Check(
        "12.2",
        _masks,
        mutants=(
            Mutant(
                "Your causal mask looks into the future: rows are queries, and row 0 sees column "
                "0 only.",
                "np.tril(np.ones((t, t), dtype=bool))",
                "np.triu(np.ones((t, t), dtype=bool))",
            ),
            Mutant(
                "A position may look at itself: your causal mask stops one too early.",
                "np.tril(np.ones((t, t), dtype=bool))",
                "np.tril(np.ones((t, t), dtype=bool), -1)",
            ),
            Mutant(
                "Your causal mask is off by one: a position sees the one after it, which is the "
                "answer.",
                "np.tril(np.ones((t, t), dtype=bool))",
                "np.tril(np.ones((t, t), dtype=bool), 1)",
            ),
            Mutant(
                "Your causal mask is the wrong way round: True means that a position may look.",
                "np.tril(np.ones((t, t), dtype=bool))",
                "~np.tril(np.ones((t, t), dtype=bool))",
            ),
            Mutant(
                "Your causal mask has numbers, and `&` and np.where need booleans: dtype=bool.",
                "np.tril(np.ones((t, t), dtype=bool))",
                "np.tril(np.ones((t, t)))",
            ),
            Mutant(
                "Your padding mask is the wrong way round: words are True, padding is False.",
                "ids != 0",
                "ids == 0",
            ),
            Mutant(
                "1 is the unknown word, and a word: only 0 is padding.",
                "ids != 0",
                "ids > 1",
            ),
            Mutant(
                "Your padding mask has the shape (b, s). Against weights (b, h, t, s) that would "
                "be read as queries by keys: it needs two axes of size 1 in the middle.",
                "(ids != 0)[:, np.newaxis, np.newaxis, :]",
                "ids != 0",
            ),
            Mutant(
                "Your padding mask forbids the padding to look. It must forbid everyone to look "
                "*at* the padding: the axis of the keys is the last.",
                "(ids != 0)[:, np.newaxis, np.newaxis, :]",
                "(ids != 0)[:, np.newaxis, :, np.newaxis]",
            ),
        ),
    ),
)
