"""The pairs that a model is wrong about, the surest first, and what it looked at in them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.run import Run
from pmt_apps.qqp.data import labels_of
from pmt_apps.qqp.models.pair_model import CLASSES, LookingAcross, Predictor, Probabilities
from pmt_apps.qqp.settings import Settings
from pmt_text import QuestionPair

SHOWN = 40
_COLUMNS = ("probability of duplicate", "truth", "question 1", "question 2")
_DEEPEST = 0.65  # opacity of the token that is looked at most


def add_mistakes(
    run: Run[Settings],
    model: Predictor,
    pairs: Sequence[QuestionPair],
    probability: Probabilities,
) -> None:
    """A section of the report: the wrong answers by confidence, with the attention across."""
    error = np.abs(labels_of(pairs) - probability)
    wrong = int(((probability >= 0.5) != (labels_of(pairs) == 1)).sum())
    worst = [int(i) for i in np.argsort(-error, kind="stable")[: min(SHOWN, wrong)]]
    run.report.section("Most confident mistakes on dev")
    run.report.text(
        f"{wrong:,} of {len(pairs):,} pairs are answered wrongly; the {len(worst)} surest of these "
        "answers follow."
    )
    seen = [model.across((pairs[i].question1, pairs[i].question2)) for i in worst]
    if any(seen):
        run.report.text(
            "Below a question stand its tokens: the darker, the more the other question's tokens "
            "look at it (attention, mean over layers and heads). Rest the pointer on a token to "
            "see what it looks at."
        )
    rows = [
        mistake_row(pairs[i], float(probability[i]), look)
        for i, look in zip(worst, seen, strict=True)
    ]
    head = "".join(f"<th>{escape(name)}</th>" for name in _COLUMNS)
    run.report.html(
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def mistake_row(pair: QuestionPair, probability: float, look: LookingAcross | None) -> str:
    """One row of the table, as HTML."""
    first, second = escape(pair.question1), escape(pair.question2)
    if look is not None:
        first += shaded(look.tokens1, look.weights21, look.weights12, look.tokens2)
        second += shaded(look.tokens2, look.weights12, look.weights21, look.tokens1)
    return (
        f'<tr><td class="number">{probability:.3f}</td><td>{CLASSES[pair.label or 0]}</td>'
        f"<td>{first}</td><td>{second}</td></tr>\n"
    )


def shaded(
    tokens: Sequence[str],
    received: NDArray[np.floating],
    given: NDArray[np.floating],
    others: Sequence[str],
) -> str:
    """Tokens as HTML, darker the more of the other question's attention they have.

    received: (other tokens, tokens). given: (tokens, other tokens).
    """
    total = received.sum(axis=0) if len(received) else np.zeros(len(tokens))
    least, most = total.min(initial=np.inf), total.max(initial=0.0)
    depth = _DEEPEST * (total - least) / max(float(most - least), 1e-9)
    spans = []
    for i, token in enumerate(tokens):
        hint = ""
        if others:
            there = int(given[i].argmax())
            hint = f"looks most at {others[there]!r}: {given[i, there]:.2f}"
            hint = f' title="{escape(hint)}"'
        shade = f"background:rgba(45,95,168,{depth[i]:.2f})"
        spans.append(f'<span style="{shade};border-radius:.2rem"{hint}>{escape(token)}</span>')
    return f"<br><small>{' '.join(spans)}</small>"
