"""Chapter 13: where a decoder looks that reverses letters, and how its loss fell."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pmt_autograd import gradients, no_grad
from pmt_nn import EncoderDecoder, EncoderDecoderConfig, capture, cross_entropy
from pmt_train import AdamW, FlatParameters, figure_saved_to, linear_schedule

PICTURES = ("13_reversal.png",)
START, END = 0, 1


def reversals(rng: np.random.Generator, b: int, n: int = 6) -> tuple[np.ndarray, np.ndarray]:
    source = rng.integers(2, 10, (b, n))
    target = np.full((b, n + 2), START)
    target[:, 1:-1], target[:, -1] = source[:, ::-1], END
    return source, target


def trained(rng: np.random.Generator, steps: int = 400) -> tuple[EncoderDecoder, list[float]]:
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


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    rng = np.random.default_rng(0)
    model, losses = trained(rng)
    source, target = reversals(rng, 1)
    model.eval()
    with no_grad(), capture(model) as seen:
        model(source, target[:, :-1])
    weights = seen["decoder.layers.0.cross.weights"][0].mean(axis=0)  # (t, s)
    letters = "abcdefghij"
    with figure_saved_to(folder / PICTURES[0], 9, 3.4) as figure:
        left, right = figure.subplots(1, 2, width_ratios=[1, 1.3])
        left.imshow(weights, cmap="Blues", vmin=0, vmax=1)
        left.set_xticks(range(6), [letters[i] for i in source[0]])
        left.set_yticks(range(7), [*(letters[i] for i in source[0, ::-1]), "end"])
        left.set(xlabel="read", ylabel="written", title="Attention, mean of two heads")
        right.semilogy(losses, color="#2d5fa8", linewidth=1)
        right.set(xlabel="step", title="Loss per token")
