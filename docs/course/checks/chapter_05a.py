"""Checks of the tasks 5.1 to 5.3: batches, accuracy, a schedule."""

from __future__ import annotations

import itertools
import math
from types import ModuleType

import numpy as np

from docs.course.workshop.task import Check, Mutant, Observation, Observations


def _batches(answers: ModuleType) -> Observations:
    rng = np.random.default_rng(1)
    lists = [list(map(int, rows)) for rows in answers.batches(103, 10, rng)]
    sizes = [len(rows) for rows in lists]
    yield Observation("sizes of the batches for n = 103, size = 10", sizes, [10] * 10 + [3])
    flat = [number for rows in lists for number in rows]
    repeated = any(len(set(rows)) < len(rows) for rows in lists)
    yield Observation("a number comes twice in a batch", repeated, False)
    yield Observation("every number comes exactly once", sorted(flat) == list(range(103)), True)
    yield Observation("the numbers come in their order", flat == sorted(flat), False)
    # In a random order, neighbors differ by 1 about twice in a hundred pairs.
    steps = sum(abs(one - two) == 1 for one, two in itertools.pairwise(flat))
    yield Observation("neighbors in the file are spread over the batches", steps < 15, True)
    second = [int(number) for rows in answers.batches(103, 10, rng) for number in rows]
    yield Observation("the next epoch has the same order", second == flat, False)
    again = answers.batches(103, 10, np.random.default_rng(1))
    same = [int(number) for rows in again for number in rows] == flat
    yield Observation("the same seed gives the same order", same, True)
    sizes = [len(rows) for rows in answers.batches(6, 3, rng)]
    yield Observation("sizes for n = 6, size = 3", sizes, [3, 3])
    table = np.arange(12.0).reshape(6, 2)
    shapes = [table[rows].shape for rows in answers.batches(6, 4, rng)]
    yield Observation("shapes of x[rows] for x (6, 2), size = 4", shapes, [(4, 2), (2, 2)])


def _accuracy(answers: ModuleType) -> Observations:
    scores = np.array([[0.1, 0.9, 0.0], [2.0, -1.0, 1.0], [0.0, 0.2, 0.3]])
    labels = np.array([1, 0, 1])
    yield Observation("three rows, two right", answers.accuracy(scores, labels), 2 / 3)
    scores = np.array([[0.0, 5.0], [0.0, 0.1], [0.3, 0.2], [9.0, 9.1]])
    labels = np.array([1, 0, 0, 1])
    yield Observation("four rows, three right", answers.accuracy(scores, labels), 0.75)
    ties = answers.accuracy(np.array([[1.0, 1.0], [3.0, 3.0]]), np.array([0, 1]))
    yield Observation("equal scores: the first class is the answer", ties, 0.5)
    sentences = np.zeros((2, 3, 4))
    labels = np.array([[3, 0, 1], [2, 2, 0]])
    for index, answer in zip(np.ndindex(2, 3), (3, 0, 2, 2, 1, 1)):
        sentences[(*index, answer)] = -0.5  # the largest, as all others are smaller
        sentences[index] -= 1
        sentences[(*index, answer)] += 1
    yield Observation("labels (2, 3), three of six right", answers.accuracy(sentences, labels), 0.5)
    right = answers.accuracy(-np.ones((2, 2)) + np.eye(2) / 2, np.array([0, 1]))
    yield Observation("negative scores, all right", right, 1.0)


def _warmup_cosine(answers: ModuleType) -> Observations:
    rate = answers.warmup_cosine
    rising = [float(rate(step, 100, 10, 0.5)) for step in (0, 4, 9)]
    yield Observation("steps 0, 4, 9 of a warm-up of 10 to 0.5", rising, [0.05, 0.25, 0.5])
    yield Observation("the first step after it: the peak", float(rate(10, 100, 10, 0.5)), 0.5)
    yield Observation("half of the way down", float(rate(55, 100, 10, 0.5)), 0.25)
    third = 0.25 * (1 + math.cos(math.pi / 3))
    yield Observation("a third of the way down", float(rate(40, 100, 10, 0.5)), third)
    yield Observation("at the end", float(rate(100, 100, 10, 0.5)), 0.0)
    yield Observation("behind the end", float(rate(140, 100, 10, 0.5)), 0.0)
    yield Observation("without a warm-up, step 0", float(rate(0, 8, 0, 1.0)), 1.0)


CHECKS = (
    Check(
        "5.1",
        _batches,
        (
            Mutant(
                "You leave out the last batch, because it is smaller. Its examples are never seen.",
                "range(0, n, size)",
                "range(0, n - size + 1, size)",
            ),
            Mutant(
                "You do not shuffle: each batch holds neighbors of the file.",
                "rng.permutation(n)",
                "np.arange(n)",
            ),
            Mutant(
                "You draw with replacement: in an epoch some examples come twice and others not at "
                "all.",
                "rng.permutation(n)",
                "rng.integers(0, n, n)",
            ),
            Mutant(
                "Every epoch has the same order, because your stream starts anew. Use the rng of "
                "the caller.",
                "rng.permutation(n)",
                "np.random.default_rng(0).permutation(n)",
            ),
            Mutant(
                "You shuffle the batches and not the examples: neighbors stay together.",
                edits=(
                    ("order = rng.permutation(n)", "order = np.arange(n)"),
                    ("range(0, n, size)", "rng.permutation(range(0, n, size))"),
                ),
            ),
            Mutant(
                "order[start:size] ends at size and not size numbers after start.",
                "order[start : start + size]",
                "order[start:size]",
            ),
            Mutant(
                "You shuffle anew for each batch, so an example may come twice. Shuffle once, in "
                "front of the loop.",
                "yield order[start : start + size]",
                "yield rng.permutation(n)[start : start + size]",
            ),
        ),
    ),
    Check(
        "5.2",
        _accuracy,
        (
            Mutant(
                "You return the number of right answers. Accuracy is their share.",
                ".mean()",
                ".sum()",
            ),
            Mutant(
                "You look for the best row of each class. The classes are on the last axis.",
                "argmax(axis=-1)",
                "argmax(axis=0)",
            ),
            Mutant("You return the share of wrong answers.", "== labels", "!= labels"),
            Mutant(
                "You take the class with the smallest score.",
                "argmax(axis=-1)",
                "argmin(axis=-1)",
            ),
            Mutant(
                "You divide by the length of the first axis. With more than one axis of labels "
                "that is not their number.",
                "return (scores.argmax(axis=-1) == labels).mean()",
                "return (scores.argmax(axis=-1) == labels).sum() / len(labels)",
            ),
            Mutant(
                "Of equal scores you count each as an answer. A classifier gives one, the first.",
                "return (scores.argmax(axis=-1) == labels).mean()",
                "best = np.take_along_axis(scores, labels[..., np.newaxis], axis=-1)[..., 0]\n"
                "    return (best == scores.max(axis=-1)).mean()",
            ),
            Mutant(
                "You return the mean score of the right class. That is not how often it is the "
                "largest.",
                "return (scores.argmax(axis=-1) == labels).mean()",
                "return np.take_along_axis(scores, labels[..., np.newaxis], axis=-1).mean()",
            ),
        ),
    ),
    Check(
        "5.3",
        _warmup_cosine,
        (
            Mutant(
                "Your first step has the rate 0 and changes nothing. Step 0 is the first of the "
                "warm-up: (step + 1) / warmup.",
                "(step + 1) / warmup",
                "step / warmup",
            ),
            Mutant(
                "Your cosine begins at step 0 and not at the end of the warm-up, so the rate jumps "
                "there.",
                "(step - warmup) / (steps - warmup)",
                "step / steps",
            ),
            Mutant(
                "The way down is steps - warmup long. Yours is as long as all steps, so the rate "
                "never gets to 0.",
                "/ (steps - warmup)",
                "/ steps",
            ),
            Mutant(
                "Your cosine is a whole wave, which is back at the peak at the end. Half a wave "
                "ends at π.",
                "np.pi * share",
                "2 * np.pi * share",
            ),
            Mutant(
                "Behind the end your rate rises again. Let the share stop at 1.",
                "min(1, (step - warmup) / (steps - warmup))",
                "(step - warmup) / (steps - warmup)",
            ),
            Mutant(
                "1 + cos goes from 2 to 0. Divide by 2, or the peak is twice as high.",
                "lr / 2 *",
                "lr *",
            ),
            Mutant(
                "Your cosine falls below 0: it goes from 1 to -1, and you would walk uphill. "
                "Add 1 and divide by 2.",
                "lr / 2 * (1 + np.cos(np.pi * share))",
                "lr * np.cos(np.pi * share)",
            ),
            Mutant(
                "Your rate falls in a line. The task asks for half a cosine.",
                "lr / 2 * (1 + np.cos(np.pi * share))",
                "lr * (1 - share)",
            ),
        ),
    ),
)
