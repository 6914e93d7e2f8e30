"""Checks of the tasks of chapter 8: hierarchical softmax, and analogies."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from docs.course.workshop.task import Check, Mutant, Observation, Observations, slopes

PATHS = ([0], [0, 2], [0, 2, 1], [0, 2, 1])


TURNS = ([0], [1, 0], [1, 1, 0], [1, 1, 1])


def _probability(hidden: np.ndarray, nodes: np.ndarray, word: int) -> float:
    product = 1.0
    for node, turn in zip(PATHS[word], TURNS[word]):
        right = 1 / (1 + np.exp(-sum(a * b for a, b in zip(hidden, nodes[node]))))
        product *= right if turn else 1 - right
    return product


def _tree_loss(mine: ModuleType) -> Observations:
    rng = np.random.default_rng(8)
    hidden, nodes = rng.normal(size=3), rng.normal(size=(4, 3))
    paths, turns = [np.array(path) for path in PATHS], [np.array(each) for each in TURNS]
    losses = []
    for word in (0, 2, 3, 1):
        answer = mine.tree_loss(hidden, nodes, paths[word], turns[word])
        losses.append(answer[0])
        which = f"the word with the turns {TURNS[word]}"

        def loss(hidden: np.ndarray, nodes: np.ndarray, word: int = word) -> float:
            return -np.log(_probability(hidden, nodes, word))

        yield Observation(f"the loss of {which}", answer[0], loss(hidden, nodes))
        right = slopes(lambda hidden, loss=loss: loss(hidden, nodes), hidden)
        yield Observation(f"the gradient by the given vector, for {which}", answer[1], right)
        right = slopes(lambda nodes, loss=loss: loss(hidden, nodes), nodes)
        yield Observation(f"the gradient by the nodes, for {which}", answer[2], right)
    total = sum(np.exp(-loss) for loss in losses)
    yield Observation("the probabilities of all words sum to 1", total, 1.0)
    far = mine.tree_loss(
        np.ones(1), np.array([[-1000.0], [1000.0]]), np.array([0, 1]), np.array([1, 0])
    )
    yield Observation("the loss for scores of -1000 and 1000, both wrong", far[0], 2000.0)


def _analogy(mine: ModuleType) -> Observations:
    names = ["Paris", "France", "Berlin", "Germany", "Bern", "the"]
    towns = np.array([[1.0, 2, 0], [1, 0, 0], [0, 2, 1], [0, 0.1, 1], [1, 3, 1], [9, 9, 1]])
    for a, b, c, right in ((0, 1, 2, "Germany"), (2, 3, 0, "France"), (1, 0, 3, "Berlin")):
        label = f"{names[a]} is to {names[b]} as {names[c]} is to"
        yield Observation(label, names[mine.analogy(towns, a, b, c)], right)
    rng = np.random.default_rng(8)
    vectors = rng.normal(size=(30, 4)) * rng.uniform(0.1, 5, (30, 1))
    before = vectors.copy()
    right = [_best_answer(vectors, i, i + 1, i + 2) for i in range(20)]
    got = [int(mine.analogy(vectors, i, i + 1, i + 2)) for i in range(20)]
    yield Observation("20 questions to 30 vectors of different lengths", got, right)
    yield Observation("the vectors are as they were", vectors, before)


def _best_answer(vectors: np.ndarray, a: int, b: int, c: int) -> int:
    def length(vector: np.ndarray) -> float:
        return sum(number**2 for number in vector) ** 0.5

    unit = [[number / length(vector) for number in vector] for vector in vectors]
    goal = [y - x + z for x, y, z in zip(unit[a], unit[b], unit[c])]
    candidates = [i for i in range(len(vectors)) if i not in {a, b, c}]
    return max(candidates, key=lambda i: sum(x * y for x, y in zip(unit[i], goal)))


CHECKS = (
    Check(
        "8.3",
        _tree_loss,
        mutants=(
            Mutant(
                "Left and right are swapped: sigmoid(score) is the probability of turning right, "
                "1.",
                edits=(
                    ("1 - 2 * turns", "2 * turns - 1"),
                    ("sigmoid(scores) - turns", "sigmoid(scores) - 1 + turns"),
                ),
            ),
            Mutant(
                "Your loss takes every turn for a right turn. At a left turn, the sign of the "
                "score is the other one.",
                "(1 - 2 * turns) * scores",
                "-scores",
            ),
            Mutant(
                "The errors lack the turns: what was said minus what should have been said.",
                "sigmoid(scores) - turns",
                "sigmoid(scores)",
            ),
            Mutant(
                "You took the mean over the path. The probabilities of the turns are multiplied, "
                "so their logarithms are added.",
                edits=(
                    (".sum()", ".mean()"),
                    ("sigmoid(scores) - turns", "(sigmoid(scores) - turns) / len(path)"),
                ),
            ),
            Mutant(
                "Your loss is a mean over the path, while your gradients are those of the sum. It "
                "is the sum.",
                ".sum()",
                ".mean()",
            ),
            Mutant(
                "The gradients have the wrong sign: what was said minus what should have been "
                "said.",
                "sigmoid(scores) - turns",
                "turns - sigmoid(scores)",
            ),
            Mutant(
                "The loss overflows for scores of ±1000. Use `np.logaddexp(0, -z)` for -log of "
                "the sigmoid.",
                "np.logaddexp(0, (1 - 2 * turns) * scores)",
                "-np.log(sigmoid((2 * turns - 1) * scores))",
            ),
            Mutant(
                "The gradient by the nodes is in the wrong rows: the first rows of `nodes` in "
                "place of those that `path` names.",
                "hidden), path, len(nodes)",
                "hidden), np.arange(len(path)), len(nodes)",
            ),
            Mutant(
                "The gradient by the given vector has the share of the last node only. Every node "
                "on the path sends a slope.",
                "error @ nodes[path]",
                "error[-1] * nodes[path[-1]]",
            ),
        ),
    ),
    Check(
        "8.4",
        _analogy,
        mutants=(
            Mutant(
                "The words of the question may answer it, and often they do. Exclude all three.",
                "    scores[[a, b, c]] = -np.inf\n",
                "",
            ),
            Mutant(
                "You excluded c only. None of the three words of the question may be the answer.",
                "scores[[a, b, c]]",
                "scores[c]",
            ),
            Mutant(
                "Your arrow points backwards: what leads from a to b is b - a.",
                "unit[b] - unit[a] + unit[c]",
                "unit[a] - unit[b] + unit[c]",
            ),
            Mutant(
                "The vectors are as long as they came, so long ones win. Scale all of them to "
                "length 1.",
                "vectors / np.linalg.norm(vectors, axis=1, keepdims=True)",
                "vectors",
            ),
            Mutant(
                "The goal is made of vectors that are not scaled: scale a, b and c to length 1 as "
                "well.",
                "(unit[b] - unit[a] + unit[c])",
                "(vectors[b] - vectors[a] + vectors[c])",
            ),
            Mutant(
                "You scaled the columns. Each row, the vector of a word, is scaled to length 1.",
                "axis=1, keepdims=True",
                "axis=0, keepdims=True",
            ),
            Mutant(
                "The goal lacks c: b - a is the arrow, c is where it begins.",
                "unit[b] - unit[a] + unit[c]",
                "unit[b] - unit[a]",
            ),
        ),
    ),
)
