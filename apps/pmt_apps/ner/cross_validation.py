"""Cross-validation of a tagger: train and score on each fold of the documents of train."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pmt_apps.fold_scores import FoldScores, log_folds
from pmt_apps.kit.run import Run
from pmt_apps.ner.consistency import tag_twice
from pmt_apps.ner.document_folds import held_out_part
from pmt_apps.ner.new_tagger import new_tagger
from pmt_apps.ner.pretraining import STAGE
from pmt_apps.ner.settings import Settings
from pmt_apps.ner.training import prepare, scores
from pmt_apps.ner.unseen import seen_entities, unseen_recall
from pmt_text import TaggedSentence, WordVectors
from pmt_train import Workers

Sentences = Sequence[TaggedSentence]


def cross_validate(
    run: Run[Settings],
    sentences: Sentences,
    folds: NDArray[np.int64],
    vectors: WordVectors | None,
    workers: Workers,
) -> None:
    """Log the scores of the folds of the training sentences, "folds" in metrics.json.

    In each fold a part of the other folds is held out to choose the best weights, so that the
    sentences that are scored choose nothing. An encoder that was pre-trained on plain text is that
    of the run.

    Args:
        run: with its settings and report.
        sentences: of train.
        folds: the number of the fold of each sentence, (n,).
        vectors: given word vectors.
        workers: threads.
    """
    settings = run.settings
    if settings.lm_corpus is not None:
        pretrained = run.folder.of_stage(STAGE)[1]
        settings = replace(settings, lm_corpus=None, encoder=pretrained)

    def scores_of(i: int) -> FoldScores:
        train = [sentence for sentence, n in zip(sentences, folds, strict=True) if n != i]
        test = [sentence for sentence, n in zip(sentences, folds, strict=True) if n == i]
        return {"folds": _fold_scores(settings, run, train, test, vectors, workers)}

    log_folds(run, int(folds.max()) + 1, scores_of)


def _fold_scores(
    settings: Settings,
    run: Run[Settings],
    train: Sentences,
    test: Sentences,
    vectors: WordVectors | None,
    workers: Workers,
) -> dict[str, float]:
    """Train on a part of `train`, choose weights by the rest, and return the scores of `test`."""
    part = held_out_part(train, settings.seed)
    inside = [sentence for sentence, out in zip(train, part, strict=True) if not out]
    dev = [sentence for sentence, out in zip(train, part, strict=True) if out]
    tagger = new_tagger(settings, run, inside, vectors, ())
    training = prepare(tagger, inside, dev, settings, workers)
    training.trainer.fit(training.batches, replace(training.options, quiet=True))
    _, tagging = tag_twice(tagger, test, workers, settings.consistency, description="scoring")
    recall = unseen_recall(tagging.tags, test, seen_entities(train))
    return {**scores(tagging, test), **recall}
