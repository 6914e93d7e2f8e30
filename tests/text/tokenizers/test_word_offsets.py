"""Raw text cut into words, with their places."""

from __future__ import annotations

import functools
import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from processor_time import growth

from pmt_text import find_words, load_conll
from pmt_text.tokenizers import word_offsets as module


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Mr. O'Brien didn't see it's end.", "Mr. O'Brien did n't see it 's end ."),
        ("J.P. Morgan & Co. rose 3.5% to US$1,000.", "J.P. Morgan & Co. rose 3.5 % to US$ 1,000 ."),
        ("On 1996-08-22 M. Smith won 6-4, 7-6", "On 1996-08-22 M. Smith won 6-4 , 7-6"),
        ("the U.S. quarter-finals...", "the U.S. quarter-finals ..."),
        ('"We\'re it," she said -- twice', '" We \'re it , " she said -- twice'),
        ("S&P's F-16 (1/2) 'll", "S&P 's F-16 ( 1/2 ) 'll"),
        ("it’s CAN'T", "it ’s CA N'T"),
        ("see https://a.org/b?c=d. Mail x.y@z.org!", "see https://a.org/b?c=d . Mail x.y@z.org !"),
        ("नमस्ते café Москва", "नमस्ते café Москва"),
        ("Plan B. The end", "Plan B. The end"),
        ("vitamin b. The end", "vitamin b . The end"),
        ("  \t ", ""),
    ],
)
def test_words_as_the_treebank_cuts_them(text: str, words: str) -> None:
    cut = [word.text for word in find_words(text)]
    if "'ll" in text:  # not after a word, so no clitic
        words = words.replace("'ll", "' ll")
    assert cut == words.split()


def test_places_are_those_of_the_text_and_nothing_is_lost() -> None:
    rng = np.random.default_rng(0)
    letters = [*"aB1.,'-’n t$&@é\u0301नी\n\t\"(", "n't", "U.S.", "\U0001f642", "\u200b"]
    for _ in range(500):
        text = "".join(letters[i] for i in rng.integers(0, len(letters), 30))
        cut = find_words(text)
        assert all(text[word.start : word.stop] == word.text for word in cut)
        assert all(a.stop <= b.start for a, b in itertools.pairwise(cut))
        assert "".join(word.text for word in cut) == "".join(text.split())


_PARTS = "a . a. a- ' 1, a@ n't x' www. a+ a+- +1 http:// a+b.c"


@pytest.mark.parametrize("part", _PARTS.split())
def test_no_text_takes_long(part: str) -> None:
    """Ten times the time of a shorter text for each word would be a search that starts over."""
    assert growth(lambda count: functools.partial(find_words, part * count)) < 6


def test_short_cuts_change_nothing() -> None:
    """The same words as by a pattern that neither reads white space nor has plain words first."""
    text = module._pattern().pattern
    first = text.index("[A-Za-z]++")
    rest = text.index("| ", text.index("\n", first))
    slow = re.compile(f"({text[rest + 2 :]}", re.VERBOSE)
    letters = list("abNnTtsS  AU.,'’-@&$€;?!)\"(:/\n\t09_é\u0301\u00a0\u0085\x1c")
    parts = [*letters, "www.", "http://", "n't", "Mr.", "U.S", "can", "the ", "US$", "\u0130", "  "]
    rng = np.random.default_rng(0)
    for length in rng.integers(1, 15, 20_000):
        text = "".join(parts[i] for i in rng.integers(len(parts), size=length))
        words = [(match.group(), *match.span()) for match in slow.finditer(text)]
        assert find_words(text) == words


def test_addresses_of_mail_are_words() -> None:
    name = "a+b.c-" * 10
    for address in ("x.y+z@a-b.org", f"{name}@a.org"):
        words = [word.text for word in find_words(f"to {address}, too")]
        assert words == ["to", address, ",", "too"]


@pytest.mark.data
def test_most_of_conll_2003_is_cut_alike(data_dir: Path) -> None:
    """Words joined by spaces as they are written, cut again: nine of ten sentences are the same."""
    sentences = load_conll(data_dir / "conll2003" / "eng.testa").sentences
    same = total = 0
    for sentence in sentences:
        text = " ".join(sentence.words).replace(" 's", "'s").replace(" n't", "n't")
        for mark in ".,;:)":
            text = text.replace(f" {mark} ", f"{mark} ")
        text = text.removesuffix(" .") + ("." if text.endswith(" .") else "")
        cut = [word.text for word in find_words(text.replace("( ", "("))]
        same += cut == list(sentence.words)
        total += 1
    assert same / total > 0.9, same / total
