"""Checks of the tasks of chapter 14: distributions, drawing, writing."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np

from docs.course.workshop.task import Check, Mutant, Observation, Observations


def _distribution(mine: ModuleType) -> Observations:
    p = np.array([0.1, 0.5, 0.15, 0.25])
    logits = np.log(p) + 3
    before = logits.copy()
    yield Observation("p of (0.1, 0.5, 0.15, 0.25)", mine.token_distribution(logits), p)
    for temperature in (0.5, 2.0):
        right = p ** (1 / temperature) / (p ** (1 / temperature)).sum()
        got = mine.token_distribution(logits, temperature)
        yield Observation(f"the same at temperature {temperature}", got, right)
    got = mine.token_distribution(logits, 1e-308)
    yield Observation("the same at temperature 1e-308", got, np.array([0.0, 1.0, 0.0, 0.0]))
    got = mine.token_distribution(logits, top_k=2)
    yield Observation("the same with top_k=2", got, np.array([0, 2 / 3, 0, 1 / 3]))
    for top_p, right in (
        (0.6, np.array([0, 2 / 3, 0, 1 / 3])),
        (0.8, np.array([0, 5, 1.5, 2.5]) / 9),
        (0.2, np.array([0.0, 1.0, 0.0, 0.0])),
        (1.0, p),
    ):
        got = mine.token_distribution(logits, top_p=top_p)
        yield Observation(f"the same with top_p={top_p}", got, right)
    got = mine.token_distribution(logits, 2.0, top_p=0.7)
    right = np.sqrt(p) * (p > 0.12)
    label = "temperature 2 and top_p=0.7"
    yield Observation(label, got, right / right.sum())
    got = mine.token_distribution(np.zeros(4), top_k=1)
    yield Observation("four equal scores, top_k=1", got, np.array([1.0, 0.0, 0.0, 0.0]))
    got = mine.token_distribution(np.zeros(100), top_k=4)
    label = "100 equal scores, top_k=4: the first four"
    yield Observation(label, got, np.repeat([0.25, 0.0], [4, 96]))
    got = mine.token_distribution(np.array([1000.0, 999.0, -1000.0]))
    right = np.array([np.e, 1, 0]) / (np.e + 1)
    yield Observation("the scores 1000, 999, -1000", got, right)
    yield Observation("the scores are not changed", logits, before)


def _sample(mine: ModuleType) -> Observations:
    for p in ([0.0, 0.0, 1.0, 0.0], [1.0, 0.0], [1.0]):
        got = mine.sample(np.array(p), np.random.default_rng(0))
        yield Observation(f"a draw from {p}", got, p.index(1.0))
    for values in ([0.6, 0.1, 0.3], [0.0, 0.2, 0.0, 0.8]):
        rng = np.random.default_rng(145)
        draws = [mine.sample(np.array(values), rng) for _ in range(1000)]
        shares = np.bincount(draws, minlength=len(values)) / 1000
        label = f"shares of 1,000 draws from {values}"
        yield Observation(label, shares, np.array(values), 0.08)
        never = [i for i, value in enumerate(values) if value == 0 and i in draws]
        yield Observation("drawn, although its probability is 0", never, [])
    p = np.full(50, 0.02)
    texts = []
    for seed in (1, 1, 2):
        rng = np.random.default_rng(seed)
        texts.append([mine.sample(p, rng) for _ in range(20)])
    yield Observation("the same seed draws the same letters", texts[0] == texts[1], True)
    yield Observation("another seed draws others", texts[0] != texts[2], True)


def _counting(calls: list[list[int]]) -> Callable[[np.ndarray], np.ndarray]:
    """Return a model that always says the letter after the one that it reads, out of 10."""

    def logits_of(ids: np.ndarray) -> np.ndarray:
        calls.append(np.asarray(ids)[0].tolist())
        logits = np.zeros((*np.shape(ids), 10))
        for t, letter in enumerate(np.asarray(ids)[0]):
            logits[0, t, (letter + 1) % 10] = 100.0
        return logits

    return logits_of


def _generate(mine: ModuleType) -> Observations:
    calls: list[list[int]] = []
    start = [3, 7, 4]
    rng = np.random.default_rng(146)
    written = mine.generate(_counting(calls), start, 4, rng, 4)
    label = "a model that counts, after 3, 7, 4"
    yield Observation(label, [int(each) for each in written], [3, 7, 4, 5, 6, 7, 8])
    right = [[3, 7, 4], [3, 7, 4, 5], [7, 4, 5, 6], [4, 5, 6, 7]]
    yield Observation("what the model reads at each step, window 4", calls, right)
    yield Observation("the beginning is not changed", start, [3, 7, 4])
    written = mine.generate(_counting([]), start, 0, rng, 4)
    yield Observation("nothing more", [int(each) for each in written], start)

    def undecided(ids: np.ndarray) -> np.ndarray:
        return np.tile([0.0, 1.0, 0.5], (*np.shape(ids), 1))

    for settings, right in (
        ({"temperature": 1e-9}, {1}),
        ({"top_k": 2}, {1, 2}),
        ({"top_p": 0.6}, {1, 2}),
        ({}, {0, 1, 2}),
    ):
        written = mine.generate(undecided, [0], 60, np.random.default_rng(147), 2, **settings)
        got = sorted({int(each) for each in written[1:]})
        yield Observation(f"the letters among 60 with {settings}", got, sorted(right))
    texts = [
        mine.generate(undecided, [0], 60, np.random.default_rng(148), 2, **settings)
        for settings in ({}, {"temperature": 1.0})
    ]
    yield Observation("a text without a temperature: that of 1", *map(list, texts))


_CUT = "p[order[np.searchsorted(cumulative, top_p) + 1 :]] = 0"
_DRAW = "int((ends <= rng.random() * ends[-1]).sum())"

CHECKS = (
    Check(
        "14.4",
        _distribution,
        mutants=(
            Mutant(
                "You multiply by the temperature. Divide: a low temperature makes the model surer.",
                "(logits - logits.max()) / temperature",
                "(logits - logits.max()) * temperature",
            ),
            Mutant(
                "The temperature comes after the softmax, where it only scales. It divides the "
                "scores.",
                "softmax((logits - logits.max()) / temperature)",
                "softmax(logits - logits.max()) / temperature",
            ),
            Mutant(
                "At a temperature near 0 the scores overflow, and ∞ - ∞ is nan: subtract the "
                "largest score before you divide.",
                "(logits - logits.max()) / temperature",
                "logits / temperature",
            ),
            Mutant(
                "What is left does not sum to 1: divide by its sum.",
                "return p / p.sum()",
                "return p",
            ),
            Mutant(
                "top_p drops the letter that crosses p. The set must have *at least* the "
                "probability p.",
                _CUT,
                "p[order[np.searchsorted(cumulative, top_p) :]] = 0",
            ),
            Mutant(
                "top_p keeps one letter more than is needed: the fewest that have at least p.",
                _CUT,
                "p[order[np.searchsorted(cumulative, top_p) + 2 :]] = 0",
            ),
            Mutant(
                "top_k keeps the *least* likely letters: sort by -p.",
                "np.argsort(-p",
                "np.argsort(p",
            ),
            Mutant(
                "You keep the first letters of the alphabet, not the likeliest: go through "
                "`order`.",
                edits=(("p[order[top_k:]] = 0", "p[top_k:] = 0"),),
            ),
            Mutant(
                "top_p is a set of the likeliest letters, not a threshold for each of them.",
                _CUT,
                "p[p < 1 - top_p] = 0",
            ),
            Mutant(
                "The set of top_p is chosen before the temperature; it belongs to the final "
                "distribution.",
                "cumulative = np.cumsum(p[order])",
                "cumulative = np.cumsum(softmax(logits)[order])",
            ),
        ),
    ),
    Check(
        "14.5",
        _sample,
        mutants=(
            Mutant(
                "You always take the likeliest letter. That is greedy; nothing is drawn.",
                _DRAW,
                "int(np.argmax(p))",
            ),
            Mutant(
                "Every letter is equally likely here: p is not used.",
                _DRAW,
                "int(rng.integers(len(p)))",
            ),
            Mutant(
                "All letters with a positive probability are equally likely here.",
                _DRAW,
                "int(rng.choice(np.flatnonzero(p)))",
            ),
            Mutant(
                "Your numbers do not come from rng, so the same seed does not write the same text.",
                "rng.random()",
                "np.random.default_rng().random()",
            ),
            Mutant(
                "You draw the letter after the one that was hit.",
                _DRAW,
                f"({_DRAW} + 1) % len(p)",
            ),
            Mutant(
                "The dart hits the pieces from the other end: 1 - p instead of p, in a sense. "
                "Count the ends that are *not larger* than it.",
                "ends <= rng",
                "ends > rng",
            ),
            Mutant(
                "A new generator with a fixed seed draws the same letter each time: use rng.",
                "rng.random()",
                "np.random.default_rng(0).random()",
            ),
        ),
    ),
    Check(
        "14.6",
        _generate,
        mutants=(
            Mutant(
                "You draw from the distribution of the first position: the next letter is that of "
                "the last.",
                "[0, -1]",
                "[0, 0]",
            ),
            Mutant(
                "The model always reads the beginning: what was written must be read, too.",
                edits=(
                    ("    ids = list(ids)\n", "    ids, start = list(ids), list(ids)\n"),
                    ("ids[-window:]]", "start[-window:]]"),
                ),
            ),
            Mutant(
                "The model reads more than it was trained on: pass the newest `window` letters "
                "only.",
                "ids[-window:]",
                "ids",
            ),
            Mutant(
                "The model reads the *oldest* letters of the text. It must read the newest.",
                "ids[-window:]",
                "ids[:window]",
            ),
            Mutant(
                "You append to the list that was passed, and the caller's beginning grows. Copy "
                "it.",
                "ids = list(ids)",
                "ids = ids",
            ),
            Mutant(
                "The beginning is missing in what you return.",
                edits=(
                    ("    ids = list(ids)\n", "    ids, start = list(ids), len(ids)\n"),
                    ("return ids", "return ids[start:]"),
                ),
            ),
            Mutant(
                "Temperature, top_k and top_p are not used: pass them on to token_distribution.",
                "token_distribution(logits, temperature, top_k, top_p)",
                "token_distribution(logits)",
            ),
            Mutant(
                "You take the likeliest letter instead of drawing one.",
                "sample(token_distribution(logits, temperature, top_k, top_p), rng)",
                "int(np.argmax(logits))",
            ),
            Mutant(
                "One letter too many: n are to be written.",
                "range(n)",
                "range(n + 1)",
            ),
        ),
    ),
)
