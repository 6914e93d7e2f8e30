"""`NgramTfIdf`: tf-idf weights of the n-grams of words and characters of texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pmt_apps.classification.encoded_texts import Rows, joined
from pmt_core import DataError, field, json_object
from pmt_train import progress_bar

_CHUNK = 2000  # texts; bounds the memory of the strings of n-grams
_BLOCKS = 2  # n-grams of words, n-grams of characters
_LONG, _MOST_TOKENS = 64, 1 << 18  # characters and number of tokens whose n-grams are kept

_MOST = {"words": 10, "min_chars": 20, "max_chars": 20, "min_count": 1 << 40, "most": 1 << 40}


@dataclass(frozen=True)
class NgramOptions:
    """Which n-grams are read.

    Attributes:
        words: longest n-gram of words.
        min_chars, max_chars: shortest and longest n-gram of characters; 0: none.
        min_count: number of texts that have an n-gram, at least.
        most: number of n-grams, at most: the most frequent.
    """

    words: int = 2
    min_chars: int = 2
    max_chars: int = 5
    min_count: int = 1
    most: int = 500_000


def word_ngrams(tokens: Sequence[str], largest: int) -> Iterator[tuple[str, int, int]]:
    """Yield each n-gram of words with its first token and the one after its last."""
    for n in range(1, largest + 1):
        for i in range(len(tokens) - n + 1):
            yield " ".join(tokens[i : i + n]), i, i + n


def character_ngrams(token: str, shortest: int, largest: int) -> Iterator[str]:
    """Yield the n-grams of characters of a token between blanks, each marked by a tab.

    A token that is shorter than n counts once, whole.
    """
    text = f" {token} "
    for n in range(shortest, largest + 1):
        for i in range(max(len(text) - n, 0) + 1):
            yield f"\t{text[i : i + n]}"
        if len(text) <= n:
            break


class NgramTfIdf:
    """Texts as sparse vectors of the n-grams of their words and characters.

    A component is (1 + ln count) idf with the smoothed idf = ln((1 + n) / (1 + texts with it)) + 1
    (Salton and Buckley 1988). The components of words and those of characters are scaled to
    length 1, each by themselves.

    Args:
        options: which n-grams are read.
        idf: of each known n-gram, in the order of the components.
    """

    def __init__(self, options: NgramOptions, idf: Mapping[str, float]) -> None:
        self.options = options
        self.idf = dict(idf)
        self._index = {gram: i for i, gram in enumerate(self.idf)}
        self._idf = np.fromiter(self.idf.values(), np.float64, len(self.idf))
        self._block = np.array([gram.startswith("\t") for gram in self.idf], np.int64)
        if not ((self._idf >= 1e-9) & (self._idf <= 1e9)).all():
            raise DataError("expected every idf to be in 1e-9 to 1e9")
        self._of_token: dict[str, NDArray[np.int64]] = {}

    @classmethod
    def learn(cls, texts: Sequence[Sequence[str]], options: NgramOptions) -> Self:
        """Count the n-grams of n texts, given as tokens."""
        numbers: dict[str, int] = {}
        counts = np.zeros(1024, np.int64)
        of_token: dict[str, list[int]] = {}
        with progress_bar(len(texts), "counting n-grams") as bar:
            for tokens in texts:
                grams = [gram for gram, _, _ in word_ngrams(tokens, options.words)]
                ids = [numbers.setdefault(gram, len(numbers)) for gram in grams]
                for token in tokens:
                    if token not in of_token:
                        of_token[token] = [
                            numbers.setdefault(gram, len(numbers))
                            for gram in _characters(token, options)
                        ]
                    ids += of_token[token]
                if len(numbers) > len(counts):
                    counts = np.concatenate([counts, np.zeros(len(numbers), np.int64)])
                counts[np.unique(np.array(ids, np.int64))] += 1
                bar.update(1)
        names = list(numbers)
        known = np.flatnonzero(counts[: len(names)] >= options.min_count)
        order = known[np.argsort(-counts[known], kind="stable")][: options.most]
        idf = np.log((1 + len(texts)) / (1 + counts[order])) + 1
        return cls(
            options, {names[i]: x for i, x in zip(order.tolist(), idf.tolist(), strict=True)}
        )

    def __len__(self) -> int:
        """Return the number of known n-grams."""
        return len(self.idf)

    def encode(self, texts: Sequence[Sequence[str]]) -> Rows:
        """Return the components of texts, given as tokens, that are not 0."""
        parts = [
            self._encode(texts[start : start + _CHUNK])
            for start in range(0, max(len(texts), 1), _CHUNK)
        ]
        return joined(parts)

    def _encode(self, texts: Sequence[Sequence[str]]) -> Rows:
        v = max(len(self), 1)
        rows = [self._ids(tokens) for tokens in texts]
        lengths = np.array([len(row) for row in rows], np.int64)
        ids = np.concatenate([np.empty(0, np.int64), *rows])
        keys = np.repeat(np.arange(len(texts)), lengths) * v + ids
        key, count = np.unique(keys, return_counts=True)
        text, gram = key // v, key % v
        values = (1 + np.log(count)) * self._idf[gram]
        block = text * _BLOCKS + self._block[gram]
        norms = np.sqrt(np.bincount(block, values * values, len(texts) * _BLOCKS))
        values /= norms[block]
        sizes = np.bincount(text, minlength=len(texts))
        offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        return Rows(gram.astype(np.int32), offsets, values.astype(np.float32))

    def _ids(self, tokens: Sequence[str]) -> NDArray[np.int64]:
        find = self._index.get
        words = [find(gram, -1) for gram, _, _ in word_ngrams(tokens, self.options.words)]
        ids = np.concatenate(
            [np.array(words, np.int64), *(self.of_token(token) for token in tokens)]
        )
        return ids[ids >= 0]

    def of_token(self, token: str) -> NDArray[np.int64]:
        """Return the numbers of the n-grams of characters of a token; -1 for unknown ones."""
        ids = self._of_token.get(token)
        if ids is None:
            find = self._index.get
            grams = _characters(token, self.options)
            ids = np.fromiter((find(gram, -1) for gram in grams), np.int64)
            if len(token) <= _LONG and len(self._of_token) < _MOST_TOKENS:
                self._of_token[token] = ids
        return ids

    def shares(
        self, tokens: Sequence[str], grams: NDArray[np.integer], values: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """Share numbers about n-grams out to the tokens of a text, (t,).

        The number of an n-gram is divided equally among its occurrences, and that of an
        occurrence among its tokens. grams, values: (u,) n-grams and their numbers.
        """
        occurrences: dict[int, list[tuple[int, int]]] = {}
        for gram, start, stop in word_ngrams(tokens, self.options.words):
            occurrences.setdefault(self._index.get(gram, -1), []).append((start, stop))
        for i, token in enumerate(tokens):
            for number in self.of_token(token).tolist():
                occurrences.setdefault(number, []).append((i, i + 1))
        shares = np.zeros(len(tokens))
        for number, value in zip(grams.tolist(), values.tolist(), strict=True):
            spans = occurrences.get(number, ())
            for start, stop in spans:
                shares[start:stop] += value / (len(spans) * (stop - start))
        return shares

    def to_json(self) -> dict[str, Any]:
        """Return the n-grams and their weights as a JSON object."""
        options = {name: getattr(self.options, name) for name in NgramOptions.__annotations__}
        return {"options": options, "grams": "\n".join(self.idf), "idf": list(self.idf.values())}

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> Self:
        """Return what `to_json` described. Raises DataError."""
        state = json_object(state, ("options", "grams", "idf"))
        given = json_object(field(state, "options", dict))
        options = NgramOptions(
            **{
                name: field(given, name, int, minimum=0, maximum=most)
                for name, most in _MOST.items()
            }
        )
        text = field(state, "grams", str)
        grams, idf = text.split("\n") if text else [], field(state, "idf", list[float])
        if len(grams) != len(idf) or len(set(grams)) != len(grams):
            raise DataError(f"expected {len(idf)} different n-grams, got {len(set(grams))}")
        return cls(options, dict(zip(grams, idf, strict=True)))


def _characters(token: str, options: NgramOptions) -> Iterator[str]:
    if not options.max_chars:
        return iter(())
    return character_ngrams(token, max(options.min_chars, 1), options.max_chars)
