"""Soft labels by hand, the rates of the optimizers, and those of masked words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pytest

from pmt_apps.qqp.data.settings import Settings
from pmt_apps.qqp.models.transformer import TransformerPairModel
from pmt_apps.qqp.training.distillation import SoftLabels, distillation_stage
from pmt_apps.qqp.training.pretraining import pretraining_stage
from pmt_apps.transformer_optimizer import OptimizerName
from pmt_text import EncodedPairs, PairEncoder, QuestionPair, Vocabulary
from pmt_train import Workers

ENCODER = PairEncoder(Vocabulary.build([["who", "is", "he"]]))
PAIRS = [("who", "he"), ("is", "he"), ("he", "he")]


@dataclass
class Teacher:
    """Answers with the given probabilities for the pairs of extra and the mined ones."""

    answers: list[float]

    def probabilities(self, encoded: EncodedPairs, workers: Workers, **options: Any) -> Any:
        assert len(encoded) == len(self.answers)
        assert not options["both_orders"]
        return np.array(self.answers, np.float32)


def teacher(*answers: float) -> TransformerPairModel:
    return cast(TransformerPairModel, Teacher(list(answers)))


def pairs(n: int, labels: list[int] | None = None) -> EncodedPairs:
    return ENCODER.encode(PAIRS[:n], labels)


def test_targets_are_smoothed_labels_and_means_of_the_teachers() -> None:
    soft = SoftLabels(pairs(2, [1, 0]), pairs(3, [1, 1, 0]), pairs(2), Workers(1))
    assert len(soft.pairs) == 7
    soft.set_teachers([teacher(0.9, 0.1, 0.1, 0.3, 0.0), teacher(1.0, 0.3, 0.3, 0.5, 0.2)])
    # The mean of a duplicate of extra is at least 0.9, that of a non-duplicate at most 0.1.
    expected = [0.97, 0.03, 0.95, 0.9, 0.1, 0.4, 0.1]
    assert soft.targets().tolist() == pytest.approx(expected)
    assert soft.targets().tolist() == pytest.approx(expected)  # a second time, too
    soft.add_teacher(teacher(0.95, 0.2, 0.2, 0.1, 0.4))
    assert soft.targets().tolist() == pytest.approx([*expected[:5], 0.3, 0.2])
    soft.set_teachers([teacher(0.9, 0.1, 0.1, 0.3, 0.0)])
    assert soft.targets()[-2:].tolist() == pytest.approx([0.3, 0])


def test_without_extra_all_other_pairs_are_mined() -> None:
    soft = SoftLabels(pairs(1, [0]), None, pairs(2), Workers(1))
    soft.set_teachers([teacher(0.25, 1.0)])
    assert soft.targets().tolist() == pytest.approx([0.03, 0.25, 1])


@pytest.fixture
def model() -> TransformerPairModel:
    settings = Settings(width=8, hidden=16, heads=2, layers=1, min_count=1)
    known = [QuestionPair("who is he", "who is who", 1)]
    return TransformerPairModel.for_pairs(settings, known)


@pytest.mark.parametrize(("optimizer", "factor"), [("adamw", 1), ("muon", 6)])
def test_a_student_reads_soft_labels_once_as_fast_as_the_optimizer_is_asked_to(
    model: TransformerPairModel, optimizer: OptimizerName, factor: int
) -> None:
    settings = Settings(lr=0.01, optimizer=optimizer)
    targets = np.full(1920, 0.5, np.float32)
    encoded = model.encode(PAIRS * 640)  # 30 batches of 64
    stage = distillation_stage(model, encoded, targets, "student1", settings, Workers(1))
    assert (stage.name, stage.options.epochs) == ("student1.soft_labels", 1)
    # Three steps of warm-up, a tenth of 30, and a linear fall to 0.
    rates = [stage.trainer.schedule(step) for step in range(30)]
    assert max(rates) == pytest.approx(0.01 * factor, rel=0.1)
    assert rates.index(max(rates)) in (2, 3)
    assert min(rates[3:]) < 0.001 * factor


def test_muon_trains_the_matrices_of_layers_and_adamw_the_tables(
    model: TransformerPairModel,
) -> None:
    settings = Settings(optimizer="muon", weight_decay=0.0)
    targets = np.ones(3, np.float32)
    before = model.module.state_dict()
    stage = distillation_stage(
        model, model.encode(PAIRS), targets, "student1", settings, Workers(1)
    )
    for batch in stage.batches:
        stage.trainer.step(batch)
    rate = stage.trainer.schedule(0)
    change = {n: a - before[n] for n, a in model.module.state_dict().items()}
    # All singular values of the first step of a matrix are alike, but the one in the direction
    # that the layer norm before it removes.
    up = np.linalg.svd(change["members.0.encoder.layers.0.feed_forward.up.weight"])[1][:-1]
    assert up.max() < 2 * up.min()
    assert up.max() == pytest.approx(0.2 * 16**0.5 * rate, rel=0.35)
    # The first step of AdamW is its rate wherever there is a gradient: a sixth of the matrices'.
    table = np.abs(change["members.0.match_types.weight"])
    assert table.max() == pytest.approx(rate / 6, rel=0.01)


@pytest.mark.parametrize(("restart", "rises"), [(0, 1), (2, 2), (5, 1), (9, 1)])
def test_the_rate_of_masked_words_rises_again_after_the_restart(
    model: TransformerPairModel, restart: int, rises: int
) -> None:
    settings = Settings(pretrain_epochs=5, pretrain_restart=restart)
    encoded = model.encode(PAIRS * 640)  # 30 batches of 64
    stage = pretraining_stage(model, encoded, settings, Workers(1))
    rates = [stage.trainer.schedule(step) for step in range(5 * 30)]
    falls = np.diff(rates, prepend=1.0) < 0
    lowest = [i for i in range(149) if falls[i] and not falls[i + 1]]
    assert lowest == [0, 59][:rises]  # the first step, and the last one of two epochs
    assert max(rates) == pytest.approx(1e-3, rel=0.1)
    assert stage.options.epochs == 5
