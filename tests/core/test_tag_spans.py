"""Entities in sequences of tags, by hand; beside seqeval they stand in tests/train."""

from __future__ import annotations

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
