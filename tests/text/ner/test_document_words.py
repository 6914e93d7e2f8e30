"""The words of documents that accompany their sentences, through chunks, batches and shards."""

from __future__ import annotations

import numpy as np

from pmt_text import SentenceEncoder, TaggedSentence, sentence_chunks

LETTERS = "abcdefghijklmnopqrst"
FREQUENT = [a + b + "-often" for a in LETTERS[:10] for b in LETTERS[:10]]
TRAIN = [TaggedSentence(tuple(FREQUENT), ("O",) * 100, document=1)] * 2


def sentences(*texts: tuple[str, int]) -> list[TaggedSentence]:
    return [TaggedSentence(tuple(text.split()), document=number) for text, number in texts]


ROWS = sentences(
    ("Goal ba-often Leeds", 7), ("unheard goal won", 7), ("Kabul ca-often", 0), ("talks", 9),
    ("won", 7),
)  # fmt: skip
ENCODER = SentenceEncoder.learn(
    [*TRAIN, TaggedSentence(("goal", "leeds", "won", "talks", "kabul"))]
)


def named(context: np.ndarray) -> list[list[str]]:
    return [ENCODER.words.tokens(row[row != 0]) for row in context]


def test_each_sentence_has_the_words_of_its_document() -> None:
    data = ENCODER.encode(ROWS)
    batch = data.batch(np.array([3, 0, 2, 4]))
    of_7 = ["goal", "leeds", "won"]  # once each, in their order, without frequent and unknown ones
    assert named(batch.context) == [["talks"], of_7, [], of_7]
    assert batch.context.shape == (4, 3)
    assert data.batch(np.array([3])).context.shape == (1, 1)
    assert named(batch.shard(1, 2).context) == [of_7, of_7]
    chunks = sentence_chunks(data, [row.document for row in ROWS], join=6, max_length=6)
    assert len(chunks) == 4
    assert named(chunks.batch(np.arange(4)).context) == [of_7, [], ["talks"], of_7]


def test_each_sentence_has_the_words_of_its_neighbors() -> None:
    rows = sentences(
        ("goal", 1), ("Leeds unheard", 1), ("won 5", 1), ("talks", 1), ("kabul", 2), ("goal", 2),
    )  # fmt: skip
    data = ENCODER.encode(rows)
    batch = data.batch(np.arange(6))
    assert named(batch.neighbors) == [
        ["leeds", "won"], ["goal", "won", "talks"], ["leeds", "talks", "goal"], ["won", "leeds"],
        ["goal"], ["kabul"],
    ]  # fmt: skip
    assert named(batch.shard(1, 3).neighbors) == [["goal", "won", "talks"], ["goal"]]
    unknown = ENCODER.encode([*rows[:2], *sentences(("won", 0), ("talks", 0))])
    assert named(unknown.batch(np.array([3])).neighbors) == [[]]
    long = ENCODER.encode([TaggedSentence(("goal",) * 50, document=1)] * 3)
    assert long.batch(np.array([1])).neighbors.shape == (1, 60)


def test_a_long_document_has_its_first_words() -> None:
    names = [f"{a}{b}-name" for a in LETTERS[:10] for b in LETTERS]
    encoder = SentenceEncoder.learn([*TRAIN, TaggedSentence(tuple(names))])
    data = encoder.encode([TaggedSentence((name,), document=1) for name in names])
    context = data.batch(np.array([199])).context
    assert encoder.words.tokens(context[0]) == names[:80]


def test_without_documents_there_are_none() -> None:
    batch = ENCODER.encode(sentences(("goal", 0), ("won", 0))).batch(np.arange(2))
    assert batch.context is None
    assert batch.shard(0, 2).context is None
    assert ENCODER.encode([]).contexts is None
