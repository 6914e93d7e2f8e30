"""Evaluate word vectors and write the report: analogies, similarity, a map, nearest words."""

from __future__ import annotations

from pathlib import Path

from pmt_apps.kit.files import SAMPLES
from pmt_apps.kit.run import Run
from pmt_apps.word2vec.settings import Settings
from pmt_text import (
    AnalogyScores,
    WordVectors,
    evaluate_analogies,
    evaluate_word_pairs,
    load_analogies,
    load_word_pairs,
    principal_components,
)
from pmt_train import bar_chart, learning_curves, vector_plot

SAMPLE_QUESTIONS = SAMPLES / "word2vec_questions.txt"
_MAX_ROWS = 10  # pairs of the map, words of the table
# fmt: off
_CAPITALS = (
    ("paris", "france"), ("berlin", "germany"), ("rome", "italy"), ("madrid", "spain"),
    ("london", "england"), ("tokyo", "japan"), ("beijing", "china"), ("moscow", "russia"),
    ("athens", "greece"), ("vienna", "austria"), ("warsaw", "poland"), ("cairo", "egypt"),
)
# fmt: on


def report(settings: Settings, run: Run[Settings], vectors: WordVectors) -> None:
    """Evaluate on analogies and word pairs, and draw."""
    run.add_figure("learning.png", "Loss by epoch", learning_curves, run.history)
    questions = settings.questions
    if questions is None and settings.corpus is None:
        questions = SAMPLE_QUESTIONS
    if questions is not None:
        _score_analogies(settings, run, vectors, questions)
    if settings.wordsim is not None:
        scores = evaluate_word_pairs(vectors, load_word_pairs(settings.wordsim))
        run.say(f"correlation with human similarity scores: {scores}")
        names = ("spearman", "pearson", "answered", "coverage")
        run.log_metrics("wordsim", {name: getattr(scores, name) for name in names})
    _add_map(run, vectors)
    _add_neighbors(run, vectors)


def _score_analogies(
    settings: Settings, run: Run[Settings], vectors: WordVectors, path: Path
) -> None:
    sections = load_analogies(path)
    cos_add = evaluate_analogies(vectors, sections, restrict=settings.restrict)
    cos_mul = evaluate_analogies(vectors, sections, restrict=settings.restrict, method="mul")
    run.say(f"\nanalogies (3CosAdd, the {settings.restrict:,} most frequent words)\n{cos_add}\n")
    total = cos_add.total
    metrics = {
        "accuracy": total.accuracy,
        "semantic": cos_add.semantic.accuracy,
        "syntactic": cos_add.syntactic.accuracy,
        "accuracy_3cosmul": cos_mul.total.accuracy,
        "answered": total.answered,
        "coverage": total.coverage,
    }
    run.log_metrics("analogies", metrics)
    bars = [*cos_add.sections, cos_add.semantic, cos_add.syntactic, total]
    run.add_figure(
        "analogies.png",
        f"Accuracy on analogies by section; {total.coverage:.0%} of the questions have only "
        "known words",
        bar_chart,
        [bar.name for bar in bars],
        [bar.accuracy for bar in bars],
        [f"{bar.correct:,} of {bar.answered:,}" for bar in bars],
        "accuracy on analogies",
        highlight_last=3,
    )
    _add_sections(run, cos_add, cos_mul)


def _add_sections(run: Run[Settings], cos_add: AnalogyScores, cos_mul: AnalogyScores) -> None:
    added, multiplied = ((*scores.sections, scores.total) for scores in (cos_add, cos_mul))
    rows = [
        [add.name, add.questions, add.answered, add.accuracy, mul.accuracy]
        for add, mul in zip(added, multiplied, strict=True)
    ]
    run.report.section("Analogies by section")
    run.report.table(["section", "questions", "answered", "3CosAdd", "3CosMul"], rows)


def _add_map(run: Run[Settings], vectors: WordVectors) -> None:
    """Draw countries and capitals on two principal components, with an arrow for each pair."""
    pairs = [pair for pair in _CAPITALS if all(word in vectors for word in pair)][:_MAX_ROWS]
    if len(pairs) < 2:
        run.say("no map: the text has fewer than two of the pairs of capital and country")
        return
    names = [word for pair in pairs for word in pair]
    run.add_figure(
        "map.png",
        "Capitals and their countries, by two principal components of their vectors",
        vector_plot,
        principal_components(vectors.unit[[vectors.row_of(name) for name in names]]),
        names,
        [(i, i + 1) for i in range(0, len(names), 2)],
        "from capitals to countries (two principal components)",
    )


def _add_neighbors(run: Run[Settings], vectors: WordVectors) -> None:
    words = [word for word in (*_CAPITALS[0], "king", "dog", "walking", "one") if word in vectors]
    words += [word for word in vectors.words[:_MAX_ROWS] if len(words) < 3]
    run.report.section("Nearest words")
    run.report.table(
        ["word", "nearest"],
        [[word, ", ".join(w for w, _ in vectors.neighbors(word, 6))] for word in words[:_MAX_ROWS]],
    )
    run.report.section("Query it")
    run.report.code("\n".join(run.command("--neighbors", word) for word in words[:2]))
