"""The most confident mistakes of a model, with the attention between the two questions."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.run import Run
from pmt_apps.qqp.data.settings import Settings
from pmt_apps.qqp.data.splits import labels_of
from pmt_apps.qqp.models.pair_model import CLASSES, CrossAttentionMaps, Predictor, Probabilities
from pmt_text import QuestionPair

N_MISTAKES = 40
_COLUMNS = ("probability of duplicate", "truth", "question 1", "question 2")
_MAX_OPACITY = 0.65  # of the token with the most attention


def add_mistakes(
    run: Run[Settings],
    model: Predictor,
    pairs: Sequence[QuestionPair],
    probability: Probabilities,
) -> None:
    """Add a section to the report: the wrong predictions by confidence."""
    error = np.abs(labels_of(pairs) - probability)
    wrong = int(((probability >= 0.5) != (labels_of(pairs) == 1)).sum())
    worst = [int(i) for i in np.argsort(-error, kind="stable")[: min(N_MISTAKES, wrong)]]
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
