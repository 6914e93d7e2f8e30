"""A tokenizer that remembers, so that a run tokenizes each question once."""

from __future__ import annotations

from array import array

from pmt_text import tokenize


class TokenCache:
    """Calls `tokenize` once for each distinct text, and returns equal tokens afterwards.

    Counting words, encoding pairs, mining, baselines and the report of a run all need the tokens
    of the same questions. They are kept as numbers of distinct tokens in one flat array: 4 bytes
    a token, and about 100 bytes a text for its entry in a dictionary.

        tokens = TokenCache()
        tokens("How do I swim?")    # ["how", "do", "i", "swim", "?"]
    """

    def __init__(self) -> None:
        self._vocabulary: list[str] = []
        self._token_ids: dict[str, int] = {}
        self._tokens = array("i")
        self._offsets = array("q", [0])
        self._rows: dict[str, int] = {}

    def __call__(self, text: str) -> list[str]:
        """Return the tokens of a text."""
        row = self._rows.get(text)
        if row is None:
            row = self._rows[text] = len(self._rows)
            self._tokens.extend(map(self._token_id, tokenize(text)))
            self._offsets.append(len(self._tokens))
        start, end = self._offsets[row], self._offsets[row + 1]
        return [self._vocabulary[i] for i in self._tokens[start:end]]

    def __len__(self) -> int:
        """Number of distinct texts."""
        return len(self._rows)

    def _token_id(self, token: str) -> int:
        number = self._token_ids.setdefault(token, len(self._vocabulary))
        if number == len(self._vocabulary):
            self._vocabulary.append(token)
        return number
