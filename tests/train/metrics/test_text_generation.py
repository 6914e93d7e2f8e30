"""BLEU and perplexity by hand, and compared to sacrebleu and PyTorch."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pmt_core import SettingsError, ShapeError
from pmt_train import bleu, chrf, perplexity, sentence_bleu, tokenize_13a


def test_bleu_by_hand():
    score = bleu(["the cat sat on the mat today"], [["the cat sat on a mat today"]])
    # 6 of 7 words, 4 of 6 pairs (not "on the", "the mat"), 2 of 5 triples, 1 of 4
    assert score.precisions == pytest.approx((600 / 7, 400 / 6, 200 / 5, 100 / 4))
    assert score.score == pytest.approx(100 * (6 / 7 * 4 / 6 * 2 / 5 * 1 / 4) ** 0.25)
    short = bleu(["the cat sat on"], [["the cat sat on a mat"]])
    assert short.brevity_penalty == pytest.approx(math.exp(1 - 6 / 4))
    assert short.score == pytest.approx(100 * math.exp(-0.5))
    # a word counts as often as the reference with most of it has it; of two lengths as near as
    # each other the shorter counts
    many = bleu(["the the the"], [["the the", "a cat or the"]])
    assert many.precisions[0] == pytest.approx(200 / 3)
    assert many.reference_length == 2
    assert bleu(["", "x"], [["a b"], ["y"]]).score == 0.0
    for wrong in ((["a"], ["a"]), (["a"], []), ([], []), (["a"], [[]])):
        with pytest.raises(ShapeError):
            bleu(*wrong)


def test_sentence_bleu_by_hand():
    two = sentence_bleu("the cat", ["the cat sat"])
    assert two.score == pytest.approx(100 * math.exp(1 - 3 / 2))  # both words and their pair
    assert sentence_bleu("a b x", ["a b c"]).score == pytest.approx(
        100 * (2 / 3 * 1 / 2 * 1 / 2) ** (1 / 3)  # no triple matches: it counts as half a match
    )
    assert sentence_bleu(
        "the cat sat on the mat", ["the cat sat on the mat"]
    ).score == pytest.approx(100)
    assert sentence_bleu("", ["a"]).score == 0.0
    assert sentence_bleu("x", ["a"]).score == 0.0
    with pytest.raises(ShapeError):
        sentence_bleu("a", "a")


def test_chrf_by_hand():
    # a, b, c: 3 of 4 characters, 2 of 3 pairs, 1 of 2 triples, 0 of 1; the reference has 3, 2, 1
    precision = (3 / 4 + 2 / 3 + 1 / 2) / 3
    expected = 100 * 5 * precision * 1 / (4 * precision + 1)
    assert chrf(["abc d"], [["ab c"]]) == pytest.approx(expected)
    assert chrf(["abcd"], [["abc"]], char_order=1, beta=1) == pytest.approx(100 * 6 / 7)
    # "cat!" is two words, and one of three is the same
    words = chrf(["a cat!"], [["a dog"]], char_order=1, word_order=1, beta=1)
    precision, recall = (1 / 5 + 1 / 3) / 2, (1 / 4 + 1 / 2) / 2
    assert words == pytest.approx(100 * 2 * precision * recall / (precision + recall))
    assert chrf(["same text"], [["other", "same text"]]) == 100
    assert chrf([""], [["a"]]) == chrf(["a"], [[""]]) == 0.0
    for wrong in ((["a"], ["a"]), (["a"], []), ([], []), (["a"], [[]])):
        with pytest.raises(ShapeError):
            chrf(*wrong)
    for options in ({"char_order": 0}, {"word_order": -1}, {"beta": 0}, {"beta": math.nan}):
        with pytest.raises(SettingsError):
            chrf(["a"], [["a"]], **options)


def test_the_tokens_of_bleu():
    tokens = tokenize_13a("It's 3.5%, (really) e.g. &quot;A&amp;B&quot; 1999-2000.")
    assert " ".join(tokens) == """It's 3.5 % , ( really ) e . g . " A & B " 1999 - 2000 ."""


def test_perplexity_by_hand():
    assert perplexity(10 * math.log(7), 10) == pytest.approx(7)
    assert perplexity(0.0, 3) == 1.0
    assert perplexity(1e9, 2) == math.inf
    assert math.isnan(perplexity(math.nan, 2))
    with pytest.raises(ShapeError):
        perplexity(1.0, 0)


WORDS = [
    *("the", "The", "a", "cat", "sat,", "3.5", "1,000", "e.g.", "U.S.", "isn't", '"quoted"'),
    "(so)",
    *("half-way", "9-5", "x/y", "$5", "50%", "&amp;", "&lt;b&gt;", "naïve", "—", "...", "!?"),
    *("a_b", "<skipped>", "北京", "[1]", "C++", "#1", "end."),
]


def text(rng, n):
    return " ".join(WORDS[i] for i in rng.integers(0, len(WORDS), n))


@pytest.mark.oracle
def test_sacrebleu_cuts_alike():
    tokenizer = pytest.importorskip("sacrebleu.tokenizers.tokenizer_13a").Tokenizer13a()
    rng = np.random.default_rng(0)
    for _ in range(300):
        line = text(rng, rng.integers(0, 12)) + ["", " ", "\n", "-\nx"][rng.integers(4)]
        assert tokenize_13a(line) == tokenizer(line.rstrip()).split()


@pytest.mark.oracle
@pytest.mark.parametrize("seed", range(40))
def test_sacrebleu_agrees(seed):
    sacrebleu = pytest.importorskip("sacrebleu")
    rng = np.random.default_rng(seed)
    count, n = int(rng.integers(1, 4)), int(rng.integers(1, 15))
    references = [[text(rng, rng.integers(1, 20)) for _ in range(count)] for _ in range(n)]
    hypotheses = []
    for accepted in references:
        words = accepted[rng.integers(count)].split()
        words = [w if rng.random() > seed / 40 else text(rng, 1) for w in words]
        hypotheses.append(" ".join(words[: rng.integers(0, len(words) + 1)]))
    expected = sacrebleu.corpus_bleu(hypotheses, list(map(list, zip(*references, strict=True))))
    score = bleu(hypotheses, references)
    assert score.score == pytest.approx(expected.score, abs=1e-9)
    assert score.precisions == pytest.approx(tuple(expected.precisions))
    assert score.brevity_penalty == pytest.approx(expected.bp)
    assert (score.length, score.reference_length) == (expected.sys_len, expected.ref_len)


@pytest.mark.oracle
def test_perplexity_is_that_of_torch():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    logits, ids = torch.from_numpy(rng.normal(size=(50, 9))), torch.arange(50) % 9
    mean = torch.nn.functional.cross_entropy(logits, ids)
    total = torch.nn.functional.cross_entropy(logits, ids, reduction="sum")
    assert perplexity(total.item(), 50) == pytest.approx(torch.exp(mean).item())
