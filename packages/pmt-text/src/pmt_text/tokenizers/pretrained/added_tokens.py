"""Added tokens: texts that are one token wherever they occur, such as [MASK]."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pmt_core import JsonObject, field
from pmt_text.tokenizers.pretrained.bert_text import WHITE_SPACE
from pmt_text.tokenizers.pretrained.character_classes import is_word_character


@dataclass(frozen=True, slots=True)
class AddedToken:
    """A text that is one token.

    Attributes:
        id: of the token.
        content: the text.
        special: whether it is no text, such as [SEP]; left out of decoded texts.
        single_word: whether it must not touch letters, digits or underscores.
        lstrip, rstrip: whether the token takes white space before or after it.
        normalized: whether it is sought in the normalized text.
    """

    id: int
    content: str
    special: bool = False
    single_word: bool = False
    lstrip: bool = False
    rstrip: bool = False
    normalized: bool = False

    @staticmethod
    def from_json(entry: JsonObject) -> AddedToken:
        """Return the token of an entry of `added_tokens`. Raises DataError."""
        flags = ("special", "single_word", "lstrip", "rstrip")
        special, single_word, lstrip, rstrip = (field(entry, name, bool, False) for name in flags)
        return AddedToken(
            id=field(entry, "id", int, minimum=0, maximum=1 << 31),
            content=field(entry, "content", str, minimum=1),
            special=special,
            single_word=single_word,
            lstrip=lstrip,
            rstrip=rstrip,
            normalized=field(entry, "normalized", bool, not special),
        )


class TokenFinder:
    """Cut texts at added tokens; of several at one position, the longest is taken."""

    def __init__(
        self, tokens: Sequence[AddedToken], normalize: Callable[[str], str] | None = None
    ) -> None:
        """`normalize`: applied to the contents of the tokens, which are sought in such a text."""
        contents = {(normalize(t.content) if normalize else t.content): t for t in tokens}
        contents.pop("", None)
        self._tokens = contents
        longest_first = sorted(contents, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if contents else None

    def split(self, text: str) -> Iterator[tuple[int, str | int]]:
        """Yield the parts of a text in order: a start, and a text or the id of a token."""
        if self._pattern is None or self._pattern.search(text) is None:
            if text:
                yield 0, text
            return
        end = 0
        for match in self._pattern.finditer(text):
            token, (start, stop) = self._tokens[match.group()], match.span()
            if token.single_word and _touches_word(text, start, stop):
                continue
            if token.lstrip:
                start = len(text[:start].rstrip(_SPACES))
            if token.rstrip:
                stop = len(text) - len(text[stop:].lstrip(_SPACES))
            start = max(start, end)
            if end < start:
                yield end, text[end:start]
            yield start, token.id
            end = stop
        if end < len(text):
            yield end, text[end:]


_SPACES = "".join(c for c in map(chr, range(0x3001)) if re.match(f"[{WHITE_SPACE}]", c))


def _touches_word(text: str, start: int, stop: int) -> bool:
    before, after = text[start - 1 : start], text[stop : stop + 1]
    return is_word_character(before) or is_word_character(after)
