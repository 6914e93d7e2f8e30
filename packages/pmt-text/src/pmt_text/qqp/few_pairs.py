"""Encode a few pairs one by one, without arrays of all tokens, which take longer to set up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pmt_text.qqp.idf import InverseDocumentFrequency
from pmt_text.qqp.pair_features import features_of
from pmt_text.qqp.word_matches import (
    MISSING,
    N_BANDS,
    SAME,
    SIMILAR,
    alike_words,
    rarity_band,
)
from pmt_text.tokenizers.normalize import Tokenize
from pmt_text.tokenizers.vocabulary import CLS, SEP, Vocabulary, truncated_lengths

FEW = 32
"""Number of pairs up to which this is faster than the arrays of `PairEncoder`."""


def encode_few(
    pairs: Sequence[tuple[str, str]],
    tokenize: Tokenize,
    vocabulary: Vocabulary,
    budget: int,
    idf: InverseDocumentFrequency | None,
    features: NDArray[np.float32],
) -> tuple[list[int], list[int], list[int], list[int]]:
    """Return ids, segments and match types of n pairs, (m,), and lengths (n,); fill features.

    budget: number of words of a pair that are kept, as by `truncated_lengths`.
    """
    ids: list[int] = []
    segments: list[int] = []
    types: list[int] = []
    lengths = []
    for row, texts in zip(features, pairs, strict=True):
        first, second = (list(tokenize(text)) for text in texts)
        if idf is None:
            by_token = _types_by_presence(first, second)
        else:
            by_token = _types_by_rarity(first, second, idf, row)
        n, k = truncated_lengths(len(first), len(second), budget)
        ids += [CLS, *vocabulary.id_list(first[:n]), SEP, *vocabulary.id_list(second[:k]), SEP]
        types += [0, *map(by_token.__getitem__, first[:n]), 0]
        types += [*map(by_token.__getitem__, second[:k]), 0]
        segments += [0] * (n + 2) + [1] * (k + 1)
        lengths.append(n + k + 3)
    return ids, segments, types, lengths


def _types_by_presence(first: Sequence[str], second: Sequence[str]) -> dict[str, int]:
    """Return the match type of each token: 2 if both texts have it, else 1."""
    words, others = set(first), set(second)
    return dict.fromkeys(words | others, 1) | dict.fromkeys(words & others, 2)


def _types_by_rarity(
    first: Sequence[str],
    second: Sequence[str],
    idf: InverseDocumentFrequency,
    features: NDArray[np.float32],
) -> dict[str, int]:
    """Return the match type of each token, as `match_types`; fill the pair's features."""
    words, others = set(first), set(second)
    alike = alike_words(words, others)
    features[...] = features_of(first, second, alike, idf)
    kinds = dict.fromkeys(words | others, MISSING)
    kinds.update({word: SIMILAR for pair in alike for word in pair if word.isalpha()})
    kinds.update(dict.fromkeys(words & others, SAME))
    return {word: 1 + N_BANDS * kind + rarity_band(idf(word)) for word, kind in kinds.items()}
