"""Swapped entities: their types and tags, the rate, the batches, and runs that are resumed."""

from __future__ import annotations

import os
from collections import Counter

import numpy as np
import pytest
from programs import Program
from same_model import assert_same_model
from small_apps import tagged_sentences

from pmt_apps.ner.entity_swap import EntitySwap, SwappedBatches
from pmt_apps.ner.settings import Settings
from pmt_apps.ner.tagger import Tagger
from pmt_apps.ner.training import prepare
from pmt_core import RandomStream, SettingsError, load_archive, tag_spans
from pmt_text import SentenceEncoder, TaggedSentence, convert_tags
from pmt_train import Workers

STREAM = RandomStream(3, "swap")
FORMS = {
    "PER": [("Ann",), ("Bo", "Li"), ("Cy", "van", "Dam"), ("Ed",)],
    "LOC": [("Oslo",), ("New", "York")],
    "ORG": [("UN",)],
}


def corpus(n: int) -> list[TaggedSentence]:
    """Sentences of the scheme IOB1, in some of which two names touch."""
    rng = np.random.default_rng(5)
    result = []
    for i in range(n):
        words, tags = ["then"], ["O"]
        for type_name in ("PER", "PER", "LOC", "ORG")[: int(rng.integers(1, 5))]:
            form = FORMS[type_name][int(rng.integers(len(FORMS[type_name])))]
            touches = tags[-1] == f"I-{type_name}"
            words += form
            tags += [
                f"{'B' if touches else 'I'}-{type_name}",
                *[f"I-{type_name}"] * (len(form) - 1),
            ]
            if type_name != "PER":
                words, tags = [*words, "left"], [*tags, "O"]
        result.append(TaggedSentence(tuple(words), tuple(tags), document=i // 4 + 1))
    return result


CORPUS = corpus(2000)


def entities(sentence: TaggedSentence) -> list[tuple[str, tuple[str, ...]]]:
    return [(s.type, sentence.words[s.start : s.stop]) for s in tag_spans(sentence.tags or ())]


def context(sentence: TaggedSentence) -> list[str]:
    """The words that are in no entity."""
    return [w for w, tag in zip(sentence.words, sentence.tags or (), strict=True) if tag == "O"]


def test_types_context_and_documents_stay_and_tags_are_valid() -> None:
    for old, new in zip(CORPUS, EntitySwap(CORPUS, 0.7, STREAM).epoch(0), strict=True):
        assert [name for name, _ in entities(new)] == [name for name, _ in entities(old)]
        assert all(form in FORMS[name] for name, form in entities(new))
        assert context(new) == context(old)
        assert new.document == old.document
        if new is not old:
            assert list(new.tags or ()) == convert_tags(new.tags or (), "IOB2")


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
def test_the_share_of_swapped_entities_is_the_rate(rate: float) -> None:
    swapped, total = Counter[str](), Counter[str]()
    for old, new in zip(CORPUS, EntitySwap(CORPUS, rate, STREAM).epoch(0), strict=True):
        for (name, before), (_, after) in zip(entities(old), entities(new), strict=True):
            total[name] += 1
            swapped[name] += before != after
    for name in ("PER", "LOC"):
        deviation = np.sqrt(rate * (1 - rate) / total[name])
        assert swapped[name] / total[name] == pytest.approx(rate, abs=4.5 * deviation)
    assert swapped["ORG"] == 0  # there is no other


def test_the_other_entities_are_drawn_evenly() -> None:
    """Although "Ann" is by far the most frequent."""
    sentences = [TaggedSentence(("Ann",), ("B-PER",))] * 3000
    sentences += [TaggedSentence((name,), ("B-PER",)) for name in ("Bo", "Cy", "Ed")]
    drawn = Counter(s.words for s in EntitySwap(sentences, 1.0, STREAM).epoch(0)[:3000])
    assert drawn.keys() == {("Bo",), ("Cy",), ("Ed",)}
    assert all(abs(count - 1000) < 4.5 * np.sqrt(3000 * 2 / 9) for count in drawn.values())


def test_each_epoch_is_another_draw_and_the_same_one_when_drawn_again() -> None:
    swap = EntitySwap(CORPUS, 0.5, STREAM)
    second = swap.epoch(1)
    assert swap.epoch(0) != second
    assert EntitySwap(CORPUS, 0.5, STREAM).epoch(1) == second
    assert EntitySwap(CORPUS, 0.5, RandomStream(4, "swap")).epoch(1) != second


def test_a_rate_outside_0_to_1_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"from 0 to 1, got 1\.5"):
        EntitySwap(CORPUS, 1.5, STREAM)


def tagger() -> Tagger:
    settings = Settings(filters=4, width=8, heads=2, hidden=8, layers=1, word_width=8, seed=1)
    encoder = SentenceEncoder.learn(CORPUS)
    return Tagger.build(settings, encoder, CORPUS, None)


def test_batches_of_rate_0_are_those_without_swapping() -> None:
    model, workers = tagger(), Workers(1)
    plain = prepare(model, CORPUS, CORPUS[:2], Settings(seed=1), workers).batches
    order = RandomStream(1, "order")
    swapped = SwappedBatches(model, EntitySwap(CORPUS, 0.0, STREAM), Settings().batch_size, order)
    assert len(plain) == len(swapped)
    for a, b in zip(plain.epoch(2), swapped.epoch(2), strict=True):
        for name in ("words", "shapes", "characters", "spelling_ids", "mask", "tags", "index"):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def test_the_option_swaps_what_the_tagger_is_trained_on() -> None:
    model, workers = tagger(), Workers(1)
    batches = prepare(model, CORPUS, CORPUS[:2], Settings(seed=1, entity_swap=1.0), workers).batches
    words = model.encoder.words.to_json()
    counts = [
        Counter(words[i] for batch in batches.epoch(n) for i in batch.words[batch.mask].tolist())
        for n in (0, 1)
    ]
    original = Counter(word.lower() for sentence in CORPUS for word in sentence.words)
    assert counts[0]["then"] == original["then"]
    assert counts[0]["oslo"] == original["york"]  # each LOC is now the other one
    assert counts[0]["ann"] != counts[1]["ann"]


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_resumed_run_equals_one_that_was_not_stopped(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    program = Program("ner", tmp_path_factory.mktemp("ner"))
    options = (
        *tagged_sentences(program.folder), "--limit", 120, "--epochs", 3, "--workers", 1,
        "--width", 8, "--hidden", 8, "--heads", 2, "--layers", 1, "--word-width", 8, "--filters", 8,
        "--entity-swap", 0.5,
    )  # fmt: skip
    program.run(*options, "--out", "whole")
    program.run(*options, "--entity-swap", 0, "--out", "plain")
    process = program.start(*options, "--out", "parted", interrupt="step 11")  # of 8 per epoch
    _, errors = process.communicate(timeout=600)
    assert process.returncode == 130, errors
    program.run("--resume", "--out", "parted")
    assert_same_model(program.folder / "parted", program.folder / "whole")
    whole, plain = (
        load_archive(program.folder / name / "model.npz")[0] for name in ("whole", "plain")
    )
    assert any((plain[name] != array).any() for name, array in whole.items())
