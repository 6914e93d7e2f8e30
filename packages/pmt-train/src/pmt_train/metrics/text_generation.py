"""Metrics of generated text: BLEU as sacrebleu computes it, and perplexity."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pmt_core import ShapeError

_ORDER = 4


@dataclass(frozen=True, slots=True)
class BleuScore:
    """BLEU and its components.

    Attributes:
        score: 0 ... 100.
        precisions: share of n-grams of 1, 2, 3 and 4 tokens that occur in a reference, 0 ... 100.
        brevity_penalty: 1 if the hypotheses are at least as long as the references.
        length: number of tokens of all hypotheses.
        reference_length: number of tokens of the references closest in length.

    Examples:
        >>> from pmt_train import bleu
        >>> score = bleu(["the cat is on the"], [["the cat is on the mat"]])  # a word is missing
        >>> score.precisions, round(score.brevity_penalty, 3)
        ((100.0, 100.0, 100.0, 100.0), 0.819)
        >>> score.length, score.reference_length, round(score.score, 1)
        (5, 6, 81.9)
    """

    score: float
    precisions: tuple[float, float, float, float]
    brevity_penalty: float
    length: int
    reference_length: int


def bleu(hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> BleuScore:
    """Return the BLEU of a corpus (Papineni et al. 2002) as sacrebleu reports it (Post 2018).

        BLEU = BP * exp(mean of ln precision of n-grams, n = 1 ... 4)
        BP = min(1, exp(1 - reference_length / length))

    Counts are of the whole corpus, tokens those of `tokenize_13a`, case-sensitive. A precision
    without matches is smoothed: the k-th such precision counts as 1 / 2^k matches (method 3 of
    Chen & Cherry 2014). sacrebleu's signature: nrefs:?|case:mixed|eff:no|tok:13a|smooth:exp.

    Each hypothesis has one or several references, all of them plain text. Raises ShapeError if
    the numbers differ, or there is no hypothesis.

    Examples:
        >>> from pmt_train import bleu
        >>> references = [["the cat is on the mat", "there is a cat on the mat"], ["it is raining"]]
        >>> round(bleu(["the cat is on the mat", "it is raining"], references).score, 1)
        100.0
        >>> round(bleu(["a cat is on the mat", "it rains"], references).score, 1)
        68.6
    """
    if len(hypotheses) != len(references) or not hypotheses:
        raise ShapeError(
            "expected one list of references per hypothesis and at least one hypothesis, got "
            f"{len(hypotheses)} hypotheses and {len(references)} lists"
        )
    return _score(*_counts(hypotheses, references))


def sentence_bleu(hypothesis: str, references: Sequence[str]) -> BleuScore:
    """Return the BLEU of one sentence, as sacrebleu's `sentence_bleu`.

    As `bleu`, but the mean is over the n-grams that the hypothesis is long enough for ("effective
    order"): a hypothesis of two words is judged by its words and its one pair. Scores of sentences
    are to be compared with each other; their mean is not the BLEU of a corpus.

    sacrebleu's signature: nrefs:?|case:mixed|eff:yes|tok:13a|smooth:exp. Raises ShapeError without
    a reference.

    Examples:
        >>> from pmt_train import bleu, sentence_bleu
        >>> round(sentence_bleu("it is", ["it is raining"]).score, 1)  # of words and pairs only
        60.7
        >>> round(bleu(["it is"], [["it is raining"]]).score, 1)
        0.0
    """
    return _score(*_counts([hypothesis], [references]), effective_order=True)


def _counts(
    hypotheses: Sequence[str], references: Sequence[Sequence[str]]
) -> tuple[list[int], list[int], int, int]:
    """Return matches and n-grams for n = 1 ... 4, and the lengths of hypotheses and references."""
    hits, total = [0] * _ORDER, [0] * _ORDER
    length = reference_length = 0
    for i, (hypothesis, accepted) in enumerate(zip(hypotheses, references, strict=True)):
        check_references(i, accepted)
        tokens = tokenize_13a(hypothesis)
        models = [tokenize_13a(reference) for reference in accepted]
        length += len(tokens)
        reference_length += min((abs(len(model) - len(tokens)), len(model)) for model in models)[1]
        for n in range(1, _ORDER + 1):
            counts = _ngrams(tokens, n)
            allowed: Counter[tuple[str, ...]] = Counter()
            for model in models:
                allowed |= _ngrams(model, n)
            hits[n - 1] += (counts & allowed).total()
            total[n - 1] += counts.total()
    return hits, total, length, reference_length


def check_references(i: int, references: Sequence[str]) -> None:
    """Raise ShapeError unless hypothesis `i`, counted from 0, has a list of references."""
    if isinstance(references, str) or not references:
        raise ShapeError(
            f"hypothesis {i + 1} needs a list of one or more references, got {references!r}"
        )


def _ngrams(tokens: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


def _score(
    hits: Sequence[int],
    total: Sequence[int],
    length: int,
    reference_length: int,
    *,
    effective_order: bool = False,
) -> BleuScore:
    penalty = 1.0
    if length < reference_length:
        penalty = math.exp(1 - reference_length / length) if length else 0.0
    precisions = [0.0] * _ORDER
    smooth = 1.0
    for n in range(_ORDER):
        if not any(hits) or not total[n]:
            break
        if not hits[n]:
            smooth *= 2
        precisions[n] = 100 * (hits[n] or 1 / smooth) / total[n]
    score = 0.0
    order = sum(map(bool, total)) if effective_order else _ORDER
    if all(precisions[: max(order, 1)]):
        score = penalty * math.exp(sum(map(math.log, precisions[:order])) / order)
    p1, p2, p3, p4 = precisions
    return BleuScore(score, (p1, p2, p3, p4), penalty, length, reference_length)


# In this order: "&amp;lt;" becomes "<".
_ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))

_RULES = (
    # punctuation is a token of its own, except . , - ' which may belong to a word or number
    (re.compile(r"([\{-\~\[-\` -\&\(-\+\:-\@\/])"), r" \1 "),
    # full stop and comma, unless between digits
    (re.compile(r"([^0-9])([\.,])"), r"\1 \2 "),
    (re.compile(r"([\.,])([^0-9])"), r" \1 \2"),
    # a dash after a digit
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),
)


def tokenize_13a(text: str) -> list[str]:
    """Return the tokens of a sentence by NIST's mteval-v13a.pl, not its "international" rules.

    Examples:
        >>> from pmt_train import tokenize_13a
        >>> tokenize_13a("Mr. Smith paid $3.50, didn't he?")
        ['Mr', '.', 'Smith', 'paid', '$', '3.50', ',', "didn't", 'he', '?']
    """
    text = text.rstrip().replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for entity, character in _ENTITIES:
        text = text.replace(entity, character)
    text = f" {text} "
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text.split()


def perplexity(loss_sum: float, count: int) -> float:
    """Return the perplexity exp(loss_sum / count), with loss_sum = sum of -ln p over the tokens.

    It is inf if too large for a float. Raises ShapeError if `count` is below 1.

    Examples:
        >>> import math
        >>> from pmt_train import perplexity
        >>> round(perplexity(10 * math.log(50), 10), 3)  # each token as one of 50 equally likely
        50.0
    """
    if count < 1:
        raise ShapeError("expected at least one token to compute a perplexity of, got none")
    try:
        return math.exp(loss_sum / count)
    except OverflowError:
        return math.inf
