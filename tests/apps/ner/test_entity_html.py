"""Sentences with their entities as colored HTML."""

from __future__ import annotations

import re

import numpy as np
import pytest

from pmt_apps.ner.entity_html import entity_html, entity_legend
from pmt_core import ShapeError, tag_spans


def colored(text: str) -> list[tuple[str, str]]:
    return re.findall(r'<mark class="(\w+)">(.*?)<b>', text)


def plain_words(text: str) -> list[str]:
    return re.sub(r"<b>.*?</b>|<[^>]*>", "", text).split()


def test_correct_missed_spurious_and_wrong_entities() -> None:
    words = ["Ann", "Lee", "saw", "Bo", "in", "New", "York", "City", "on", "May", "Day", "today"]
    labels = ["B-PER", "I-PER", "O", "B-PER", "O", "B-LOC", "I-LOC", "I-LOC", "O", "O", "O", "O"]
    predicted = [*labels[:3], "O", "O", "B-LOC", "I-LOC", "O", "O", "B-MISC", "I-MISC", "O"]
    text = entity_html(words, predicted, labels)
    assert colored(text) == [
        ("correct", "Ann Lee"),
        ("missed", "Bo"),
        ("wrong", "New York City"),
        ("spurious", "May Day"),
    ]
    assert "LOC → LOC “New York”" in text
    assert plain_words(text) == words


def test_text_and_types_are_escaped() -> None:
    words = ["<script>alert(1)</script>", "&amp;", '"x"']
    tags = ["B-<b>", "B-<i>", "O"]
    for predicted, labels in [(tags, tags), (tags, ["O", "I-A", "O"]), (["O"] * 3, tags)]:
        text = entity_html(words, predicted, labels)
        assert "<script" not in text
        assert "<i>" not in text
        assert "&lt;script&gt;" in text
        assert "&amp;amp;" in text


def test_lengths_must_agree() -> None:
    with pytest.raises(ShapeError):
        entity_html(["a"], ["O"], ["O", "O"])


def test_the_legend_has_every_color() -> None:
    assert re.findall(r'<mark class="(\w+)">', entity_legend()) == [
        "correct", "missed", "spurious", "wrong",
    ]  # fmt: skip


def test_random_tags_keep_all_words_and_count_the_correct_entities() -> None:
    rng = np.random.default_rng(4)
    tags = ["O", *(f"{k}-{t}" for k in "BIES" for t in "XY")]
    for _ in range(300):
        n = int(rng.integers(0, 9))
        predicted, labels = ([tags[i] for i in rng.integers(0, 9, n)] for _ in range(2))
        words = [f"w{i}" for i in range(n)]
        text = entity_html(words, predicted, labels)
        assert plain_words(text) == words
        correct = set(tag_spans(predicted)) & set(tag_spans(labels))
        assert text.count('class="correct"') <= len(correct)
        if predicted == labels:
            assert text.count('class="correct"') == len(correct)
