"""Metrics by hand, and their edges."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pmt_core import DataError, SettingsError, ShapeError
from pmt_train import (
    accuracy,
    averaged_f1,
    bleu,
    bootstrap_interval,
    entity_scores,
    matthews_correlation,
    perplexity,
    roc_auc,
    tokenize_13a,
)


def test_auc_by_hand():
    # pairs (positive, negative): 0.8 beats both; 0.5 ties with one and beats the other
    assert roc_auc([0.8, 0.5, 0.5, 0.1], [1, 1, 0, 0]) == (1 + 1 + 0.5 + 1) / 4
    assert roc_auc([3, 2, 1], [0, 1, 1]) == 0.0
    assert roc_auc([5, 5, 5, 5], [0, 1, 0, 1]) == 0.5
    with pytest.raises(DataError, match="3 and 0"):
        roc_auc([1, 2, 3], [1, 1, 1])
    with pytest.raises(DataError, match="finite"):
        roc_auc([1, math.nan], [1, 0])
    with pytest.raises(ShapeError):
        roc_auc([1, 2, 3], [1, 0])


def test_matthews_by_hand():
    # TP 3 TN 2 FP 2 FN 1: (3*2 - 2*1) / sqrt(5 * 4 * 4 * 3)
    predicted, labels = [1, 1, 1, 0, 1, 1, 0, 0], [1, 1, 1, 1, 0, 0, 0, 0]
    assert matthews_correlation(predicted, labels) == pytest.approx(4 / math.sqrt(240))
    assert matthews_correlation([0, 1, 2], [0, 1, 2]) == pytest.approx(1)
    assert matthews_correlation([1, 1, 1], [0, 1, 1]) == 0.0


def test_perplexity_by_hand():
    assert perplexity(10 * math.log(7), 10) == pytest.approx(7)
    assert perplexity(0.0, 3) == 1.0
    assert perplexity(1e9, 2) == math.inf
    assert math.isnan(perplexity(math.nan, 2))
    with pytest.raises(ShapeError):
        perplexity(1.0, 0)


def test_averages_of_f1_by_hand():
    predicted, labels = [0, 0, 1, 1, 4], [0, 1, 1, 1, 0]
    # class 0: 1 of 2 called, 1 of 2 there; class 1: 2/2 and 2/3; class 4: 0 of 1, none there
    macro = averaged_f1(predicted, labels)
    assert macro.precision == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert macro.recall == pytest.approx((1 / 2 + 2 / 3 + 0) / 3)
    assert macro.f1 == pytest.approx((1 / 2 + 4 / 5 + 0) / 3)
    weighted = averaged_f1(predicted, labels, "weighted")
    assert weighted.f1 == pytest.approx((2 * 1 / 2 + 3 * 4 / 5) / 5)
    assert averaged_f1(predicted, labels, "micro").f1 == accuracy(predicted, labels) == 0.6
    with pytest.raises(SettingsError):
        averaged_f1(predicted, labels, "median")


def test_entity_scores_by_hand():
    labels = [["B-PER", "I-PER", "O", "B-LOC"], ["B-ORG", "O"]]
    called = [["B-PER", "I-PER", "O", "B-PER"], ["B-ORG", "I-ORG"]]
    found = entity_scores(called, labels)
    assert (found.true_positives, found.predicted, found.actual) == (1, 3, 3)
    assert found.overall.f1 == pytest.approx(1 / 3)
    assert found.by_type["PER"].precision == 0.5
    assert found.by_type["PER"].recall == 1.0
    assert found.by_type["LOC"].f1 == 0.0
    assert list(found.by_type) == ["LOC", "ORG", "PER"]
    assert found.accuracy == 4 / 6
    with pytest.raises(ShapeError, match="sentence 2"):
        entity_scores([["O"], ["O", "O"]], [["O"], ["O"]])
    with pytest.raises(ShapeError):
        entity_scores([], [])


def test_bleu_by_hand():
    found = bleu(["the cat sat on the mat today"], [["the cat sat on a mat today"]])
    # 6 of 7 words, 4 of 6 pairs (not "on the", "the mat"), 2 of 5 triples, 1 of 4
    assert found.precisions == pytest.approx((600 / 7, 400 / 6, 200 / 5, 100 / 4))
    assert found.score == pytest.approx(100 * (6 / 7 * 4 / 6 * 2 / 5 * 1 / 4) ** 0.25)
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


def test_the_tokens_of_bleu():
    found = tokenize_13a("It's 3.5%, (really) e.g. &quot;A&amp;B&quot; 1999-2000.")
    assert " ".join(found) == """It's 3.5 % , ( really ) e . g . " A & B " 1999 - 2000 ."""


def test_interval_of_a_mean():
    """For a mean the interval is known: about 1.96 standard errors to either side."""
    values = np.random.default_rng(0).normal(3, 2, 400)
    found = bootstrap_interval(np.mean, values, rng=np.random.default_rng(1), samples=4000)
    error = values.std() / 20
    assert found.value == values.mean()
    assert found.low == pytest.approx(found.value - 1.96 * error, abs=0.1 * error)
    assert found.high == pytest.approx(found.value + 1.96 * error, abs=0.1 * error)
    again = bootstrap_interval(np.mean, values, rng=np.random.default_rng(1), samples=4000)
    assert found == again


def test_intervals_keep_examples_together():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 100)
    found = bootstrap_interval(accuracy, labels, labels, rng=rng, samples=20)
    assert found == (1.0, 1.0, 1.0)
    tags = [["B-PER", "O"], ["O", "O"]] * 5

    def f1(called, there):
        return entity_scores(called, there).overall.f1

    assert bootstrap_interval(f1, tags, tags, rng=rng, samples=20).low == 1.0
    with pytest.raises(ShapeError):
        bootstrap_interval(accuracy, labels, labels[:50], rng=rng)
    with pytest.raises(SettingsError):
        bootstrap_interval(accuracy, labels, labels, rng=rng, confidence=1.0)
