"""Card of hierarchical softmax: a path in the Huffman tree, and the errors of its turns."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.cards.forms.hierarchical_softmax import COUNTS, hierarchical_softmax_gradients, paths
from docs.drawing import (
    BLUE,
    GRAY,
    LIGHT,
    RED,
    WHITE,
    arrow,
    box,
    canvas,
    figure_saved,
    label,
    slope_color,
    table,
)

PICTURES = ("hierarchical-softmax.png",)
WORDS = ("the", "cat", "sat", "mat", "purred")
CHOSEN = 2
CELL = (0.66, 0.36)
SCALE = 0.8


def children() -> dict[int, dict[bool, int | str]]:
    """Return the left (False) and right (True) child of each inner node: a node or a word."""
    found: dict[int, dict[bool, int | str]] = {}
    for word, text in enumerate(WORDS):
        way = paths(np.array([word]))
        nodes = [int(node) for node in way["nodes"][way["on_path"]]]
        turns = [bool(turn) for turn in way["turns"][way["on_path"]]]
        for node, turn, child in zip(nodes, turns, [*nodes[1:], text], strict=True):
            found.setdefault(node, {})[turn] = child
    return found


def draw_tree(axes, tree, right, errors) -> None:
    """Draw the tree: words in a row from left to right, an inner node between its children."""
    free = iter(0.85 + 1.12 * i for i in range(len(WORDS)))

    def draw_below(child, depth, on_path):
        y = 7.2 - 1.25 * depth
        if isinstance(child, str):
            weight = "bold" if on_path else "normal"
            count = COUNTS[WORDS.index(child)]
            text = f"{child}\n{count} times" if count > 1 else f"{child}\nonce"
            return box(
                axes, (next(free), y - 0.06), text, 0.98, 0.5, WHITE, fontsize=9.5, weight=weight
            )
        under = {}
        for turn in (False, True):
            takes = on_path and (errors.get(child, 0.5) < 0) == turn and child in errors
            under[turn] = draw_below(tree[child][turn], depth + 1, takes), takes
        x = (under[False][0].top[0] + under[True][0].top[0]) / 2
        color = slope_color(errors[child], SCALE) if on_path else LIGHT
        frame = box(axes, (x, y), f"node {child}", 0.9, 0.36, color)
        for turn, (target, takes) in under.items():
            chance = right[child] if turn else 1 - right[child]
            side, color = (0.12 if turn else -0.12, 0.08), BLUE if takes else GRAY
            arrow(axes, frame.bottom, target.top, f"{chance:.2f}", color, offset=side, fontsize=9.5)
        return frame

    draw_below(max(tree), 0, True)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    h = np.array([[1.0, -0.5, 0.8]])
    w = np.array([[0.4, -0.6, 0.9], [-0.8, 0.5, 0.1], [0.9, 0.2, -0.4], [0.3, -1.0, -0.2]])
    path = paths(np.array([CHOSEN]))
    by_h, by_w = hierarchical_softmax_gradients(1.0, h, w, **path)
    right = 1 / (1 + np.exp(-w @ h[0]))
    nodes = path["nodes"][path["on_path"]]
    turns = path["turns"][path["on_path"]].astype(float)
    errors = right[nodes] - turns
    chances = np.where(turns, right[nodes], 1 - right[nodes])
    with figure_saved(folder / PICTURES[0], 10, 8.3) as figure:
        axes = canvas(figure)
        product = " · ".join(f"{chance:.2f}" for chance in chances)
        text = f"forward: p({WORDS[CHOSEN]}) = {product} = {chances.prod():.3f}"
        label(axes, (0.3, 7.95), text, color=BLUE, ha="left", fontsize=11)
        draw_tree(axes, children(), right, dict(zip(map(int, nodes), errors, strict=True)))
        note = (
            "at each node: right with probability σ(h · w), left with 1 − σ\n"
            "color of a node: its error e = σ(h · w) − (1 if right else 0)\n"
            "node 0 is not on the path: its slope is 0"
        )
        label(axes, (3.1, 0.75), note)
        label(
            axes, (6.9, 7.95), "backward: the nodes on the path", color=RED, ha="left", fontsize=11
        )
        rows, left = [f"node {node}" for node in nodes], 7.6
        settings = {"scale": SCALE, "cell": CELL}
        table(axes, h, (left, 7.3), slopes=by_h, title="h  (3,)", **settings)
        steps = [
            [f"{r:.2f}", f"{t:.0f}", e] for r, t, e in zip(right[nodes], turns, errors, strict=True)
        ]
        slopes = np.outer(errors, [0, 0, 1])
        columns = ["σ(h·w)", "right?", "e"]
        table(axes, steps, (left, 6.2), slopes=slopes, columns=columns, rows=rows, **settings)
        table(
            axes,
            w[nodes],
            (left, 4.55),
            slopes=by_w[nodes],
            title="w  (3, 3)",
            rows=rows,
            **settings,
        )
        by_path = by_w[nodes]
        table(
            axes,
            by_path,
            (left, 2.9),
            slopes=by_path,
            title="∂L/∂w = e h  (3, 3)",
            rows=rows,
            **settings,
        )
        table(axes, by_h, (left, 1.2), slopes=by_h, title="∂L/∂h = Σ e w  (3,)", **settings)
