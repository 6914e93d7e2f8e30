"""What came out: scores beside those of word overlap, pictures, the worst mistakes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pmt_text import QuestionPair, best_threshold, overlap_scores, tokenize
from pmt_train import (
    Run,
    Workers,
    accuracy,
    attention_plot,
    confusion_matrix,
    confusion_plot,
    learning_curves,
)
from qqp_data import Splits, labels_of, texts_of
from qqp_detector import CLASSES, Answering, Probabilities
from qqp_scores import scores
from qqp_settings import Settings


def report(run: Run[Settings], model: Answering, splits: Splits, workers: Workers) -> None:
    """Score "dev" and "test", and tell of it in the run's report."""
    run.picture("learning.png", "Loss and scores by epoch", learning_curves, run.history)
    baseline = overlap_baseline(splits["train"])
    found = {
        name: model.answer(texts_of(splits[name]), workers)
        for name in ("dev", "test")
        if name in splits
    }
    for name, probability in found.items():
        labels = labels_of(splits[name])
        run.split(name, scores(probability, labels) | baseline(splits[name]))
        run.picture(
            f"confusion_{name}.png",
            f"Confusion matrix of {name}",
            confusion_plot,
            confusion_matrix((probability >= 0.5).astype(np.int64), labels, len(CLASSES)),
            CLASSES,
            f"{name}: what was said of which pairs",
        )
    show_attention(run, model, splits["dev"], found["dev"])
    add_mistakes(run, found["dev"], splits["dev"])


def overlap_baseline(
    known: Sequence[QuestionPair],
) -> Callable[[Sequence[QuestionPair]], dict[str, float]]:
    """Scores of "duplicate where enough words are shared", the share learnt on `known`."""
    cut = best_threshold(overlap_scores(texts_of(known)), labels_of(known)).value

    def baseline(pairs: Sequence[QuestionPair]) -> dict[str, float]:
        chosen = (overlap_scores(texts_of(pairs)) >= cut).astype(np.int64)
        return {"overlap_accuracy": accuracy(chosen, labels_of(pairs))}

    return baseline


def show_attention(
    run: Run[Settings],
    model: Answering,
    pairs: Sequence[QuestionPair],
    probability: Probabilities,
) -> None:
    """The attention in a few telling pairs, where the model has any."""
    maps = [
        one
        for i in telling_pairs(probability, pairs)
        for one in model.attention((pairs[i].question1, pairs[i].question2))
    ]
    if maps:
        run.picture(
            "attention.png", "Attention in dev pairs, by layer", attention_plot, maps, columns=2
        )


def telling_pairs(probability: Probabilities, pairs: Sequence[QuestionPair]) -> list[int]:
    """One pair that is surely and rightly a duplicate, one that is not, and one mistake."""
    labels = labels_of(pairs)
    error = np.abs(labels - probability)
    lengths = np.array([len(tokenize(q1)) + len(tokenize(q2)) for q1, q2 in texts_of(pairs)])
    readable = np.abs(lengths - 17) < 8  # tokens: neither empty nor a wall of text
    doubt = np.where(readable, error, 0.5)
    kinds = [np.where(labels == 1, doubt, 1), np.where(labels == 0, doubt, 1), -doubt]
    return list(dict.fromkeys(int(np.argmin(kind)) for kind in kinds))


def add_mistakes(
    run: Run[Settings], probability: Probabilities, pairs: Sequence[QuestionPair]
) -> None:
    """The dev pairs that the model is wrong about and most sure of."""
    error = np.abs(labels_of(pairs) - probability)
    worst = [int(i) for i in np.argsort(-error)[:20] if error[i] > 0.5]
    run.report.section("Most confident mistakes on dev")
    run.report.table(
        ["question 1", "question 2", "truth", "probability of duplicate"],
        [
            [
                pairs[i].question1,
                pairs[i].question2,
                CLASSES[pairs[i].label or 0],
                float(probability[i]),
            ]
            for i in worst
        ],
    )
