"""Entity-level scores and confusion by hand, and compared to seqeval."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_core import ShapeError, tag_spans
from pmt_train import entity_confusion, entity_scores


def test_entity_scores_by_hand():
    labels = [["B-PER", "I-PER", "O", "B-LOC"], ["B-ORG", "O"]]
    predicted = [["B-PER", "I-PER", "O", "B-PER"], ["B-ORG", "I-ORG"]]
    scores = entity_scores(predicted, labels)
    assert (scores.true_positives, scores.predicted, scores.actual) == (1, 3, 3)
    assert scores.overall.f1 == pytest.approx(1 / 3)
    assert scores.by_type["PER"].precision == 0.5
    assert scores.by_type["PER"].recall == 1.0
    assert scores.by_type["LOC"].f1 == 0.0
    assert list(scores.by_type) == ["LOC", "ORG", "PER"]
    assert scores.accuracy == 4 / 6
    assert scores.support == {"LOC": 1, "ORG": 1, "PER": 1}
    # ORG: its end is wrong, so 0; LOC: not predicted
    assert scores.macro.f1 == scores.weighted.f1 == pytest.approx((0 + 0 + 2 / 3) / 3)
    assert scores.macro.precision == pytest.approx(0.5 / 3)
    with pytest.raises(ShapeError, match="sentence 2"):
        entity_scores([["O"], ["O", "O"]], [["O"], ["O"]])
    with pytest.raises(ShapeError):
        entity_scores([], [])


def test_macro_and_weighted_means_by_hand():
    labels = [["B-A", "B-A", "B-A", "B-B", "O"]]
    predicted = [["B-A", "B-A", "O", "B-A", "B-C"]]
    scores = entity_scores(predicted, labels)
    f1 = 2 / 3  # of A: 2 of 3 predicted, 2 of 3 actual; B is missed, C is never an entity
    assert scores.macro.f1 == pytest.approx(f1 / 3)
    assert scores.weighted.f1 == pytest.approx(f1 * 3 / 4)
    assert scores.support == {"A": 3, "B": 1, "C": 0}
    nothing = entity_scores([["O"]], [["O"]])
    assert (nothing.macro.f1, nothing.weighted.f1, nothing.support) == (0, 0, {})


def test_confusion_by_hand():
    actual = [["B-PER", "I-PER", "O", "B-LOC", "O", "B-ORG"], ["B-PER", "B-LOC", "I-LOC", "I-LOC"]]
    predicted = [["B-PER", "O", "O", "B-ORG", "B-PER", "O"], ["O", "B-PER", "B-LOC", "I-LOC"]]
    classes, counts = entity_confusion(predicted, actual)
    assert classes == ["LOC", "ORG", "PER", "none"]
    assert counts.tolist() == [
        [1, 1, 0, 0],  # one LOC with wrong ends, one predicted as ORG
        [0, 0, 0, 1],  # ORG missed
        [0, 0, 1, 1],  # PER with wrong ends; one missed
        [0, 0, 2, 0],  # PER spurious, one of them beside the LOC that is paired better
    ]


@pytest.mark.parametrize("name", ["none", "no entity", "(no entity)", "O", "all", "micro"])
def test_a_type_may_have_any_name(name: str) -> None:
    tag = f"B-{name}"
    labels, predicted = [[tag, "O", tag, "B-PER"]], [[tag, tag, "O", tag]]
    classes, counts = entity_confusion(predicted, labels)
    assert len(set(classes)) == 3
    i, per = classes.index(name), classes.index("PER")
    assert {i, per} == {0, 1}
    assert counts[i].tolist()[:2] == ([1, 0] if i == 0 else [0, 1])
    assert (counts[i, 2], counts[2, i], counts[per, i]) == (1, 1, 1)
    assert counts.sum() == 4
    scores = entity_scores(predicted, labels)
    assert set(scores.by_type) == {name, "PER"}
    assert scores.by_type[name].precision == pytest.approx(1 / 3)
    names = [row for row, _ in scores.rows()]
    assert len(set(names)) == 3
    assert names[1:] == sorted([name, "PER"])
    assert scores.rows()[0][1] is scores.overall


def test_the_class_of_no_entity_has_a_name_that_no_type_has():
    assert entity_confusion([["O"]], [["B-X"]])[0] == ["X", "none"]
    assert entity_confusion([["O"]], [["B-none"]])[0] == ["none", "no entity"]
    every = [["B-none", "B-no entity", "B-(no entity)", "B-((no entity))"]]
    classes, counts = entity_confusion(every, every)
    assert classes[-1] == "(((no entity)))"
    assert counts.diagonal().tolist() == [1, 1, 1, 1, 0]


def test_confusion_counts_every_entity_once():
    rng = np.random.default_rng(2)
    tags = ["O", *(f"{k}-{t}" for k in "BI" for t in "XYZ")]
    for _ in range(300):
        actual, predicted = ([tags[i] for i in rng.integers(0, 7, 9)] for _ in range(2))
        classes, counts = entity_confusion([predicted], [actual])
        for axis, sequence in ((1, actual), (0, predicted)):
            types = [span.type for span in tag_spans(sequence)]
            assert counts.sum(axis=axis)[:-1].tolist() == [types.count(c) for c in classes[:-1]]
        same, of_same = entity_confusion([actual], [actual])
        assert of_same.sum() == np.trace(of_same) == len(tag_spans(actual))
        assert same[-1] == "none"
    with pytest.raises(ShapeError):
        entity_confusion([[]], [])


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kinds", ["BI", "I", "BIES"])
def test_seqeval_agrees_on_broken_sequences(kinds):
    seqeval = pytest.importorskip("seqeval.metrics")
    labeling = pytest.importorskip("seqeval.metrics.sequence_labeling")
    rng = np.random.default_rng(0)
    tags = ["O", *(f"{k}-{t}" for k in kinds for t in ("PER", "LOC", "A-B", "none", "O"))]

    def sentences(like=None):
        lengths = [len(s) for s in like] if like else rng.integers(1, 12, 300)
        return [[tags[i] for i in rng.integers(0, len(tags), n)] for n in lengths]

    labels = sentences()
    predicted = sentences(labels)
    for i in range(0, 300, 2):  # half of them nearly right
        predicted[i] = list(labels[i])
        predicted[i][0] = "O"
    for sentence in labels:
        theirs = [(t, a, b + 1) for t, a, b in labeling.get_entities(sentence)]
        assert tag_spans(sentence) == theirs
    scores = entity_scores(predicted, labels)
    assert scores.overall.f1 == pytest.approx(seqeval.f1_score(labels, predicted))
    assert scores.overall.precision == pytest.approx(seqeval.precision_score(labels, predicted))
    assert scores.overall.recall == pytest.approx(seqeval.recall_score(labels, predicted))
    assert scores.accuracy == pytest.approx(seqeval.accuracy_score(labels, predicted))
    report = seqeval.classification_report(labels, predicted, output_dict=True, zero_division=0)
    for name, type_scores in scores.by_type.items():
        assert type_scores.f1 == pytest.approx(report[name]["f1-score"])


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore")
def test_seqeval_agrees_on_a_thousand_pairs_of_sequences_one_by_one():
    """Each pair scored alone, so that no error hides in a sum; all schemes, broken and mixed."""
    seqeval = pytest.importorskip("seqeval.metrics")
    rng = np.random.default_rng(7)
    types = ("PER", "LOC", "ORG", "A-B")
    kinds = ("BI", "I", "BIES", "ES", "IE")  # IOB2 (broken), IOB1 without B, IOBES, and worse
    for i in range(1000):
        tags = ["O", "O", *(f"{k}-{t}" for k in kinds[i % 5] for t in types[: 1 + i % 4])]
        labels = [tags[j] for j in rng.integers(0, len(tags), rng.integers(1, 15))]
        predicted = [tag if rng.random() < 0.6 else tags[rng.integers(len(tags))] for tag in labels]
        scores = entity_scores([predicted], [labels]).overall
        expected = (
            seqeval.precision_score([labels], [predicted], zero_division=0),
            seqeval.recall_score([labels], [predicted], zero_division=0),
            seqeval.f1_score([labels], [predicted], zero_division=0),
        )
        assert (scores.precision, scores.recall, scores.f1) == pytest.approx(expected), (
            labels,
            predicted,
        )
