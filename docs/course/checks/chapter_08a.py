"""Checks of the tasks of chapter 8: CBOW's mean, and the Huffman tree."""

from __future__ import annotations

import heapq
from types import ModuleType

import numpy as np

from docs.course.workshop.task import Check, Mutant, Observation, Observations, slopes


def _loop_mean(table: np.ndarray, contexts: np.ndarray) -> np.ndarray:
    means = np.zeros((len(contexts), table.shape[1]))
    for mean, neighbors in zip(means, contexts):
        real = [i for i in neighbors if i != 0]
        for i in real:
            mean += table[i] / len(real)
    return means


def _context_mean(mine: ModuleType) -> Observations:
    rng = np.random.default_rng(8)
    table, grad = rng.normal(size=(6, 2)), rng.normal(size=(3, 2))
    full = np.array([[1, 2, 3, 4], [5, 4, 2, 1], [2, 3, 2, 5]])
    for label, contexts in (
        ("four neighbors each", full),
        ("fewer neighbors and padding", np.array([[0, 0, 3, 4], [5, 0, 2, 1], [0, 3, 0, 0]])),
        ("a word without neighbors", np.array([[1, 2], [0, 0], [3, 3]])),
    ):
        got, right = mine.context_mean(table, contexts), _loop_mean(table, contexts)
        yield Observation(f"the means of {label}", got, right)
        got = mine.context_mean_gradient(grad, contexts, 6)
        right = slopes(lambda table, ids=contexts: (_loop_mean(table, ids) * grad).sum(), table)
        yield Observation(f"the gradient of the table for {label}", got, right)


def _least_turns(counts: list[int]) -> int:
    """Return the sum of count times turns in a Huffman tree: the sum of the counts of all joins."""
    heap, total = list(counts), 0
    heapq.heapify(heap)
    while len(heap) > 1:
        joined = heapq.heappop(heap) + heapq.heappop(heap)
        total += joined
        heapq.heappush(heap, joined)
    return total


def _huffman_codes(mine: ModuleType) -> Observations:
    yield Observation("the counts 6, 1, 3", list(mine.huffman_codes([6, 1, 3])), ["1", "00", "01"])
    got = list(mine.huffman_codes([40, 22, 15, 10, 6, 5, 2]))
    right = ["0", "111", "110", "100", "1010", "10111", "10110"]
    yield Observation("the counts 40, 22, 15, 10, 6, 5, 2 of the chapter", got, right)
    yield Observation("a single word", list(mine.huffman_codes([3])), [""])
    rng = np.random.default_rng(8)
    for counts in ([1] * 8, [1, 1, 2, 4, 8, 16, 32, 64], rng.integers(1, 30, 12).tolist()):
        codes = list(mine.huffman_codes(list(counts)))
        turns = sum(count * len(code) for count, code in zip(counts, codes))
        label = f"counts times turns for {counts}: as few as possible"
        yield Observation(label, turns, _least_turns(counts))
        leaves = sum(2.0 ** -len(code) for code in codes)
        yield Observation("no leaf is missing: 2 ** -turns sums to 1", leaves, 1.0)
        begins = [a for a in codes for b in codes if a is not b and b.startswith(a)]
        yield Observation("codes with which another code begins", begins, [])


CHECKS = (
    Check(
        "8.1",
        _context_mean,
        mutants=(
            Mutant(
                "You forgot the 1/m in the gradient: each of m neighbors moves the mean by one "
                "m-th only. (You are in good company: the C program of word2vec forgets it, too.)",
                "share = grad / np.maximum(real.sum(axis=1), 1)",
                "share = grad",
            ),
            Mutant(
                "You divided the sum by c, padding included. Divide by the number of real "
                "neighbors.",
                "(table[contexts] * real).sum(axis=1) / np.maximum(real.sum(axis=1), 1)",
                "(table[contexts] * real).sum(axis=1) / contexts.shape[1]",
            ),
            Mutant(
                "The row 0 of the table is in your means. Padding does not count.",
                "(table[contexts] * real)",
                "table[contexts]",
            ),
            Mutant(
                "Padding gets a slope in your gradient: the row 0 of the table learns.",
                "share[:, None] * real",
                "share[:, None] * np.ones_like(real)",
            ),
            Mutant(
                "The mean of no neighbors is 0/0. It should be zeros.",
                "sum(axis=1) / np.maximum(real.sum(axis=1), 1)",
                "sum(axis=1) / real.sum(axis=1)",
            ),
            Mutant(
                "You returned the sum of the neighbors, not their mean.",
                "sum(axis=1) / np.maximum(real.sum(axis=1), 1)",
                "sum(axis=1)",
            ),
            Mutant(
                "A word that is a neighbor twice gets one slope only. Add them all, as in task "
                "7.3.",
                "    return embedding_gradient(share[:, None] * real, contexts, rows)",
                "    gradient = np.zeros((rows, grad.shape[1]))\n"
                "    gradient[contexts] += share[:, None] * real\n"
                "    return gradient",
            ),
            Mutant(
                "You divided the slope by c, padding included. Each of m real neighbors gets one "
                "m-th.",
                "grad / np.maximum(real.sum(axis=1), 1)",
                "grad / contexts.shape[1]",
            ),
        ),
    ),
    Check(
        "8.2",
        _huffman_codes,
        mutants=(
            Mutant(
                "Your codes are read backwards. A later join is nearer to the root, so its turn "
                "comes before those that a word has already.",
                edits=(
                    ('"0" + codes[word]', 'codes[word] + "0"'),
                    ('"1" + codes[word]', 'codes[word] + "1"'),
                ),
            ),
            Mutant(
                "Left and right are swapped: the rarer one of the two is on the left, 0.",
                "(left, left_words), (right, right_words), *others",
                "(right, right_words), (left, left_words), *others",
            ),
            Mutant(
                "You joined the two most frequent. The rarest are joined first, so that they end "
                "up farthest from the root.",
                "key=lambda tree: tree[0])",
                "key=lambda tree: -tree[0])",
            ),
            Mutant(
                "You sorted once only. A joined tree has a new count, and goes where this count "
                "belongs.",
                edits=(
                    ("        trees.sort(key=lambda tree: tree[0])\n", ""),
                    ("    while len", "    trees.sort(key=lambda tree: tree[0])\n    while len"),
                ),
            ),
            Mutant(
                "The count of a joined tree is the sum of both counts, not the larger one.",
                "(left + right, left_words",
                "(max(left, right), left_words",
            ),
            Mutant(
                "Your tree is as flat as possible, whatever the counts are: you joined the trees "
                "with the fewest leaves.",
                "key=lambda tree: tree[0])",
                "key=lambda tree: len(tree[1]))",
            ),
            Mutant(
                "Your tree is a chain: what was joined last is joined again at once. Take the two "
                "rarest of all trees.",
                edits=(
                    ("        trees.sort(key=lambda tree: tree[0])\n", ""),
                    ("    while len", "    trees.sort(key=lambda tree: tree[0])\n    while len"),
                    (
                        "[*others, (left + right, left_words + right_words)]",
                        "[(left + right, left_words + right_words), *others]",
                    ),
                ),
            ),
        ),
    ),
)
