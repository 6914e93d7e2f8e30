"""Which tags may follow which, beside all sequences written out."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from pmt_core import Span
from pmt_text import (
    TagScheme,
    forbidden_transitions,
    spans_to_tags,
)
from pmt_text.ner.tag_scheme import TAG_SCHEMES, scheme_breaks

RandomEntities = Callable[[np.random.Generator], tuple[list[Span], int]]
KINDS = {"IOB1": "BI", "IOB2": "BI", "IOBES": "BIES"}


@pytest.mark.parametrize("scheme", TAG_SCHEMES)
def test_forbidden_is_what_no_unbroken_sequence_holds(scheme: TagScheme) -> None:
    tags = ["O", *(f"{kind}-{type_}" for type_ in "XY" for kind in KINDS[scheme])]
    forbidden, start = forbidden_transitions(tags, scheme)
    seen = np.zeros_like(forbidden)
    first = np.zeros_like(start)
    for length in (1, 2, 3, 4):
        for places in itertools.product(range(len(tags)), repeat=length):
            if scheme_breaks([tags[i] for i in places], scheme):
                continue
            first[places[0]] = True
            for pair in itertools.pairwise(places):
                seen[pair] = True
    assert np.array_equal(~seen, forbidden)
    assert np.array_equal(~first, start)


@pytest.mark.parametrize("scheme", TAG_SCHEMES)
def test_random_entities_obey(scheme: TagScheme, random_entities: RandomEntities) -> None:
    tags = ["O", *(f"{kind}-{type_}" for type_ in ("PER", "LOC", "A-B") for kind in KINDS[scheme])]
    forbidden, start = forbidden_transitions(tags, scheme)
    rng = np.random.default_rng(5)
    for _ in range(200):
        spans, n = random_entities(rng)
        places = [tags.index(tag) for tag in spans_to_tags(spans, n, scheme)]
        assert not start[places[0]]
        assert not forbidden[places[:-1], places[1:]].any()
