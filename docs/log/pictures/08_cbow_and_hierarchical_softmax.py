"""Chapter 8: two ways to predict, a Huffman tree, what subsampling keeps, four words in a plane."""

from __future__ import annotations

import heapq
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from docs.drawing import (
    BLUE,
    GRAY,
    GREEN,
    INK,
    LIGHT,
    LIGHT_BLUE,
    LIGHT_GREEN,
    LIGHT_YELLOW,
    RED,
    YELLOW,
    arrow,
    box,
    canvas,
    figure_saved,
    label,
)
from pmt_apps.word2vec.validate import NOISE, TOGETHER, WORDS, Settings, build_model, loss
from pmt_autograd import gradients
from pmt_text import SamplingSettings
from pmt_train import FlatParameters, RMSProp

PICTURES = ("08_cbow.png", "08_tree.png", "08_keep.png", "08_paris.png")
LEAVES = [("the", 40), ("of", 22), ("and", 15), ("cat", 10), ("sat", 6), ("mat", 5), ("hat", 2)]


def draw_cbow(path: Path) -> None:
    """Skip-gram and CBOW with four neighbors, forward and backward."""
    neighbors = ["the", "river", "flows", "past"]
    with figure_saved(path, 10, 4.4) as figure:
        axes = canvas(figure)
        label(axes, (2.3, 4.15), "skip-gram", fontsize=12)
        given = box(axes, (0.95, 2.1), "h of Seine\n(d)", 1.3, 0.65, LIGHT_YELLOW)
        for i, word in enumerate(neighbors):
            other = box(axes, (3.75, 3.45 - 0.9 * i), f"u of {word}", 1.4, 0.45, LIGHT_BLUE)
            arrow(axes, given.right, other.left, color=BLUE)
        label(axes, (2.3, 0.2), "4 predictions", color=GRAY)
        label(axes, (7.4, 4.15), "CBOW", fontsize=12)
        mean = box(axes, (7.55, 2.1), "mean\n(d)", 0.9, 0.65, LIGHT)
        for i, word in enumerate(neighbors):
            height = 3.45 - 0.9 * i
            other = box(axes, (5.75, height), f"h of {word}", 1.4, 0.45, LIGHT_YELLOW)
            arrow(axes, other.right, (mean.x, mean.center[1] + 0.18 - 0.12 * i), color=BLUE)
        word = box(axes, (9.2, 2.1), "u of Seine", 1.2, 0.45, LIGHT_BLUE)
        arrow(axes, mean.right, word.left, color=BLUE)
        label(axes, (7.35, 3.45), "each weighs 1/4:", ha="left", color=RED)
        label(
            axes, (7.35, 3.15), "the slope of the mean comes back", ha="left", color=RED, fontsize=9
        )
        label(
            axes, (7.35, 2.93), "to each neighbor, divided by 4", ha="left", color=RED, fontsize=9
        )
        label(axes, (7.4, 0.2), "1 prediction", color=GRAY)


def draw_tree(path: Path) -> None:
    """The Huffman tree of seven words; the path of "sat" is marked."""
    counts = dict(enumerate(count for _, count in LEAVES))
    children: dict[int, tuple[int, int]] = {}
    heap = [(count, leaf) for leaf, count in counts.items()]
    heapq.heapify(heap)
    for node in range(len(LEAVES), 2 * len(LEAVES) - 1):
        (first, left), (second, right) = heapq.heappop(heap), heapq.heappop(heap)
        children[node], counts[node] = (left, right), first + second
        heapq.heappush(heap, (first + second, node))
    places: dict[int, tuple[float, float]] = {}
    column = iter(range(len(LEAVES)))

    def place(node: int, depth: int) -> None:
        if node in children:
            left, right = children[node]
            place(left, depth + 1)
            place(right, depth + 1)
            x = (places[left][0] + places[right][0]) / 2
        else:
            x = 0.9 + 1.36 * next(column)
        places[node] = (x, 4.85 - 0.92 * depth)

    root = 2 * len(LEAVES) - 2
    place(root, 0)
    marked, node = {root}, root
    for turn in (1, 0, 1, 0):
        node = children[node][turn]
        marked.add(node)
    with figure_saved(path, 10, 5.4) as figure:
        axes = canvas(figure)
        for parent, (left, right) in children.items():
            for child, turn in ((left, 0), (right, 1)):
                (x, y), (px, py) = places[child], places[parent]
                color = RED if {parent, child} <= marked else GRAY
                axes.plot([px, x], [py - 0.2, y + 0.2], color=color, lw=2 if color == RED else 1.2)
                side = -0.13 if turn == 0 else 0.13
                label(axes, ((px + x) / 2 + side, (py + y) / 2 + 0.06), str(turn), color=color)
        for node, (x, y) in places.items():
            if node in children:
                color = LIGHT_YELLOW if node in marked else LIGHT
                text = f"node {node - len(LEAVES)}: {counts[node]}"
                box(axes, (x, y), text, 1.12, 0.4, color)
            else:
                color = LIGHT_GREEN if node in marked else LIGHT_BLUE
                box(axes, (x, y), f"{LEAVES[node][0]}: {counts[node]}", 0.9, 0.4, color)
        label(axes, (8.0, 4.9), "sat: 1 0 1 0", color=RED, fontsize=12)
        text = "p = \u03c3(z5) (1 \u2212 \u03c3(z4)) \u03c3(z2) (1 \u2212 \u03c3(z1))"
        label(axes, (8.0, 4.55), text, color=RED)
        label(axes, (8.0, 4.25), "with z of a node = h \u00b7 w of the node", color=GRAY)


def draw_keep(path: Path) -> None:
    """The probability to be kept by frequency: of the C program and of the paper."""
    share = np.logspace(-6, -1, 400)
    with figure_saved(path, 10, 4.2) as figure:
        axes = figure.subplots()
        for threshold, color in ((1e-3, BLUE), (1e-4, RED)):
            counts = np.round(share * 1e12).astype(np.int64)
            total = int(1e12)
            settings = SamplingSettings(subsample=threshold)
            kept = [settings.keep_probabilities(np.array([c, total - c]))[0] for c in counts]
            name = f"threshold {threshold:g}"
            axes.semilogx(share, kept, color=color, lw=2, label=f"{name}, program and pmt")
            paper = np.minimum(1, np.sqrt(threshold / share))
            axes.semilogx(share, paper, "--", color=color, lw=1.2, label=f"{name}, paper")
        axes.axvline(0.06, color=GRAY, lw=0.8)
        axes.text(0.055, 0.92, "\u201cthe\u201d, 6 %", ha="right", color=GRAY)
        axes.set(
            xlabel="share of the word in the text, f",
            ylabel="kept share of its occurrences",
            ylim=(0, 1.05),
            xlim=(1e-6, 0.1),
        )
        axes.legend(loc="lower left")


def trained() -> np.ndarray:
    """Return the four vectors at the start and after each step, (steps + 1, 4, 2)."""
    model = build_model(Settings())
    flat = FlatParameters(model.named_parameters())
    optimizer = RMSProp(flat, weight_decay=0.005)
    (weight,) = model.parameters()
    words, together = np.array(TOGETHER + NOISE), (np.arange(10) < 4).astype(np.float32)
    ways = [weight.data.copy()]
    for step in range(400):
        value = loss(model, (words, together), np.random.default_rng(0))
        optimizer.step(flat.gather([gradients(value)]), lr=0.02 * (1 - step / 400))
        ways.append(weight.data.copy())
    return np.array(ways)


def _words(axes: Axes, at: np.ndarray, color: str) -> None:
    axes.plot(*at.T, "o", color=color, markersize=7, zorder=3)
    for (x, y), word in zip(at, WORDS, strict=True):
        axes.annotate(word, (x, y), (7 if x > 0 else -7, 9 if y > 0 else -9),
                      textcoords="offset points", ha="left" if x > 0 else "right",
                      va="center", color=INK, fontsize=11)  # fmt: skip


def draw_paris(path: Path) -> None:
    """Left: from the start to the end. Right: the square, its parallel sides, its diagonals."""
    ways = trained()
    end = ways[-1]
    with figure_saved(path, 10, 4.5) as figure:
        first, second = figure.subplots(1, 2)
        for word, color in zip(range(4), (BLUE, RED, GREEN, YELLOW), strict=True):
            first.plot(*ways[:, word].T, color=color, lw=1.5)
            first.plot(*ways[0, word], "o", mfc="white", color=color, markersize=6)
        _words(first, end, INK)
        first.set(title="400 steps; circles: the start")
        look = {"arrowstyle": "-|>", "lw": 2, "shrinkA": 6, "shrinkB": 6}
        for start, stop in ((0, 1), (2, 3)):
            second.annotate("", end[stop], end[start], arrowprops={**look, "color": RED})
        for start, stop in ((0, 2), (1, 3)):
            second.annotate("", end[stop], end[start], arrowprops={**look, "color": BLUE})
        for start, stop in ((0, 3), (1, 2)):
            second.plot(*end[[start, stop]].T, ":", color=GRAY)
        _words(second, end, INK)
        second.set(title="red: to the country; blue: to Germany")
        for axes in (first, second):
            axes.set(aspect="equal", xlim=(-2.9, 2.9), ylim=(-2.2, 2.2))
            axes.set(xlabel="first number", ylabel="second number")
            axes.axhline(0, color=GRAY, lw=0.4)
            axes.axvline(0, color=GRAY, lw=0.4)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    for name, function in zip(PICTURES, (draw_cbow, draw_tree, draw_keep, draw_paris), strict=True):
        function(folder / name)
