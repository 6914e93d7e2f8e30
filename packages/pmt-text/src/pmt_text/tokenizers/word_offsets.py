"""Split raw text into words as the Penn Treebank and CoNLL do, with their offsets."""

from __future__ import annotations

import functools
import re
import sys
import unicodedata
from typing import NamedTuple

_ABBREVIATIONS = (
    "Mr Mrs Ms Dr Prof Sen Rep Gov Gen Col Lt Sgt Capt Rev St Mt Ft Jr Sr Inc Corp Ltd Co Bros "
    "Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec vs No etc Calif Fla Mass Pa Va Ave Blvd"
)

# An address of mail has at most 64 characters before the @. Without this bound each word of
# "a+a+..." would be compared with all of the rest.
# White space before a word is read with it: else each of these would be tried there, too.
_PATTERN = r"""\s*+(
      [A-Za-z]++(?=[\s,;?!)"]|\Z)                            # most words: none of the rest fits
    | [^\s\w+.$€£¥'’`@COMBINING-]                           # punctuation that begins no other word
    | (?:https?://|www\.)[^\s<>"]*[^\s<>".,;:!?)\]'’]       # web addresses, and those of mail
    | [A-Za-z0-9][\w.+-]{0,63}@[A-Za-z0-9][A-Za-z0-9-]*(?:\.[A-Za-z0-9-]*[A-Za-z0-9])+
    | (?:ABBREVIATIONS)\.(?!WORD)                             # Mr. Inc.
    | (?:LETTER\.){2,}                                        # U.S.  F.C.
    | CAPITAL\.(?=\s+CAPITAL)                                 # the initial of a name: M. Smith
    | [+-]?\.?\d+(?:[.,:/-]\d+)*(?!WORD|-WORD)                # 3.5  1,000  6-4  1996-08-22  10:30
    | (?:US|C|A|HK|NZ|S|R)?[$€£¥]
    | (?<=WORD)[nN]['’][tT](?!WORD)                                 # do|n't
    | (?<=[^\W\d_])['’](?:[sS]|[dDmM]|re|ve|ll|RE|VE|LL)(?!WORD)    # it|'s
    | WORD+?(?=[nN]['’][tT](?!WORD))                                # do of don't
    | WORD+(?:(?!['’](?:[sSdDmM]|re|ve|ll|RE|VE|LL)(?!WORD))[-'’.&]WORD+)*
    | \.{2,} | -{2,} | `` | ''                                # ... -- and the treebank's quotes
    | \S
)"""


class TextWord(NamedTuple):
    """A word and its offsets: it is text[start:stop].

    Examples:
        >>> from pmt_text import find_words
        >>> text = "Ada doesn't code."
        >>> word = find_words(text)[1]
        >>> word
        TextWord(text='does', start=4, stop=8)
        >>> text[word.start : word.stop]
        'does'
    """

    text: str
    start: int
    stop: int


def find_words(text: str) -> list[TextWord]:
    """Return the words and punctuation of a raw text, in order.

    The conventions are those of the Penn Treebank and CoNLL-2003: each punctuation mark is a word,
    ``it's`` is ``it 's``, ``don't`` is ``do n't``; ``U.S.``, ``Mr.``, ``1,000``, ``1996-08-22``,
    ``6-4``, ``quarter-finals``, ``O'Brien`` and ``S&P`` are single words. No character except
    white space is dropped or changed.

    Examples:
        >>> from pmt_text import find_words
        >>> [word.text for word in find_words("Mr. O'Brien didn't pay $3.50 (U.S.)!")]
        ['Mr.', "O'Brien", 'did', "n't", 'pay', '$', '3.50', '(', 'U.S.', ')', '!']
    """
    # Without the white space at the end there is always a word, so no character is read twice.
    return [TextWord(match[1], *match.span(1)) for match in _pattern().finditer(text.rstrip())]


@functools.cache
def _pattern() -> re.Pattern[str]:
    # Combining characters after a letter (Hindi vowels, accents) are not in \w.
    combining = "".join(
        re.escape(chr(i))
        for i in range(0x300, sys.maxunicode + 1)
        if unicodedata.category(chr(i))[0] == "M"
    )
    pattern = (
        _PATTERN.replace("ABBREVIATIONS", "|".join(_ABBREVIATIONS.split()))
        .replace("CAPITAL", r"(?<!\w)[A-ZÀ-ÖØ-Þ]")
        .replace("LETTER", r"(?<!\w)[^\W\d_]")
        .replace("COMBINING", combining)
        .replace("WORD", f"[\\w{combining}]")
    )
    return re.compile(pattern, re.VERBOSE)
