"""chrF: F-score of character n-grams (Popovic 2015, 2017), as sacrebleu computes it."""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Sequence

from pmt_core import SettingsError, ShapeError, check_sizes
from pmt_train.metrics.text_generation import check_references

_Counts = list[tuple[int, int, int]]
"""For each order: n-grams of the hypothesis, n-grams of the reference, matches."""


def chrf(
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    *,
    char_order: int = 6,
    word_order: int = 0,
    beta: float = 2.0,
) -> float:
    """Return the chrF of a corpus, 0 ... 100; with `word_order=2`, chrF++ (Popovic 2017).

        chrF = (1 + beta^2) P R / (beta^2 P + R)

    P and R are the means over n = 1 ... char_order of the precision and the recall of character
    n-grams, without white space, and over n = 1 ... word_order of those of word n-grams. Counts are
    of the whole corpus. An order that no hypothesis or no reference is long enough for is left out.
    Of several references, the one with the highest chrF of the sentence counts. The chrF of a
    sentence is that of a corpus of one.

    sacrebleu's signature: nrefs:?|case:mixed|eff:yes|nc:6|nw:0|space:no. Raises ShapeError if the
    numbers differ, there is no hypothesis, or a hypothesis has no reference.

    Examples:
        >>> from pmt_train import chrf
        >>> reference = ["the cat sat on the mat"]
        >>> round(chrf(["the cat sat on the mat"], [reference]), 1)
        100.0
        >>> round(chrf(["the cats sat on a mat"], [reference]), 1)  # similar words count in part
        52.0
        >>> round(chrf(["a dog barked"], [reference]), 1)
        4.3
    """
    check_sizes("chrf", char_order=char_order)
    check_sizes("chrf", least=0, word_order=word_order)
    if not 0 < beta < float("inf"):
        raise SettingsError(f"beta is a finite number above 0, got {beta}")
    if len(hypotheses) != len(references) or not hypotheses:
        raise ShapeError(
            "expected one list of references per hypothesis and at least one hypothesis, got "
            f"{len(hypotheses)} hypotheses and {len(references)} lists"
        )
    total: _Counts = [(0, 0, 0)] * (char_order + word_order)
    for i, (hypothesis, accepted) in enumerate(zip(hypotheses, references, strict=True)):
        check_references(i, accepted)
        grams = _ngrams(hypothesis, char_order, word_order)
        counts = [_matches(grams, _ngrams(text, char_order, word_order)) for text in accepted]
        best = max(counts, key=lambda each: _f_score(each, beta))
        total = [(a + d, b + e, c + f) for (a, b, c), (d, e, f) in zip(total, best, strict=True)]
    return 100 * _f_score(total, beta)


def _ngrams(text: str, char_order: int, word_order: int) -> list[Counter[str]]:
    """Return the n-grams of characters, up to `char_order`, and of words, up to `word_order`."""
    characters = "".join(text.split())
    words = [part for word in text.split() for part in _split_punctuation(word)]
    of_characters = [
        Counter(characters[i : i + n] for i in range(len(characters) - n + 1))
        for n in range(1, char_order + 1)
    ]
    of_words = [
        Counter(" ".join(words[i : i + n]) for i in range(len(words) - n + 1))
        for n in range(1, word_order + 1)
    ]
    return of_characters + of_words


def _split_punctuation(word: str) -> tuple[str, ...]:
    """Split one ASCII punctuation character off the end of a word, or else off its beginning."""
    if len(word) > 1 and word[-1] in string.punctuation:
        return word[:-1], word[-1]
    if len(word) > 1 and word[0] in string.punctuation:
        return word[0], word[1:]
    return (word,)


def _matches(hypothesis: list[Counter[str]], reference: list[Counter[str]]) -> _Counts:
    """Return the counts of each order; those of a hypothesis only if the reference has any."""
    return [
        (grams.total() if correct else 0, correct.total(), (grams & correct).total())
        for grams, correct in zip(hypothesis, reference, strict=True)
    ]


def _f_score(counts: _Counts, beta: float) -> float:
    """Return chrF, 0 ... 1, from the counts of each order."""
    ratios = [(hits / n, hits / m) for n, m, hits in counts if n and m]
    if not ratios:
        return 0.0
    precision = sum(p for p, _ in ratios) / len(ratios)
    recall = sum(r for _, r in ratios) / len(ratios)
    denominator = beta**2 * precision + recall
    return (1 + beta**2) * precision * recall / denominator if denominator else 0.0
