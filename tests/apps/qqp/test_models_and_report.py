"""The parts of train_qqp.py: scores, baselines, what the report shows of a mistake."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_apps.kit.run import Run
from pmt_apps.qqp import main as train_qqp
from pmt_apps.qqp.data.settings import Settings
from pmt_apps.qqp.data.splits import labels_of, texts_of
from pmt_apps.qqp.models.baselines import OverlapPairModel, TfIdfPairModel
from pmt_apps.qqp.models.pair_model import CrossAttentionMaps
from pmt_apps.qqp.models.registry import load_pair_model, make_pair_model
from pmt_apps.qqp.predictor import rounded
from pmt_apps.qqp.report import mistake_row
from pmt_apps.qqp.training.scores import intervals, scores, unlinked
from pmt_apps.qqp.training.stage import rise_and_fall, trained_baseline
from pmt_core import DataError
from pmt_text import QuestionPair, best_threshold, overlap_scores
from pmt_train import Workers, preview


def made_pairs(n: int, seed: int = 0) -> list[QuestionPair]:
    """Duplicates speak of one thing, in other words; the rest of two."""
    rng = np.random.default_rng(seed)
    things = ["swim", "cook", "sing", "run", "draw", "read"]
    pairs = []
    for i in range(n):
        a, b = rng.choice(6, 2, replace=False)
        label = int(rng.integers(2))
        other = things[a if label else b]
        pairs.append(
            QuestionPair(f"how do i {things[a]} in {i} days", f"way to {other} in {i} days", label)
        )
    return pairs


def test_scores_by_hand():
    probability = np.array([0.9, 0.6, 0.4, 0.2], np.float32)
    metrics = scores(probability, np.array([1, 0, 1, 0]))
    assert (metrics["accuracy"], metrics["f1"]) == (0.5, 0.5)
    assert metrics["loss"] == pytest.approx(-np.log([0.9, 0.4, 0.4, 0.8]).mean(), rel=1e-6)


def test_intervals_hold_the_scores_and_narrow_with_more_pairs():
    rng = np.random.default_rng(0)
    widths = []
    for n in (200, 5000):
        labels = rng.integers(0, 2, n)
        probability = np.clip(0.5 + 0.3 * (labels - 0.5) + rng.normal(0, 0.2, n), 0, 1)
        probability = probability.astype(np.float32)
        plain, metrics = scores(probability, labels), intervals(probability, labels, seed=1)
        for name, value in plain.items():
            assert metrics[name].value == pytest.approx(value, rel=1e-5)
            assert metrics[name].low < value < metrics[name].high
        widths.append(metrics["accuracy"].high - metrics["accuracy"].low)
        assert metrics["pairs"] == n
    # the normal approximation, 2 * 1.96 standard errors
    p = metrics["accuracy"].value
    assert widths[1] == pytest.approx(3.92 * np.sqrt(p * (1 - p) / 5000), rel=0.15)
    assert widths[0] > 3 * widths[1]


def test_balanced_scores_are_those_of_a_balanced_set():
    """Weighing equals repeating the rarer kind until there are as many of it."""
    rng = np.random.default_rng(2)
    labels = np.array([1] * 50 + [0] * 150)
    probability = np.clip(rng.uniform(size=200) + 0.2 * labels, 0, 1).astype(np.float32)
    repeated = np.concatenate([np.tile(np.arange(50), 3), np.arange(50, 200)])
    metrics = intervals(probability, labels, seed=1, balanced=True)
    expected = scores(probability[repeated], labels[repeated])
    for name, value in expected.items():
        assert metrics[name].value == pytest.approx(value, rel=1e-5)
    assert "calibration_error" not in metrics


def test_unlinked_pairs_share_no_question_however_it_is_written():
    known = [QuestionPair("How do I swim?", "Why?", 1)]
    pairs = [
        QuestionPair("how do I SWIM ?", "something else", 0),
        QuestionPair("new", "why?", 0),
        QuestionPair("new", "newer", 0),
    ]
    assert unlinked(pairs, known).tolist() == [False, False, True]
    assert unlinked(pairs, []).all()


def test_an_overlap_baseline_that_never_predicts_a_duplicate():
    """Equal questions are mostly no duplicates here: the best threshold is above all scores."""
    pairs = [
        QuestionPair(f"how do i bake loaf {i}", f"how do i bake loaf {i}", 0) for i in range(9)
    ]
    pairs += [
        QuestionPair(f"how do i row boat {i}", f"way to row boat {i}", i % 2) for i in range(4)
    ]
    model = trained_baseline("overlap", pairs, Settings(), Workers(1))
    probabilities = model.predict(texts_of(pairs), Workers(1))
    assert (probabilities < 0.5).all()
    assert best_threshold(overlap_scores(texts_of(pairs)), labels_of(pairs)).accuracy == 11 / 13
    always = [QuestionPair(pair.question1, pair.question2, 1 - pair.label) for pair in pairs]
    model = trained_baseline("overlap", always, Settings(), Workers(1))
    probabilities = model.predict(texts_of([*pairs, QuestionPair("a", "b")]), Workers(1))
    assert (probabilities[:-1] >= 0.5).all()


def test_the_printed_probability_and_the_label_agree():
    for probability in (0.0, 0.3, 0.4999994, 0.4999999, 0.5, 0.5000001, 1.0):
        answer = rounded(probability)
        assert answer["label"] == int(answer["probability"] >= 0.5) == int(probability >= 0.5)
        assert answer["probability"] == pytest.approx(probability, abs=1.1e-6)


@pytest.mark.parametrize("steps", [10, 24, 199, 5000])
def test_the_rate_rises_to_its_peak_in_every_run(steps):
    rates = preview(rise_and_fall(1e-3, steps, 200), steps)
    assert max(rates) >= 0.9e-3
    assert rates.index(max(rates)) <= steps // 10


def test_the_overlap_baseline_answers_as_its_threshold_does():
    pairs = made_pairs(300)
    settings, workers = Settings(), Workers(1)
    model = trained_baseline("overlap", pairs, settings, workers)
    cut = best_threshold(overlap_scores(texts_of(pairs)), labels_of(pairs))
    probability = model.predict(texts_of(pairs), workers)
    assert ((probability >= 0.5) == (labels_of(pairs) == 1)).mean() == cut.accuracy
    # training has fitted a steepness that is better than the one it began with
    before = OverlapPairModel.for_pairs(settings, pairs).predict(texts_of(pairs), workers)
    labels = labels_of(pairs)
    assert scores(probability, labels)["loss"] < scores(before, labels)["loss"]


@pytest.mark.parametrize("kind", ["tfidf", "ngrams"])
def test_linear_models_learn_which_words_matter_and_no_order(kind):
    settings, workers = Settings(), Workers(1)
    model = trained_baseline(kind, made_pairs(2000), settings, workers)
    dev = made_pairs(400, seed=1)
    probability = model.predict(texts_of(dev), workers)
    assert scores(probability, labels_of(dev))["accuracy"] > 0.95
    turned = model.predict([(b, a) for a, b in texts_of(dev)], workers)
    np.testing.assert_array_equal(probability, turned)


@pytest.mark.parametrize("baseline", [None, "overlap", "tfidf", "ngrams"])
def test_a_model_comes_back_from_its_weights_and_json(baseline):
    pairs = made_pairs(200)
    small = {"width": 8, "heads": 2, "hidden": 8, "layers": 1}
    settings = Settings(baseline=baseline, min_count=1, **small)
    model = make_pair_model(settings, {"train": pairs, "dev": []})
    state = model.model_meta()
    again = load_pair_model(settings, model.module.state_dict(), state)
    workers = Workers(1)
    np.testing.assert_array_equal(
        model.predict(texts_of(pairs), workers), again.predict(texts_of(pairs), workers)
    )


def test_a_rank_that_does_not_write_does_not_score_either(monkeypatch, tmp_path):
    rows = [f"{p.label}\t{p.question1}\t{p.question2}\t{i}" for i, p in enumerate(made_pairs(60))]
    (tmp_path / "pairs.tsv").write_text("\n".join(rows) + "\n")
    reports = []
    monkeypatch.setattr(train_qqp, "report", lambda run, *_: reports.append(run.is_writer))
    for writes in (False, True):
        out = tmp_path / str(writes)
        settings = Settings(out=out, baseline="overlap", data=tmp_path / "pairs.tsv", epochs=2)
        with Run.open(settings, "qqp", "") as run:
            run.is_writer = writes
            train_qqp.train(settings, run)
    assert reports == [True]


def test_an_unknown_kind_of_model_is_named():
    with pytest.raises(DataError, match="oracle"):
        load_pair_model(Settings(), {}, {"kind": "oracle"})


def test_attention_across_is_part_of_the_whole_with_the_words_as_written():
    settings = Settings(width=8, heads=2, hidden=8, layers=2, min_count=2, max_length=12)
    model = make_pair_model(settings, {"train": made_pairs(50), "dev": []})
    texts = ("how do i zzz", "way to cook in the seventeen days of the year")  # 9 words have room
    look = model.cross_attention(texts)
    assert look is not None
    assert look.tokens1 == ["how", "do", "i", "zzz"]
    assert look.tokens2 == ["way", "to", "cook", "in", "the"]
    whole = np.mean([layer.weights for layer in model.attention_maps(texts)], axis=0)
    np.testing.assert_allclose(look.weights12, whole[1:5, 6:11])
    np.testing.assert_allclose(look.weights21, whole[6:11, 1:5])
    assert TfIdfPairModel.for_pairs(settings, made_pairs(5)).cross_attention(texts) is None


def test_a_mistake_is_shown_escaped():
    pair = QuestionPair("<script>alert(1)</script>", 'is "x" & <b>?', 1)
    tokens1, tokens2 = ["<script>", "'\""], ["<b>"]
    weights12, weights21 = np.array([[0.25], [0.5]]), np.array([[0.125, 0.75]])
    row = mistake_row(pair, 0.0625, CrossAttentionMaps(tokens1, tokens2, weights12, weights21))
    assert "<script" not in row
    assert "<b>" not in row
    assert "&lt;script&gt;alert(1)" in row
    assert "duplicate" in row
    assert "0.062" in row
    # the token with all of the attention is the darkest, the one with the least is not shaded
    assert row.index("0.00") < row.index("0.65")
    assert mistake_row(pair, 0.5, None).count("<span") == 0
    empty = CrossAttentionMaps([], ["a"], np.empty((0, 1)), np.empty((1, 0)))
    assert mistake_row(pair, 0.5, empty).count("<span") == 1
