"""Checks of the tasks of chapter 16: the sum over all sequences, and marginals."""

from __future__ import annotations

import itertools
from types import ModuleType

import numpy as np

from docs.course.checks.chapter_16a import loop_score, model
from docs.course.workshop.task import Check, Mutant, Observation, Observations

BANK = [  # the example of the chapter: Bank, of, England with the tags O, B, I; factors, not scores
    np.array([[1.0, 3, 1], [3, 1, 2], [1, 2, 2]]),
    np.array([[2.0, 1, 0], [1, 1, 3], [2, 1, 2]]),
    np.array([1.0, 1, 0]),
    np.array([1.0, 1, 1]),
]


def bank_scores() -> list[np.ndarray]:
    with np.errstate(divide="ignore"):
        return [np.log(factors) for factors in BANK]


def sequences(n: int, k: int) -> list[tuple[int, ...]]:
    return list(itertools.product(range(k), repeat=n))


def loop_log_partition(*arrays: np.ndarray) -> float:
    """Return the logarithm of the sum over all sequences, one after the other."""
    scores = [loop_score(tags, *arrays) for tags in sequences(*arrays[0].shape)]
    largest = max(scores)
    return largest + np.log(sum(np.exp(score - largest) for score in scores))


def _log_partition(mine: ModuleType) -> Observations:
    got = np.exp(mine.crf_log_partition(*bank_scores()))
    yield Observation("Z of the example in the chapter, 240", got, 240.0)
    for seed, (n, k) in enumerate(((1, 3), (2, 2), (4, 3))):
        arrays = model(seed, n, k)
        label = f"random scores, {n} words and {k} tags"
        yield Observation(label, mine.crf_log_partition(*arrays), loop_log_partition(*arrays))
    zeros = np.zeros((1000, 4)), np.zeros((4, 4)), np.zeros(4), np.zeros(4)
    got = mine.crf_log_partition(*zeros)
    yield Observation("a thousand words, all scores 0: 1000 log 4", got, 1000 * np.log(4))
    arrays = [1000.0 * array for array in model(5, 3, 2)]
    yield Observation(
        "scores in the thousands", mine.crf_log_partition(*arrays), loop_log_partition(*arrays)
    )


def _counted(arrays: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return both kinds of marginals by counting over all sequences."""
    n, k = arrays[0].shape
    tags_share, steps_share = np.zeros((n, k)), np.zeros((n - 1, k, k))
    log_z = loop_log_partition(*arrays)
    for tags in sequences(n, k):
        share = np.exp(loop_score(tags, *arrays) - log_z)
        for t, tag in enumerate(tags):
            tags_share[t, tag] += share
            if t > 0:
                steps_share[t - 1, tags[t - 1], tag] += share
    return tags_share, steps_share


def _marginals(mine: ModuleType) -> Observations:
    got, _ = mine.crf_marginals(*bank_scores())
    right = np.array([[33.0, 207, 0], [60, 36, 144], [70, 74, 96]]) / 240
    yield Observation("the tags in the example of the chapter", got, right)
    for seed, (n, k) in enumerate(((1, 3), (2, 3), (4, 2))):
        arrays = model(seed, n, k)
        before = [array.copy() for array in arrays]
        right = _counted(arrays)
        got = mine.crf_marginals(*arrays)
        yield Observation(f"the tags, {n} words and {k} tags", got[0], right[0])
        yield Observation(f"the steps, {n} words and {k} tags", got[1], right[1])
        yield Observation("the scores are as they were", arrays, before)
    arrays = [1000.0 * array for array in model(7, 3, 2)]
    got = mine.crf_marginals(*arrays)[0]
    yield Observation("the tags, scores in the thousands", got, _counted(arrays)[0])


CHECKS = (
    Check(
        "16.4",
        _log_partition,
        mutants=(
            Mutant(
                "You summed over the wrong axis: the tag before is the row, and the rows are "
                "summed.",
                "axis=0",
                "axis=1",
            ),
            Mutant(
                "That is the score of the best sequence. Sum over the tags before, do not take "
                "their maximum.",
                edits=(
                    (
                        "np.logaddexp.reduce(alpha[:, None] + transitions, axis=0)",
                        "(alpha[:, None] + transitions).max(axis=0)",
                    ),
                    ("np.logaddexp.reduce(alpha + end)", "(alpha + end).max()"),
                ),
            ),
            Mutant("You forgot the scores of ending.", "alpha + end", "alpha"),
            Mutant(
                "You forgot the scores of starting.",
                "alpha = start + emissions[0]",
                "alpha = emissions[0]",
            ),
            Mutant(
                "The emissions of the first word count twice: the loop begins at the second word.",
                "emissions[1:]",
                "emissions",
            ),
            Mutant(
                "You computed with exp(score) as it is, and it overflows for long sentences and "
                "large scores. Keep logarithms: `np.logaddexp.reduce`.",
                edits=(
                    (
                        "np.logaddexp.reduce(alpha[:, None] + transitions, axis=0)",
                        "np.log(np.exp(alpha[:, None] + transitions).sum(axis=0))",
                    ),
                    ("np.logaddexp.reduce(alpha + end)", "np.log(np.exp(alpha + end).sum())"),
                ),
            ),
            Mutant(
                "The emissions of all words but the first are missing.",
                "transitions, axis=0) + scores",
                "transitions, axis=0)",
            ),
            Mutant(
                "You forgot the transitions: that is a classifier of single words.",
                "alpha[:, None] + transitions",
                "alpha[:, None] + 0 * np.eye(len(alpha))",
            ),
            Mutant(
                "You return Z as a vector, one sum for each last tag. Sum over the last tags, too.",
                "return np.logaddexp.reduce(alpha + end)",
                "return alpha + end",
            ),
        ),
    ),
    Check(
        "16.5",
        _marginals,
        mutants=(
            Mutant(
                "Your β holds the emission of its own word, and so does α: their product counts "
                "it twice.",
                edits=(
                    (
                        "alpha[0], beta[-1] = start + emissions[0], end",
                        "alpha[0], beta[-1] = start + emissions[0], end + emissions[-1]",
                    ),
                    (
                        "transitions + emissions[t] + beta[t], axis=1)",
                        "transitions + beta[t], axis=1) + emissions[t - 1]",
                    ),
                ),
            ),
            Mutant(
                "Your β lacks the emissions of the words to come.",
                "transitions + emissions[t] + beta[t]",
                "transitions + beta[t]",
            ),
            Mutant(
                "Your β sums over the wrong axis: it goes on from the row to all columns.",
                "beta[t], axis=1)",
                "beta[t], axis=0)",
            ),
            Mutant(
                "β begins with the scores of ending, not with 0.",
                "start + emissions[0], end\n",
                "start + emissions[0], 0\n",
            ),
            Mutant(
                "Your probabilities do not sum to 1: divide by Z.",
                edits=(
                    ("np.exp(alpha + beta - log_z)", "np.exp(alpha + beta)"),
                    ("np.exp(steps - log_z)", "np.exp(steps)"),
                ),
            ),
            Mutant(
                "The marginals of the steps lack the emission of the second word: β does not hold "
                "it.",
                "(emissions + beta)[1:, None]",
                "beta[1:, None]",
            ),
            Mutant(
                "Your tables of steps are transposed: the row is the tag before, the column the "
                "tag now.",
                "np.exp(steps - log_z)",
                "np.exp(steps - log_z).swapaxes(1, 2)",
            ),
            Mutant(
                "That is a softmax of each word by itself. The marginals know the neighbors.",
                "np.exp(alpha + beta - log_z)",
                "np.exp(emissions - np.logaddexp.reduce(emissions, axis=1)[:, None])",
            ),
            Mutant(
                "Your marginals know what comes before a word, and nothing of what follows: α "
                "alone, normalized.",
                "np.exp(alpha + beta - log_z)",
                "np.exp(alpha - np.logaddexp.reduce(alpha, axis=1)[:, None])",
            ),
        ),
    ),
)
