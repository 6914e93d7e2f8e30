"""Chapter 12: a soft look-up, the root, shapes of attention, positions, and a trained head."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.drawing import (
    LIGHT_BLUE,
    LIGHT_GREEN,
    LIGHT_YELLOW,
    arrow,
    box,
    canvas,
    figure_saved,
    label,
    table,
)
from pmt_autograd import gradients
from pmt_core import softmax
from pmt_nn import Embedding, Linear, Module, attention, attention_weights, cross_entropy, sinusoids
from pmt_train import AdamW, FlatParameters

PICTURES = (
    "12_lookup.png",
    "12_root.png",
    "12_shapes.png",
    "12_positions.png",
    "12_learned.png",
)


class LookUp(Module):
    """A list of names with contents, asked for the content of one: one soft look-up."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.names = Embedding(20, 32, rng, std=0.5)
        self.contents = Embedding(20, 32, rng, std=0.5)
        self.query, self.key = Linear(32, 32, rng), Linear(32, 32, rng)
        self.answer = Linear(32, 20, rng)

    def looks(self, names, asked):
        """Queries and keys."""
        return self.query(self.names(asked[:, np.newaxis])), self.key(self.names(names))

    def forward(self, names, contents, asked):
        found = attention(*self.looks(names, asked), self.contents(contents), heads=1)
        return self.answer(found[:, 0])


def lists(rng: np.random.Generator, b: int):
    names = rng.permuted(np.tile(np.arange(20), (b, 1)), axis=1)[:, :6]
    contents, place = rng.integers(0, 20, (b, 6)), rng.integers(0, 6, b)
    return names, contents, names[np.arange(b), place], contents[np.arange(b), place]


def trained(rng: np.random.Generator) -> LookUp:
    model = LookUp(rng)
    flat = FlatParameters(model.named_parameters())
    optimizer = AdamW(flat)
    for _ in range(400):
        names, contents, asked, answers = lists(rng, 64)
        loss = cross_entropy(model(names, contents, asked), answers)
        optimizer.step(flat.gather([gradients(loss)]), lr=0.01)
    return model


def share_color(share: float) -> str:
    """White at 0, blue at 1."""
    red, green, blue = (round(255 - share * (255 - c)) for c in (0x8F, 0xB0, 0xDC))
    return f"#{red:02x}{green:02x}{blue:02x}"


def draw_lookup(path: Path) -> None:
    """Draw the look-up of the page for queries of three lengths."""
    keys, values = np.array([[1.0, 0], [0, 1], [-1, 0]]), np.array([10.0, 20, 30])
    lengths = (5.0, 1.0, 0.0)
    with figure_saved(path, 10, 3.6) as figure:
        axes = canvas(figure)
        queries = np.array([[length, 0] for length in lengths])
        scores = queries @ keys.T
        shares = softmax(scores)
        heights = (2.75, 1.75, 0.75)
        names = ["key 1", "key 2", "key 3"]
        label(axes, (1.0, 3.35), "queries  (t, k)", fontsize=11)
        label(axes, (3.95, 3.35), "scores  (t, s)", fontsize=11)
        label(axes, (6.75, 3.35), "shares  (t, s)", fontsize=11)
        label(axes, (9.15, 3.35), "output  (t, 1)", fontsize=11)
        for i, y in enumerate(heights):
            top = y + 0.18
            q = table(axes, queries[i], (0.4, top), (0.6, 0.36), form="{:.0f}")
            s = table(axes, scores[i], (3.0, top), (0.65, 0.36), form="{:.0f}", columns=names)
            colors = [[share_color(share) for share in shares[i]]]
            a = table(axes, shares[i], (5.8, top), (0.65, 0.36), colors=colors, columns=names)
            o = table(axes, [shares[i] @ values], (8.75, top), (0.8, 0.36), colors=[[LIGHT_GREEN]])
            arrow(axes, q.right, s.left, "times keys")
            arrow(axes, s.right, a.left, "softmax")
            arrow(axes, a.right, o.left, "times\n10, 20, 30", offset=(0, 0.25), fontsize=9)


def draw_root(path: Path) -> None:
    """Draw the largest share and the mean slope against the width, with and without the root."""
    rng = np.random.default_rng(0)
    widths = 2 ** np.arange(1, 10)
    largest, slope = np.zeros((2, len(widths))), np.zeros((2, len(widths)))
    for j, width in enumerate(widths):
        q, k = rng.normal(size=(1000, width)), rng.normal(size=(10, width))
        for i, scale in enumerate((1, np.sqrt(width))):
            a = softmax(q @ k.T / scale)
            largest[i, j], slope[i, j] = a.max(axis=1).mean(), (a * (1 - a)).mean()
    with figure_saved(path, 10, 3.6) as figure:
        left, right = figure.subplots(1, 2)
        for axes, data in ((left, largest), (right, slope)):
            axes.plot(widths, data[0], "o-", label="without the root")
            axes.plot(widths, data[1], "s-", label="divided by the root of k")
            axes.set_xscale("log", base=2)
            axes.set_xticks(widths, [str(width) for width in widths])
            axes.set_xlabel("k, width of queries and keys")
        left.set(ylim=(0, 1.03), ylabel="largest of ten shares, mean")
        right.set(ylim=(0, 0.1), ylabel="slope a (1 - a) of a share, mean")
        left.legend(loc="center right", bbox_to_anchor=(1, 0.62))


def draw_shapes(path: Path) -> None:
    """Draw self-attention with the shape of every array."""
    with figure_saved(path, 10, 4.9) as figure:
        axes = canvas(figure)
        x = box(axes, (0.75, 2.6), "words X", 1.1, color=LIGHT_BLUE)
        heights = (4.0, 2.6, 1.0)
        dense = [
            box(axes, (2.75, y), f"dense $W_{name}$", 1.2, color=LIGHT_YELLOW)
            for y, name in zip(heights, "QKV", strict=True)
        ]
        split = [box(axes, (4.85, y), "split\ninto heads", 1.1, 0.6) for y in heights]
        for d, s, name in zip(dense, split, "QKV", strict=True):
            arrow(axes, x.right, d.left)
            arrow(
                axes, d.right, s.left, f"{name}  (b, {'t' if name == 'Q' else 's'}, d)", fontsize=9
            )
        label(axes, (1.45, 3.45), "(b, t, d)", fontsize=9)
        label(axes, (0.85, 0.6), "self-attention: s = t", fontsize=9)
        product = box(axes, (6.75, 3.3), "$Q K^T / \\sqrt{d/h}$", 1.5, color=LIGHT_GREEN)
        arrow(axes, split[0].right, product.top, "(b, h, t, k)", offset=(0.35, 0.22), fontsize=9)
        arrow(axes, split[1].right, product.bottom, "(b, h, s, k)", offset=(0.4, -0.2), fontsize=9)
        soft = box(axes, (9.0, 3.3), "softmax\nover s", 1.1, 0.6, color=LIGHT_GREEN)
        arrow(axes, product.right, soft.left, "(b, h, t, s)", fontsize=9)
        mask = box(axes, (9.0, 4.45), "mask: $-\\infty$", 1.3, color=LIGHT_GREEN)
        arrow(axes, mask.bottom, soft.top, "(b, 1, t, s)", offset=(-0.1, 0), fontsize=9)
        mix = box(axes, (9.0, 1.9), "A V", 1.1, color=LIGHT_GREEN)
        arrow(axes, soft.bottom, mix.top, "A  (b, h, t, s)", offset=(-0.1, 0), fontsize=9)
        arrow(axes, split[2].right, mix.left, "(b, h, s, k)", offset=(-0.3, 0.25), fontsize=9)
        join = box(axes, (9.0, 0.6), "heads side\nby side", 1.1, 0.6)
        arrow(axes, mix.bottom, join.top, "(b, h, t, k)", offset=(-0.1, 0), fontsize=9)
        out = box(axes, (6.75, 0.45), "dense $W_O$", 1.2, color=LIGHT_YELLOW)
        arrow(axes, join.left, out.right, "(b, t, d)", offset=(0, -0.17), fontsize=9)
        found = box(axes, (4.5, 0.3), "output", 1.1, 0.4, color=LIGHT_BLUE)
        arrow(axes, out.left, found.right, "(b, t, d)", offset=(0, -0.17), fontsize=9)


def draw_positions(path: Path) -> None:
    """Draw sinusoids, their dot products, and what a W_Q makes of them."""
    d, n = 64, 40
    table_ = sinusoids(n, d, np.float64)
    rates = 10000.0 ** (-np.arange(0, d, 2) / d)
    turn = np.zeros((d, d))
    for i, angle in enumerate(3 * rates):
        cos, sin = np.cos(angle), np.sin(angle)
        turn[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = [[cos, sin], [-sin, cos]]
    with figure_saved(path, 10, 3.7) as figure:
        left, middle, right = figure.subplots(1, 3)
        image = left.imshow(table_, cmap="RdBu", vmin=-1, vmax=1, aspect="auto")
        left.set(xlabel="column i", ylabel="place p", title="$P$: sinusoids")
        figure.colorbar(image, ax=left, shrink=0.8)
        for axes, scores, title in (
            (middle, table_ @ table_.T, "$P P^T$: symmetric"),
            (right, table_ @ turn @ table_.T, "$P W_Q P^T$: three to the left"),
        ):
            image = axes.imshow(scores, cmap="Blues", vmin=10, vmax=34)
            axes.set(xlabel="place of the key", ylabel="place of the query", title=title)
        figure.colorbar(image, ax=[middle, right], shrink=0.8)
        for axes in (middle, right):
            axes.plot([0, n - 1], [0, n - 1], ":", color="#c8553d", linewidth=1)


def draw_learned(path: Path) -> None:
    """Draw where a trained head looks."""
    rng = np.random.default_rng(0)
    model = trained(rng)
    names, _, asked, _ = lists(rng, 8)
    q, k = model.looks(names, asked)
    shares = attention_weights(q.data, k.data, heads=1)[:, 0, 0].round(2)
    with figure_saved(path, 8, 4) as figure:
        axes = figure.subplots()
        image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axes.set_yticks(range(8), [f"asked: {name}" for name in asked])
        for i, j in np.ndindex(names.shape):
            color = "white" if shares[i, j] > 0.5 else "#33363d"
            axes.text(j, i, str(names[i, j]), ha="center", va="center", color=color)
        axes.set(xlabel="place in the list", title="Eight lists of six names")
        axes.set_xticks(range(6), [str(i) for i in range(6)])
        figure.colorbar(image, ax=axes, label="share of attention")


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    drawings = (draw_lookup, draw_root, draw_shapes, draw_positions, draw_learned)
    for name, drawing in zip(PICTURES, drawings, strict=True):
        drawing(folder / name)
