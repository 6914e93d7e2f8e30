"""Tag schemes: detection, conversion without loss, and forbidden transitions."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from pmt_core import DataError, SettingsError, Span, tag_spans
from pmt_text import (
    TagScheme,
    convert_tags,
    detect_scheme,
    forbidden_ends,
    forbidden_transitions,
    spans_to_tags,
)
from pmt_text.ner.tag_scheme import TAG_SCHEMES, best_scheme, scheme_breaks

RandomEntities = Callable[[np.random.Generator], tuple[list[Span], int]]

KINDS = {"IOB1": "BI", "IOB2": "BI", "IOBES": "BIES"}
SAME = {  # Ann Lee met Bob Bo Oslo today in New York
    "IOB1": "I-PER I-PER O I-PER B-PER I-LOC O O I-LOC I-LOC",
    "IOB2": "B-PER I-PER O B-PER B-PER B-LOC O O B-LOC I-LOC",
    "IOBES": "B-PER E-PER O S-PER S-PER S-LOC O O B-LOC E-LOC",
}


@pytest.mark.parametrize(("source", "target"), list(itertools.product(TAG_SCHEMES, TAG_SCHEMES)))
def test_the_same_entities_in_every_scheme(source: TagScheme, target: TagScheme) -> None:
    assert convert_tags(SAME[source].split(), target) == SAME[target].split()


@pytest.mark.parametrize("scheme", TAG_SCHEMES)
def test_a_scheme_is_detected_by_its_tags(scheme: TagScheme) -> None:
    assert detect_scheme([SAME[scheme].split(), ["O"]]) == scheme


@pytest.mark.parametrize("scheme", TAG_SCHEMES)
def test_unbroken_tags_come_back_from_every_scheme(
    scheme: TagScheme, random_entities: RandomEntities
) -> None:
    rng = np.random.default_rng(0)
    for _ in range(500):
        spans, n = random_entities(rng)
        tags = spans_to_tags(spans, n, scheme)
        assert tag_spans(tags) == spans
        assert scheme_breaks(tags, scheme) == []
        for other in TAG_SCHEMES:
            assert convert_tags(convert_tags(tags, other), scheme) == tags


def test_broken_tags_keep_their_entities() -> None:
    rng = np.random.default_rng(1)
    tags = ["O", *(f"{k}-{t}" for k in "BIES" for t in ("PER", "LOC"))]
    for _ in range(1000):
        sequence = [tags[i] for i in rng.integers(0, len(tags), rng.integers(0, 10))]
        for scheme in TAG_SCHEMES:
            mended = convert_tags(sequence, scheme)
            assert tag_spans(mended) == tag_spans(sequence)
            assert scheme_breaks(mended, scheme) == []


def test_mixed_files_and_no_entities() -> None:
    assert detect_scheme([["O", "O"], []]) == "IOB2"
    mostly = [["B-X", "I-X"]] * 9 + [["I-X"]]
    assert detect_scheme(mostly) == "IOB2"
    assert scheme_breaks(["I-X"], "IOB2") == [0]
    assert detect_scheme([["I-X"]] * 9 + [["B-X"]]) == "IOB1"


def test_the_scheme_is_the_one_that_writes_most_tags_alike() -> None:
    rng = np.random.default_rng(8)
    for _ in range(200):
        tags = [
            "O",
            *(f"{k}-{t}" for k in ("BI", "I", "BIES", "BI")[rng.integers(4)] for t in "XY"),
        ]
        sentences = [
            [tags[i] for i in rng.integers(0, len(tags), rng.integers(0, 8))] for _ in range(5)
        ]
        breaks = {s: sum(len(scheme_breaks(t, s)) for t in sentences) for s in TAG_SCHEMES}
        scheme, wrong = best_scheme(sentences)
        assert breaks[scheme] == wrong == min(breaks.values())
        assert detect_scheme(iter(sentences)) == scheme


def test_what_cannot_be() -> None:
    with pytest.raises(DataError, match="token 2"):
        convert_tags(["O", "PER"], "IOB2")
    with pytest.raises(SettingsError, match="BILOU"):
        convert_tags(["O"], "BILOU")
    for spans in ([Span("X", 0, 2), Span("X", 1, 3)], [Span("X", 3, 5)], [Span("X", 1, 1)]):
        with pytest.raises(SettingsError, match="apart"):
            spans_to_tags(spans, 4, "IOB2")


# --- transitions ---


@pytest.mark.parametrize("scheme", TAG_SCHEMES)
def test_forbidden_is_what_no_unbroken_sequence_holds(scheme: TagScheme) -> None:
    tags = ["O", *(f"{kind}-{type_}" for type_ in "XY" for kind in KINDS[scheme])]
    forbidden, start = forbidden_transitions(tags, scheme)
    seen = np.zeros_like(forbidden)
    first, last = np.zeros_like(start), np.zeros_like(start)
    for length in (1, 2, 3, 4):
        for ids in itertools.product(range(len(tags)), repeat=length):
            if scheme_breaks([tags[i] for i in ids], scheme):
                continue
            first[ids[0]], last[ids[-1]] = True, True
            for pair in itertools.pairwise(ids):
                seen[pair] = True
    assert np.array_equal(~seen, forbidden)
    assert np.array_equal(~first, start)
    assert np.array_equal(~last, forbidden_ends(tags, scheme))


@pytest.mark.parametrize("scheme", TAG_SCHEMES)
def test_random_entities_obey(scheme: TagScheme, random_entities: RandomEntities) -> None:
    tags = ["O", *(f"{kind}-{type_}" for type_ in ("PER", "LOC", "A-B") for kind in KINDS[scheme])]
    forbidden, start = forbidden_transitions(tags, scheme)
    rng = np.random.default_rng(5)
    for _ in range(200):
        spans, n = random_entities(rng)
        ids = [tags.index(tag) for tag in spans_to_tags(spans, n, scheme)]
        assert not start[ids[0]]
        assert not forbidden_ends(tags, scheme)[ids[-1]]
        assert not forbidden[ids[:-1], ids[1:]].any()
