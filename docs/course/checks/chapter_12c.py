"""Checks of the task of chapter 12 that derives the gradient of attention."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from docs.course.checks.chapter_12a import loop_attention
from docs.course.checks.operations import observe_operation
from docs.course.workshop.task import Check, Mutant, Observations


def _attention(mine: ModuleType) -> Observations:
    rng = np.random.default_rng(123)
    arrays = [rng.normal(size=(2, n, m)) for n, m in ((2, 3), (3, 3), (3, 1))]
    yield from observe_operation(
        mine, "attention of 2 queries, 3 keys", mine.attention, loop_attention, *arrays
    )
    square = [rng.normal(size=(3, 3)) for _ in range(3)]
    mask = np.tril(np.ones((3, 3), bool))
    yield from observe_operation(
        mine,
        "attention of three words with a causal mask",
        lambda q, k, v: mine.attention(q, k, v, mask),
        lambda q, k, v: loop_attention(q, k, v, mask),
        *square,
    )
    heads = [rng.normal(size=(2, 1, n, 2)) for n in (1, 3, 3)]
    mask = np.array([[[[True, True, False]]], [[[False, False, False]]]])
    yield from observe_operation(
        mine,
        "a mask for each text, the second text is empty",
        lambda q, k, v: mine.attention(q, k, v, mask),
        lambda q, k, v: loop_attention(q, k, v, mask),
        *heads,
    )


_SUM = "(d_weights - (d_weights * weights).sum(axis=-1, keepdims=True))"

CHECKS = (
    Check(
        "12.3",
        _attention,
        mutants=(
            Mutant(
                "The sum in the gradient of the softmax is missing: E is not a ⊙ D.",
                _SUM,
                "d_weights",
            ),
            Mutant(
                "The sum in E runs over the keys (axis -1). You sum over the queries.",
                "(d_weights * weights).sum(axis=-1, keepdims=True)",
                "(d_weights * weights).sum(axis=-2, keepdims=True)",
            ),
            Mutant(
                "The root is missing in the gradients: the scores were divided by √k, so their "
                "slopes are, too.",
                "        d_scores = d_scores / np.sqrt(queries.value.shape[-1])\n",
                "",
            ),
            Mutant(
                "The gradient by the values is Aᵀ G: each value gets from every query that looked "
                "at it. You multiply by E instead of A.",
                "np.swapaxes(weights, -1, -2) @ grad",
                "np.swapaxes(d_scores, -1, -2) @ grad",
            ),
            Mutant(
                "The gradients come in the order queries, keys, values: your first two are "
                "exchanged.",
                "(queries, keys, values), pullback",
                "(keys, queries, values), pullback",
            ),
            Mutant(
                "Your result does not know its parents, so no gradient flows back: pass (queries, "
                "keys, values) and the pullback.",
                ", (queries, keys, values), pullback)",
                ")",
            ),
            Mutant(
                "The mask is not used: pass it on to attention_weights.",
                "attention_weights(queries.value, keys.value, mask)",
                "attention_weights(queries.value, keys.value)",
            ),
            Mutant(
                "The values get no gradient. They are mixed, and that has a slope, too: Aᵀ G.",
                "np.swapaxes(weights, -1, -2) @ grad\n",
                "0 * values.value\n",
            ),
            Mutant(
                "The keys get no gradient: they were part of the scores like the queries.",
                "return d_scores @ keys.value, d_keys",
                "return d_scores @ keys.value, 0 * d_keys",
            ),
        ),
    ),
)
