from __future__ import annotations

import random

import pytest

from pmt_text import normalize, tokenize

# raw text, the same text as Stanford's tokenizer writes it, what both become
BOTH_FORMS = [
    ("I don't know.", "I do n't know .", "i do not know ."),
    ("Why can't I?", "Why ca n't I ?", "why can not i ?"),
    ("I cannot, won't, shan't", "I can not , wo n't , sha n't", "i can not , will not , shall not"),
    ("It's John's.", "It 's John 's .", "it 's john 's ."),
    (
        "I'm, you're, I've, he'll, she'd",
        "I 'm , you 're , I 've , he 'll , she 'd",
        "i am , you are , i have , he will , she 'd",
    ),
    ("I'm gonna do it", "I 'm gon na do it", "i am going to do it"),
    ('What is "love"?', "What is `` love '' ?", "what is love ?"),
    ("What is “love”?", "What is `` love '' ?", "what is love ?"),
    ("the word 'spurn' in", "the word ` spurn ' in", "the word spurn in"),
    ("What`s up?", "What ` s up ?", "what 's up ?"),
    ("my parents' house", "my parents ' house", "my parents house"),
    ("tea (green) [a]", "tea -LRB- green -RRB- -LSB- a -RSB-", "tea ( green ) [ a ]"),
    ("{a}", "-LCB- a -RCB-", "{ a }"),
    ("cats, dogs, etc.?", "cats , dogs , etc. ?", "cats , dogs , etc . ?"),
    ("Wait... what?", "Wait ... what ?", "wait . what ?"),
    ("Wait… what?", "Wait ... what ?", "wait . what ?"),
    ("$5,000 a month", "$ 5,000 a month", "$ 5000 a month"),
    ("Rs.2,000 or ₹2,000,", "Rs .2,000 or 2,000 ,", "rs 2000 or 2000 ,"),
    ("1,00,000 rupees", "1,00,000 rupees", "100000 rupees"),
    ("500,1000 notes", "500,1000 notes", "500 , 1000 notes"),
    ("C++ and C#.", "C++ and C# .", "c++ and c# ."),
    ("C/C++ for me", "C/C + + for me", "c / c++ for me"),
    ("and/or", "and\\/or", "and / or"),
    ("a state-of-the-art car", "a state-of-the-art car", "a state of the art car"),
    ("this — or that", "this -- or that", "this - or that"),
    ("this—or that", "this -- or that", "this - or that"),
    ("Better -Messi or", "Better - Messi or", "better - messi or"),
    ("from 2010-2015", "from 2010-2015", "from 2010 - 2015"),
    ("in the U.S. today", "in the U.S. today", "in the us today"),
    ("in the U.S.", "in the U.S. .", "in the us ."),
    ("ASP.NET or .NET 4.5.1", "ASP.NET or .NET 4.5.1", "asp net or . net 4.5.1"),
    ("at 8:00am", "at 8:00 am", "at 8 : 00 am"),
    ("Really???!!", "Really ??? !!", "really ? !"),
    ("Pokémon Beyoncé", "Pokémon Beyoncé", "pokemon beyonce"),
    ("5'6\" tall", "5 ' 6 '' tall", "5 6 tall"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "treebank", "expected"), BOTH_FORMS)
def test_raw_and_treebank_text_become_the_same(raw: str, treebank: str, expected: str) -> None:
    assert normalize(raw) == expected
    assert normalize(treebank) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        (" \t\r\n \u200b\ufeff", ""),
        ('""', ""),
        ("don\ufffdt ask", "do not ask"),
        ("‘need to improve\ufffd?", "need to improve ?"),
        ("ban of \ufffd500 and \ufffd1000", "ban of 500 and 1000"),
        ("canâ€™t pay â‚¹500 in KÃ¶ln", "can not pay 500 in koln"),
        ("ã‚· or ã\x81—", "シ or し"),
        ("São Tomé", "sao tome"),
        ("8½ minutes ½", "8 1 / 2 minutes 1 / 2"),
        ("OnePlus™ 3", "oneplus 3"),
        ("\u202aDelhi\u202c SEO\xa0firm", "delhi seo firm"),
        ("tow\xadards", "towards"),
        ("A\u0301", "a"),
        ("ﬁne Ｆｕｌｌ？", "fine full ?"),
        ("हिन्दी में", "हिन्दी में"),
        ("打关系?", "打 关 系 ?"),
        ("İstanbul", "istanbul"),
        ("x∂y", "x ∂ y"),
        ("5−3", "5 - 3"),
        ("snake_case\\n", "snake case n"),
        ("whats dont", "what 's do not"),
        ("a\x00b\x7f", "a b"),
    ],
)
def test_odd_characters(text: str, expected: str) -> None:
    assert normalize(text) == expected


def test_tokens_are_the_parts_of_the_normal_form() -> None:
    assert tokenize('Why don\'t "they"?') == ["why", "do", "not", "they", "?"]
    assert tokenize("") == []


def test_normalizing_twice_is_normalizing_once() -> None:
    """On random strings of the pieces that the rules look at."""
    pieces = [*"ab1c .,'`-?+#$\"/\\_:;!()\u0301", "n't", "'s", "'m", " 's ", " ' ", "``", "''"]
    pieces += ["u.s.", "5,000", "3.5", "c++", "c#", "gon na", "ca n't", "cannot", "-LRB-", "can"]
    pieces += ["wo", "not", "na", "8am", "dont", "…", "½", "™", "é", "—", "’", "\ufffd", "₹", "ß"]
    pieces += ["\u200b", "意", "हि", "İ", "â€™", "...", "--", "٣", "²", "\x85", "\u2028", "\xa0"]
    rng = random.Random(2)
    for _ in range(20_000):
        text = "".join(rng.choices(pieces, k=rng.randint(1, 8)))
        once = normalize(text)
        assert normalize(once) == once, repr(text)
        assert once == " ".join(once.split()), repr(text)


def test_emoji_newer_than_the_unicode_of_python_are_symbols() -> None:
    """U+1FAE8 is of Unicode 15, which Python 3.11 does not know."""
    assert tokenize("wow\U0001fae8ok \ue000") == ["wow", "\U0001fae8", "ok"]
