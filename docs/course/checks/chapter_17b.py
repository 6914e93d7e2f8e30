"""Checks of the tasks of chapter 17: the mean of a text, and the classifier of pairs."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from docs.course.checks.chapter_13a import loop_norm
from docs.course.checks.chapter_13b import arrays_of, leaves, loop_block, random_block, shapes_of
from docs.course.checks.operations import observe_operation
from docs.course.workshop.task import Check, Mutant, Observation, Observations, slopes


def loop_mean(x: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the mean of the words of each text, one text after another."""
    means = np.zeros((len(x), x.shape[-1]))
    for i, text in enumerate(x):
        words = [word for word, real in zip(text, mask[i]) if real]
        if words:
            means[i] = sum(words) / len(words)
    return means


def _mean(mine: ModuleType) -> Observations:
    x = np.random.default_rng(174).normal(size=(3, 4, 2)) + 1
    mask = np.array([[True, True, False, False], [True] * 4, [True, False, True, True]])
    yield from observe_operation(
        mine,
        "texts of 2, 4 and 3 words",
        lambda t: mine.mean_pool(t, mask),
        lambda v: loop_mean(v, mask),
        x,
    )
    nothing = np.array([[False] * 4, [True] * 4, [False, False, False, True]])
    label = "an empty text, one of 4 words, one of a single word"
    got = mine.mean_pool(mine.Tensor(x), nothing).value
    yield Observation(label, got, loop_mean(x, nothing))


def loop_pairs(ids: np.ndarray, types: np.ndarray, weights: Any, heads: int) -> np.ndarray:
    """Return the scores of pairs, one pair after another and without padding."""
    scores = []
    for i, row in enumerate(ids):
        n = int((row != 0).sum())
        x = weights["words"][row[:n]] + weights["types"][types[i, :n]]
        for each in weights["blocks"]:
            x = loop_block(x[np.newaxis], each, heads)[0]
        x = loop_norm(x, *weights["norm"]).mean(axis=0)
        scores.append(x @ weights["answer"][0] + weights["answer"][1])
    return np.array(scores)


def _pairs(mine: ModuleType) -> Observations:
    rng = np.random.default_rng(175)
    weights = {
        "words": mine.Tensor(rng.normal(size=(6, 4))),
        "types": mine.Tensor(rng.normal(size=(5, 4))),
        "blocks": [random_block(mine, 4, 3, 176), random_block(mine, 4, 3, 177)],
        "norm": [mine.Tensor(rng.normal(size=4)) for _ in range(2)],
        "answer": [mine.Tensor(rng.normal(size=(4, 2))), mine.Tensor(rng.normal(size=2))],
    }
    arrays = arrays_of(weights)
    ids, types = np.array([[2, 5, 3, 4], [2, 3, 1, 5]]), np.array([[0, 2, 0, 4], [0, 1, 3, 0]])
    got = mine.pair_logits(ids, types, weights, 2).value
    yield Observation("two pairs of four words", got, loop_pairs(ids, types, arrays, 2))
    padded = np.array([[2, 5, 3, 4, 0, 0], [2, 3, 1, 0, 0, 0]])
    kinds = np.array([[0, 2, 0, 4, 0, 0], [0, 1, 3, 0, 0, 0]])
    got = mine.pair_logits(padded, kinds, weights, 2)
    right = loop_pairs(padded, kinds, arrays, 2)
    yield Observation("pairs of four and three words, with padding", got.value, right)
    mine.sum_axis(got * np.array([1.0, -2.0])).backward()
    table = slopes(
        lambda v: (loop_pairs(padded, kinds, arrays | {"types": v}, 2) @ [1, -2]).sum(),
        arrays["types"],
    )
    yield Observation("the gradient by the table of types", weights["types"].grad, table)
    missing = sum(leaf.grad is None for leaf in leaves(weights))
    yield Observation("weights without a gradient", missing, 0)
    yield from _new_weights(mine)


def _new_weights(mine: ModuleType) -> Observations:
    """Observe what new_pair_classifier, which is given, makes."""
    weights = mine.new_pair_classifier(60, 40, 12, 2, np.random.default_rng(178))
    got = shapes_of({name: part for name, part in weights.items() if name != "blocks"})
    right = {"answer": [[40, 2], [2]], "norm": [[40], [40]], "types": [5, 40], "words": [60, 40]}
    yield Observation("new_pair_classifier, which is given: shapes", got, right)
    right = [shapes_of(mine.new_block(40, 12, np.random.default_rng(0)))] * 2
    yield Observation("new_pair_classifier: its blocks", shapes_of(weights["blocks"]), right)
    answer = weights["answer"][0].value * np.sqrt(40)
    deviations = [weights["words"].value.std(), weights["types"].value.std(), answer.std()]
    got = [
        bool(abs(each - right) < 0.25 * right) for each, right in zip(deviations, (0.02, 0.02, 1))
    ]
    label = "new_pair_classifier: deviations of words, types and √d answer near 0.02, 0.02 and 1"
    yield Observation(label, got, [True] * 3)
    zeros = [weights["norm"][1].value, weights["answer"][1].value]
    yield Observation("new_pair_classifier: biases", zeros, [np.zeros(40), np.zeros(2)])


_SHARES = "mask / np.maximum(mask.sum(axis=1, keepdims=True), 1)"
_POOL = 'mean_pool(layer_norm_op(x, *weights["norm"]), ids != 0)'

CHECKS = (
    Check(
        "17.4",
        _mean,
        mutants=(
            Mutant(
                "You divide by the length with its padding: a short text gets a small mean.",
                _SHARES,
                "mask / mask.shape[1]",
            ),
            Mutant(
                "The padding is part of your mean: multiply by the mask.",
                _SHARES,
                "np.ones(mask.shape) / mask.shape[1]",
            ),
            Mutant(
                "The padding is part of your sum, although not of the number.",
                _SHARES,
                "np.ones(mask.shape) / np.maximum(mask.sum(axis=1, keepdims=True), 1)",
            ),
            Mutant(
                "That is the sum of the words: divide by their number.",
                _SHARES,
                "mask * 1.0",
            ),
            Mutant(
                "A text without words divides by 0 here; its mean is 0.",
                _SHARES,
                "mask / mask.sum(axis=1, keepdims=True)",
            ),
            Mutant(
                "All texts are divided by the words of the whole batch: count those of each.",
                _SHARES,
                "mask / mask.sum()",
            ),
            Mutant(
                "Your mean is a new leaf, and the gradient ends there: use operations of the tape.",
                "sum_axis(x * shares[:, :, np.newaxis], axis=1)",
                "Tensor((x.value * shares[:, :, np.newaxis]).sum(axis=1))",
            ),
        ),
    ),
    Check(
        "17.5",
        _pairs,
        mutants=(
            Mutant(
                "Words look at padding: pass padding_mask(ids) to the blocks.",
                ", padding_mask(ids))",
                ")",
            ),
            Mutant(
                "The padding is part of the mean: pass ids != 0 to mean_pool.",
                "ids != 0)",
                "np.ones(ids.shape))",
            ),
            Mutant(
                "The types of the words are not added, so nothing says which words are in both.",
                ' + take_rows(weights["types"], types)',
                "",
            ),
            Mutant(
                "The norm behind the blocks is missing.",
                'layer_norm_op(x, *weights["norm"])',
                "x",
            ),
            Mutant(
                "The norm comes behind the mean; it belongs to each word, before the mean.",
                _POOL,
                'layer_norm_op(mean_pool(x, ids != 0), *weights["norm"])',
            ),
            Mutant(
                "Every block is the first one: use the weights of each.",
                "block(x, each,",
                'block(x, weights["blocks"][0],',
            ),
            Mutant(
                "A causal mask is for writing. Whoever reads may look in both directions.",
                "padding_mask(ids))",
                "padding_mask(ids) & causal_mask(ids.shape[1]))",
            ),
            Mutant(
                "Words and types are looked up in each other's table.",
                'take_rows(weights["words"], ids) + take_rows(weights["types"], types)',
                'take_rows(weights["types"], ids % 5) + take_rows(weights["words"], types)',
            ),
            Mutant(
                "The bias of the answer is missing.",
                "x @ weight + bias",
                "x @ weight",
            ),
        ),
    ),
)
