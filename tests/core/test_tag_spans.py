"""Entities in sequences of tags, by hand and by conlleval's rules; by seqeval's in tests/train."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_core import DataError, tag_spans


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("O I-PER I-PER O", [("PER", 1, 3)]),  # IOB1
        ("I-PER B-PER I-PER", [("PER", 0, 1), ("PER", 1, 3)]),  # IOB1, neighbors
        ("B-PER I-PER B-LOC", [("PER", 0, 2), ("LOC", 2, 3)]),  # IOB2
        ("S-PER B-LOC I-LOC E-LOC S-PER", [("PER", 0, 1), ("LOC", 1, 4), ("PER", 4, 5)]),
        ("B-PER I-LOC I-LOC", [("PER", 0, 1), ("LOC", 1, 3)]),  # broken: the type changes
        ("E-PER E-PER O E-PER", [("PER", 0, 1), ("PER", 1, 2), ("PER", 3, 4)]),  # broken
        ("B-A-B I-A-B", [("A-B", 0, 2)]),
        ("O O", []),
        ("", []),
    ],
)
def test_entities_in_tags(tags, spans):
    assert tag_spans(tags.split()) == spans


@pytest.mark.parametrize("tag", ["PER", "B", "X-PER", "B-", "", "b-PER", "BI-PER"])
def test_what_is_no_tag_is_named(tag):
    with pytest.raises(DataError, match="at token 2"):
        tag_spans(["O", tag])


def conlleval_spans(tags):
    """Return the entities by the rules of conlleval, which knows B, I, E and O."""
    ends = {"BB", "BO", "IB", "IO", "EE", "EI", "EO"}
    starts = {"BB", "IB", "OB", "OI", "EE", "EI", "OE"}
    spans, before, type_before, start = [], "O", "", 0
    for i, tag in enumerate([*tags, "O"]):
        kind, _, type_ = tag.partition("-")
        if before + kind in ends or (before != "O" and type_ != type_before):
            spans.append((type_before, start, i))
        if before + kind in starts or (kind != "O" and type_ != type_before):
            start = i
        before, type_before = kind, type_
    return spans


def test_the_rules_are_those_of_conlleval_on_b_i_and_o():
    rng = np.random.default_rng(4)
    tags = ["O", *(f"{kind}-{type_}" for kind in "BI" for type_ in ("PER", "LOC", "A-B", "O"))]
    for _ in range(2000):
        sequence = [tags[i] for i in rng.integers(0, len(tags), rng.integers(0, 9))]
        assert tag_spans(sequence) == conlleval_spans(sequence)


def test_the_rules_are_not_those_of_conlleval_on_b_after_e():
    assert conlleval_spans(["E-PER", "B-PER"]) == [("PER", 0, 2)]
    assert tag_spans(["E-PER", "B-PER"]) == [("PER", 0, 1), ("PER", 1, 2)]
