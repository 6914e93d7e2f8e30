"""Chapter 12: what a trained head looks at, and the dot products of positions."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pmt_autograd import gradients
from pmt_nn import Embedding, Linear, Module, attention, attention_weights, cross_entropy, sinusoids
from pmt_train import AdamW, FlatParameters, figure_saved_to

PICTURES = ("12_attention.png",)


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


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    rng = np.random.default_rng(0)
    model = trained(rng)
    names, _, asked, _ = lists(rng, 8)
    q, k = model.looks(names, asked)
    shares = attention_weights(q.data, k.data, heads=1)[:, 0, 0]
    with figure_saved_to(folder / PICTURES[0], 9, 3.6) as figure:
        left, right = figure.subplots(1, 2, width_ratios=[3, 2])
        left.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for row, column in np.ndindex(names.shape):
            color = "white" if shares[row, column] > 0.5 else "#33363d"
            left.text(column, row, names[row, column], ha="center", va="center", color=color)
        left.set_yticks(range(len(asked)), [f"asked: {name}" for name in asked])
        left.set(xticks=[], title="Eight lists of six names; shaded: the share each gets")
        table = sinusoids(80, 64)
        picture = right.imshow(table @ table.T, cmap="RdBu", vmin=-32, vmax=32)
        right.set(title="Dot products of positions", xlabel="position", ylabel="position")
        figure.colorbar(picture, ax=right, shrink=0.8)
