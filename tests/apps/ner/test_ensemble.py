"""Ensembles of taggers: the product of experts, files, `--members` stopped and resumed."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from programs import Program
from same_model import assert_same_model
from small_apps import tagged_sentences

from pmt_apps.loading import load
from pmt_apps.ner.ensemble import EnsembleTagger, load_tagger
from pmt_apps.ner.settings import MOST_MEMBERS, Settings
from pmt_apps.ner.tagger import Tagger
from pmt_core import DataError, load_archive
from pmt_text import SentenceEncoder, TaggedSentence
from pmt_train import Workers

SENTENCE = TaggedSentence(("Ann", "saw", "Rome"), ("B-PER", "O", "B-LOC"))
SMALL = (
    "--width", 8, "--hidden", 8, "--heads", 2, "--layers", 1, "--word-width", 8, "--filters", 8,
    "--average", 0, "--epochs", 2, "--workers", 1, "--lr", 0.02, "--limit", 150, "--members", 3,
)  # fmt: skip


@pytest.fixture
def members() -> list[Tagger]:
    """Two taggers with IOB2 tags of two types, and transition scores that matter."""
    encoder = SentenceEncoder.learn([SENTENCE], scheme="IOB2")
    sizes = {"width": 8, "heads": 2, "hidden": 8, "layers": 1, "word_width": 4, "filters": 4}
    taggers = []
    for seed in (1, 2):
        tagger = Tagger.build(Settings(seed=seed, **sizes), encoder, [SENTENCE], None)
        rng = np.random.default_rng(seed)
        for parameter in tagger.model.crf.parameters():
            parameter.data[:] = rng.normal(size=parameter.shape)
        taggers.append(tagger)
    return taggers


def log_distribution(tagger: Tagger) -> dict[tuple[int, ...], float]:
    """Return log p of every allowed sequence of tags of SENTENCE, by enumeration."""
    encoded = tagger.encode([SENTENCE])
    scores = tagger.model.eval()(encoded.batch(np.array([0]))).data[0].astype(np.float64)
    crf = tagger.model.crf
    transitions = np.where(crf.forbidden, -np.inf, crf.transitions.data)
    start = np.where(crf.forbidden_start, -np.inf, crf.start.data)
    sequences = {}
    for tags in itertools.product(range(len(tagger.encoder.tags)), repeat=len(SENTENCE.words)):
        steps = sum(transitions[a, b] for a, b in itertools.pairwise(tags))
        emitted = sum(scores[i, tag] for i, tag in enumerate(tags))
        sequences[tags] = float(start[tags[0]] + emitted + steps + crf.end.data[tags[-1]])
    return normalized(sequences)


def normalized(scores: dict[tuple[int, ...], float]) -> dict[tuple[int, ...], float]:
    total = np.logaddexp.reduce(list(scores.values()))
    return {tags: score - total for tags, score in scores.items() if np.isfinite(score)}


def test_the_ensemble_is_the_normalized_geometric_mean_of_its_members(
    members: list[Tagger],
) -> None:
    first, second = map(log_distribution, members)
    mean = normalized({tags: (first[tags] + second[tags]) / 2 for tags in first})
    ensemble = EnsembleTagger(members)
    best = max(mean, key=lambda tags: mean[tags])
    names = [ensemble.encoder.tags[tag] for tag in best]
    assert ensemble.tag([SENTENCE], Workers(1)).tags == [names]
    expected = np.zeros((3, len(ensemble.encoder.tags)))
    for tags, score in mean.items():
        expected[range(3), tags] += np.exp(score)
    found = ensemble.marginals([SENTENCE], Workers(1))[0]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert not np.allclose(expected, members[0].marginals([SENTENCE], Workers(1))[0], atol=1e-2)


def test_json_and_weights_restore_it(members: list[Tagger]) -> None:
    ensemble = EnsembleTagger(members)
    state = json.loads(json.dumps(ensemble.to_json()))
    again = load_tagger(Settings(), state)
    again.model.load_state_dict(ensemble.model.state_dict())
    rows = [tagger.marginals([SENTENCE], Workers(1))[0] for tagger in (ensemble, again)]
    np.testing.assert_array_equal(*rows)


@pytest.mark.parametrize("number", [0, -1, MOST_MEMBERS + 1, "2", None])
def test_a_damaged_number_of_members_is_refused(members: list[Tagger], number: Any) -> None:
    state = {**EnsembleTagger(members).to_json(), "members": number}
    with pytest.raises(DataError, match="members"):
        load_tagger(Settings(), state)


def test_ensembles_of_ensembles_are_refused(members: list[Tagger]) -> None:
    state = EnsembleTagger(members).to_json()
    with pytest.raises(DataError, match="member"):
        load_tagger(Settings(), {"members": 2, "member": state})


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Program, tuple[object, ...]]:
    """A run of three members, in `run` below the program's folder."""
    program = Program("ner", tmp_path_factory.mktemp("ner"))
    options = (*tagged_sentences(program.folder), *SMALL)
    program.run(*options, "--out", "run")
    return program, options


def read_metrics(run: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((run / "metrics.json").read_text())
    return content


def test_a_run_scores_and_saves_the_ensemble(trained: tuple[Program, tuple[object, ...]]) -> None:
    run = trained[0].folder / "run"
    metrics = read_metrics(run)
    assert metrics["dev"]["f1"] > 0.5
    assert 0 < metrics["dev"]["members_mean_f1"] <= 1
    predictor = load(run)
    assert len(predictor.tagger.model.members) == 3
    assert metrics["parameters"] == predictor.tagger.model.parameter_count()
    answer = predictor.predict(["Ann Lee met Bob in Oslo."])
    assert answer == [["B-PER", "I-PER", "O", "B-PER", "O", "B-LOC", "O"]]
    first, second = (load_archive(run / f"member{i}.npz")[0] for i in (1, 2))
    assert not np.array_equal(first["words.weight"], second["words.weight"])


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_in_a_later_member_keeps_the_others_and_a_resumed_run_is_equal(
    trained: tuple[Program, tuple[object, ...]],
) -> None:
    program, options = trained
    process = program.start(*options, "--out", "parted", interrupt="step 25")  # of 20 a member
    out, errors = process.communicate(timeout=600)
    assert process.returncode == 130, errors
    assert "--out parted --resume" in errors
    assert "member 2 of 3" in out
    assert len(load(program.folder / "parted").tagger.model.members) == 1  # usable already
    program.run("--resume", "--out", "parted")
    assert_same_model(program.folder / "parted", program.folder / "run")
    scores = [read_metrics(program.folder / name)["dev"] for name in ("run", "parted")]
    assert scores[0] == scores[1]


def test_presets_set_what_is_not_given() -> None:
    given = {"train": "t", "dev": "d"}
    assert Settings.defaults({**given, "preset": "best"}) == {"members": 5}
    assert Settings.defaults({**given, "preset": "quick"}) == {"epochs": 8}
    assert Settings.defaults({"preset": "quick"})["epochs"] == 8  # the sample's are 24
    assert Settings.defaults({"preset": "quick"})["width"] == 64
    assert Settings.defaults(given) == {}
