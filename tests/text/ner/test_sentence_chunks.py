"""Sentences joined and cut for reading; the tags of each chunk are valid."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from pmt_core import IGNORE_LABEL, SettingsError, ShapeError, Span
from pmt_text import (
    SentenceEncoder,
    TaggedSentence,
    TagScheme,
    concatenate_tags,
    convert_tags,
    forbidden_transitions,
    sentence_chunks,
    spans_to_tags,
)
from pmt_text.ner.tag_scheme import TAG_SCHEMES, scheme_breaks

RandomEntities = Callable[[np.random.Generator], tuple[list[Span], int]]

SENTENCES = [
    TaggedSentence(tuple(f"w{i}{j}" for j in range(length)), ("O",) * length)
    for i, length in enumerate([3, 2, 4, 9, 1, 1])
]


@pytest.mark.parametrize(
    ("documents", "join", "max_length", "lengths"),
    [
        ([1, 1, 1, 1, 1, 1], 0, 20, [3, 2, 4, 9, 1, 1]),
        ([1, 1, 1, 1, 1, 1], 6, 20, [5, 4, 9, 2]),
        ([1, 1, 2, 2, 3, 3], 20, 20, [5, 13, 2]),
        ([0, 0, 0, 0, 0, 0], 20, 20, [3, 2, 4, 9, 1, 1]),
        ([1, 1, 1, 1, 1, 1], 0, 4, [3, 2, 4, 3, 3, 3, 1, 1]),
        ([1, 1, 1, 1, 1, 1], 4, 4, [3, 2, 4, 3, 3, 3, 2]),
        ([1, 1, 1, 1, 1, 1], 0, 8, [3, 2, 4, 5, 4, 1, 1]),
    ],
)
def test_parts(documents: list[int], join: int, max_length: int, lengths: list[int]) -> None:
    encoder = SentenceEncoder.learn(SENTENCES)
    encoded = encoder.encode(SENTENCES)
    chunks = sentence_chunks(encoded, documents, join, max_length)
    assert chunks.lengths.tolist() == lengths
    assert chunks.offsets[-1] == len(encoded.words)
    # every word comes once, in its order
    words = [
        word for i in range(len(chunks)) for word in chunks.batch(np.array([i])).words[0].tolist()
    ]
    assert words == encoded.words.tolist()


def test_what_cannot_be() -> None:
    encoded = SentenceEncoder.learn(SENTENCES).encode(SENTENCES)
    with pytest.raises(SettingsError, match="join"):
        sentence_chunks(encoded, [1] * 6, 5, 4)
    with pytest.raises(ShapeError, match="documents"):
        sentence_chunks(encoded, [1] * 5, 0, 4)


@pytest.mark.parametrize("scheme", TAG_SCHEMES)
@pytest.mark.parametrize("join", [0, 5])
def test_the_tags_of_each_chunk_are_valid(
    scheme: TagScheme, join: int, random_entities: RandomEntities
) -> None:
    rng = np.random.default_rng(6)
    sentences = []
    for _ in range(300):
        spans, n = random_entities(rng)
        n = int(rng.integers(1, n + 1))
        tags = spans_to_tags([span for span in spans if span.stop <= n], n, scheme)
        sentences.append(TaggedSentence(("w",) * n, tuple(tags)))
    encoder = SentenceEncoder.learn(sentences, scheme=scheme)
    forbidden, forbidden_start = forbidden_transitions(encoder.tags, scheme)
    chunks = sentence_chunks(encoder.encode(sentences), [1] * len(sentences), join, 5)
    assert chunks.tags is not None
    names: list[str] = []
    for start, stop in itertools.pairwise(chunks.offsets):
        ids = chunks.tags[start:stop]
        assert not forbidden_start[ids[0]]
        assert not forbidden[ids[:-1], ids[1:]].any()
        assert scheme_breaks(encoder.tag_names(ids), scheme) == []
        names += encoder.tag_names(ids)
    # each word is in an entity of the type that it was in
    assert [tag[1:] for tag in names] == [tag[1:] for s in sentences for tag in s.tags or ()]


@pytest.mark.parametrize("scheme", TAG_SCHEMES)
def test_the_entities_of_a_sentence_come_back_from_its_parts(
    scheme: TagScheme, random_entities: RandomEntities
) -> None:
    rng = np.random.default_rng(7)
    for _ in range(300):
        spans, n = random_entities(rng)
        cut = int(rng.integers(1, n))
        if any(a.type == b.type and a.stop == b.start == cut for a, b in itertools.pairwise(spans)):
            continue  # the one case that the parts do not show
        tags = spans_to_tags(spans, n, scheme)
        parts = [convert_tags(part, scheme) for part in (tags[:cut], tags[cut:])]
        assert concatenate_tags(parts, scheme) == tags
    assert concatenate_tags([], scheme) == []


def test_an_entity_longer_than_a_chunk_is_several_entities() -> None:
    tags = ("O", "B-ORG", "I-ORG", "I-ORG", "I-ORG", "I-ORG", "O")
    sentences = [TaggedSentence(tuple("abcdefg"), tags)]
    encoder = SentenceEncoder.learn(sentences, scheme="IOBES")
    chunks = sentence_chunks(encoder.encode(sentences), [1], 0, 3)
    assert chunks.tags is not None
    parts = [encoder.tag_names(chunks.tags[a:b]) for a, b in itertools.pairwise(chunks.offsets)]
    assert parts == [["O", "B-ORG", "E-ORG"], ["B-ORG", "E-ORG"], ["S-ORG", "O"]]
    assert tuple(concatenate_tags(parts, "IOB2")) == tags


def test_sentences_that_are_joined_keep_their_entities() -> None:
    sentences = [TaggedSentence(("a",), ("I-X",)), TaggedSentence(("b", "c"), ("I-X", "O"))]
    encoder = SentenceEncoder.learn(sentences, scheme="IOB1")
    encoded = encoder.encode(sentences)
    chunks = sentence_chunks(encoded, [1, 1], 9, 9)
    assert chunks.tags is not None
    assert encoder.tag_names(chunks.tags) == ["I-X", "B-X", "O"]
    assert encoded.tags is not None
    assert encoder.tag_names(encoded.tags) == ["I-X", "I-X", "O"]


def test_types_that_the_encoder_does_not_know_stay_ignored() -> None:
    encoder = SentenceEncoder.learn([TaggedSentence(("a", "b"), ("B-X", "I-X"))], scheme="IOB2")
    sentence = TaggedSentence(tuple("abcdef"), ("B-X", "I-X", "I-X", "B-NEW", "I-NEW", "B-X"))
    chunks = sentence_chunks(encoder.encode([sentence]), [1], 0, 2)
    assert chunks.tags is not None
    begin, inside = encoder.tags.index("B-X"), encoder.tags.index("I-X")
    assert chunks.tags.tolist() == [begin, inside, begin, IGNORE_LABEL, IGNORE_LABEL, begin]
