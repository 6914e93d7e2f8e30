"""Chapter 14: shifted labels, the decoder, its learning curve, and five distributions."""

from __future__ import annotations

import gzip
from itertools import pairwise
from pathlib import Path

import numpy as np

from docs.drawing import (
    BLUE,
    GRAY,
    LIGHT,
    LIGHT_BLUE,
    LIGHT_GREEN,
    LIGHT_PURPLE,
    LIGHT_YELLOW,
    RED,
    WHITE,
    arrow,
    box,
    canvas,
    figure_saved,
    label,
    table,
)
from pmt_apps.kit.files import SAMPLES
from pmt_core import RandomStream
from pmt_nn import LanguageModel, LanguageModelConfig, token_distribution
from pmt_text import CharacterTokenizer

PICTURES = ("14_shift.png", "14_gpt.png", "14_learning.png", "14_sampling.png")
MEASURED = Path(__file__).resolve().parents[1] / "measured"


def draw_shift(path: Path) -> None:
    """Draw what is read, what is to be said, and the causal mask."""
    read, said = list("On a Sund"), list("n a Sunda")
    n = len(read)
    visible = [[letter.replace(" ", "␣") for letter in letters] for letters in (read, said)]
    with figure_saved(path, 9, 5.2) as figure:
        axes = canvas(figure)
        size = 0.42
        left, top = 2.6, 4.35
        table(
            axes,
            [visible[0]],
            (left, top + 0.55),
            (size, size),
            colors=[[LIGHT_BLUE] * n],
        )
        label(axes, (left - 0.15, top + 0.34), "read (keys)", ha="right")
        colors = [[BLUE if j <= i else WHITE for j in range(n)] for i in range(n)]
        table(axes, np.full((n, n), "", dtype=object), (left, top), (size, size), colors=colors)
        rows = [[letter] for letter in visible[0]]
        table(axes, rows, (left - 0.9, top), (size, size), colors=[[LIGHT_BLUE]] * n)
        label(axes, (left - 1.05, top - n * size / 2), "read\n(queries)", ha="right")
        right = left + n * size
        for i, letter in enumerate(visible[1]):
            y = top - (i + 0.5) * size
            arrow(axes, (right, y), (right + 0.8, y), gap=0.06)
            table(axes, [[letter]], (right + 0.82, y + size / 2), (size, size),
                  colors=[[LIGHT_YELLOW]])  # fmt: skip
        label(axes, (right + 1.05, top + 0.34), "to be said")
        label(axes, (left + n * size / 2, 0.25), "blue: may be looked at", color=BLUE)


def draw_gpt(path: Path) -> None:
    """Draw the model from ids to the distribution, with shapes."""
    with figure_saved(path, 10, 3.6) as figure:
        axes = canvas(figure)
        y = 2.3
        ids = box(axes, (0.65, y), "letters", 0.95, 0.6, color=LIGHT_BLUE)
        embed = box(axes, (2.4, y), "embedding\n(v, d)", 1.15, 0.7, color=LIGHT_YELLOW)
        first = box(axes, (4.3, y), "block 1\ncausal", 1.0, 1.1, color=LIGHT_GREEN)
        second = box(axes, (5.95, y), "block 2\ncausal", 1.0, 1.1, color=LIGHT_GREEN)
        norm = box(axes, (7.45, y), "norm", 0.75, 0.6, color=LIGHT_PURPLE)
        out = box(axes, (9.15, y), "dense\n(d, v)", 1.0, 0.7, color=LIGHT_YELLOW)
        arrow(axes, ids.right, embed.left, "(b, t)", fontsize=9)
        parts = (embed, first, second, norm, out)
        for one, other in pairwise(parts):
            arrow(axes, one.right, other.left, "(b, t, d)", fontsize=9, offset=(0, 0.2))
        soft = box(axes, (9.15, 0.8), "softmax", 1.0, 0.5, color=LIGHT_GREEN)
        arrow(axes, out.bottom, soft.top, "(b, t, v)", fontsize=9, offset=(-0.1, 0))
        loss = box(axes, (6.9, 0.8), "p of the next letter", 1.9, 0.5, color=LIGHT_BLUE)
        arrow(axes, soft.left, loss.right)
        axes.plot([2.4, 2.4, 9.15, 9.15], [2.69, 3.25, 3.25, 2.69], "--", color=RED, lw=1.4)
        label(axes, (5.8, 3.4), "the same numbers: embedding and output are tied", color=RED)
        note = (
            "each block: attention to the left, with rotary positions,\n"
            "and feed-forward network, both added (chapters 12 and 13)"
        )
        label(axes, (3.3, 1.35), note, fontsize=9, color=GRAY)


def draw_learning(path: Path) -> None:
    """Draw the bits per character of measured/small_gpt.csv."""
    lines = (MEASURED / "small_gpt.csv").read_text(encoding="utf-8").splitlines()[2:]
    steps, bits = np.array([line.split(",") for line in lines], float).T
    with figure_saved(path, 9, 4) as figure:
        axes = figure.subplots()
        axes.semilogy(steps, bits, "o-")
        axes.axhline(4.33, color=GRAY, linestyle=":")
        axes.text(1600, 4.55, "frequency of letters alone", ha="right", color=GRAY)
        axes.set(xlabel="step", ylabel="bits per held-out character", ylim=(0.15, 8))
        axes.set_yticks([0.2, 0.5, 1, 2, 5], ["0.2", "0.5", "1", "2", "5"])
        axes.minorticks_off()
        heights = {25: 3.1, 100: 1.9, 400: 0.6}
        for step, text in (
            (25, "l DehDyaotrOB eiecuamtetoalnnae"),
            (100, "wero tiontd o  santoned the casen tor"),
            (400, "And Elsbe took the smallr her she hought"),
        ):
            height = bits[list(steps).index(step)]
            axes.annotate(
                f"{step}: {text}",
                (step, height),
                (260, heights[step]),
                arrowprops={"arrowstyle": "-", "color": GRAY},
                family="DejaVu Sans Mono",
                fontsize=9,
            )


def stored_model() -> tuple[LanguageModel, CharacterTokenizer]:
    """Return the trained model of the chapter."""
    text = gzip.decompress((SAMPLES / "lm.txt.gz").read_bytes()).decode()
    tokenizer = CharacterTokenizer(text)
    config = LanguageModelConfig(
        vocabulary=len(tokenizer), width=48, heads=4, hidden=192, layers=2, dropout=0.0
    )
    model = LanguageModel(config, RandomStream(0, "weights").generator())
    model.load_state_dict(dict(np.load(MEASURED / "small_gpt.npz")))
    return model.eval(), tokenizer


def draw_sampling(path: Path) -> None:
    """Draw the distribution of the letter after "One morning ", changed in four ways."""
    model, tokenizer = stored_model()
    logits = model(tokenizer.encode("One morning ")[np.newaxis]).data[:, -1]
    plain = token_distribution(logits)[0]
    order = np.argsort(-plain)[:16]
    names = [tokenizer.decode([i]).replace(" ", "␣").replace("\n", "↵") for i in order]
    ways = (
        ("as it is", {}),
        ("temperature 0.5", {"temperature": 0.5}),
        ("temperature 2", {"temperature": 2.0}),
        ("top-k, k = 3", {"top_k": 3}),
        ("top-p, p = 0.8", {"top_p": 0.8}),
    )
    with figure_saved(path, 10, 5.6) as figure:
        panels = figure.subplots(len(ways), 1, sharex=True, sharey=True)
        for axes, (name, settings) in zip(panels, ways, strict=True):
            p = token_distribution(logits, **settings)[0][order]
            axes.bar(range(len(order)), plain[order], color=LIGHT, edgecolor=GRAY)
            axes.bar(range(len(order)), p, color=BLUE, width=0.5)
            axes.set_ylabel("p")
            axes.text(15.4, 0.27, name, ha="right", fontsize=11)
        panels[-1].set_xticks(range(len(order)), names)
        panels[-1].set_xlabel("letter after “One morning ” (gray: as it is)")
        panels[0].set_ylim(0, 0.4)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    drawings = (draw_shift, draw_gpt, draw_learning, draw_sampling)
    for name, drawing in zip(PICTURES, drawings, strict=True):
        drawing(folder / name)
