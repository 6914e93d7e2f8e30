"""Baselines beside a model: the most frequent class, and logistic regression on tf-idf."""

from __future__ import annotations

import numpy as np

from pmt_apps.classification.labels import LabelSet
from pmt_apps.classification.scores import score_logits
from pmt_apps.classification.settings import Settings
from pmt_apps.classification.text_model import TextModel
from pmt_apps.classification.training import Texts, prepare, text_model
from pmt_train import SingleProcess, Workers

_ALMOST = 1e-6


def majority_scores(train: Texts, test: Texts, labels: LabelSet) -> dict[str, float]:
    """Return the scores of a model that knows only how frequent each class is."""
    known = labels.encode([text.labels for text in train])
    if labels.several:
        share = np.clip(known.mean(axis=0), _ALMOST, 1 - _ALMOST)
        logits = np.log(share) - np.log1p(-share)
    else:
        counts = np.bincount(known, minlength=len(labels))
        logits = np.log(np.maximum(counts, _ALMOST) / len(known))
    rows = np.tile(logits, (len(test), 1))
    return score_logits(labels, rows, labels.encode([text.labels for text in test]))


def tfidf_baseline(
    settings: Settings, train: Texts, dev: Texts, labels: LabelSet, workers: Workers
) -> TextModel:
    """Return the trained model of tf-idf that a model is compared with; this process trains it."""
    linear = settings.of_tfidf()
    model = text_model("tfidf").build(linear, [text.text for text in train], labels)
    training = prepare(model, linear, train, dev, workers, SingleProcess())
    training.run("training tf-idf")
    return model
