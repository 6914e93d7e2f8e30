"""Encode question pairs as token ids, segments, match types and features."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError, decode_field, field, json_object
from pmt_text.qqp.encoded_pairs import EncodedPairs
from pmt_text.qqp.idf import InverseDocumentFrequency
from pmt_text.qqp.pair_features import PAIR_FEATURES, pair_features
from pmt_text.qqp.word_matches import N_MATCH_TYPES, match_types
from pmt_text.tokenizers.normalize import Tokenize, tokenize
from pmt_text.tokenizers.vocabulary import CLS, SEP, Vocabulary, truncated_lengths

_SPECIALS = 3  # <cls> a <sep> b <sep>


class PairEncoder:
    """Encoder of pairs of texts as ``<cls> a <sep> b <sep>``.

    Args:
        vocabulary: maps tokens to ids.
        max_length: maximal number of tokens of a pair, including three special tokens. A pair that
            is too long loses tokens from the end of its longer question first, and from both
            alternately once they are equally long.
        idf: of words; if given, match types are those of `match_types`, and each pair has
            `pair_features`.

    Examples:
        >>> from pmt_text import PairEncoder, Vocabulary
        >>> encoder = PairEncoder(Vocabulary.build([["who", "is", "he"]]), max_length=12)
        >>> pairs = encoder.encode([("Who is he?", "Is she?")])
        >>> encoder.vocabulary.tokens(pairs.ids)
        ['<cls>', 'who', 'is', 'he', '<unk>', '<sep>', 'is', '<unk>', '<unk>', '<sep>']
        >>> pairs.segments
        array([0, 0, 0, 0, 0, 0, 1, 1, 1, 1], dtype=int8)
        >>> pairs.match_types  # 2: the other question has it, 1: it has not, 0: special token
        array([0, 1, 2, 1, 2, 0, 2, 1, 2, 0], dtype=int8)
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        max_length: int = 64,
        idf: InverseDocumentFrequency | None = None,
    ) -> None:
        if max_length < _SPECIALS + 2:
            raise SettingsError(
                f"max_length must be {_SPECIALS + 2} or more (three special tokens and a word of "
                f"each question), not {max_length}"
            )
        self.vocabulary, self.max_length, self.idf = vocabulary, max_length, idf

    @property
    def n_match_types(self) -> int:
        """Number of different match types; 0 is that of special tokens."""
        return 3 if self.idf is None else N_MATCH_TYPES

    @property
    def features(self) -> int:
        """Number of features of a pair."""
        return 0 if self.idf is None else len(PAIR_FEATURES)

    def encode(
        self,
        pairs: Sequence[tuple[str, str]],
        labels: Sequence[int] | NDArray[np.integer] | None = None,
        *,
        tokenize: Tokenize = tokenize,
    ) -> EncodedPairs:
        """Encode n pairs of texts, raw or treebank-tokenized, with their labels (n,).

        Match types and features compare tokens, not ids (two unknown words match if they are the
        same word), with the other question before truncation. Punctuation counts as tokens.
        tokenize: maps a text to its tokens; may cache them.
        """
        id_list = self.vocabulary.id_list
        ids, segments, types = array("i"), array("b"), array("b")
        offsets = np.zeros(len(pairs) + 1, np.int64)
        features = np.empty((len(pairs), self.features), np.float32)
        for n, texts in enumerate(pairs):
            first, second = map(tokenize, texts)
            types_first, types_second = self._match_types(first, second)
            keep1, keep2 = truncated_lengths(len(first), len(second), self.max_length - _SPECIALS)
            ids.extend((CLS, *id_list(first[:keep1]), SEP, *id_list(second[:keep2]), SEP))
            types.extend((0, *types_first[:keep1], 0, *types_second[:keep2], 0))
            segments.frombytes(bytes(keep1 + 2) + b"\1" * (keep2 + 1))
            offsets[n + 1] = len(ids)
            if self.idf is not None:
                features[n] = pair_features(first, second, self.idf)
        return EncodedPairs(
            ids=np.array(ids, np.int32),
            segments=np.array(segments, np.int8),
            match_types=np.array(types, np.int8),
            offsets=offsets,
            labels=None if labels is None else np.asarray(labels, np.int64),
            features=None if self.idf is None else features,
        )

    def _match_types(self, first: list[str], second: list[str]) -> tuple[list[int], list[int]]:
        """Return the match types of the tokens of both questions."""
        if self.idf is not None:
            return match_types(first, second, self.idf), match_types(second, first, self.idf)
        in_first, in_second = set(first), set(second)
        return (
            [2 if word in in_second else 1 for word in first],
            [2 if word in in_first else 1 for word in second],
        )

    def to_json(self) -> dict[str, Any]:
        """Return the encoder as a JSON object."""
        state = {"max_length": self.max_length, "vocabulary": self.vocabulary.to_json()}
        if self.idf is not None:
            state["rarity"] = self.idf.to_json()
        return state

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> PairEncoder:
        """Return the encoder of a JSON object made by `to_json`. Raises DataError for another."""
        state = json_object(state, ("max_length", "vocabulary", "rarity"))
        idf = decode_field(state, "rarity", InverseDocumentFrequency.from_json, None)
        vocabulary = decode_field(state, "vocabulary", Vocabulary.from_json)
        return cls(vocabulary, field(state, "max_length", int, minimum=_SPECIALS + 2), idf)
