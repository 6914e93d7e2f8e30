"""What came out of a run of `train_ner.py`: scores, pictures, tagged files, sentences to see."""

from __future__ import annotations

from collections.abc import Sequence

from pmt_apps.kit.run import Run
from pmt_apps.ner.data import Splits
from pmt_apps.ner.entity_html import entity_legend, entity_markup
from pmt_apps.ner.scores import entities, scores
from pmt_apps.ner.settings import Settings
from pmt_apps.ner.tagger import Tagger, Tagging
from pmt_core import tag_spans
from pmt_text import TaggedSentence, convert_tags, write_conll
from pmt_train import (
    EntityScores,
    History,
    Workers,
    confusion_plot,
    entity_confusion,
    entity_plot,
    learning_curves,
    transition_plot,
)

SHOWN = 40  # sentences in the report
RIGHT_ONES = 10  # of them without a mistake


def report(
    run: Run[Settings], history: History, tagger: Tagger, splits: Splits, workers: Workers
) -> None:
    """Score dev and test, draw, and show sentences in color."""
    run.add_figure("learning.png", "Loss and scores by epoch", learning_curves, history)
    for name in ("dev", "test"):
        if name in splits:
            _split(run, tagger, splits, name, workers)
    run.add_figure(
        "transitions.png",
        "What the chain has learned: which tag follows which; gray cannot be",
        transition_plot,
        tagger.model.crf.transitions.data,
        tagger.encoder.tags,
        tagger.forbidden,
    )


def _split(run: Run[Settings], tagger: Tagger, splits: Splits, name: str, workers: Workers) -> None:
    sentences, scheme = splits[name].sentences, splits[name].scheme
    tagging = tagger.tag(sentences, workers, description=f"scoring {name}")
    run.log_metrics(name, scores(tagging, sentences))
    found = entities(tagging, sentences)
    run.add_figure(
        f"types_{name}.png", f"Entities of {name} by type", entity_plot, found, f"{name}: by type"
    )
    classes, counts = entity_confusion(tagging.tags, [s.tags or () for s in sentences])
    run.add_figure(
        f"confusion_{name}.png",
        f"Types of {name} taken for one another; the row “none” was invented, the column missed",
        confusion_plot,
        counts,
        classes,
        f"{name}: what was found where what is there",
    )
    predicted = [convert_tags(tags, scheme) for tags in tagging.tags]
    right = [convert_tags(sentence.tags or (), scheme) for sentence in sentences]
    tagged = [
        TaggedSentence(s.words, tuple(tags), (), s.document)
        for s, tags in zip(sentences, right, strict=True)
    ]
    write_conll(run.folder.path / f"{name}_tagged.conll", tagged, predicted)
    _table(run, name, found)
    _show(run, name, tagging, sentences)


def _table(run: Run[Settings], name: str, found: EntityScores) -> None:
    run.report.section(f"Types of {name}")
    run.report.table(
        ["type", "precision", "recall", "F1"],
        [
            [type_, of.precision, of.recall, of.f1]
            for type_, of in [("all", found.overall), *found.by_type.items()]
        ],
    )
    run.report.text(
        f"{found.there:,} entities are there, {found.called:,} were found, {found.right:,} of "
        f"them rightly. {name}_tagged.conll has the words with the right and the predicted tags, "
        "as conlleval reads them."
    )


def _show(
    run: Run[Settings], name: str, tagging: Tagging, sentences: Sequence[TaggedSentence]
) -> None:
    """Sentences with mistakes, and some without, in the order of the file."""
    wrong, right = [], []
    for i, (tags, sentence) in enumerate(zip(tagging.tags, sentences, strict=True)):
        there = tag_spans(sentence.tags or ())
        if tag_spans(tags) != there:
            wrong.append(i)
        elif there:
            right.append(i)
    mistakes = _spread(wrong, SHOWN - RIGHT_ONES)
    run.report.section(f"Sentences of {name}")
    run.report.text(
        f"{len(wrong):,} of {len(sentences):,} sentences have a mistake. Here are "
        f"{len(mistakes)} of them, and some without one."
    )
    run.report.html(entity_legend())
    for i in [*mistakes, *_spread(right, RIGHT_ONES)]:
        run.report.html(entity_markup(sentences[i].words, tagging.tags[i], sentences[i].tags or ()))


def _spread(places: Sequence[int], count: int) -> list[int]:
    """Up to `count` of the places, from all over."""
    if len(places) <= count:
        return list(places)
    return [places[i * len(places) // count] for i in range(count)]
