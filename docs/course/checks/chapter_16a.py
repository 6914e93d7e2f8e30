"""Checks of the tasks of chapter 16: names, F1 and the score of a sequence."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

import numpy as np

from docs.course.workshop.task import Check, Mutant, Observation, Observations

SPANS = (
    ("O O O", []),
    ("B-PER I-PER O O B-ORG I-ORG I-ORG", [("PER", 0, 2), ("ORG", 4, 7)]),
    ("B-LOC", [("LOC", 0, 1)]),
    ("B-PER B-PER I-PER", [("PER", 0, 1), ("PER", 1, 3)]),
    ("B-PER I-PER I-LOC I-LOC O", [("PER", 0, 2), ("LOC", 2, 4)]),
    ("O I-ORG I-ORG O I-PER", [("ORG", 1, 3), ("PER", 4, 5)]),
    ("B-PER O I-PER B-LOC", [("PER", 0, 1), ("PER", 2, 3), ("LOC", 3, 4)]),
    ("", []),
)


def _spans(mine: ModuleType) -> Observations:
    for text, right in SPANS:
        yield Observation(f'"{text}"', mine.spans(text.split()), right)
    got = all(isinstance(span, tuple) for span in mine.spans(["B-PER", "O", "B-LOC"]))
    yield Observation("each name is a tuple", got, True)


SENTENCES = (  # given tags, actual tags
    ("B-PER I-PER O O O O B-LOC", "B-PER I-PER O O B-ORG I-ORG I-ORG"),
    ("B-LOC O O", "B-PER O O"),
    ("B-PER I-PER I-PER", "B-PER I-PER O"),
    ("O O B-LOC", "O O B-LOC"),
    ("O B-LOC O B-LOC", "O B-LOC O O"),
)


def _entity_f1(mine: ModuleType) -> Observations:
    given = [pair[0].split() for pair in SENTENCES]
    actual = [pair[1].split() for pair in SENTENCES]
    yield Observation(
        "a person is right, a bank is missed, England is invented: P = R = 1/2",
        mine.entity_f1(given[:1], actual[:1]),
        0.5,
    )
    got = mine.entity_f1(given[1:2], actual[1:2])
    yield Observation("the right words with the wrong type", got, 0.0)
    got = mine.entity_f1(given[2:3], actual[2:3])
    yield Observation("a name that is one word too long", got, 0.0)
    got = mine.entity_f1(given[4:], actual[4:])
    yield Observation("one name right, one invented: P = 1/2, R = 1", got, 2 / 3)
    got = mine.entity_f1(given, actual)
    yield Observation("five sentences: 3 right, 7 given, 6 true", got, 6 / 13)
    got = mine.entity_f1(actual[3:], given[3:])
    yield Observation("two sentences: 2 right, 2 given, 3 true", got, 0.8)
    given, actual = [["B-LOC", "O"], ["O", "O"]], [["O", "O"], ["B-LOC", "O"]]
    got = mine.entity_f1(given, actual)
    yield Observation("the right name in the wrong sentence", got, 0.0)
    nothing = [["O", "O"]]
    yield Observation("neither given nor true names", mine.entity_f1(nothing, nothing), 0.0)
    yield Observation("no sentences", mine.entity_f1([], []), 0.0)


def model(seed: int, n: int, k: int) -> list[np.ndarray]:
    """Return random emissions (n, k), transitions, start and end."""
    rng = np.random.default_rng([16, seed])
    return [rng.normal(size=shape) for shape in ((n, k), (k, k), (k,), (k,))]


def loop_score(
    tags: Sequence[int],
    emissions: np.ndarray,
    transitions: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
) -> float:
    """Return the score of a sequence, term by term."""
    score = start[tags[0]] + end[tags[-1]]
    for t, tag in enumerate(tags):
        score += emissions[t, tag]
        if t > 0:
            score += transitions[tags[t - 1], tag]
    return score


def _crf_score(mine: ModuleType) -> Observations:
    emissions = np.array([[1.0, 2], [3, 4], [5, 6]])
    transitions = np.array([[10.0, 20], [30, 40]])
    start, end = np.array([100.0, 200]), np.array([1000.0, 2000])
    for tags, right in (([0, 1, 1], 2171.0), ([1, 0, 0], 1250.0)):
        got = mine.crf_score(np.array(tags), emissions, transitions, start, end)
        yield Observation(f"the tags {tags}, with numbers that a head can add", got, right)
    for seed, n in enumerate((4, 1, 2, 6)):
        arrays = model(seed, n, 3)
        tags = np.random.default_rng([61, seed]).integers(0, 3, n)
        label = f"the tags {tags.tolist()}, with random scores"
        yield Observation(label, mine.crf_score(tags, *arrays), loop_score(tags, *arrays))


CHECKS = (
    Check(
        "16.1",
        _spans,
        mutants=(
            Mutant(
                "A name that reaches the end of the sentence is missing. Close it there.",
                '[*tags, "O"]',
                "tags",
            ),
            Mutant(
                "An I that continues nothing begins no name in your answer. By the rules of CoNLL "
                "it begins one, as a B does.",
                'if kind is None and tag != "O"',
                'if kind is None and tag[0] == "B"',
            ),
            Mutant(
                "An I of another type continues the open name. It ends that name and begins one "
                "of its own type.",
                'tag != "I-" + kind',
                'tag[0] != "I"',
            ),
            Mutant(
                "A B of the same type continues the open name. B always begins a new one.",
                'tag != "I-" + kind',
                'tag[1:] != "-" + kind',
            ),
            Mutant(
                "Your stop is the last word of the name. It is the first word behind it.",
                "(kind, start, i)",
                "(kind, start, i - 1)",
            ),
            Mutant(
                "A name that begins right behind another one is missing: the tag that ends a name "
                "may begin the next one.",
                "        if kind is None and",
                "        elif kind is None and",
            ),
            Mutant(
                "Each word of a name is a name of its own in your answer.",
                'tag != "I-" + kind',
                "True",
            ),
            Mutant(
                'The type is "PER", without the letter and the dash before it.',
                "(kind, start, i)",
                "(tags[start], start, i)",
            ),
            Mutant(
                "You return lists. Make each name a tuple, so that it can be an element of a set.",
                "names.append((kind, start, i))",
                "names.append([kind, start, i])",
            ),
        ),
    ),
    Check(
        "16.2",
        _entity_f1,
        mutants=(
            Mutant(
                "You took the mean of the F1 of the sentences. Count over all sentences first.",
                edits=(
                    ("right = total = 0", "scores = []"),
                    ("right += len", "right = len"),
                    (
                        "total += len(spans(guess)) + len(spans(truth))",
                        "total = len(spans(guess)) + len(spans(truth))\n"
                        "        scores.append(2 * right / total if total else 0.0)",
                    ),
                    (
                        "return 2 * right / total if total else 0.0",
                        "return np.mean(scores) if scores else 0.0",
                    ),
                ),
            ),
            Mutant(
                "That is precision, the share of the given names that are right. F1 counts the "
                "missed ones, too.",
                edits=(
                    ("len(spans(guess)) + len(spans(truth))", "len(spans(guess))"),
                    ("2 * right", "right"),
                ),
            ),
            Mutant(
                "That is recall, the share of the true names that were given. F1 counts the "
                "invented ones, too.",
                edits=(
                    ("len(spans(guess)) + len(spans(truth))", "len(spans(truth))"),
                    ("2 * right", "right"),
                ),
            ),
            Mutant(
                "The types are ignored: a place that is called a person is wrong.",
                "set(spans(guess)) & set(spans(truth))",
                "{span[1:] for span in spans(guess)} & {span[1:] for span in spans(truth)}",
            ),
            Mutant(
                "A name counts as right if it begins right. Both of its ends have to be right.",
                "set(spans(guess)) & set(spans(truth))",
                "{span[:2] for span in spans(guess)} & {span[:2] for span in spans(truth)}",
            ),
            Mutant(
                "That is the accuracy of the words. Most words are O, and a tagger that never "
                "finds a name gets those right; count names.",
                edits=(
                    (
                        "len(set(spans(guess)) & set(spans(truth)))",
                        "sum(a == b for a, b in zip(guess, truth))",
                    ),
                    ("len(spans(guess)) + len(spans(truth))", "2 * len(truth)"),
                ),
            ),
            Mutant(
                "Without any names you divide 0 by 0. F1 is 0 then.",
                "2 * right / total if total else 0.0",
                "2 * np.float64(right) / total",
            ),
            Mutant(
                "You forgot the factor 2: the harmonic mean of P and R is 2PR/(P + R).",
                "2 * right",
                "right",
            ),
            Mutant(
                "You counted the names of all sentences as if they were in one: a name of one "
                "sentence is not right because another sentence has it at the same position.",
                edits=(
                    (
                        "    for guess, truth in zip(given, actual):",
                        "    seen = {span for truth in actual for span in spans(truth)}\n"
                        "    for guess, truth in zip(given, actual):",
                    ),
                    ("set(spans(guess)) & set(spans(truth))", "set(spans(guess)) & seen"),
                ),
            ),
        ),
    ),
    Check(
        "16.3",
        _crf_score,
        mutants=(
            Mutant(
                "Your transitions are transposed: they go from the row to the column, from the "
                "tag before to the tag now.",
                "transitions[tags[:-1], tags[1:]]",
                "transitions[tags[1:], tags[:-1]]",
            ),
            Mutant(
                "You forgot the score of starting.", "return start[tags[0]] + words", "return words"
            ),
            Mutant("You forgot the score of ending.", " + end[tags[-1]]", ""),
            Mutant(
                "The score of ending is that of the *last* tag.",
                "end[tags[-1]]",
                "end[tags[0]]",
            ),
            Mutant(
                "Your sequence is a ring: there is no step from the last tag to the first.",
                "transitions[tags[:-1], tags[1:]]",
                "transitions[np.roll(tags, 1), tags]",
            ),
            Mutant(
                "You took the mean of the emissions. Scores are added.",
                "tags].sum()",
                "tags].mean()",
            ),
            Mutant(
                "The emission of the first word is missing.",
                "emissions[np.arange(len(tags)), tags].sum()",
                "emissions[np.arange(len(tags)), tags][1:].sum()",
            ),
            Mutant(
                "You added the scores of all tags of each word. Only that of its tag counts.",
                "emissions[np.arange(len(tags)), tags].sum()",
                "emissions[: len(tags)].sum()",
            ),
            Mutant(
                "You forgot the transitions.",
                " + steps",
                "",
            ),
        ),
    ),
)
