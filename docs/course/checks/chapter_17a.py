"""Checks of the tasks of chapter 17: the baseline, its threshold, the input, McNemar's test."""

from __future__ import annotations

from math import comb
from types import ModuleType

import numpy as np

from docs.course.workshop.task import Check, Mutant, Observation, Observations


def _overlap(mine: ModuleType) -> Observations:
    for first, second, right in (
        ("why is the sky blue ?", "why is the sea blue ?", 5 / 7),
        ("how do i swim ?", "how do i swim ?", 1.0),
        ("a b", "c d e", 0.0),
        ("the the the cat", "the cat cat", 1.0),
        ("the the dog", "the cat", 1 / 3),
        ("a b c", "a d", 1 / 4),
        ("a", "a", 1.0),
        ("a", "", 0.0),
        ("", "", 0.0),
    ):
        label = f"the overlap of {first!r} and {second!r}"
        got = mine.word_overlap(first.split(), second.split())
        yield Observation(label, float(got), right)


def _threshold(mine: ModuleType) -> Observations:
    for scores, labels, right in (
        ([0.1, 0.2, 0.7, 0.9], [0, 0, 1, 1], 4),
        ([0.1, 0.2, 0.3], [0, 0, 1], 3),
        ([0.9, 0.8, 0.7, 0.6, 0.1], [1, 1, 0, 1, 0], 4),
        ([0.1, 0.2, 0.3, 0.4], [1, 0, 0, 0], 3),
        ([0.6, 0.7, 0.8, 0.9], [1, 1, 1, 1], 4),
        ([2.0, 1.0, 3.0, 1.5], [0, 0, 1, 0], 4),
        ([0.5, 0.5, 0.5, 0.4], [1, 1, 0, 0], 3),
    ):
        answers = np.array(scores) >= mine.best_threshold(np.array(scores), np.array(labels))
        got = int((answers == (np.array(labels) == 1)).sum())
        label = f"right answers for the scores {scores} with the labels {labels}"
        yield Observation(label, got, right)


def _pair(mine: ModuleType) -> Observations:
    words, types = mine.pair_input(["why", "is", "it"], ["is", "it", "blue"])
    right = ["<cls>", "why", "is", "it", "<sep>", "is", "it", "blue", "<sep>"]
    yield Observation("the words of 'why is it', 'is it blue'", words, right)
    got = [int(each) for each in types]
    yield Observation("their types", got, [0, 1, 2, 2, 0, 4, 4, 3, 0])
    words, types = mine.pair_input(["a", "a"], ["b", "a", "c", "a"])
    yield Observation("the number of words of 'a a', 'b a c a'", len(words), 9)
    got = [int(each) for each in types]
    yield Observation("the types of 'a a', 'b a c a'", got, [0, 2, 2, 0, 3, 4, 3, 4, 0])
    words, types = mine.pair_input([], ["x"])
    yield Observation("an empty first question", words, ["<cls>", "<sep>", "x", "<sep>"])
    yield Observation("its types", [int(each) for each in types], [0, 0, 3, 0])


def _mcnemar(mine: ModuleType) -> Observations:
    for m, k in (
        (0, 0),
        (5, 5),
        (10, 0),
        (0, 10),
        (9, 2),
        (2, 9),
        (25, 20),
        (550, 450),
        (1040, 960),
    ):
        tail = sum(comb(m + k, i) for i in range(max(m, k), m + k + 1))
        right = min(1.0, 2 * tail / 2 ** (m + k))
        got = float(mine.mcnemar(m, k))
        yield Observation(f"only the first is right {m} times, only the second {k}", got, right)


_TYPES = "[0, *firsts, 0, *seconds, 0]"
_CANDIDATES = "np.append(scores, np.inf)"

CHECKS = (
    Check(
        "17.1",
        _overlap,
        mutants=(
            Mutant(
                "You count words as often as they occur: make sets first.",
                edits=(
                    ("    first, second = set(first), set(second)\n", ""),
                    (
                        "len(first & second) / max(len(first | second), 1)",
                        "sum(w in second for w in first) / max(len(first) + len(second) - "
                        "sum(w in second for w in first), 1)",
                    ),
                ),
            ),
            Mutant(
                "You divide by the sum of both numbers of words; common words are counted twice "
                "there. Divide by the union.",
                "max(len(first | second), 1)",
                "max(len(first) + len(second), 1)",
            ),
            Mutant(
                "You divide by the words of the first question; divide by those of either.",
                "max(len(first | second), 1)",
                "max(len(first), 1)",
            ),
            Mutant(
                "That is the Dice coefficient, twice the intersection by the sum. Jaccard divides "
                "by the union.",
                "len(first & second) / max(len(first | second), 1)",
                "2 * len(first & second) / max(len(first) + len(second), 1)",
            ),
            Mutant(
                "You divide by the smaller question, so that a part of a question counts as equal.",
                "max(len(first | second), 1)",
                "max(min(len(first), len(second)), 1)",
            ),
            Mutant(
                "Two empty questions divide by 0; their overlap is 0.",
                "max(len(first | second), 1)",
                "len(first | second)",
            ),
            Mutant(
                "That is the share of words that are *not* common.",
                "len(first & second)",
                "len(first ^ second)",
            ),
        ),
    ),
    Check(
        "17.2",
        _threshold,
        mutants=(
            Mutant(
                "0.5 is as good as any other number: try them, and take the best.",
                _CANDIDATES,
                "np.array([0.5])",
            ),
            Mutant(
                "You try 0 to 1 only. Scores may be of any size: try the scores themselves.",
                _CANDIDATES,
                "np.linspace(0, 1, 101)",
            ),
            Mutant(
                "You return the threshold that is right *least* often.",
                "np.argmax(right)",
                "np.argmin(right)",
            ),
            Mutant(
                "You judge by `>`, but `>=` is used: a pair that is just at the threshold counts "
                "as yes.",
                "(scores >= threshold)",
                "(scores > threshold)",
            ),
            Mutant(
                "Always no may be the best answer: try a threshold above all scores, too.",
                _CANDIDATES,
                "scores",
            ),
            Mutant(
                "You only look at pairs with the label 1: those with 0 must come out right, too.",
                "np.mean((scores >= threshold) == labels)",
                "np.mean((scores >= threshold) * labels)",
            ),
            Mutant(
                "The mean of the scores is a guess. Try each score, and take the best.",
                _CANDIDATES,
                "np.array([scores.mean()])",
            ),
        ),
    ),
    Check(
        "17.3",
        _pair,
        mutants=(
            Mutant(
                "All words of a question have one type: add 1 if the word is in the other "
                "question.",
                edits=(("1 + (word in second)", "1"), ("3 + (word in first)", "3")),
            ),
            Mutant(
                "The first <sep> is missing: nothing says where the second question begins.",
                edits=(
                    ('*first, "<sep>", *second', "*first, *second"),
                    ("*firsts, 0,", "*firsts,"),
                ),
            ),
            Mutant(
                "The <sep> at the end is missing.",
                edits=(('*second, "<sep>"]', "*second]"), ("*seconds, 0]", "*seconds]")),
            ),
            Mutant(
                "You look for a word in its own question, where it always is.",
                edits=(
                    ("(word in second)", "(word in first)"),
                    ("3 + (word in first)", "3 + (word in second)"),
                ),
            ),
            Mutant(
                "Words of both questions have the same types: those of the second begin with 3.",
                "3 + (word in first)",
                "1 + (word in first)",
            ),
            Mutant(
                "You compare words at the same position. The same word may be anywhere in the "
                "other question.",
                edits=(
                    (
                        "1 + (word in second) for word in first",
                        "1 + (word in second[i : i + 1]) for i, word in enumerate(first)",
                    ),
                    (
                        "3 + (word in first) for word in second",
                        "3 + (word in first[i : i + 1]) for i, word in enumerate(second)",
                    ),
                ),
            ),
            Mutant(
                "Special tokens have the type 0.",
                _TYPES,
                "[1, *firsts, 1, *seconds, 3]",
            ),
        ),
    ),
    Check(
        "17.6",
        _mcnemar,
        mutants=(
            Mutant(
                "You look to one side only. Uneven to the other side is as surprising: twice the "
                "tail.",
                "2 * tail / 2**n",
                "tail / 2**n",
            ),
            Mutant(
                "That is the probability of exactly m to k. At least as unevenly: sum up the tail.",
                "if i >= max(m, k):",
                "if i == max(m, k):",
            ),
            Mutant(
                "The tail begins one too late: it contains m to k itself.",
                "if i >= max(m, k):",
                "if i > max(m, k):",
            ),
            Mutant(
                "A probability is at most 1: with m equal to k the two tails overlap.",
                "min(1.0, 2 * tail / 2**n)",
                "2 * tail / 2**n",
            ),
            Mutant(
                "Your result depends on which model is the first: begin the tail at the larger "
                "number.",
                "if i >= max(m, k):",
                "if i >= m:",
            ),
            Mutant(
                "Your numbers of ways are floats, and among 2,000 coins they are larger than any "
                "float: divide with //.",
                "ways * (n - i) // (i + 1)",
                "ways * (n - i) / (i + 1)",
            ),
            Mutant(
                "That is the approximation with a normal distribution, for large numbers. Count "
                "exactly.",
                "return min(1.0, 2 * tail / 2**n)",
                "z = abs(m - k) / max(n, 1) ** 0.5\n    return float(min(1.0, 2 / (1 + "
                "np.exp(1.702 * z))))",
            ),
        ),
    ),
)
