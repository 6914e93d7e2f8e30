"""What came out: scores beside those of the baselines, pictures, the surest mistakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pmt_apps.kit.run import Run
from pmt_apps.qqp.data import Splits, labels_of, texts_of
from pmt_apps.qqp.mistakes import add_mistakes
from pmt_apps.qqp.models.baselines import BASELINES, trained_baseline
from pmt_apps.qqp.models.pair_model import CLASSES, Predictor, Probabilities
from pmt_apps.qqp.scores import intervals, unlinked
from pmt_apps.qqp.settings import Settings
from pmt_text import QuestionPair
from pmt_train import (
    Workers,
    attention_plot,
    confusion_matrix,
    confusion_plot,
    learning_curves,
    reliability_plot,
)


def report(run: Run[Settings], model: Predictor, splits: Splits, workers: Workers) -> None:
    """Score "dev" and "test", and tell of it in the run's report."""
    add_learning_curves(run)
    answerers = {"": model, **baselines(run.settings, splits, workers)}
    known = [*splits["train"], *splits.get("extra", [])]
    for name in ("dev", "test"):
        if name not in splits:
            continue
        answers = {by: one.answer(texts_of(splits[name]), workers) for by, one in answerers.items()}
        add_scores(run, name, splits[name], answers, unlinked(splits[name], known))
        add_pictures(run, name, splits[name], answers[""])
        if name == "dev":
            show_attention(run, model, splits[name], answers[""])
            add_mistakes(run, model, splits[name], answers[""])


def add_learning_curves(run: Run[Settings]) -> None:
    """Of the last stage, and of the hidden words where they were guessed."""
    last = list(run.stages.values())[-1] if run.stages else run.history
    run.add_figure("learning.png", "Loss and scores by epoch", learning_curves, last)
    hidden = run.stages.get("pretrain")
    if hidden is not None:
        run.add_figure("pretraining.png", "Loss of hidden words", learning_curves, hidden)


def baselines(settings: Settings, splits: Splits, workers: Workers) -> dict[str, Predictor]:
    """Those that are not the run's own model, trained on the labeled training pairs."""
    return {
        kind: trained_baseline(kind, splits["train"], settings, workers)
        for kind in BASELINES
        if kind != settings.baseline
    }


def add_scores(
    run: Run[Settings],
    name: str,
    pairs: Sequence[QuestionPair],
    answers: Mapping[str, Probabilities],
    is_new: np.ndarray,
) -> None:
    """The scores of the model ("dev", "dev_unlinked") and those of the baselines ("dev_tfidf")."""
    labels, seed = labels_of(pairs), run.settings.seed
    both_kinds = len(set(labels[is_new].tolist())) == 2
    seen = f"{is_new.sum():,} of {len(pairs):,} {name} pairs have no question seen in training"
    run.report.text(f"{seen}.")
    if not both_kinds:
        run.say(f"{seen}, and not of both kinds: there is no score for them apart")
    for by, probability in answers.items():
        row = f"{name}_{by}" if by else name
        run.log_metrics(row, intervals(probability, labels, seed))
        if both_kinds:
            found = intervals(probability[is_new], labels[is_new], seed, balanced=True)
            run.log_metrics(f"{row}_unlinked", found)


def add_pictures(
    run: Run[Settings], name: str, pairs: Sequence[QuestionPair], probability: Probabilities
) -> None:
    labels = labels_of(pairs)
    run.add_figure(
        f"confusion_{name}.png",
        f"Confusion matrix of {name}",
        confusion_plot,
        confusion_matrix((probability >= 0.5).astype(np.int64), labels, len(CLASSES)),
        CLASSES,
        f"{name}: what was said of which pairs",
    )
    run.add_figure(
        f"calibration_{name}.png",
        f"Calibration on {name}: of the pairs given a probability, the share that are duplicates",
        reliability_plot,
        probability,
        labels,
        title=f"{name}: calibration",
        event="duplicates",
    )


def show_attention(
    run: Run[Settings],
    model: Predictor,
    pairs: Sequence[QuestionPair],
    probability: Probabilities,
) -> None:
    """The attention in a few telling pairs, where the model has any."""
    maps = [
        one
        for i in example_pairs(probability, pairs)
        for one in model.attention((pairs[i].question1, pairs[i].question2))
    ]
    if maps:
        run.add_figure(
            "attention.png", "Attention in dev pairs, by layer", attention_plot, maps, columns=2
        )


def example_pairs(probability: Probabilities, pairs: Sequence[QuestionPair]) -> list[int]:
    """One pair that is surely and rightly a duplicate, one that is not, and one mistake."""
    labels = labels_of(pairs)
    error = np.abs(labels - probability)
    words = np.array([len(f"{q1} {q2}".split()) for q1, q2 in texts_of(pairs)])
    readable = np.abs(words - 15) < 8  # neither empty nor a wall of text
    doubt = np.where(readable, error, 0.5)
    kinds = [np.where(labels == 1, doubt, 1), np.where(labels == 0, doubt, 1), -doubt]
    return list(dict.fromkeys(int(np.argmin(kind)) for kind in kinds))
