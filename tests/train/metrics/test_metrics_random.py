"""Metrics beside scikit-learn, seqeval and sacrebleu on random configurations (`-m oracle`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from random_arrays import Draw
from torch_comparison import CONFIGURATIONS

import pmt_train as pt

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]


def decisions(number: int) -> tuple[Draw, Any, Any]:
    """Return predicted classes and labels: few or many, with classes that never occur."""
    draw = Draw("decisions", number)
    n, classes = draw.choice([1, 2, 3, 20, 200]), draw.integer(1, 6)
    numbers = np.sort(draw.rng.permutation(8)[:classes])
    labels, predicted = (numbers[draw.rng.integers(0, classes, n)] for _ in range(2))
    agree = draw.rng.random(n) < draw.choice([0.0, 0.5, 0.9, 1.0])
    return draw, draw.laid_out(np.where(agree, labels, predicted)), draw.laid_out(labels)


def test_scikit_learn_agrees_on_decisions() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    for number in range(CONFIGURATIONS):
        draw, predicted, labels = decisions(number)
        positive = draw.choice([1, int(labels[0])])
        of_one = pt.precision_recall_f1(predicted, labels, positive)
        values = {
            "accuracy": pt.accuracy(predicted, labels),
            "matthews": pt.matthews_correlation(predicted, labels),
            "one class": (of_one.precision, of_one.recall, of_one.f1),
        }
        expected = {
            "accuracy": metrics.accuracy_score(labels, predicted),
            "matthews": metrics.matthews_corrcoef(labels, predicted),
            "one class": metrics.precision_recall_fscore_support(
                labels == positive, predicted == positive, average="binary", zero_division=0
            )[:3],
        }
        for average in ("macro", "micro", "weighted"):
            ours = pt.averaged_f1(predicted, labels, average)
            values[average] = (ours.precision, ours.recall, ours.f1)
            expected[average] = metrics.precision_recall_fscore_support(
                labels, predicted, average=average, zero_division=0
            )[:3]
            for beta in (0.0, 0.5, 2.0, np.inf):
                name = f"F{beta} {average}"
                values[name] = pt.f_beta(predicted, labels, beta, average=average)
                expected[name] = metrics.fbeta_score(
                    labels, predicted, beta=beta, average=average, zero_division=0
                )
        values["F2 of one"] = pt.f_beta(predicted, labels, 2, positive=positive)
        expected["F2 of one"] = metrics.fbeta_score(
            labels == positive, predicted == positive, beta=2, zero_division=0
        )
        for name, value in values.items():
            assert value == pytest.approx(expected[name], abs=1e-12), f"{number}: {name}"
        counts = pt.confusion_matrix(predicted, labels, 8)
        theirs = metrics.confusion_matrix(labels, predicted, labels=np.arange(8))
        np.testing.assert_array_equal(counts, theirs, err_msg=str(number))


def test_scikit_learn_agrees_on_scores() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    curve = pytest.importorskip("sklearn.calibration").calibration_curve
    for number in range(CONFIGURATIONS):
        draw = Draw("scores", number)
        n = draw.choice([2, 3, 20, 200])
        labels = np.concatenate([[0, 1], draw.rng.integers(0, 2, n - 2)])
        size = {"large": 1e30, "small": 1e-35, "ties": 0.5}.get(draw.content, 2.0)
        scores = draw.rng.normal(size=n) * size
        if draw.content == "ties" or draw.chance(0.3):
            scores = np.round(scores)
        auc = metrics.roc_auc_score(labels, scores)
        assert pt.roc_auc(draw.laid_out(scores), labels) == pytest.approx(auc, abs=1e-12), number

        p, bins = draw.rng.random(n), draw.integer(1, 12)
        if draw.chance(0.5):
            p[:2] = [0.0, 1.0]
        ours = pt.calibration_bins(p, labels, bins)
        observed, predicted = curve(labels, p, n_bins=bins)
        full = ours.counts > 0
        np.testing.assert_allclose(ours.observed[full], observed, err_msg=str(number))
        np.testing.assert_allclose(ours.predicted[full], predicted, err_msg=str(number))


def test_scikit_learn_agrees_on_scores_of_several_classes() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    for number in range(CONFIGURATIONS):
        draw = Draw("several classes", number)
        classes = draw.integer(3, 6)
        n = classes + draw.choice([0, 1, 20, 200])
        labels = np.concatenate([np.arange(classes), draw.rng.integers(0, classes, n - classes)])
        p = draw.rng.random((n, classes))
        if draw.content == "ties" or draw.chance(0.3):
            p = np.ceil(p * 3)
        p /= p.sum(axis=1, keepdims=True)
        for multi_class in ("ovr", "ovo"):
            for average in ("macro", "weighted"):
                expected = metrics.roc_auc_score(
                    labels, p, multi_class=multi_class, average=average
                )
                ours = pt.multiclass_roc_auc(draw.laid_out(p), labels, multi_class, average)
                assert ours == pytest.approx(expected, abs=1e-12), (number, multi_class, average)


def sentences(draw: Draw) -> tuple[list[list[str]], list[list[str]]]:
    """Return predicted and correct tags of one scheme, or of several at once."""
    kinds = draw.choice(["BI", "I", "BIES", "IE", "BS"])
    types = ["PER", "LOC", "A-B", "none", "O"][: draw.integer(1, 5)]
    tags = ["O", "O", *(f"{kind}-{name}" for kind in kinds for name in types)]
    labels = [[draw.choice(tags) for _ in range(draw.length(1))] for _ in range(draw.length(1))]
    share = draw.choice([0.0, 0.5, 0.9])

    def guess(tag: str) -> str:
        return tag if draw.chance(share) else draw.choice(tags)

    return [[guess(tag) for tag in row] for row in labels], labels


def test_seqeval_agrees_for_each_type() -> None:
    seqeval = pytest.importorskip("seqeval.metrics.sequence_labeling")
    for number in range(CONFIGURATIONS):
        predicted, labels = sentences(Draw("entities", number))
        ours = pt.entity_scores(predicted, labels)
        names = sorted(ours.by_type)
        assert ours.accuracy == pytest.approx(seqeval.accuracy_score(labels, predicted)), number
        by_type = seqeval.precision_recall_fscore_support(
            labels, predicted, average=None, zero_division=0
        )
        for average in ("macro", "weighted"):
            expected = seqeval.precision_recall_fscore_support(
                labels, predicted, average=average, zero_division=0
            )
            mean = getattr(ours, average)
            reached = (mean.precision, mean.recall, mean.f1)
            assert reached == pytest.approx(expected[:3] if names else (0, 0, 0)), number
        assert [ours.support[name] for name in names] == list(by_type[3] if names else []), number
        overall = seqeval.precision_recall_fscore_support(
            labels, predicted, average="micro", zero_division=0
        )
        values = [(s.precision, s.recall, s.f1) for s in map(ours.by_type.get, names)]
        expected = list(zip(*by_type[:3], strict=True)) if names else []
        assert values == [pytest.approx(row) for row in expected], f"{number}: {names}"
        of_all = ours.overall
        assert (of_all.precision, of_all.recall, of_all.f1) == pytest.approx(overall[:3]), number


PIECES = (
    "the", "cat", "Cat", "3.5", "1,000", "2-3", "e.g.", "don't", "$5", "100%", "...", "(a)", "a/b",
    "\t", "&quot;", "&amp;lt;", "«ja»", "naïve", "中文", "x-\ny", "<skipped>", "don’t", "A.B.C.",
    "\u00a0", "—", "http://a.b/c?d=1", "", "e\u0301", "\u2028", "#1", "[b]", "@", "1.", ".5", ",",
)  # fmt: skip


def a_text(draw: Draw, length: int) -> str:
    return draw.choice([" ", " ", "  ", ""]).join(draw.choice(PIECES) for _ in range(length))


def test_sacrebleu_agrees_on_odd_text() -> None:
    sacrebleu = pytest.importorskip("sacrebleu")
    for number in range(CONFIGURATIONS):
        draw = Draw("bleu", number)
        count, n = draw.integer(1, 3), draw.choice([1, 2, 10])
        references = [[a_text(draw, draw.length()) for _ in range(count)] for _ in range(n)]
        hypotheses = [
            draw.choice(row) if draw.chance(0.5) else a_text(draw, draw.length())
            for row in references
        ]
        theirs = sacrebleu.corpus_bleu(hypotheses, list(map(list, zip(*references, strict=True))))
        ours = pt.bleu(hypotheses, references)
        told = f"{number}: {hypotheses} {references}"
        assert ours.score == pytest.approx(theirs.score, abs=1e-9), told
        assert ours.precisions == pytest.approx(tuple(theirs.precisions)), told
        assert ours.brevity_penalty == pytest.approx(theirs.bp), told
        assert (ours.length, ours.reference_length) == (theirs.sys_len, theirs.ref_len), told


def test_sacrebleu_agrees_on_sentences_and_characters() -> None:
    sacrebleu = pytest.importorskip("sacrebleu")
    for number in range(CONFIGURATIONS):
        draw = Draw("chrf", number)
        count, n = draw.integer(1, 3), draw.choice([1, 2, 10])
        references = [[a_text(draw, draw.length()) for _ in range(count)] for _ in range(n)]
        hypotheses = [
            draw.choice(row) if draw.chance(0.3) else a_text(draw, draw.length())
            for row in references
        ]
        theirs = sacrebleu.sentence_bleu(hypotheses[0], references[0])
        ours = pt.sentence_bleu(hypotheses[0], references[0])
        told = f"{number}: {hypotheses} {references}"
        assert ours.score == pytest.approx(theirs.score, abs=1e-9), told
        assert ours.precisions == pytest.approx(tuple(theirs.precisions)), told
        options = {
            "char_order": draw.choice([1, 6]),
            "word_order": draw.choice([0, 2]),
            "beta": draw.choice([1, 2, 3]),
        }
        columns = list(map(list, zip(*references, strict=True)))
        expected = sacrebleu.corpus_chrf(hypotheses, columns, **options).score
        assert pt.chrf(hypotheses, references, **options) == pytest.approx(expected), told
        one = sacrebleu.sentence_chrf(hypotheses[0], references[0]).score
        assert pt.chrf(hypotheses[:1], references[:1]) == pytest.approx(one), told
