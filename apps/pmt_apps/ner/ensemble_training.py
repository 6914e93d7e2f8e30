"""Training of the members of an ensemble, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pmt_apps.kit.run import Run
from pmt_apps.kit.settings import member_seed
from pmt_apps.ner.data import Splits
from pmt_apps.ner.ensemble import EnsembleTagger
from pmt_apps.ner.new_tagger import new_tagger
from pmt_apps.ner.pretraining import STAGE, PretrainedWeights
from pmt_apps.ner.settings import Settings
from pmt_apps.ner.tagger import Tagger
from pmt_apps.ner.training import fit
from pmt_text import TaggedSentence, WordVectors
from pmt_train import Workers


def fit_members(
    first: Tagger,
    splits: Splits,
    corpus: Sequence[TaggedSentence],
    vectors: WordVectors | None,
    run: Run[Settings],
    workers: Workers,
) -> EnsembleTagger:
    """Train the members of an ensemble; each keeps its weights of the best F1 on "dev".

    The run has the ensemble of the members so far as its model, so that a run that is stopped can
    be used.

    Args:
        first: untrained, or pre-trained on the corpus; it is trained as a single tagger would be.
        splits: with "train" and "dev".
        corpus, vectors: that the vocabulary of `first` was made of.
        run: each member is a stage of it.
        workers: threads.
    """
    settings = run.settings
    pretrained = _pretrained(run)
    members: list[Tagger] = []
    scores: list[float] = []
    for i in range(settings.members):
        stage = f"member{i + 1}"
        chosen, tagger = settings, first
        if i:
            chosen = _settings_of(run, i)
            tagger = new_tagger(
                chosen,
                run,
                splits["train"].sentences,
                vectors,
                corpus,
                words=first.encoder,
                pretrained=pretrained,
                stage=stage,
            )
        run.say(f"\nmember {i + 1} of {settings.members}")
        history = fit(tagger, splits, chosen, run, workers, stage)
        scores.append(history.best["f1"])
        members.append(tagger)
        ensemble = EnsembleTagger(members)
        run.parameters = ensemble.model.parameter_count()
        run.save_model(ensemble.model.state_dict(), ensemble.to_json())
    run.log_metrics("dev", {"members_mean_f1": float(np.mean(scores))})
    return ensemble


def _pretrained(run: Run[Settings]) -> PretrainedWeights | None:
    """Return the weights that all members start from; None for new ones, or an encoder's."""
    settings = run.settings
    if settings.fine_tunes:
        return None
    path = settings.encoder if settings.lm_corpus is None else run.folder.of_stage(STAGE)[1]
    return None if path is None else PretrainedWeights.load(path)


def _settings_of(run: Run[Settings], i: int) -> Settings:
    """Return the settings of member i: a seed of its own, and the run's pre-trained encoder."""
    settings = run.settings
    if settings.lm_corpus is not None:
        settings = replace(settings, lm_corpus=None, encoder=run.folder.of_stage(STAGE)[1])
    return replace(settings, seed=member_seed(settings.seed, i))
