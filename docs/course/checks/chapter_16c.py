"""Checks of the tasks of chapter 16: the gradients of a CRF, and the best sequence."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

import numpy as np

from docs.course.checks.chapter_16a import loop_score, model
from docs.course.checks.chapter_16b import bank_scores, loop_log_partition, sequences
from docs.course.workshop.task import Check, Mutant, Observation, Observations, slopes


def _gradients(mine: ModuleType) -> Observations:
    for seed, (k, tags) in enumerate(((2, (1, 0, 0, 0)), (3, (0, 1, 2)), (3, (2,)))):
        arrays = model(seed, len(tags), k)
        answer = mine.crf_gradients(np.array(tags), *arrays)
        yield Observation("the number of gradients", len(answer), 4)
        for i, (name, got) in enumerate(zip(("emissions", "transitions", "start", "end"), answer)):

            def loss(
                value: np.ndarray,
                i: int = i,
                arrays: list[np.ndarray] = arrays,
                tags: Sequence[int] = tags,
            ) -> float:
                changed = [*arrays[:i], value, *arrays[i + 1 :]]
                return loop_log_partition(*changed) - loop_score(tags, *changed)

            label = f"the gradient by {name}, tags {list(tags)}"
            yield Observation(label, got, slopes(loss, arrays[i]))


def _best(arrays: list[np.ndarray]) -> list[int]:
    scores = {tags: loop_score(tags, *arrays) for tags in sequences(*arrays[0].shape)}
    return list(max(scores, key=scores.get))


def _viterbi(mine: ModuleType) -> Observations:
    got = [int(tag) for tag in mine.viterbi_decode(*bank_scores())]
    yield Observation("the example of the chapter: B, I, I", got, [1, 2, 2])
    for seed, (n, k) in enumerate(((1, 4), (2, 3), (3, 3), (4, 3), (4, 3), (5, 2))):
        arrays = model(seed, n, k)
        got = [int(tag) for tag in mine.viterbi_decode(*arrays)]
        yield Observation(f"random scores, {n} words and {k} tags", got, _best(arrays))
    arrays = model(10, 3, 2)
    arrays[2] = np.array([0.0, 9])
    got = [int(tag) for tag in mine.viterbi_decode(*arrays)]
    yield Observation("a sentence that had better start with tag 1", got, _best(arrays))
    arrays = model(11, 4, 3)
    arrays[1][:, 1] = arrays[2][1] = -np.inf
    got = [int(tag) for tag in mine.viterbi_decode(*arrays)]
    yield Observation("tag 1 is forbidden", got, _best(arrays))


CHECKS = (
    Check(
        "16.6",
        _gradients,
        mutants=(
            Mutant(
                "A step that occurs several times was subtracted once: `-=` with arrays of "
                "indices counts each pair once. Use `np.subtract.at`.",
                "np.subtract.at(d_transitions, (tags[:-1], tags[1:]), 1)",
                "d_transitions[tags[:-1], tags[1:]] -= 1",
            ),
            Mutant(
                "The true steps are transposed: from the row to the column.",
                "(tags[:-1], tags[1:])",
                "(tags[1:], tags[:-1])",
            ),
            Mutant(
                "You did not subtract the true steps: what was said minus what should have been "
                "said.",
                "    np.subtract.at(d_transitions, (tags[:-1], tags[1:]), 1)\n",
                "",
            ),
            Mutant(
                "You did not subtract the true tags: that is the gradient of log Z alone.",
                "    d_emissions[np.arange(len(tags)), tags] -= 1\n",
                "",
            ),
            Mutant(
                "Your signs are the wrong way round: what was said minus what should have been "
                "said.",
                "return d_emissions, d_transitions, d_emissions[0], d_emissions[-1]",
                "return -d_emissions, -d_transitions, -d_emissions[0], -d_emissions[-1]",
            ),
            Mutant(
                "The gradients by start and end are swapped.",
                "d_emissions[0], d_emissions[-1]",
                "d_emissions[-1], d_emissions[0]",
            ),
            Mutant(
                "The gradient by the transitions is a mean over the steps. They are used at every "
                "step: it is the sum.",
                "    return",
                "    d_transitions /= max(len(steps), 1)\n    return",
            ),
            Mutant(
                "You subtracted 1 from the true tags' columns at every word. Each word has one "
                "true tag.",
                "d_emissions[np.arange(len(tags)), tags] -= 1",
                "d_emissions[:, tags] -= 1",
            ),
        ),
    ),
    Check(
        "16.7",
        _viterbi,
        mutants=(
            Mutant(
                "You took the best tag of each word by itself. The best sequence knows its "
                "neighbors.",
                "return path[::-1]",
                "return emissions.argmax(axis=1)",
            ),
            Mutant(
                "Your path is in reverse order.",
                "return path[::-1]",
                "return path",
            ),
            Mutant(
                "You forgot the scores of ending.",
                "(best + end).argmax()",
                "best.argmax()",
            ),
            Mutant(
                "Your transitions are transposed: they go from the row to the column.",
                "best[:, None] + transitions",
                "best[:, None] + transitions.T",
            ),
            Mutant(
                "You decided greedily, from left to right: the best tag of a word may turn out to "
                "lead nowhere. Walk back from the end.",
                edits=(
                    (
                        "path = [int((best + end).argmax())]",
                        "path = [int((start + emissions[0]).argmax())]",
                    ),
                    ("for before in reversed(came_from):", "for scores in emissions[1:]:"),
                    ("int(before[path[-1]])", "int((transitions[path[-1]] + scores).argmax())"),
                    ("return path[::-1]", "return path"),
                ),
            ),
            Mutant(
                "Walking back, you followed the best last tag all the way. Each step asks where "
                "the tag that it has just reached came from.",
                "before[path[-1]]",
                "before[path[0]]",
            ),
            Mutant(
                "You forgot the scores of starting.",
                "start + emissions[0]",
                "emissions[0]",
            ),
            Mutant(
                "The emissions of the words after the first are missing.",
                "steps.max(axis=0) + scores",
                "steps.max(axis=0)",
            ),
            Mutant(
                "You took the tag with the largest marginal at each word. That is another "
                "question; the tags of the best sequence belong together.",
                "return path[::-1]",
                "return crf_marginals(emissions, transitions, start, end)[0].argmax(axis=1)",
            ),
        ),
    ),
)
