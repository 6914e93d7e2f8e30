"""Report of a run: scores beside baselines, per-class scores, calibration, mistakes in color."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_apps.classification.attribution import word_scores
from pmt_apps.classification.baselines import majority_scores, tfidf_baseline
from pmt_apps.classification.data import Splits
from pmt_apps.classification.labels import LabelSet
from pmt_apps.classification.product_model import ProductModel
from pmt_apps.classification.scores import label_counts, score_logits
from pmt_apps.classification.settings import Settings
from pmt_apps.classification.text_model import TextModel
from pmt_apps.classification.training import Texts, encoded_texts
from pmt_apps.classification.word_html import word_html, word_legend
from pmt_apps.kit.run import Run
from pmt_core import RandomStream
from pmt_train import (
    History,
    PrecisionRecallF1,
    Workers,
    accuracy,
    bootstrap_interval,
    confusion_matrix,
    confusion_plot,
    expected_calibration_error,
    learning_curves,
    reliability_plot,
)

MISTAKES, CORRECT = 30, 8  # texts in the report
_MOST_IN_PLOT = 30  # classes


def report(
    run: Run[Settings],
    history: History,
    model: TextModel,
    baseline: TextModel | None,
    splits: Splits,
    workers: Workers,
) -> None:
    """Score dev and test beside the baselines; add figures and texts.

    baseline: the model of tf-idf, if there is one already.
    """
    run.add_figure("learning.png", "Loss and scores by epoch", learning_curves, history)
    if baseline is None and run.settings.kind != "tfidf":
        run.say("\nbaseline: tf-idf")
        baseline = tfidf_baseline(run.settings, splits.train, splits.dev, splits.labels, workers)
    if isinstance(model, ProductModel) and model.ngrams is not None:
        text = model.part_weights_text()
        run.say(f"\n{text}")
        run.report.text(f"{text[0].upper()}{text[1:]}.")
    for name, texts in splits.scored.items():
        _report_split(run, name, model, texts, workers)
        if baseline is not None:
            encoded = encoded_texts(baseline, texts)
            logits = baseline.logits(encoded, workers)
            scores = score_logits(splits.labels, logits, np.asarray(encoded.labels))
            run.log_metrics(f"{name}_tfidf", scores)
        run.log_metrics(f"{name}_majority", majority_scores(splits.train, texts, splits.labels))


def _report_split(
    run: Run[Settings], name: str, model: TextModel, texts: Texts, workers: Workers
) -> None:
    encoded = encoded_texts(model, texts)
    labels = np.asarray(encoded.labels)
    logits = model.logits(encoded, workers, f"scoring {name}")
    probabilities = model.probabilities(logits)
    scores: dict[str, Any] = score_logits(model.labels, logits, labels)
    if model.labels.several:
        confidence, correct = probabilities.reshape(-1), labels.reshape(-1) > 0.5
        event = "having a label"
    else:
        predicted = probabilities.argmax(axis=1)
        rng = RandomStream(run.settings.seed, "bootstrap").generator()
        scores["accuracy"] = bootstrap_interval(accuracy, predicted, labels, rng=rng)
        confidence, correct = probabilities.max(axis=1), predicted == labels
        event = "right predictions"
        _add_confusion(run, name, model.labels, predicted, labels)
    confidence = np.clip(confidence, 0, 1)
    scores["calibration_error"] = expected_calibration_error(confidence, correct.astype(np.int64))
    run.log_metrics(name, scores)
    run.add_figure(
        f"calibration_{name}.png",
        f"Calibration of {name}: the predicted probability, and how often it is right",
        functools.partial(reliability_plot, title=f"{name}: calibration", event=event),
        confidence,
        correct.astype(np.int64),
    )
    _add_classes(run, name, model.labels, probabilities, labels)
    _add_texts(run, name, model, texts, probabilities)


def _add_confusion(
    run: Run[Settings],
    name: str,
    labels: LabelSet,
    predicted: NDArray[np.int64],
    actual: NDArray[np.int64],
) -> None:
    if len(labels) <= _MOST_IN_PLOT:
        run.add_figure(
            f"confusion_{name}.png",
            f"Confusion of classes of {name}: rows are labels, columns predictions",
            confusion_plot,
            confusion_matrix(predicted, actual, len(labels)),
            [label[:20] for label in labels.names],
            f"{name}: predicted classes",
        )


def _add_classes(
    run: Run[Settings],
    name: str,
    labels: LabelSet,
    probabilities: NDArray[np.float64],
    actual: NDArray[Any],
) -> None:
    """Add precision, recall and F1 of each class."""
    if labels.several:
        predicted, known = probabilities >= 0.5, actual > 0.5
    else:
        classes = np.arange(len(labels))
        predicted = probabilities.argmax(axis=1)[:, np.newaxis] == classes
        known = actual[:, np.newaxis] == classes
    rows = []
    for label, counts in zip(labels.names, label_counts(predicted, known), strict=True):
        score = PrecisionRecallF1.of_counts(*counts)
        rows.append([label, score.precision, score.recall, score.f1, counts[2], counts[1]])
    run.report.section(f"Classes of {name}")
    run.report.table(["class", "precision", "recall", "F1", "texts", "predicted"], rows)


def _add_texts(
    run: Run[Settings],
    name: str,
    model: TextModel,
    texts: Texts,
    probabilities: NDArray[np.float64],
) -> None:
    """Add the most confident mistakes and some correct texts, with the words that decided."""
    predicted = model.labels.predicted(probabilities)
    confidence = (
        np.abs(probabilities - 0.5).min(axis=1) + 0.5
        if model.labels.several
        else probabilities.max(axis=1)
    )
    right = np.array([set(a) == set(b.labels) for a, b in zip(predicted, texts, strict=True)])
    order = np.argsort(-confidence, kind="stable")
    mistakes = [i for i in order.tolist() if not right[i]]
    correct = [i for i in order.tolist() if right[i]]
    run.report.section(f"Texts of {name}")
    run.report.text(
        f"{len(mistakes):,} of {len(texts):,} texts are classified wrongly. The most confident "
        f"mistakes follow, then {min(CORRECT, len(correct))} correct texts. Colors show what each "
        "word adds to the log-odds of the predicted class (gradient times input)."
    )
    run.report.html(word_legend())
    step = max(len(correct) // CORRECT, 1)
    for i in [*mistakes[:MISTAKES], *correct[::step][:CORRECT]]:
        labels = model.labels
        named = predicted[i] or labels.names[:0]
        best = int(probabilities[i].argmax()) if not named else labels.names.index(named[0])
        (scores,) = word_scores(model, [texts[i].text], [best])
        run.report.html(
            word_html(
                scores,
                labels.names[best] if named else "no label",
                ", ".join(texts[i].labels) or "no label",
                float(confidence[i]),
            )
        )
