"""Chapter 15: the two stacks, attention that reverses letters, and a beam search as a tree."""

from __future__ import annotations

import runpy
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from docs.drawing import (
    BLUE,
    GRAY,
    GREEN,
    LIGHT,
    LIGHT_BLUE,
    LIGHT_GREEN,
    LIGHT_PURPLE,
    LIGHT_YELLOW,
    RED,
    SHARES,
    WHITE,
    arrow,
    box,
    canvas,
    figure_saved,
    heat_map,
    label,
)
from pmt_autograd import gradients, no_grad
from pmt_core import log_softmax
from pmt_nn import EncoderDecoder, EncoderDecoderConfig, capture, cross_entropy, gnmt_penalty
from pmt_train import AdamW, FlatParameters, linear_schedule

PICTURES = ("15_architecture.png", "15_reversal.png", "15_dates.png", "15_beam.png")
LOG = Path(__file__).resolve().parents[1]
START, END = 0, 1


def draw_architecture(path: Path) -> None:
    """Draw encoder and decoder with shapes."""
    with figure_saved(path, 9, 7) as figure:
        axes = canvas(figure)
        left, right = 2.0, 6.4

        def stack(x: float, items: list[tuple[str, str]], heights: list[float]):
            frames = [
                box(axes, (x, y), text, 2.1, 0.42, color=color)
                for (text, color), y in zip(items, heights, strict=True)
            ]
            return frames

        encoder = stack(
            left,
            [
                ("source letters", LIGHT_BLUE),
                ("embedding, positions", LIGHT_YELLOW),
                ("self-attention", LIGHT_GREEN),
                ("feed-forward", LIGHT_YELLOW),
                ("norm", LIGHT_PURPLE),
            ],
            [0.35, 1.25, 2.35, 3.45, 4.75],
        )
        shapes = ["(b, s)", "(b, s, d)", "(b, s, d)", "(b, s, d)"]
        for (one, other), shape in zip(pairwise(encoder), shapes, strict=True):
            arrow(axes, one.top, other.bottom, shape, fontsize=9)
        decoder = stack(
            right,
            [
                ("target words so far", LIGHT_BLUE),
                ("embedding, positions", LIGHT_YELLOW),
                ("self-attention, causal", LIGHT_GREEN),
                ("cross-attention", LIGHT_GREEN),
                ("feed-forward", LIGHT_YELLOW),
                ("norm", LIGHT_PURPLE),
                ("dense, tied", LIGHT_YELLOW),
                ("softmax: p of the next word", LIGHT_BLUE),
            ],
            [0.35, 1.25, 2.25, 3.15, 4.05, 5.0, 5.8, 6.65],
        )
        shapes = ["(b, t)"] + ["(b, t, d)"] * 5 + ["(b, t, v)"]
        for (one, other), shape in zip(pairwise(decoder), shapes, strict=True):
            arrow(axes, one.top, other.bottom, shape, fontsize=9)
        top, target = encoder[-1], decoder[3]
        axes.plot([left, left, 4.3, 4.3], [top.top[1], 5.5, 5.5, target.left[1]], color=RED, lw=1.6)
        arrow(axes, (4.26, target.left[1]), target.left, color=RED)
        label(axes, (3.2, 5.68), "memory (b, s, d): K and V", color=RED)
        for x, low, high, text in (
            (left, 2.0, 3.82, "× encoder layers"),
            (right, 1.93, 4.37, "× decoder layers"),
        ):
            width = 3.3
            axes.plot(
                [x - 1.35, x + width - 1.35, x + width - 1.35, x - 1.35, x - 1.35],
                [low, low, high, high, low],
                ":",
                color=GRAY,
            )
            label(axes, (x + width - 1.2, (low + high) / 2), text, rotation=90, fontsize=9)
        label(axes, (2.4, 6.6), "each part is x + f(norm(x)), chapter 13", fontsize=9, color=GRAY)


def reversals(rng: np.random.Generator, b: int, n: int = 6) -> tuple[np.ndarray, np.ndarray]:
    source = rng.integers(2, 10, (b, n))
    target = np.full((b, n + 2), START)
    target[:, 1:-1], target[:, -1] = source[:, ::-1], END
    return source, target


def trained(rng: np.random.Generator, steps: int = 300) -> tuple[EncoderDecoder, list[float]]:
    """The model, and its loss at every step."""
    config = EncoderDecoderConfig(
        source_vocabulary=10,
        target_vocabulary=10,
        max_length=16,
        width=32,
        heads=2,
        hidden=64,
        layers=1,
        decoder_layers=1,
        dropout=0.0,
    )
    model = EncoderDecoder(config, rng)
    flat = FlatParameters(model.named_parameters())
    optimizer, schedule, losses = AdamW(flat), linear_schedule(0.006, steps), []
    for step in range(steps):
        source, target = reversals(rng, 64)
        loss = cross_entropy(model(source, target[:, :-1]), target[:, 1:])
        optimizer.step(flat.gather([gradients(loss)]), lr=schedule(step))
        losses.append(loss.item())
    return model, losses


def draw_reversal(path: Path) -> None:
    """Draw where a decoder looks that reverses letters, and how its loss fell."""
    rng = np.random.default_rng(0)
    reversals(rng, 1)
    model, losses = trained(rng)
    source = np.array([[5, 2, 8, 3, 9, 4]])
    target = np.concatenate([[[START]], source[:, ::-1], [[END]]], axis=1)
    model.eval()
    with no_grad(), capture(model) as seen:
        model(source, target[:, :-1])
    weights = seen["decoder.layers.0.cross.weights"][0].mean(axis=0)  # (t, s)
    letters = "abcdefghij"
    with figure_saved(path, 10, 4) as figure:
        left, right = figure.subplots(1, 2, width_ratios=[1, 1.2])
        rows = [f"{letters[i]}  ({t})" for t, i in enumerate(source[0, ::-1])]
        columns = [f"{letters[i]}\n({s})" for s, i in enumerate(source[0])]
        heat_map(
            left,
            weights,
            [*rows, "end  (6)"],
            columns,
            scale=1,
            low=0,
            colors=SHARES,
            form="{:.1f}",
            title="cross-attention, mean of two heads",
            xlabel="read",
            ylabel="written",
        )
        right.semilogy(losses, linewidth=1.2)
        right.set(xlabel="step", ylabel="loss of a letter")


@dataclass(eq=False)
class Node:
    """A beginning in the beam."""

    token: int
    log_p: float
    parent: Node | None
    depth: int
    kept: bool = True
    row: float = 0.0
    children: list[Node] = field(default_factory=list)


def translator():
    """Return the vocabularies and the trained model of trainings/dates.py."""
    dates = runpy.run_path(str(LOG / "trainings" / "dates.py"))
    words = dates["Vocabularies"].of_training()
    model = dates["new_model"](words)
    model.load_state_dict(dict(np.load(LOG / "measured" / "dates.npz")))
    return words, model.eval()


def draw_dates(path: Path) -> None:
    """Draw where the translator of dates looks, word by word."""
    words, model = translator()
    german = "der einundzwanzigste März neunzehnhundertsiebenundachtzig"
    english = "the twenty-first of March nineteen eighty-seven"
    source, mask = words.source([german])
    target = words.target([english])
    with no_grad(), capture(model) as seen:
        model(source, target[:, :-1], mask)
    weights = seen["decoder.layers.0.cross.weights"][0].mean(axis=0)  # (t, s)
    with figure_saved(path, 10, 3.8) as figure:
        axes = figure.subplots()
        heat_map(
            axes,
            weights,
            [words.words[i] for i in target[0, 1:-1]] + ["end"],
            [letter.replace(" ", "␣") for letter in german],
            low=0,
            colors=SHARES,
            form=None,
            xlabel="read",
            ylabel="written",
            title="cross-attention, mean of four heads",
        )


def searched(width: int, text: str):
    """Return the words, the levels of the search tree, and the hypotheses of the library."""
    words, model = translator()
    source, mask = words.source([text])
    settings = {"start": 1, "end": 2, "max_length": 12, "width": width, "n_best": width}
    found = model.beam_search(source, mask, **settings, penalty=gnmt_penalty(0.0))[0]
    decoding = model.decoding(source, mask)
    beam, ids = [Node(1, 0.0, None, 0)], np.array([[1]])
    levels, ended = [list(beam)], 0
    while beam and ended < width:
        steps = log_softmax(decoding.step(ids).astype(np.float64), axis=-1)
        scores = np.array([node.log_p for node in beam])[:, np.newaxis] + steps
        order = np.argsort(-scores, axis=None, kind="stable")[: 2 * width]
        level, rows, beam_next = [], [], []
        for rank, flat in enumerate(order):
            i, token = divmod(int(flat), scores.shape[1])
            node = Node(token, float(scores[i, token]), beam[i], beam[i].depth + 1)
            if token == 2:
                node.kept = rank < width
                ended += node.kept
            elif len(beam_next) < width:
                beam_next.append(node)
                rows.append(i)
            else:
                node.kept = False
            level.append(node)
            beam[i].children.append(node)
        levels.append(level)
        beam = beam_next
        ids = np.array([[node.token] for node in beam])
        decoding.select(np.array(rows), np.array([0]))
    return words.words, levels, found


def draw_beam(path: Path) -> None:
    """Draw the tree of a search with a beam of three."""
    width = 3
    words, levels, found = searched(width, "der dritte Mai zweitausendsieben")
    ends = [node for level in levels for node in level if node.token == 2 and node.kept]
    ends = sorted(ends, key=lambda node: -node.log_p)[:width]
    best = [hypothesis.log_probability for hypothesis in found]
    if not np.allclose(best, [node.log_p for node in ends], atol=1e-3):
        raise SystemExit("the tree is not the search of the library")
    colors = {}
    for color, end in zip((GREEN, BLUE, RED), ends, strict=True):
        node = end
        while node is not None:
            colors.setdefault(id(node), color)
            node = node.parent
    with figure_saved(path, 10, 5.6) as figure:
        axes = canvas(figure)
        place = {id(levels[0][0]): (0.5, 3.0)}
        root = box(axes, (0.5, 3.0), "start", 0.7, 0.36, color=LIGHT)
        frames = {id(levels[0][0]): root}
        for depth, level in enumerate(levels[1:], 1):
            x = 0.5 + 1.09 * depth
            shown = [node for node in level if node.kept] + [
                node for node in level if not node.kept
            ][:2]
            shown.sort(key=lambda n: (-place[id(n.parent)][1], -n.log_p))
            heights = np.linspace(4.9, 0.55, len(shown)) if len(shown) > 1 else [3.0]
            for node, y in zip(shown, heights, strict=True):
                place[id(node)] = (x, float(y))
                fill = LIGHT_YELLOW if node.token == 2 else LIGHT_BLUE
                fill = fill if node.kept else WHITE
                text = {2: "end"}.get(node.token, words[node.token])
                frame = box(axes, (x, y), text, 0.84, 0.34, color=fill, fontsize=9)
                frames[id(node)] = frame
                mark = colors.get(id(node), GRAY)
                label(axes, (x, y - 0.28), f"{node.log_p:.2f}".replace("-", "−"), fontsize=9,
                      color=mark)  # fmt: skip
                start = frames[id(node.parent)]
                arrow(axes, start.right, frame.left, color=mark if node.kept else GRAY,
                      dashed=not node.kept, style="-", gap=0.01)  # fmt: skip
        note = "below each word: log-probability of the beginning; gray and dashed: dropped"
        label(axes, (5, 5.4), note, fontsize=10)


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    drawings = (draw_architecture, draw_reversal, draw_dates, draw_beam)
    for name, drawing in zip(PICTURES, drawings, strict=True):
        drawing(folder / name)
