"""The report of a run: scores beside those of the baselines, figures, confident mistakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.run import Run
from pmt_apps.qqp.data.settings import Settings
from pmt_apps.qqp.data.splits import Splits, labels_of, texts_of
from pmt_apps.qqp.mistakes import write_mistakes
from pmt_apps.qqp.models.pair_model import CLASSES, CrossAttentionMaps, PairModel, Probabilities
from pmt_apps.qqp.models.product import ProductPairModel
from pmt_apps.qqp.training.scores import intervals, unlinked
from pmt_apps.qqp.training.stage import trained_baseline
from pmt_text import QuestionPair, Tokenize, tokenize
from pmt_train import (
    Workers,
    attention_plot,
    confusion_matrix,
    confusion_plot,
    learning_curves,
    reliability_plot,
)

COMPARED = ("overlap", "tfidf")
"""The kinds of baselines that every other run reports."""
N_MISTAKES = 40
_COLUMNS = ("probability of duplicate", "truth", "question 1", "question 2")
_MAX_OPACITY = 0.65  # of the token with the most attention


def report(
    run: Run[Settings],
    model: PairModel[Any],
    splits: Splits,
    workers: Workers,
    tokenize: Tokenize = tokenize,
) -> None:
    """Score the model and the baselines on "dev" and "test", and fill the report of the run."""
    add_learning_curves(run)
    if isinstance(model, ProductPairModel):
        run.report.text(model.part_weights_text())
    train, settings = splits["train"], run.settings
    baselines = {
        kind: trained_baseline(kind, train, settings, workers, tokenize)
        for kind in COMPARED
        if kind != settings.baseline
    }
    known = [*train, *splits.get("extra", [])]
    for name in ("dev", "test"):
        if name not in splits:
            continue
        pairs = splits[name]
        texts = texts_of(pairs)
        probabilities = model.predict_with_parts(texts, workers)
        for kind, baseline in baselines.items():
            probabilities[kind] = baseline.predict(texts, workers)
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
    """Log the metrics of a split: "dev" and "dev_unlinked" of the model, "dev_tfidf" and so on.

    probabilities: (n,) of each baseline and each part of the model by its kind, and "" for the
        model.
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
    model: PairModel[Any],
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


def add_mistakes(
    run: Run[Settings],
    model: PairModel[Any],
    pairs: Sequence[QuestionPair],
    probability: Probabilities,
) -> None:
    """Add a section to the report: the wrong predictions by confidence."""
    error = np.abs(labels_of(pairs) - probability)
    wrong = int(((probability >= 0.5) != (labels_of(pairs) == 1)).sum())
    worst = [int(i) for i in np.argsort(-error, kind="stable")[: min(N_MISTAKES, wrong)]]
    write_mistakes(run.folder.path, [pairs[i] for i in worst], probability[worst].tolist())
    run.report.section("Most confident mistakes on dev")
    run.report.text(
        f"{wrong:,} of {len(pairs):,} pairs are classified wrongly; the {len(worst)} most "
        "confident mistakes follow."
    )
    maps = [model.cross_attention((pairs[i].question1, pairs[i].question2)) for i in worst]
    if any(maps):
        run.report.text(
            "Below each question are its tokens: the darker a token, the more attention it gets "
            "from the other question's tokens (mean over layers and heads). Point at a token to "
            "see which token it attends to most."
        )
    rows = [
        mistake_row(pairs[i], float(probability[i]), attention)
        for i, attention in zip(worst, maps, strict=True)
    ]
    head = "".join(f"<th>{escape(name)}</th>" for name in _COLUMNS)
    run.report.html(
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def mistake_row(
    pair: QuestionPair, probability: float, attention: CrossAttentionMaps | None
) -> str:
    """Return a row of the table, as HTML."""
    first, second = escape(pair.question1), escape(pair.question2)
    if attention is not None:
        a = attention
        first += shaded_tokens(a.tokens1, a.weights21, a.weights12, a.tokens2)
        second += shaded_tokens(a.tokens2, a.weights12, a.weights21, a.tokens1)
    return (
        f'<tr><td class="number">{probability:.3f}</td><td>{CLASSES[pair.label or 0]}</td>'
        f"<td>{first}</td><td>{second}</td></tr>\n"
    )


def shaded_tokens(
    tokens: Sequence[str],
    received: NDArray[np.floating],
    given: NDArray[np.floating],
    others: Sequence[str],
) -> str:
    """Return tokens as HTML, shaded by the attention that they receive.

    Args:
        tokens: n tokens.
        received: (m, n), attention from the tokens of the other question.
        given: (n, m), attention to them.
        others: the m tokens of the other question.
    """
    total = received.sum(axis=0) if len(received) else np.zeros(len(tokens))
    low, high = total.min(initial=np.inf), total.max(initial=0.0)
    opacity = _MAX_OPACITY * (total - low) / max(float(high - low), 1e-9)
    spans = []
    for i, token in enumerate(tokens):
        hint = ""
        if others:
            target = int(given[i].argmax())
            hint = f"attends most to {others[target]!r}: {given[i, target]:.2f}"
            hint = f' title="{escape(hint)}"'
        style = f"background:rgba(45,95,168,{opacity[i]:.2f});border-radius:.2rem"
        spans.append(f'<span style="{style}"{hint}>{escape(token)}</span>')
    return f"<br><small>{' '.join(spans)}</small>"
