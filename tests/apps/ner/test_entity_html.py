"""Sentences with their entities as colored HTML."""

from __future__ import annotations

import re

import numpy as np
import pytest

from pmt_apps.ner.entity_html import entity_legend, entity_markup
from pmt_core import ShapeError, tag_spans


def marks(markup: str) -> list[tuple[str, str]]:
    return re.findall(r'<mark class="(\w+)">(.*?)<b>', markup)


def test_markup_tells_found_missed_invented_and_wrong() -> None:
    words = ["Ann", "Lee", "saw", "Bo", "in", "New", "York", "City", "on", "May", "Day", "today"]
    there = ["B-PER", "I-PER", "O", "B-PER", "O", "B-LOC", "I-LOC", "I-LOC", "O", "O", "O", "O"]
    found = ["B-PER", "I-PER", "O", "O", "O", "B-LOC", "I-LOC", "O", "O", "B-MISC", "I-MISC", "O"]
    markup = entity_markup(words, found, there)
    assert marks(markup) == [
        ("found", "Ann Lee"),
        ("missed", "Bo"),
        ("wrong", "New York City"),
        ("invented", "May Day"),
    ]
    assert "LOC → LOC “New York”" in markup
    assert re.sub(r"<b>.*?</b>|<[^>]*>", "", markup).split() == words


def test_markup_is_escaped() -> None:
    words = ["<script>alert(1)</script>", "&amp;", '"x"']
    tags = ["B-<b>", "B-<i>", "O"]
    for found, there in [(tags, tags), (tags, ["O", "I-A", "O"]), (["O"] * 3, tags)]:
        markup = entity_markup(words, found, there)
        assert "<script" not in markup
        assert "<i>" not in markup
        assert "&lt;script&gt;" in markup
        assert "&amp;amp;" in markup
    with pytest.raises(ShapeError):
        entity_markup(["a"], ["O"], ["O", "O"])
    assert entity_legend().count("<mark class=") == 4


def test_sentences_of_every_kind_can_be_marked() -> None:
    rng = np.random.default_rng(4)
    tags = ["O", *(f"{k}-{t}" for k in "BIES" for t in "XY")]
    for _ in range(300):
        n = int(rng.integers(0, 9))
        found, there = ([tags[i] for i in rng.integers(0, 9, n)] for _ in range(2))
        words = [f"w{i}" for i in range(n)]
        markup = entity_markup(words, found, there)
        assert re.sub(r"<b>.*?</b>|<[^>]*>", "", markup).split() == words
        right = set(tag_spans(found)) & set(tag_spans(there))
        assert markup.count('class="found"') <= len(right)
        if found == there:
            assert markup.count('class="found"') == len(right)
