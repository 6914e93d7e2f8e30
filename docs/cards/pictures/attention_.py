"""Card of attention: five tables forward, and the same tables with their slopes backward."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.cards.forms.attention import attention, attention_gradients, weights_of
from docs.drawing import BLUE, GRAY, RED, arrow, canvas, figure_saved, label, table

PICTURES = ("attention.png",)
CELL = (0.6, 0.34)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    q = np.array([[1.0, 0.5], [-0.5, 1.5], [0.8, -1.0]])
    k = np.array([[1.2, 0.1], [-0.4, 1.0], [0.3, -1.3]])
    v = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.5]])
    mask = np.tril(np.ones((3, 3), np.bool_))
    a, o = weights_of(q, k, mask), attention(q, k, v, mask)
    s = q @ k.T / np.sqrt(2)
    grad = np.array([[0.5, -0.5], [1.0, 0.3], [-0.4, 0.9]])
    by_q, by_k, by_v = attention_gradients(grad, q, k, v, mask)
    by_a = grad @ v.T
    by_s = a * (by_a - (by_a * a).sum(axis=1, keepdims=True))
    scale = 0.9

    def cells(values, slopes, at, title, *, masked=False):
        texts = [[f"{value:.2f}".replace("-", "−") for value in row] for row in values]
        if masked:
            texts = [
                [t if m else "·" for t, m in zip(*pair, strict=True)]
                for pair in zip(texts, mask, strict=True)
            ]
            slopes = np.where(mask, slopes, 0)
        return table(axes, texts, at, CELL, slopes=slopes, scale=scale, title=title)

    with figure_saved(folder / PICTURES[0], 10, 9.0) as figure:
        axes = canvas(figure)
        x = (0.4, 3.0, 5.8, 8.5)
        label(axes, (0.4, 8.7), "forward", color=BLUE, ha="left", fontsize=12, weight="bold")
        label(axes, (0.4, 4.6), "backward", color=RED, ha="left", fontsize=12, weight="bold")
        rows = {}
        for name, top, color in (("forward", 8.1, BLUE), ("backward", 4.0, RED)):
            ahead = name == "forward"
            upper, lower = top, top - 1.85
            tq = cells(
                q if ahead else by_q,
                by_q,
                (x[0], upper),
                "Q  (t, k)" if ahead else "∂L/∂Q = E K / √k",
            )
            tk = cells(
                k if ahead else by_k,
                by_k,
                (x[0], lower),
                "K  (s, k)" if ahead else "∂L/∂K = Eᵀ Q / √k",
            )
            middle = (upper + lower) / 2
            ts = cells(
                s if ahead else by_s,
                by_s,
                (x[1], middle),
                "S = Q Kᵀ / √k" if ahead else "E = ∂L/∂S",
                masked=True,
            )
            ta = cells(
                a if ahead else by_a,
                by_a,
                (x[2], middle),
                "A = softmax(S)" if ahead else "D = ∂L/∂A = G Vᵀ",
                masked=True,
            )
            tv = cells(v if ahead else by_v, by_v, (x[2], lower - 0.62), "", masked=False)
            label(
                axes,
                (tv.x + 1.35, tv.center[1]),
                "V  (s, k)" if ahead else "∂L/∂V = Aᵀ G",
                ha="left",
                fontsize=11,
            )
            to = cells(
                o if ahead else grad, grad, (x[3], middle), "O = A V" if ahead else "G = ∂L/∂O"
            )
            rows[name] = tq, tk, ts, ta, tv, to
            pairs = [(tq, ts), (tk, ts), (ts, ta), (ta, to), (tv, to)]
            shapes = ["(t, k)", "(s, k)", "(t, s)", "(t, s)", ""]
            for (one, two), shape in zip(pairs, shapes, strict=True):
                ends = [one.right, two.left]
                if one is tv:
                    ends = [(tv.right[0], tv.top[1] - 0.1), to.bottom]
                bend = 0.0 if one is not tv else (0.25 if ahead else -0.25)
                offset = (0.0, 0.28 if one is tq else -0.28 if one is tk else 0.15)
                where = ends if ahead else ends[::-1]
                arrow(axes, *where, shape, color, bend=bend, offset=offset, fontsize=9.5)
        note = (
            "· is masked: weight 0 and slope 0.   E = A ⊙ (D − Σ D A), row by row: "
            "what a key gives, minus the weighted mean of what all give."
        )
        label(axes, (5.0, 0.22), note, fontsize=9.5, color=GRAY)
