"""Checks of the task of chapter 15 that searches with a beam."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from types import ModuleType

import numpy as np

from docs.course.workshop.task import Check, Mutant, Observation, Observations

START, END = 9, 0
Model = Callable[[list[int]], np.ndarray]


def _tree(branches: dict[tuple[int, ...], list[float]]) -> Model:
    """Return a model of four tokens with given probabilities; elsewhere it ends."""

    def log_p_of(tokens: list[int]) -> np.ndarray:
        if not tokens or tokens[0] != START:
            return np.log(np.array([0.01, 0.01, 0.01, 0.97]))
        with np.errstate(divide="ignore"):
            return np.log(branches.get(tuple(tokens[1:]), [1.0, 0.0, 0.0, 0.0]))

    return log_p_of


def _random_model(tokens: list[int]) -> np.ndarray:
    return _random_row(tuple(int(token) for token in tokens)).copy()


@cache
def _random_row(tokens: tuple[int, ...]) -> np.ndarray:
    logits = np.random.default_rng(tokens).normal(size=3) * 2
    return logits - np.log(np.exp(logits).sum())


def _sentences(max_length: int, before: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    """Yield all sentences of three tokens: complete ones, and those of max_length tokens."""
    for token in range(3):
        tokens = (*before, token)
        if token == END or len(tokens) == max_length:
            yield tokens
        else:
            yield from _sentences(max_length, tokens)


def _best(max_length: int, alpha: float) -> list[int]:
    def score(tokens: tuple[int, ...]) -> float:
        steps = [_random_model([START, *tokens[:i]])[token] for i, token in enumerate(tokens)]
        return float(sum(steps)) / len(tokens) ** alpha

    return list(max(_sentences(max_length), key=score))


def _search(mine: ModuleType) -> Observations:
    # 1 is the likeliest beginning, and 2 3 the likeliest sentence.
    tree = _tree(
        {
            (): [0.0, 0.5, 0.4, 0.1],
            (1,): [0.3, 0.2, 0.3, 0.2],
            (2,): [0.1, 0.0, 0.0, 0.9],
        }
    )
    for width, right in ((1, [1, END]), (2, [2, 3, END])):
        got = [int(each) for each in mine.beam_search(tree, START, END, width, 5)]
        yield Observation(f"the likeliest begins with 2; width {width}", got, right)
    # A short sentence is likelier, a long one is surer for each word.
    tree = _tree(
        {
            (): [0.45, 0.55, 0.0, 0.0],
            (1,): [0.0, 0.0, 0.5, 0.5],
            (1, 2): [0.2, 0.0, 0.0, 0.8],
            (1, 2, 3): [0.4, 0.3, 0.3, 0.0],
        }
    )
    for alpha, right in ((0.0, [END]), (1.0, [1, 3, END])):
        got = [int(each) for each in mine.beam_search(tree, START, END, 3, 6, alpha)]
        yield Observation(f"0 with 0.45 against 1 3 0 with 0.275: alpha {alpha}", got, right)
    got = [int(each) for each in mine.beam_search(tree, START, END, 3, 6)]
    yield Observation("the same two sentences, without alpha: that of 0", got, [END])
    got = [int(each) for each in mine.beam_search(tree, START, END, 1, 2)]
    yield Observation("width 1, at most two tokens: no sentence is complete", got, [1, 2])
    for max_length in (3, 4):
        for alpha in (0.0, 0.7, 2.0):
            got = mine.beam_search(_random_model, START, END, 81, max_length, alpha)
            label = f"the best of all sentences of up to {max_length} tokens, alpha {alpha}"
            yield Observation(label, [int(each) for each in got], _best(max_length, alpha))
    lengths: list[int] = []

    def counted(tokens: list[int]) -> np.ndarray:
        lengths.append(len(tokens))
        return np.log(np.array([0.01, 0.49, 0.5]))

    mine.beam_search(counted, START, END, 2, 4)
    yield Observation("lengths of what the model is asked, width 2", lengths, [1, 2, 2, 3, 3, 4, 4])


_SORTED = "sorted(candidates, key=lambda each: -each[1])[:width]"

CHECKS = (
    Check(
        "15.4",
        _search,
        mutants=(
            Mutant(
                "You keep the *least* likely candidates: sort by -log p.",
                "-each[1])[:width]",
                "each[1])[:width]",
            ),
            Mutant(
                "Only the likeliest beginning is kept: that is greedy, whatever the width.",
                "[:width]",
                "[:1]",
            ),
            Mutant(
                "All candidates are kept: cut them to `width` after each step.",
                "[:width]",
                "",
            ),
            Mutant(
                "Every beginning keeps `width` extensions of its own: the width is that of all "
                "together.",
                edits=(
                    (
                        "in enumerate(log_p_of([start, *tokens]))",
                        "in sorted(enumerate(log_p_of([start, *tokens])), key=lambda each: "
                        "-each[1])[:width]",
                    ),
                    (_SORTED, "sorted(candidates, key=lambda each: -each[1])"),
                ),
            ),
            Mutant(
                "Complete sentences are extended further: set them aside.",
                "beginnings = [each for each in candidates if each[0][-1] != end]",
                "beginnings = candidates",
            ),
            Mutant(
                "Complete sentences are forgotten when the search goes on: collect those of all "
                "steps.",
                "complete += [",
                "complete = [",
            ),
            Mutant(
                "Beginnings that never ended are lost. After max_length tokens they count, too.",
                "max(complete + beginnings,",
                "max(complete or [([], 0.0)],",
            ),
            Mutant(
                "The length penalty is not used: the score is log p / n^alpha.",
                "each[1] / len(each[0]) ** alpha",
                "each[1]",
            ),
            Mutant(
                "You multiply by the length. Log-probabilities are negative: divide, to help long "
                "ones.",
                "each[1] / len(each[0]) ** alpha",
                "each[1] * len(each[0]) ** alpha",
            ),
            Mutant(
                "The log-probability is that of the last token only: add up those of all.",
                "log_p + step",
                "0 * log_p + step",
            ),
            Mutant(
                "The model must see the start token in front of the beginning.",
                "log_p_of([start, *tokens])",
                "log_p_of(tokens)",
            ),
            Mutant(
                "The start token belongs to what the model reads, not to what you return.",
                edits=(
                    ("return max(", "return [start, *max("),
                    ("** alpha)[0]", "** alpha)[0]]"),
                ),
            ),
        ),
    ),
)
