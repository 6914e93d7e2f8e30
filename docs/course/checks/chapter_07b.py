"""Checks of the tasks of chapter 7: skip-gram with negative sampling."""

from __future__ import annotations

from types import ModuleType

import numpy as np

from docs.course.workshop.task import Check, Mutant, Observation, Observations, slopes


def _pairs(mine: ModuleType) -> Observations:
    got = np.array(mine.skip_gram_pairs(np.array([5, 6, 7]), 1))
    right = np.array([[5, 6], [6, 5], [6, 7], [7, 6]])
    yield Observation("the text 5, 6, 7 and a window of 1", got, right)
    got = np.array(mine.skip_gram_pairs(np.array([2, 3, 4, 5, 6]), 2))
    pairs = "23 24 32 34 35 42 43 45 46 53 54 56 64 65"
    right = np.array([[int(pair[0]), int(pair[1])] for pair in pairs.split()])
    yield Observation("the text 2, 3, 4, 5, 6 and a window of 2", got, right)
    got = np.array(mine.skip_gram_pairs(np.array([9, 9]), 5))
    yield Observation("the text 9, 9: the same word twice", got, np.array([[9, 9], [9, 9]]))
    got = np.array(mine.skip_gram_pairs(np.array([5]), 2))
    yield Observation("a text of one word has no pairs", got, np.zeros((0, 2)))


def _log_sigmoid(z: float) -> float:
    return -np.log1p(np.exp(-z)) if z > 0 else z - np.log1p(np.exp(z))


def _loop_loss(hidden: np.ndarray, outputs: np.ndarray) -> float:
    loss = 0.0
    for h, vectors in zip(hidden, outputs):
        for j, u in enumerate(vectors):
            loss -= _log_sigmoid(sum(a * b for a, b in zip(h, u)) * (1 if j == 0 else -1))
    return loss


def _negative_sampling(mine: ModuleType) -> Observations:
    loss, _, _ = mine.negative_sampling(np.zeros((1, 2)), np.zeros((1, 4, 2)))
    yield Observation("the loss at the start, 1 + 3 times log 2", loss, 4 * np.log(2))
    rng = np.random.default_rng(7)
    hidden, outputs = rng.normal(size=(2, 3)), rng.normal(size=(2, 3, 3))
    loss, d_hidden, d_outputs = mine.negative_sampling(hidden, outputs)
    yield Observation("the loss of two words", loss, _loop_loss(hidden, outputs))
    right = slopes(lambda hidden: _loop_loss(hidden, outputs), hidden)
    yield Observation("the gradient by the vectors of the words", d_hidden, right)
    right = slopes(lambda outputs: _loop_loss(hidden, outputs), outputs)
    yield Observation("the gradient by the output vectors", d_outputs, right)
    hidden, outputs = np.ones((1, 1)), np.array([[[-1000.0], [1000.0]]])
    loss, d_hidden, _ = mine.negative_sampling(hidden, outputs)
    yield Observation("the loss for scores of -1000 and 1000", loss, 2000.0)
    yield Observation("its gradient by the vector of the word", d_hidden, np.array([[2000.0]]))


def _step(mine: ModuleType) -> Observations:
    rng = np.random.default_rng(77)
    words, others = np.array([1, 3, 1]), np.array([[2, 0, 0], [2, 4, 1], [3, 2, 0]])
    start = rng.normal(size=(2, 5, 2))

    def loss(vectors: np.ndarray, outputs: np.ndarray) -> float:
        return _loop_loss(vectors[words], outputs[others])

    vectors, outputs = start.copy()
    got = mine.skip_gram_step(vectors, outputs, words, others, 0.1)
    yield Observation("the loss before the step", got, loss(*start))
    right = start[0] - 0.1 * slopes(lambda vectors: loss(vectors, start[1]), start[0])
    yield Observation("the vectors after the step", vectors, right)
    right = start[1] - 0.1 * slopes(lambda outputs: loss(start[0], outputs), start[1])
    yield Observation("the output vectors after the step", outputs, right)
    vectors, outputs = start.copy()
    for _ in range(100):
        mine.skip_gram_step(vectors, outputs, words, others, 0.1)
    got = bool(loss(vectors, outputs) < loss(*start))
    yield Observation("after 100 steps the loss is smaller", got, True)


CHECKS = (
    Check(
        "7.4",
        _pairs,
        mutants=(
            Mutant(
                "A word is its own neighbor in your pairs. Its own position is left out.",
                "if i != j:",
                "if True:",
            ),
            Mutant(
                "You compared words, not positions: if a word stands beside itself, that is a "
                "pair.",
                "if i != j:",
                "if ids[i] != ids[j]:",
            ),
            Mutant(
                "You took the neighbors to the right only. The window reaches to both sides.",
                "max(0, i - window)",
                "i",
            ),
            Mutant(
                "Your window reaches one word less to the right than to the left: the end of a "
                "`range` does not belong to it.",
                "i + window + 1",
                "i + window",
            ),
            Mutant(
                "At the beginning of the text your window goes on at its end: the index -1 is the "
                "last word. Cut the window off at 0.",
                "max(0, i - window)",
                "i - window",
            ),
            Mutant(
                "The columns are swapped: first the word, then its neighbor.",
                "(ids[i], ids[j])",
                "(ids[j], ids[i])",
            ),
            Mutant(
                "Your pairs are positions. They should be the ids at these positions.",
                "(ids[i], ids[j])",
                "(i, j)",
            ),
            Mutant(
                "Each pair comes once only. Both words are given once and predicted once: (5, 6) "
                "and (6, 5).",
                "min(len(ids), i + window + 1)",
                "i",
            ),
        ),
    ),
    Check(
        "7.5",
        _negative_sampling,
        mutants=(
            Mutant(
                "The loss treats the noise words like real neighbors: their scores need the other "
                "sign.",
                "np.logaddexp(0, scores[:, 1:])",
                "np.logaddexp(0, -scores[:, 1:])",
            ),
            Mutant(
                "The error of the real neighbor lacks its -1: without it the step would push the "
                "neighbor away, too.",
                "    error[:, 0] -= 1\n",
                "",
            ),
            Mutant(
                "You subtracted 1 from all errors. Only the real neighbor should have been said.",
                "error[:, 0] -= 1",
                "error -= 1",
            ),
            Mutant(
                "Your errors have the wrong sign: what was said minus what should have been said.",
                "    error[:, 0] -= 1\n",
                "    error[:, 0] -= 1\n    error = -error\n",
            ),
            Mutant(
                "You took a softmax over the neighbor and the noise. Each of them is a question "
                "of its own, answered by a sigmoid.",
                "error = sigmoid(scores)",
                "error = np.exp(scores - scores.max(1, keepdims=True))\n"
                "    error /= error.sum(1, keepdims=True)",
            ),
            Mutant(
                "Your loss is a mean over the words. Here it is the sum, as each pair makes its "
                "own step.",
                "return loss, ",
                "return loss / len(hidden), ",
            ),
            Mutant(
                "Your loss and your gradients are divided by the number of words. Here they are "
                "sums, as each pair makes its own step.",
                edits=(
                    ("return loss, ", "return loss / len(hidden), "),
                    ("    error = sigmoid(scores)", "    error = sigmoid(scores) / len(hidden)"),
                    ("error[:, 0] -= 1", "error[:, 0] -= 1 / len(hidden)"),
                ),
            ),
            Mutant(
                "The loss overflows for scores of ±1000: the sigmoid is 0 there, and its logarithm "
                "infinite. Use `np.logaddexp(0, -z)` for -log of the sigmoid.",
                edits=(
                    ("np.logaddexp(0, -scores[:, 0])", "-np.log(sigmoid(scores[:, 0]))"),
                    ("np.logaddexp(0, scores[:, 1:])", "-np.log(sigmoid(-scores[:, 1:]))"),
                ),
            ),
            Mutant(
                "The gradient by the word's vector has the share of the real neighbor only. The "
                "noise sends slopes, too.",
                '"nj,njd->nd", error, outputs',
                '"nj,njd->nd", error[:, :1], outputs[:, :1]',
            ),
            Mutant(
                "In the gradient by the output vectors each gets itself times the error. It gets "
                "the other one, the word's vector.",
                "error[:, :, None] * hidden[:, None]",
                "error[:, :, None] * outputs",
            ),
        ),
    ),
    Check(
        "7.6",
        _step,
        mutants=(
            Mutant(
                "Of a word that occurs several times in `words`, only one slope arrives. Add them "
                "all, as in task 7.3.",
                "vectors -= lr * embedding_gradient(d_hidden, words, len(vectors))",
                "vectors[words] -= lr * d_hidden",
            ),
            Mutant(
                "Of a word that occurs several times in `others`, only one slope arrives. Add "
                "them all, as in task 7.3.",
                "outputs -= lr * embedding_gradient(d_outputs, others, len(outputs))",
                "outputs[others] -= lr * d_outputs",
            ),
            Mutant(
                "The caller's tables have not changed: `vectors = vectors - ...` makes new "
                "arrays. Use `vectors -= ...`.",
                edits=(
                    ("vectors -= lr *", "vectors = vectors - lr *"),
                    ("outputs -= lr *", "outputs = outputs - lr *"),
                ),
            ),
            Mutant(
                "You walk uphill: a step goes against the gradient.",
                edits=(
                    ("vectors -= lr *", "vectors += lr *"),
                    ("outputs -= lr *", "outputs += lr *"),
                ),
            ),
            Mutant(
                "The gradient of the output vectors belongs to vectors that had already moved. "
                "Compute both gradients before either step.",
                "    outputs -= lr *",
                "    _, _, d_outputs = negative_sampling(vectors[words], outputs[others])\n"
                "    outputs -= lr *",
            ),
            Mutant(
                "The output vectors do not move. Both tables learn.",
                "    outputs -= lr * embedding_gradient(d_outputs, others, len(outputs))\n",
                "",
            ),
            Mutant(
                "The loss that you return is that after the step. Return the one before it.",
                "    return loss",
                "    return negative_sampling(vectors[words], outputs[others])[0]",
            ),
            Mutant(
                "You forgot the learning rate.",
                edits=(("vectors -= lr *", "vectors -="), ("outputs -= lr *", "outputs -=")),
            ),
        ),
    ),
)
