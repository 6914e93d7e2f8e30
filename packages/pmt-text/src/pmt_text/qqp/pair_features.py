"""Hand-made features of a pair of texts: what they share and what they do not."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from itertools import pairwise
from operator import mul

from pmt_text.qqp.idf import InverseDocumentFrequency
from pmt_text.qqp.word_matches import alike_words, trigrams

_QUESTION_WORDS = frozenset(("what", "how", "why", "which", "who", "when", "where"))
_VERBS = frozenset(("can", "is", "are", "do", "does", "should", "will"))
_QUESTIONING = _QUESTION_WORDS | _VERBS  # most questions begin with one
_NEGATIONS = frozenset(["not", "no", "never", "without"])
_COMPARISONS = frozenset(["or", "vs", "better", "best", "difference", "between", "compare"])
Rarity = Callable[[str], float]  # the idf of a word

_CONTENT = 5.0  # nats; a rarer word is a content word

PAIR_FEATURES = (
    "words shared: Jaccard",
    "words shared: Jaccard, by rarity",
    "words shared: Jaccard, by rarity, those spelled alike counting half",
    "share of the first text's words that the second has, by rarity: the lower of both ways",
    "the same: the higher of both ways",
    "words shared: cosine, by rarity",
    "bigrams shared: Dice",
    "trigrams of characters: cosine",
    "trigrams of characters: Jaccard",
    "longest common subsequence, by the longer text",
    "longest common subsequence, by the shorter text",
    "difference of lengths, by the longer",
    "shorter length: log(1 + tokens)",
    "longer length: log(1 + tokens)",
    "the first word is the same",
    "the first two words are the same",
    "the last two words are the same",
    "no numbers in either",
    "the same numbers",
    "numbers in one alone",
    "missing words: the rarest, in the text where it is less rare",
    "missing words: the rarest of all",
    "missing words: sum of rarities, in the text with less",
    "missing words: sum of rarities, in the text with more",
    "missing words: how many, in the text with fewer",
    "missing words: how many, in the text with more",
    "missing words: how many carry content",
    "shared words: the rarest",
    "shared words: sum of rarities",
    "a negation in one alone",
    "the same question words",
    "question words shared: Jaccard",
    "a comparison in one alone",
    "the same words",
)
"""Names of the features of `pair_features`, in order."""


def pair_features(a: Sequence[str], b: Sequence[str], idf: InverseDocumentFrequency) -> list[float]:
    """Return the `PAIR_FEATURES` of two token lists, between 0 and about 3.

    They are the same for (b, a), to the bit: sums over sets of words are exact (`fsum`), because
    the order of a set differs between processes. A word is missing if the other text has neither
    the word nor one spelled alike. Rarity is the idf divided by its maximum.

    Args:
        a: tokens of the first text.
        b: tokens of the second text.
        idf: of words.

    Examples:
        >>> from pmt_text import PAIR_FEATURES, InverseDocumentFrequency, pair_features, tokenize
        >>> idf = InverseDocumentFrequency(100, {"who": 20, "is": 40, "?": 90})
        >>> features = pair_features(tokenize("Who is he?"), tokenize("Who is she?"), idf)
        >>> len(features) == len(PAIR_FEATURES)
        True
        >>> PAIR_FEATURES[0], features[0]  # 3 of 5 words
        ('words shared: Jaccard', 0.6)
        >>> PAIR_FEATURES[14], features[14]
        ('the first word is the same', 1.0)
    """
    return features_of(a, b, alike_words(set(a), set(b)), idf)


def features_of(
    a: Sequence[str],
    b: Sequence[str],
    alike: Sequence[tuple[str, str]],
    idf: InverseDocumentFrequency,
) -> list[float]:
    """Return the `pair_features` of two token lists, given their `alike_words`."""
    set_a, set_b = set(a), set(b)
    shared, only_a, only_b = set_a & set_b, set_a - set_b, set_b - set_a
    missing_a = only_a.difference([word for word, other in alike if other in only_b])
    missing_b = only_b.difference([other for word, other in alike if word in only_a])
    rarity = {word: idf(word) for word in set_a | set_b}.__getitem__
    scale = max(idf.maximum, 1.0)
    return [
        *_shared(set_a, set_b, (only_a - missing_a) | (only_b - missing_b), rarity),
        _dice(set(pairwise(a)), set(pairwise(b))),
        *_characters(a, b),
        *_lengths(a, b),
        float(a[:1] == b[:1]),
        float(a[:2] == b[:2]),
        float(a[-2:] == b[-2:]),
        *_numbers(set_a, set_b),
        *_missing(missing_a, missing_b, rarity, scale),
        max(map(rarity, shared), default=0.0) / scale,
        _log_sum(shared, rarity, scale),
        _in_one_alone(_NEGATIONS, set_a, set_b),
        float(set_a & _QUESTIONING == set_b & _QUESTIONING),
        _jaccard(set_a & _QUESTIONING, set_b & _QUESTIONING),
        _in_one_alone(_COMPARISONS, set_a, set_b),
        float(set_a == set_b),
    ]


def longest_common_subsequence(a: Sequence[str], b: Sequence[str]) -> int:
    """Return the length of the longest common subsequence.

    Bit i of a whole number is 0 if the i-th token of `a` makes the subsequence longer; a token of
    `b` updates a row of the dynamic program by one addition (Hyyrö 2004).
    """
    positions: dict[str, int] = {}
    for i, token in enumerate(a):
        positions[token] = positions.get(token, 0) | 1 << i
    everything = row = (1 << len(a)) - 1
    for token in b:
        common = row & positions.get(token, 0)
        row = (row + common | row - common) & everything
    return len(a) - row.bit_count()


def _shared(
    a: AbstractSet[str], b: AbstractSet[str], alike: AbstractSet[str], rarity: Rarity
) -> list[float]:
    of_a, of_b, of_both = (math.fsum(map(rarity, words)) for words in (a, b, a & b))
    half = 0.5 * math.fsum(map(rarity, alike))
    union = of_a + of_b - of_both
    ways = sorted((_share(of_both, of_a), _share(of_both, of_b)))
    cosine = _share(of_both, math.sqrt(of_a * of_b))
    return [_jaccard(a, b), _share(of_both, union), _share(of_both + half, union), *ways, cosine]


def _characters(a: Sequence[str], b: Sequence[str]) -> list[float]:
    """Return cosine and Jaccard similarity of the character trigrams of all words."""
    grams_a, grams_b = (
        Counter(itertools.chain.from_iterable(map(trigrams, text))) for text in (a, b)
    )
    common = grams_a.keys() & grams_b.keys()
    product = sum(grams_a[gram] * grams_b[gram] for gram in common)
    lengths = math.prod(sum(map(mul, g.values(), g.values())) for g in (grams_a, grams_b))
    union = len(grams_a) + len(grams_b) - len(common)
    return [_share(product, math.sqrt(lengths)), _share(len(common), union)]


def _lengths(a: Sequence[str], b: Sequence[str]) -> list[float]:
    common = longest_common_subsequence(a, b)
    short, long = sorted((len(a), len(b)))
    shares = [_share(common, long), _share(common, short), _share(long - short, long)]
    return [*shares, math.log1p(short) / 3, math.log1p(long) / 3]


def _numbers(a: AbstractSet[str], b: AbstractSet[str]) -> list[float]:
    of_a, of_b = ({word for word in words if word[0].isdigit()} for words in (a, b))
    return [float(not (of_a or of_b)), float(of_a == of_b), float(bool(of_a) != bool(of_b))]


def _missing(a: AbstractSet[str], b: AbstractSet[str], rarity: Rarity, scale: float) -> list[float]:
    of_words = [list(map(rarity, words)) for words in (a, b)]
    rarest = sorted(max(values, default=0.0) / scale for values in of_words)
    sums = sorted(math.log1p(math.fsum(values) / scale) for values in of_words)
    counts = sorted(math.log1p(len(words)) for words in (a, b))
    content = sum(value > _CONTENT for values in of_words for value in values)
    return [*rarest, *sums, *counts, math.log1p(content)]


def _log_sum(words: AbstractSet[str], rarity: Rarity, scale: float) -> float:
    return math.log1p(math.fsum(map(rarity, words)) / scale)


def _in_one_alone(kind: AbstractSet[str], a: AbstractSet[str], b: AbstractSet[str]) -> float:
    return float(kind.isdisjoint(a) != kind.isdisjoint(b))


def _jaccard(a: AbstractSet[str], b: AbstractSet[str]) -> float:
    shared = len(a & b)
    return _share(shared, len(a) + len(b) - shared)


def _dice(a: AbstractSet[object], b: AbstractSet[object]) -> float:
    return _share(2 * len(a & b), len(a) + len(b))


def _share(part: float, whole: float) -> float:
    """Return part / whole, or 0 if whole is 0."""
    return part / whole if whole > 0 else 0.0
