"""Chapter 16: a word alone and in its chain; transitions learned from the sample sentences."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pmt_autograd import gradients
from pmt_nn import LinearChainCRF, Module, Parameter
from pmt_train import AdamW, FlatParameters, figure_saved_to

PICTURES = ("16_chain.png",)
TAGS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
SENTENCES = (
    "O B-PER I-PER O O B-LOC O",
    "B-PER I-PER O O B-LOC I-LOC O",
    "O O B-LOC O B-PER O O",
    "B-LOC I-LOC I-LOC O O B-PER I-PER",
    "O B-PER O B-PER I-PER O O",
)


class Transitions(Module):
    """A chain that knows nothing of words: all it can learn is which tag follows which."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.frequency = Parameter(np.zeros(len(TAGS), np.float32))
        self.crf = LinearChainCRF(len(TAGS), rng)


def learned() -> np.ndarray:
    """Transition scores (n, n)."""
    tags = np.array([[TAGS.index(tag) for tag in line.split()] for line in SENTENCES])
    model = Transitions(np.random.default_rng(0))
    flat = FlatParameters(model.named_parameters())
    optimizer = AdamW(flat)
    for _ in range(200):
        emissions = model.frequency + np.zeros((*tags.shape, len(TAGS)), np.float32)
        optimizer.step(flat.gather([gradients(model.crf(emissions, tags))]), lr=0.05)
    return model.crf.transitions.data


def chances(e: np.ndarray, a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """p(tag) of every word: by itself, and in the chain, (t, n) each."""
    crf = LinearChainCRF(len(TAGS), np.random.default_rng(0), dtype=np.float64)
    crf.transitions.data[...], crf.start.data[...], crf.end.data[...] = a, 0, 0
    alone = np.exp(e) / np.exp(e).sum(axis=1, keepdims=True)
    return alone, crf.marginals(e[np.newaxis])[0]


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    scores = learned()
    e = np.array([[0, 3, 0, 0, 0], [0, -1, 1.2, 0, 2], [3, 0, 0, 0, 0]], np.float64)
    alone, chained = chances(e, scores.astype(np.float64))
    with figure_saved_to(folder / PICTURES[0], 9, 3.6) as figure:
        *left, right = figure.subplots(1, 3, width_ratios=[1, 1, 1.5])
        for axes, table, title in zip(left, (alone, chained), ("each alone", "in the chain")):
            axes.imshow(table.T, cmap="Blues", vmin=0, vmax=1)
            for (word, tag), share in np.ndenumerate(table):
                color = "white" if share > 0.5 else "#33363d"
                axes.text(word, tag, f"{share:.2f}", ha="center", va="center", color=color)
            axes.set_xticks(range(3), ["Angela", "Stone", "left"])
            axes.set_yticks(range(len(TAGS)), TAGS)
            axes.set_title(title)
        picture = right.imshow(scores, cmap="RdBu", vmin=-4, vmax=4)
        right.set_xticks(range(len(TAGS)), TAGS)
        right.set_yticks(range(len(TAGS)), TAGS)
        right.set(title="Transitions learned", xlabel="to", ylabel="from")
        figure.colorbar(picture, ax=right, shrink=0.8)
