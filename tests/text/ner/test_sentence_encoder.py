"""Sentences as ids, and as padded batches that can be cut into shards."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_core import IGNORE_LABEL, DataError, RandomStream, SettingsError
from pmt_text import (
    BucketBatches,
    SentenceEncoder,
    TaggedBatch,
    TaggedSentence,
    fold_word,
    word_shape,
)

SENTENCES = [
    TaggedSentence(("Ann", "met", "ANN", "in", "1996"), ("I-PER", "O", "I-PER", "O", "O")),
    TaggedSentence(("Oslo",), ("I-LOC",)),
    TaggedSentence(("Ann", "Lee", "won"), ("I-PER", "I-PER", "O")),
]


def spelling(encoder: SentenceEncoder, ids: np.ndarray) -> str:
    return "".join(encoder.characters.tokens(ids[ids != 0]))


def same(batch: TaggedBatch, encoder: SentenceEncoder, sentences: list[TaggedSentence]) -> None:
    """Check that a batch has the sentences of its index, position by position."""
    for row, i in enumerate(batch.index):
        sentence = sentences[i]
        n = len(sentence)
        assert batch.mask[row].sum() == n
        assert batch.mask[row, :n].all()
        folded = [fold_word(word) for word in sentence.words]
        assert encoder.words.tokens(batch.words[row, :n]) == folded
        shapes = [word_shape(word) for word in sentence.words]
        assert encoder.shapes.tokens(batch.shapes[row, :n]) == shapes
        letters = batch.characters[batch.spelling_ids[row, :n]]
        assert [spelling(encoder, ids) for ids in letters] == list(sentence.words)
        for array in (batch.words, batch.shapes, batch.spelling_ids):
            assert not array[row, n:].any()
        assert batch.tags is not None
        assert (batch.tags[row, n:] == IGNORE_LABEL).all()


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_batches_and_shards_say_what_the_sentences_say(n: int) -> None:
    encoder = SentenceEncoder.learn(SENTENCES)
    data = encoder.encode(SENTENCES)
    assert data.lengths.tolist() == [5, 1, 3]
    batch = data.batch(np.array([2, 0, 1]))
    assert batch.words.shape == (3, 5)
    assert len(batch.characters) == 1 + 8  # padding; of the nine words one is there twice
    same(batch, encoder, SENTENCES)
    assert (batch.tokens, len(batch)) == (9, 3)
    shards = [batch.shard(i, n) for i in range(n)]
    assert sorted(i for shard in shards for i in shard.index) == [0, 1, 2]
    for shard in shards:
        same(shard, encoder, SENTENCES)
        assert not shard.characters[0].any()
        assert shard.words.shape[1] == max((len(SENTENCES[i]) for i in shard.index), default=0)
    if n > 1:
        assert shards[1].characters.shape == (1 + 5, 4)
    with pytest.raises(SettingsError, match="shard"):
        batch.shard(n, n)


def test_an_epoch_has_every_word_once() -> None:
    encoder = SentenceEncoder.learn(SENTENCES)
    data = encoder.encode(SENTENCES * 20)
    batches = BucketBatches(data.lengths, 7, data.batch, RandomStream(1, "order"))
    assert sum(batch.tokens for batch in batches) == 20 * 9


def test_tags_are_of_the_encoders_scheme_and_have_all_kinds_of_a_type() -> None:
    encoder = SentenceEncoder.learn(SENTENCES, scheme="IOB2")
    assert encoder.tags == ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
    data = encoder.encode(SENTENCES)
    assert data.tags is not None
    assert encoder.tag_names(data.tags[-3:]) == ["B-PER", "I-PER", "O"]
    many = SentenceEncoder.learn(SENTENCES)
    assert len(many.tags) == 9
    unknown = encoder.encode([TaggedSentence(("x", "y"), ("B-NEW", "O"))])
    assert unknown.tags is not None
    assert unknown.tags.tolist() == [IGNORE_LABEL, 0]
    assert encoder.encode([TaggedSentence(("x",))]).tags is None


def test_unknown_words_and_further_ones() -> None:
    encoder = SentenceEncoder.learn(SENTENCES, further_words=["paris", "ann", "rome", "paris"])
    assert encoder.words.to_json()[-2:] == ["paris", "rome"]
    assert encoder.encode([TaggedSentence(("Zürich", "Rome"))]).words.tolist() == [
        1,
        encoder.words.id_of("rome"),
    ]
    rare = SentenceEncoder.learn(SENTENCES, min_count=2)
    assert rare.words.to_json()[5:] == ["ann"]


def test_long_words_keep_both_ends() -> None:
    encoder = SentenceEncoder.learn([TaggedSentence(("abcdefghij",), ("O",))], max_letters=5)
    data = encoder.encode([TaggedSentence(("abcdefghij",))])
    assert spelling(encoder, data.characters[1]) == "abcij"


def test_an_encoder_comes_back_from_json() -> None:
    encoder = SentenceEncoder.learn(SENTENCES, scheme="IOB2", lower=False, max_letters=9)
    again = SentenceEncoder.from_json(encoder.to_json())
    assert again.to_json() == encoder.to_json()
    assert again.encode(SENTENCES).words.tolist() == encoder.encode(SENTENCES).words.tolist()
    with pytest.raises(DataError):
        SentenceEncoder.from_json({"words": []})


@pytest.mark.parametrize(
    ("word", "folded", "shape"),
    [
        ("Brussels", "brussels", "Xxx"),
        ("U.S.", "u.s.", "X.X."),
        ("1996-08-22", "0000-00-00", "dd-dd-dd"),
        ("McDonald", "mcdonald", "XxXxx"),
        ("NATO", "nato", "XX"),
        ("ÉCOLE", "école", "XX"),
        ("...", "...", ".."),
        ("F-16", "f-00", "X-dd"),
        ("東京", "東京", "xx"),
    ],
)
def test_words_folded_and_shaped(word: str, folded: str, shape: str) -> None:
    assert fold_word(word) == folded
    assert word_shape(word) == shape
    assert fold_word(word, lower=False, digits=False) == word


def test_counts_and_words_known_by_their_letters() -> None:
    encoder = SentenceEncoder.learn(SENTENCES, further_words=["tshirt"])
    assert encoder.learned == len(encoder.words) - 1
    counts = encoder.counts(encoder.encode([*SENTENCES, TaggedSentence(("T-shirt", "Ann"))]))
    assert counts.shape == (encoder.learned,)
    assert counts[encoder.words.id_of("ann")] == 4
    words = encoder.encode([TaggedSentence(("T-shirt", "Os-lo"))]).words
    assert words.tolist() == [encoder.words.id_of("tshirt"), encoder.words.id_of("oslo")]
    # without vectors nothing is guessed
    assert SentenceEncoder.learn(SENTENCES).encode([TaggedSentence(("Os-lo",))]).words[0] == 1
