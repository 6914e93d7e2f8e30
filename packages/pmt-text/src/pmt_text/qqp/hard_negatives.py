"""Make pairs of unlike questions that look alike, out of pairs that are all duplicates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from pmt_text.qqp.connected_components import connected_components
from pmt_text.qqp.question_pair import QuestionPair
from pmt_text.tokenizers.normalize import Tokenize, tokenize

__all__ = ["mine_negatives"]

_RAREST = 4  # words of a question that lead to others like it
_PER_WORD = 20  # candidates each of them gives
_NOISE = 0.15  # of the overlap, so that not only the very nearest are taken


def mine_negatives(
    pairs: Sequence[QuestionPair], rng: np.random.Generator, *, tokenize: Tokenize = tokenize
) -> Iterator[tuple[str, str]]:
    """For each pair its first question and one of another pair that shares rare words with it.

    Never one that is linked to it by shared questions. Of the candidates the one with the highest
    Jaccard overlap is taken, give or take a little noise. A question that shares no rare word
    with any other gives nothing, so there may be fewer than len(pairs).

    The pairs so made are guesses: some are duplicates that nobody linked, and most are easier to
    tell from duplicates than those people made. Training should end on real labels.

    tokenize: a function from a text to its tokens; one that caches them shares the work.
    """
    groups = np.repeat(connected_components(pairs, tokenize=tokenize), 2)
    texts = [text for pair in pairs for text in (pair.question1, pair.question2)]
    words = [frozenset(tokenize(text)) for text in texts]
    places: dict[str, list[int]] = defaultdict(list)
    for i, found in enumerate(words):
        for word in sorted(found):
            places[word].append(i)
    for i in range(0, len(texts), 2):
        candidates = [c for c in _candidates(words[i], places, rng) if groups[c] != groups[i]]
        if candidates:
            noise = rng.uniform(0, _NOISE, len(candidates))
            scores = [_overlap(words[i], words[c]) for c in candidates]
            yield texts[i], texts[candidates[int(np.argmax(scores + noise))]]


def _candidates(
    words: frozenset[str], places: dict[str, list[int]], rng: np.random.Generator
) -> list[int]:
    """Numbers of questions that share one of the rarest words, in ascending order."""
    found: set[int] = set()
    for word in sorted(words, key=lambda word: (len(places[word]), word))[:_RAREST]:
        where = places[word]
        if len(where) > _PER_WORD:
            where = [where[k] for k in rng.integers(0, len(where), _PER_WORD)]
        found.update(where)
    return sorted(found)


def _overlap(a: frozenset[str], b: frozenset[str]) -> float:
    shared = len(a & b)
    return shared / (len(a) + len(b) - shared)
