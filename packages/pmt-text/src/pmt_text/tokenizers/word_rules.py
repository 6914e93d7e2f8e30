"""The rules of `tokenize`: English, raw or Penn-Treebank-tokenized, becomes the same tokens.

``I don't like "C++", do you?`` and ``I do n't like `` C++ '' , do you ?`` both become
``i do not like c++ , do you ?``. The rules:

* Lower case; Unicode is folded by `fold_unicode` (``pokémon`` is ``pokemon``).
* Double quotes and quoting single quotes are dropped: they carry little meaning, treebank text
  guesses their direction, and the public release of QQP doubles them.
* ``n't 'm 're 've 'll`` are expanded (``can't``, ``ca n't`` and ``cannot`` are ``can not``);
  ``'s`` and ``'d`` are ambiguous and remain separate tokens.
* ``U.S.`` is ``us``, ``5,000`` is ``5000``; ``3.5``, ``c++`` and ``c#`` are single tokens. Points,
  hyphens and apostrophes split other words.
* Each other punctuation mark is a token; a run of one mark counts once (``???`` is ``?``).
"""

from __future__ import annotations

import re

from pmt_text.tokenizers.fold_unicode import fold_unicode

# Double quotes, underscores, control characters and the backslash, which escapes slashes in
# treebank text, separate tokens.
_GAPS = str.maketrans(dict.fromkeys('"\\_' + "".join(map(chr, [*range(32), 127])), " "))

_BRACKET = re.compile(r"-([lr][rsc])b-")
_BRACKETS = {"lr": " ( ", "rr": " ) ", "ls": " [ ", "rs": " ] ", "lc": " { ", "rc": " } "}

_BACKTICK_APOSTROPHE = re.compile(r"(?<=\w) ?` ?(?=(?:s|t|d|m|re|ve|ll)(?!\w| ?'))")
_NOT = re.compile(r"(?<=\w) ?n't(?!\w)")
_CLITIC = re.compile(r"(?<=\w) ?'(s|d|m|re|ve|ll)(?![\w'])")
_CLITICS = {"s": " 's ", "d": " 'd ", "m": " am ", "re": " are ", "ve": " have ", "ll": " will "}

_PARTED_CPP = re.compile(r"(?<!\w)c[\s'`]*\+[\s'`]*\+(?![\s'`]*\+)")
# The point after the last letter is removed, too, unless it is the full stop of the text.
_ABBREVIATION = re.compile(r"(?<![\w.])[a-z](?:\.[a-z])+(?!\w)(?:\.(?!\s*$))?")
_THOUSANDS = re.compile(r"(?<![\w,])(?<!\d\.)\d{1,3}(?:,\d{2,3})*,\d{3}(?!,?\d)")

_TOKEN = re.compile(
    r"""
      '[sd](?!\S)                           # the remaining clitics
    | [a-z]\w*\+\+(?!\+) | (?<!\w)[a-z]\#(?!\w)   # c++, c#
    | \d+(?=[ap]m(?!\w))                   # 8 of 8am
    | \d+(?:\.\d+)+\w*                      # 3.5, 4.4.4, 2.0ghz
    | [^\s!-/:-@\[-`{-~]+                   # a word, in any script
    | \.(?!\w) | (?<!\w)\.(?!\d)           # a full stop, but no point inside a word or number
    | -(?!\w) | (?<!\w)- | (?<=\d)-(?=\d)   # a dash or a range, but no hyphen
    | [^\s\w.\-'`]
    """,
    re.VERBOSE,
)

_RUN = re.compile(r"([^\w\s'`+])(?:[\s'`]*\1)+")

_VERBS = ("do", "does", "did", "is", "are", "was", "could", "should", "would", "has", "have")
ONE_WORD = {f"{verb}nt": [verb, "not"] for verb in _VERBS} | {
    "cant": ["can", "not"],
    "cannot": ["can", "not"],
    "gonna": ["going", "to"],
    "wanna": ["want", "to"],
    "gotta": ["got", "to"],
    "gimme": ["give", "me"],
    "lemme": ["let", "me"],
    "whats": ["what", "'s"],
}
"""Contractions that are written as one word, and their tokens."""

# Halves of what the treebank splits, and their tokens.
_TWO_WORDS = {
    ("gon", "na"): ["going", "to"],
    ("wan", "na"): ["want", "to"],
    ("got", "ta"): ["got", "to"],
    ("gim", "me"): ["give", "me"],
    ("lem", "me"): ["let", "me"],
    ("ca", "not"): ["can", "not"],
    ("wo", "not"): ["will", "not"],
    ("sha", "not"): ["shall", "not"],
}
_SECOND = frozenset(second for _, second in _TWO_WORDS)
_TRIGGERS = frozenset(ONE_WORD) | _SECOND

FIRST_HALVES = frozenset(first for first, _ in _TWO_WORDS)
"""Tokens that may be one word with the next token."""


def folded(text: str) -> str:
    """Return `text` in lower case, with simple characters, and spaces for what separates tokens."""
    return fold_unicode(text).lower().translate(_GAPS)


def split_words(text: str) -> list[str]:
    """Return the tokens of `text` by all rules; `tokenize` returns the same, faster."""
    text = folded(text)
    if "-" in text:
        text = _BRACKET.sub(lambda match: _BRACKETS[match.group(1)], text)
    if "`" in text:
        text = _BACKTICK_APOSTROPHE.sub("'", text)
    if "'" in text:
        text = _NOT.sub(" not", text)
        text = _CLITIC.sub(lambda match: _CLITICS[match.group(1)], text)
    if "+" in text:
        text = _PARTED_CPP.sub("c++", text)
    if "." in text:
        text = _ABBREVIATION.sub(lambda match: match.group().replace(".", ""), text)
    if "," in text:
        text = _THOUSANDS.sub(lambda match: match.group().replace(",", ""), text)
    tokens: list[str] = _TOKEN.findall(_RUN.sub(r" \1 ", text))
    if not _TRIGGERS.isdisjoint(tokens):
        tokens = _spell_out(tokens)
    return tokens


def _spell_out(tokens: list[str]) -> list[str]:
    """Expand contractions that are one word, or that the treebank splits into two halves."""
    spelled: list[str] = []
    for token in tokens:
        if token in _SECOND and spelled and (spelled[-1], token) in _TWO_WORDS:
            spelled[-1:] = _TWO_WORDS[spelled[-1], token]
        else:
            spelled += ONE_WORD.get(token, (token,))
    return spelled
