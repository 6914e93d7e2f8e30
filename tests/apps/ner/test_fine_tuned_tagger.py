"""A pre-trained encoder that is fine-tuned to find entities: alignment, runs, bad options."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from programs import Program
from small_apps import tagged_sentences
from tiny_encoder import write_tiny_encoder

from pmt_apps.encoder.encoder import Encoder
from pmt_apps.ner.ensemble import load_tagger
from pmt_apps.ner.fine_tuned_tagger import FineTunedTagger
from pmt_apps.ner.settings import Settings
from pmt_text import SentenceEncoder, TaggedSentence
from pmt_train import Workers

SENTENCES = [
    TaggedSentence(("Ann", "swims", "well"), ("B-PER", "O", "O")),
    TaggedSentence(("the", "unable", "film"), ("O", "B-X", "I-X")),
    TaggedSentence(("swims",) * 40, ("O",) * 40),
]


@pytest.fixture
def tagger(tmp_path: Path) -> FineTunedTagger:
    settings = Settings(filters=4, seed=1)
    encoder = Encoder.load(write_tiny_encoder(tmp_path))
    return FineTunedTagger(SentenceEncoder.learn(SENTENCES), encoder, settings)


def test_words_have_the_vectors_of_their_first_pieces(tagger: FineTunedTagger) -> None:
    encoded = tagger.encode(SENTENCES[:2])
    batch = encoded.batch(np.array([1, 0]))
    pieces = tagger.pretrained.encode_words(["the", "unable", "film"])
    assert batch.ids[0, : len(pieces.text.ids)].tolist() == list(pieces.text.ids)
    assert batch.first[0].tolist() == pieces.alignment.starts.tolist()
    assert batch.tags is not None
    assert batch.tags.shape == batch.first.shape == (2, 3)
    parts = [batch.shard(i, 2) for i in range(2)]
    for i, part in enumerate(parts):
        width = part.ids.shape[1]
        np.testing.assert_array_equal(part.ids[0], batch.ids[i, :width])
        np.testing.assert_array_equal(part.first[0], batch.first[i])


def test_long_sentences_are_cut_and_joined_again(tagger: FineTunedTagger) -> None:
    assert len(tagger.encode(SENTENCES)) > len(SENTENCES)
    tagging = tagger.tag(SENTENCES, Workers(1), confidence=True)
    assert [len(tags) for tags in tagging.tags] == [3, 3, 40]
    assert all(np.isfinite(row).all() for row in tagging.confidence)


def test_json_and_weights_restore_it(tagger: FineTunedTagger) -> None:
    again = load_tagger(Settings(filters=4), json.loads(json.dumps(tagger.to_json())))
    again.model.load_state_dict(tagger.model.state_dict())
    assert again.tag(SENTENCES, Workers(1)).tags == tagger.tag(SENTENCES, Workers(1)).tags


def test_a_run_learns_resumes_and_needs_the_folder_no_more(
    program: Callable[..., Program], tmp_path: Path
) -> None:
    ner = program("ner")
    write_tiny_encoder(tmp_path / "encoder")
    options = ("--encoder", "encoder", "--epochs", 3, "--workers", 1, "--filters", 8, "--lr", 1e-3)
    ner.run(*tagged_sentences(tmp_path), *options, "--out", "run")
    content = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert content["dev"]["f1"] > 0.9
    shutil.rmtree(tmp_path / "encoder")
    text = "Ann Lee met Bob in Oslo."
    answer = ner.run("--predict", "--out", "run", stdin=text).answers[0]
    assert {"type": "LOC", "text": "Oslo"}.items() <= answer["entities"][-1].items()


def test_other_starts_are_refused_beside_it(
    program: Callable[..., Program], tmp_path: Path
) -> None:
    write_tiny_encoder(tmp_path / "encoder")
    (tmp_path / "plain").write_text("some text\n")
    program("ner").refuse(
        *tagged_sentences(tmp_path), "--encoder", "encoder", "--lm-corpus", "plain",
        error=["--lm-corpus", "--encoder"],
    )  # fmt: skip


def test_the_encoder_reads_the_shapes_of_words(tagger: FineTunedTagger) -> None:
    """Two words that differ in capitals alone have one id, and their contexts differ."""
    model = tagger.model.eval()
    batch = tagger.encode(SENTENCES[:2]).batch(np.array([0, 1]))
    before = model(batch).data
    shapes = model.seen_shapes.weight
    shapes.data[:] = np.random.default_rng(0).normal(size=shapes.shape)
    changed = model(batch).data
    mask = batch.mask
    assert np.abs(changed - before)[mask].min(axis=-1).max() > 1e-3
    shapes.data[:] = 0
    plain = FineTunedTagger(
        tagger.encoder, tagger.pretrained, Settings(filters=4, seed=1), sees_shapes=False
    ).model.eval()
    state = {k: v for k, v in model.state_dict().items() if not k.startswith("seen_shapes.")}
    plain.load_state_dict(state)
    np.testing.assert_allclose(model(batch).data[mask], plain(batch).data[mask], rtol=1e-5)
    assert (batch.first[mask] > 0).all()


def test_runs_of_before_are_read(tagger: FineTunedTagger) -> None:
    content = json.loads(json.dumps(tagger.to_json()))
    del content["sees_shapes"]
    old = load_tagger(Settings(filters=4), content)
    assert "seen_shapes.weight" not in old.model.state_dict()
    assert old.to_json()["sees_shapes"] is False
