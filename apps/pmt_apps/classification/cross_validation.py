"""Cross-validation of a run: train and score on each fold of the training texts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pmt_apps.classification.baselines import majority_scores, tfidf_settings
from pmt_apps.classification.data import Splits, fold_of, held_out
from pmt_apps.classification.labels import LabelSet
from pmt_apps.classification.scores import score_logits
from pmt_apps.classification.settings import Settings
from pmt_apps.classification.training import Texts, encoded_texts, prepare, text_model
from pmt_apps.kit.run import Run
from pmt_train import Interval, Workers, progress_bar


def cross_validate(run: Run[Settings], splits: Splits, workers: Workers) -> None:
    """Log the scores of the model and of the baselines over the folds of the training texts.

    In each fold a part of the other folds is held out to choose the best weights, so that the texts
    that are scored choose nothing. The texts of dev belong to the folds too, if they were held out.
    """
    settings = run.settings
    texts = splits.train if settings.dev is not None else [*splits.train, *splits.dev]
    folds = settings.folds or 2
    numbers = fold_of(texts, folds, settings.seed)
    results: dict[str, list[dict[str, float]]] = {"folds": []}
    if settings.kind != "tfidf":
        results["folds_tfidf"] = []
    results["folds_majority"] = []
    with progress_bar(folds, "folds", delay=0) as bar:
        for i in range(folds):
            train = [text for text, n in zip(texts, numbers, strict=True) if n != i]
            test = [text for text, n in zip(texts, numbers, strict=True) if n == i]
            scores = fold_scores(settings, train, test, splits.labels, workers)
            results["folds"].append(scores)
            if "folds_tfidf" in results:
                linear = tfidf_settings(settings)
                results["folds_tfidf"].append(
                    fold_scores(linear, train, test, splits.labels, workers)
                )
            results["folds_majority"].append(majority_scores(train, test, splits.labels))
            run.say(f"fold {i + 1}: " + ", ".join(f"{k} {v:.4f}" for k, v in scores.items()))
            bar.update(1)
    for name, rows in results.items():
        run.log_metrics(name, {key: _mean([row[key] for row in rows]) for key in rows[0]})
    _add_table(run, results["folds"])


def _add_table(run: Run[Settings], rows: list[dict[str, float]]) -> None:
    columns = list(rows[0])
    run.report.section(f"{len(rows)} folds")
    run.report.text("Means over the folds, with their least and greatest value; then each fold.")
    run.report.table(
        ["fold", *columns],
        [[i + 1, *(row[name] for name in columns)] for i, row in enumerate(rows)],
    )


def fold_scores(
    settings: Settings, train: Texts, test: Texts, labels: LabelSet, workers: Workers
) -> dict[str, float]:
    """Train on a part of `train`, choose weights by the rest, and return the scores of `test`."""
    out = held_out(train, settings.dev_fraction, settings.seed)
    inside = [text for text, held in zip(train, out, strict=True) if not held]
    dev = [text for text, held in zip(train, out, strict=True) if held]
    model = text_model(settings.kind).build(settings, [text.text for text in inside], labels)
    training = prepare(model, settings, inside, dev, workers)
    training.trainer.fit(training.batches, replace(training.options, quiet=True))
    encoded = encoded_texts(model, test)
    return score_logits(labels, model.logits(encoded, workers), np.asarray(encoded.labels))


def _mean(values: list[float]) -> Interval:
    return Interval(float(np.mean(values)), float(np.min(values)), float(np.max(values)))
