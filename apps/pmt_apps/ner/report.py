"""Report of an NER run: scores, figures, tagged files, example sentences."""

from __future__ import annotations

from collections.abc import Sequence

from pmt_apps.kit.run import Run
from pmt_apps.ner.consistency import tag_twice
from pmt_apps.ner.data import Splits
from pmt_apps.ner.entity_html import entity_html, entity_legend
from pmt_apps.ner.settings import Settings
from pmt_apps.ner.tagger import Tagger
from pmt_apps.ner.tagging import Tagging
from pmt_apps.ner.training import score_entities, scores
from pmt_apps.ner.unseen import SeenEntities, seen_entities, unseen_recall, unseen_scores
from pmt_core import tag_spans
from pmt_text import TaggedSentence, TagScheme, convert_tags, write_conll
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

TAGGED_FILES = {name: f"{name}_tagged.conll" for name in ("dev", "test")}
"""The file with the predicted tags of each split."""

WRONG_EXAMPLES, CORRECT_EXAMPLES = 30, 10  # sentences in the report


def report(
    run: Run[Settings], history: History, tagger: Tagger, splits: Splits, workers: Workers
) -> None:
    """Score dev and test; add figures and example sentences."""
    run.add_figure("learning.png", "Loss and scores by epoch", learning_curves, history)
    seen = seen_entities(splits["train"].sentences)
    for name in TAGGED_FILES:
        if name in splits:
            _report_split(run, tagger, splits, name, seen, workers)
    run.add_figure(
        "transitions.png",
        "Transition scores of the CRF, from each tag to the next; gray: forbidden",
        transition_plot,
        tagger.model.crf.transitions.data,
        tagger.encoder.tags,
        tagger.forbidden,
    )


def _report_split(
    run: Run[Settings],
    tagger: Tagger,
    splits: Splits,
    name: str,
    seen: SeenEntities,
    workers: Workers,
) -> None:
    sentences = splits[name].sentences
    # conlleval knows neither S nor B after E, so entities of IOBES files are written as IOB2.
    scheme: TagScheme = "IOB1" if splits[name].scheme == "IOB1" else "IOB2"
    by_sentence, tagging = tag_twice(
        tagger, sentences, workers, run.settings.consistency, description=f"scoring {name}"
    )
    if tagging is not by_sentence:
        metrics = score_entities(by_sentence.tags, sentences)
        run.log_metrics(name, {"sentence_f1": metrics.overall.f1})
    recall = unseen_recall(tagging.tags, sentences, seen)
    run.log_metrics(name, {**scores(tagging, sentences), **recall})
    run.log_metrics(f"{name}_unseen", unseen_scores(tagging.tags, sentences, seen))
    metrics = score_entities(tagging.tags, sentences)
    run.add_figure(
        f"types_{name}.png", f"Entities of {name} by type", entity_plot, metrics, f"{name}: by type"
    )
    classes, counts = entity_confusion(tagging.tags, [s.tags or () for s in sentences])
    run.add_figure(
        f"confusion_{name}.png",
        f"Confusion of types of {name}; row “{classes[-1]}”: spurious, column: missed",
        confusion_plot,
        counts,
        classes,
        f"{name}: predicted type of each entity",
    )
    predicted = [convert_tags(tags, scheme) for tags in tagging.tags]
    labeled = [
        TaggedSentence(s.words, tuple(convert_tags(s.tags or (), scheme)), (), s.document)
        for s in sentences
    ]
    write_conll(run.folder.path / TAGGED_FILES[name], labeled, predicted)
    _add_type_table(run, name, metrics)
    _add_consistency(run, name)
    _add_unseen(run, name, len(sentences))
    _add_examples(run, name, tagging, sentences)


def _add_type_table(run: Run[Settings], name: str, metrics: EntityScores) -> None:
    run.report.section(f"Types of {name}")
    run.report.table(
        ["type", "precision", "recall", "F1"],
        [
            [type_name, score.precision, score.recall, score.f1]
            for type_name, score in metrics.rows()
        ],
    )
    run.report.text(
        f"{metrics.actual:,} entities, {metrics.predicted:,} predicted, "
        f"{metrics.true_positives:,} of them correct. {name}_tagged.conll has the words with the "
        "labeled and the predicted tags, "
        "as conlleval reads them."
    )


def _add_consistency(run: Run[Settings], name: str) -> None:
    if "sentence_f1" not in run.splits[name]:
        return
    run.report.section(f"Documents of {name}")
    run.report.text(
        "Each document is tagged twice: in the second pass, the scores of a word also depend on "
        "what the same word is in other sentences. With each sentence by itself, F1 is "
        f"{run.splits[name]['sentence_f1']:.4f} (sentence_f1) instead of "
        f"{run.splits[name]['f1']:.4f}."
    )


def _add_unseen(run: Run[Settings], name: str, sentences: int) -> None:
    counts = run.splits[f"{name}_unseen"]
    run.report.section(f"Unseen entities of {name}")
    run.report.text(
        f"{name}_unseen: the {counts['sentences']:,} of {sentences:,} sentences without an entity "
        f"that occurs in train, spelled alike and of any type; {counts['entities']:,} entities. "
        "Sentences without entities are among them, as what is predicted there lowers precision. "
        f"recall_unseen is the recall of the unseen entities in all sentences of {name} "
        "(Augenstein et al. 2017)."
    )


def _add_examples(
    run: Run[Settings], name: str, tagging: Tagging, sentences: Sequence[TaggedSentence]
) -> None:
    """Add sentences with mistakes, then some without, in the order of the file."""
    wrong, correct = [], []
    for i, (tags, sentence) in enumerate(zip(tagging.tags, sentences, strict=True)):
        labels = tag_spans(sentence.tags or ())
        if tag_spans(tags) != labels:
            wrong.append(i)
        elif labels:
            correct.append(i)
    mistakes = _evenly_spaced(wrong, WRONG_EXAMPLES)
    run.report.section(f"Sentences of {name}")
    run.report.text(
        f"{len(wrong):,} of {len(sentences):,} sentences have a mistake; {len(mistakes)} of them "
        "and some without one follow."
    )
    run.report.html(entity_legend())
    for i in [*mistakes, *_evenly_spaced(correct, CORRECT_EXAMPLES)]:
        run.report.html(entity_html(sentences[i].words, tagging.tags[i], sentences[i].tags or ()))


def _evenly_spaced(indices: Sequence[int], count: int) -> list[int]:
    """Return up to `count` of the indices, evenly spaced."""
    if len(indices) <= count:
        return list(indices)
    return [indices[i * len(indices) // count] for i in range(count)]
