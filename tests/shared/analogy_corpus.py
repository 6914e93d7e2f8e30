"""Word vectors and analogies for tests: a few by hand, and many made up."""

from __future__ import annotations

import itertools

import numpy as np

from pmt_text import WordVectors
from pmt_text.word_vectors.analogy import AnalogyQuestion, AnalogySection

# Two countries with their capitals, and a decoy: x says which country, y says capital or country.
PLACES = WordVectors(
    ["paris", "france", "berlin", "germany", "other"],
    np.array([[1, 1, 0], [1, 0, 0], [0, 1, 1], [0, 0, 1], [0.1, -1, 0.1]], np.float32),
)
QUESTION = AnalogyQuestion("paris", "france", "berlin", "germany")


def made_up(v: int, d: int, seed: int = 0) -> tuple[WordVectors, list[AnalogySection]]:
    """Pairs of words with a common offset and noise, so that some questions are answered rightly.

    Some words differ from others in case alone, and some questions hold unknown words.
    """
    rng = np.random.default_rng(seed)
    n = v // 2
    base = rng.normal(size=(n, d))
    matrix = np.concatenate([base, base + rng.normal(size=d) + 0.9 * rng.normal(size=(n, d))])
    words = [f"a{i}" for i in range(n)] + [f"b{i}" for i in range(n)]
    for i in range(0, n, 7):
        words[n + i] = f"A{(i + 3) % n}"
    pairs = [(f"a{i}", f"B{i}") for i in rng.integers(0, n + 5, 25)]
    questions = [AnalogyQuestion(*p, *q) for p, q in itertools.permutations(pairs, 2)]
    half = len(questions) // 2
    sections = [
        AnalogySection("capitals", tuple(questions[:half])),
        AnalogySection("gram1", tuple(questions[half:])),
        AnalogySection("unknown", (AnalogyQuestion("x", "y", "z", "w"),)),
    ]
    order = rng.permutation(v)
    return WordVectors([words[i] for i in order], matrix[order].astype(np.float32)), sections


def lowered(sections: list[AnalogySection]) -> list[AnalogySection]:
    """The same questions in lower case."""
    return [
        AnalogySection(s.name, tuple(AnalogyQuestion(*map(str.lower, q)) for q in s.questions))
        for s in sections
    ]
