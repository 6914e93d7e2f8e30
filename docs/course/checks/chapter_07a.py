"""Checks of the tasks of chapter 7: vocabulary, ids and the gradient of a table."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from docs.course.workshop.task import Check, Mutant, Observation, Observations, slopes

TEXTS = [
    ["the", "cat", "sat", "on", "the", "mat", "and", "the", "cat", "was", "a", "cat"],
    ["a", "dog", "and", "a", "cat", "sat", "on", "a", "dog"],
    ["zebras", "zebras", "zebras", "zebras", "zebras", "zebras", "zebras"],
]


def _vocabulary(mine: ModuleType) -> Observations:
    got = mine.vocabulary(TEXTS, 100)
    expected = ["zebras", "a", "cat", "the", "and", "dog", "on", "sat", "mat", "was"]
    yield Observation("the words in the order of their ids", sorted(got, key=got.get), expected)
    yield Observation("their ids", sorted(got.values()), list(range(2, 12)))
    got = mine.vocabulary(TEXTS, 5)
    right = [("a", 3), ("cat", 4), ("zebras", 2)]
    yield Observation("words and ids of a table of 5 rows", sorted(got.items()), right)
    got = mine.vocabulary([["b", "a"], [], ["b"]], 10)
    yield Observation("two small texts and an empty one", sorted(got.items()), [("a", 3), ("b", 2)])


def _encode(mine: ModuleType) -> Observations:
    vocab = {"the": 2, "cat": 3, "sat": 4}
    for label, text, length, ids in (
        ("a text of full length", "the cat sat", 3, [2, 3, 4]),
        ("a short text", "the cat", 4, [2, 3, 0, 0]),
        ("a long text", "the cat sat cat the the", 4, [2, 3, 4, 3]),
        ("an unknown word", "the dog sat", 5, [2, 1, 4, 0, 0]),
        ("no words at all", "", 2, [0, 0]),
    ):
        words = text.split()
        got = np.array(mine.encode(words, vocab, length))
        yield Observation(f"{label}: {words} with length {length}", got, np.array(ids))
    integers = bool(np.issubdtype(got.dtype, np.integer))
    yield Observation("the ids are integers", integers, True)


def _embedding_gradient(mine: ModuleType) -> Observations:
    grad = np.array([[1.0, 10], [2, 20], [3, 30]])
    got = mine.embedding_gradient(grad, np.array([4, 0, 3]), 5)
    right = np.array([[2.0, 20], [0, 0], [0, 0], [3, 30], [1, 10]])
    yield Observation("the ids 4, 0, 3, each once", got, right)
    got = mine.embedding_gradient(grad, np.array([2, 4, 2]), 5)
    right = np.array([[0.0, 0], [0, 0], [4, 40], [0, 0], [2, 20]])
    yield Observation("the ids 2, 4, 2: row 2 is read twice", got, right)
    rng = np.random.default_rng(7)
    ids, grad = rng.integers(0, 4, (3, 5)), rng.normal(size=(3, 5, 2))
    got = mine.embedding_gradient(grad, ids, 6)
    right = slopes(lambda table: (table[ids] * grad).sum(), np.zeros((6, 2)))
    yield Observation("a batch of ids (3, 5)", got, right)


CHECKS = (
    Check(
        "7.1",
        _vocabulary,
        mutants=(
            Mutant(
                "Your ids begin at 0. The ids 0 and 1 are taken, by padding and by unknown words.",
                "size - 2], 2)",
                "size - 2], 0)",
            ),
            Mutant(
                "Your ids begin at 1, but 1 is the id of unknown words. The first word gets 2.",
                "size - 2], 2)",
                "size - 2], 1)",
            ),
            Mutant(
                "Words that are equally frequent come in the order in which they occur. They "
                "should come in alphabetical order.",
                "(-counts[word], word)",
                "-counts[word]",
            ),
            Mutant(
                "You begin with the rarest words.", "(-counts[word], word)", "(counts[word], word)"
            ),
            Mutant(
                "Words that are equally frequent come in reverse alphabetical order: "
                "`reverse=True` has turned the words around, too.",
                "key=lambda word: (-counts[word], word)",
                "key=lambda word: (counts[word], word), reverse=True",
            ),
            Mutant(
                "You counted each word once for each text. All of its occurrences count.",
                "for word in words:",
                "for word in set(words):",
            ),
            Mutant(
                "Your ids reach up to size + 1. `size` counts the rows 0 and 1, too: size - 2 "
                "words fit.",
                "ranked[: size - 2]",
                "ranked[:size]",
            ),
            Mutant(
                "You kept all words. Those that no longer fit into `size` rows are left out.",
                "ranked[: size - 2]",
                "ranked",
            ),
        ),
    ),
    Check(
        "7.2",
        _encode,
        mutants=(
            Mutant(
                "An unknown word has become 0, which is padding. It is 1.",
                "get(word, 1)",
                "get(word, 0)",
            ),
            Mutant(
                "You padded at the beginning. The zeros belong at the end.",
                "ids[i] =",
                "ids[length - len(words[:length]) + i] =",
            ),
            Mutant(
                "You cut a long text at its beginning. Its first `length` words stay.",
                "words[:length]",
                "words[-length:]",
            ),
            Mutant(
                "You left unknown words out. Each of them is a 1 at its position.",
                "enumerate(words[:length])",
                "enumerate([word for word in words if word in vocab][:length])",
            ),
            Mutant(
                "You padded with 1, which means an unknown word. Padding is 0.",
                "np.zeros(length, int)",
                "np.ones(length, int)",
            ),
            Mutant(
                "Your ids are floating-point numbers. An array of ids has to be of integers, as "
                "it will be an index.",
                "np.zeros(length, int)",
                "np.zeros(length)",
            ),
            Mutant(
                "A text that is longer than `length` is not cut.",
                edits=(
                    ("words[:length]", "words"),
                    ("np.zeros(length, int)", "np.zeros(max(length, len(words)), int)"),
                ),
            ),
        ),
    ),
    Check(
        "7.3",
        _embedding_gradient,
        mutants=(
            Mutant(
                "Of a word that occurs several times, only one slope arrives: `gradient[ids] += "
                "grad` reads all rows before it writes any. Use `np.add.at`.",
                "np.add.at(gradient, ids, grad)",
                "gradient[ids] += grad",
            ),
            Mutant(
                "A word that occurs several times gets the mean of its slopes. It gets their sum.",
                "    return gradient",
                "    counts = np.bincount(ids.ravel(), minlength=rows)\n"
                "    return gradient / np.maximum(counts, 1)[:, None]",
            ),
            Mutant(
                "You divided by the number of ids. Each use counts fully: the loss has done its "
                "dividing before.",
                "    return gradient",
                "    return gradient / ids.size",
            ),
            Mutant(
                "Your rows are off by one: id 0 is row 0.",
                "gradient, ids, grad",
                "gradient, ids - 1, grad",
            ),
            Mutant(
                "The row 0 has no slope. No id is special in this task.",
                "    return gradient",
                "    gradient[0] = 0\n    return gradient",
            ),
            Mutant(
                "Your gradient has the wrong sign. The slopes are added; the minus belongs to the "
                "step of the optimizer.",
                "np.add.at",
                "np.subtract.at",
            ),
            Mutant(
                "In a batch, each text is an array of ids, and `gradient[text] += ...` adds only "
                "one of two slopes if a word occurs twice in it. Use `np.add.at`.",
                "np.add.at(gradient, ids, grad)",
                "for i, g in zip(ids, grad):\n        gradient[i] += g",
            ),
            Mutant(
                "Of a batch of texts you used the first one only.",
                "gradient, ids, grad",
                "gradient, *((ids, grad) if ids.ndim == 1 else (ids[0], grad[0]))",
            ),
        ),
    ),
)
