"""Character tokenizer: text to ids of characters, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import DataError, field, json_errors, json_object

_KIND = "characters"


class CharacterTokenizer:
    """Tokenizer with an id for each character of an alphabet, in the order of code points.

    It has the methods of `BytePairEncoding`, so the two are interchangeable.

    Args:
        alphabet: the characters; repetitions are ignored.

    Raises:
        DataError: if it is empty, or has half of a surrogate pair, which is no character.

    Examples:
        >>> from pmt_text import CharacterTokenizer
        >>> characters = CharacterTokenizer("hello")
        >>> characters.characters
        'ehlo'
        >>> ids = characters.encode("hole")
        >>> ids
        array([1, 3, 2, 0])
        >>> characters.decode(ids)
        'hole'
    """

    def __init__(self, alphabet: Iterable[str]) -> None:
        self.characters = "".join(sorted(set(alphabet)))
        if not self.characters:
            raise DataError("an alphabet has at least one character; is the text empty?")
        self._codes = np.array([ord(c) for c in self.characters], np.int64)
        if ((self._codes >= 0xD800) & (self._codes < 0xE000)).any():
            raise DataError("an alphabet has no halves of surrogate pairs; is its file damaged?")

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> NDArray[np.int64]:
        """Return the ids (n,) of n characters. Raises DataError for unknown characters."""
        try:
            codes = np.frombuffer(text.encode("utf-32-le"), np.uint32).astype(np.int64)
        except UnicodeEncodeError as error:
            raise DataError(f"half of a surrogate pair in {text!r}: it is no text") from error
        ids = np.searchsorted(self._codes, codes)
        known = self._codes[np.minimum(ids, len(self._codes) - 1)] == codes
        if not known.all():
            strange = sorted({chr(code) for code in codes[~known]})
            raise DataError(
                f"characters that are not in the alphabet: {' '.join(map(repr, strange[:10]))}; "
                f"it has {len(self)}: {self.characters!r}"
            )
        return ids

    def decode(self, ids: Iterable[int] | NDArray[np.integer]) -> str:
        """Return the text of n ids."""
        return "".join(self.tokens(ids))

    def tokens(self, ids: Iterable[int] | NDArray[np.integer]) -> list[str]:
        """Return the character of each of n ids. Raises DataError for unknown ids."""
        numbers = np.asarray(ids if isinstance(ids, np.ndarray) else list(ids), np.int64)
        if numbers.size and not (numbers.min() >= 0 and numbers.max() < len(self)):
            raise DataError(
                f"ids must be in 0 ... {len(self) - 1}, got {numbers.min()} ... {numbers.max()}"
            )
        return [self.characters[i] for i in numbers]

    def to_json(self) -> dict[str, Any]:
        """Return the tokenizer as a JSON object."""
        return {"kind": _KIND, "characters": self.characters}

    @classmethod
    def from_json(cls, content: object) -> CharacterTokenizer:
        """Return the tokenizer of a JSON object made by `to_json`; else raise DataError."""
        state = json_object(content, ("kind", "characters"))
        with json_errors(state.where):
            if field(state, "kind", str) != _KIND:
                raise DataError(f'expected an object with "kind": "{_KIND}", as to_json makes it')
            return cls(field(state, "characters", str, minimum=1))
