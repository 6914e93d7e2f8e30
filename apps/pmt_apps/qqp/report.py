"""The report of a run: scores beside those of the baselines, figures, and mistakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.run import Run
from pmt_apps.qqp.data.settings import Settings
from pmt_apps.qqp.data.splits import Splits, labels_of, texts_of
from pmt_apps.qqp.mistakes import add_mistakes
from pmt_apps.qqp.models.baselines import BASELINES, trained_baseline
from pmt_apps.qqp.models.pair_model import CLASSES, Predictor, Probabilities
from pmt_apps.qqp.training.scores import intervals, unlinked
from pmt_text import QuestionPair, Tokenize, tokenize
from pmt_train import (
    Workers,
    attention_plot,
    confusion_matrix,
    confusion_plot,
    learning_curves,
    reliability_plot,
)


def report(
    run: Run[Settings],
    model: Predictor,
    splits: Splits,
    workers: Workers,
    tokenize: Tokenize = tokenize,
) -> None:
    """Score the model and the baselines on "dev" and "test", and fill the report of the run."""
    add_learning_curves(run)
    train, settings = splits["train"], run.settings
    baselines = {
        kind: trained_baseline(kind, train, settings, workers, tokenize)
        for kind in BASELINES
        if kind != settings.baseline
    }
    predictors: dict[str, Predictor] = {"": model, **baselines}
    known = [*train, *splits.get("extra", [])]
    for name in ("dev", "test"):
        if name not in splits:
            continue
        pairs = splits[name]
        probabilities = {
            kind: predictor.predict(texts_of(pairs), workers)
            for kind, predictor in predictors.items()
        }
        add_scores(run, name, pairs, probabilities, unlinked(pairs, known, tokenize))
        add_figures(run, name, pairs, probabilities[""])
        if name == "dev":
            add_attention(run, model, pairs, probabilities[""])
            add_mistakes(run, model, pairs, probabilities[""])


def add_learning_curves(run: Run[Settings]) -> None:
    """Add the curves of the last stage, and of pre-training if there was any."""
    last = list(run.stages.values())[-1] if run.stages else run.history
    run.add_figure("learning.png", "Loss and scores by epoch", learning_curves, last)
    pretraining = run.stages.get("pretrain")
    if pretraining is not None:
        run.add_figure("pretraining.png", "Loss of masked words", learning_curves, pretraining)


def add_scores(
    run: Run[Settings],
    name: str,
    pairs: Sequence[QuestionPair],
    probabilities: Mapping[str, Probabilities],
    is_unlinked: NDArray[np.bool_],
) -> None:
    """Log the metrics of a split for each model.

    Args:
        run: gets "dev" and "dev_unlinked" of the model, "dev_tfidf" and so on of the baselines.
        name: of the split.
        pairs: n labeled pairs.
        probabilities: (n,) of each baseline by its kind, and "" for the model.
        is_unlinked: (n,), see `unlinked`.
    """
    labels, seed = labels_of(pairs), run.settings.seed
    both_classes = len(set(labels[is_unlinked].tolist())) == 2
    count = f"{is_unlinked.sum():,} of {len(pairs):,} {name} pairs"
    count += " have no question seen in training"
    run.report.text(f"{count}.")
    if not both_classes:
        run.say(f"{count}, and not of both classes: they get no score of their own")
    for kind, probability in probabilities.items():
        row = f"{name}_{kind}" if kind else name
        run.log_metrics(row, intervals(probability, labels, seed))
        if both_classes:
            metrics = intervals(probability[is_unlinked], labels[is_unlinked], seed, balanced=True)
            run.log_metrics(f"{row}_unlinked", metrics)


def add_figures(
    run: Run[Settings], name: str, pairs: Sequence[QuestionPair], probability: Probabilities
) -> None:
    """Add the confusion matrix and the reliability diagram of a split."""
    labels = labels_of(pairs)
    run.add_figure(
        f"confusion_{name}.png",
        f"Confusion matrix of {name}",
        confusion_plot,
        confusion_matrix((probability >= 0.5).astype(np.int64), labels, len(CLASSES)),
        CLASSES,
        f"{name}: predictions by class",
    )
    run.add_figure(
        f"calibration_{name}.png",
        f"Calibration on {name}: share of duplicates by predicted probability",
        reliability_plot,
        probability,
        labels,
        title=f"{name}: calibration",
        event="duplicates",
    )


def add_attention(
    run: Run[Settings],
    model: Predictor,
    pairs: Sequence[QuestionPair],
    probability: Probabilities,
) -> None:
    """Add the attention maps of a few example pairs, if the model has attention."""
    maps = [
        attention_map
        for i in example_pairs(probability, pairs)
        for attention_map in model.attention_maps((pairs[i].question1, pairs[i].question2))
    ]
    if maps:
        run.add_figure(
            "attention.png", "Attention in dev pairs, by layer", attention_plot, maps, columns=2
        )


def example_pairs(probability: Probabilities, pairs: Sequence[QuestionPair]) -> list[int]:
    """Return indices of the surest correct pair of each class, and of the surest mistake."""
    labels = labels_of(pairs)
    error = np.abs(labels - probability)
    words = np.array([len(f"{q1} {q2}".split()) for q1, q2 in texts_of(pairs)])
    readable = np.abs(words - 15) < 8
    doubt = np.where(readable, error, 0.5)
    candidates = [np.where(labels == 1, doubt, 1), np.where(labels == 0, doubt, 1), -doubt]
    return list(dict.fromkeys(int(np.argmin(values)) for values in candidates))
