"""The second final: the answers learn to write from the shipped stories."""

from __future__ import annotations

import gzip
import time
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from docs.course.finals.pairs import ROOT
from docs.course.finals.steps import Report, TrainingSteps

SAMPLE = ROOT / "apps" / "pmt_apps" / "samples" / "lm.txt.gz"

GOAL = 0.3
"""Largest loss of a held-out letter, in nats; the frequencies of the letters alone give 3.0."""

_WINDOW = 64
_BATCH = 16
_HEADS = 4


@dataclass(frozen=True)
class VerseResult:
    """What the final has measured.

    Attributes:
        loss: of a held-out letter, in nats.
        bits: the same in bits per character.
        verse: what was written.
        seconds: of the processor.
    """

    loss: float
    bits: float
    verse: str
    seconds: float


class _Letters:
    """The shipped stories as numbers: nine tenths to train on, one tenth held out."""

    def __init__(self) -> None:
        text = gzip.decompress(SAMPLE.read_bytes()).decode("utf-8")
        self.alphabet = sorted(set(text))
        numbers = {letter: i for i, letter in enumerate(self.alphabet)}
        ids = np.array([numbers[letter] for letter in text])
        self.train, self.dev = np.split(ids, [len(ids) * 9 // 10])
        self._numbers = numbers

    def encode(self, text: str) -> list[int]:
        """Return the numbers of the letters of a text."""
        return [self._numbers[letter] for letter in text]

    def decode(self, ids: list[int]) -> str:
        """Return the text of numbers."""
        return "".join(self.alphabet[i] for i in ids)


def run_verse(mine: ModuleType, say: Report, steps: int = 800, letters: int = 150) -> VerseResult:
    """Train the decoder of the answers, measure it on held-out text, and let it write."""
    start = time.process_time()
    text = _Letters()
    rng = np.random.default_rng(0)
    weights = mine.new_decoder(len(text.alphabet), 48, 192, 2, rng)
    size = sum(each.value.size for each in mine.parameters(weights))
    say(f"{len(text.train)} letters of {len(text.alphabet)} kinds, {size} weights")
    step = TrainingSteps(mine, weights, steps, 5e-3)
    for number in range(1, steps + 1):
        starts = rng.integers(0, len(text.train) - _WINDOW, _BATCH)
        read, said = mine.shift(text.train[starts[:, np.newaxis] + np.arange(_WINDOW + 1)])
        loss = step(mine.cross_entropy_op(mine.decoder(read, weights, _HEADS), said))
        if number % max(steps // 8, 1) == 0:
            say(f"step {number}: loss {loss:.3f}, {time.process_time() - start:.0f} s")
    loss, bits = _held_out(mine, weights, text.dev)
    say(f"a held-out letter costs {loss:.3f} nats, {bits:.3f} bits")
    verse = mine.generate(
        lambda ids: mine.decoder(ids, weights, _HEADS).value,
        text.encode("\nSo Elsbe sang:\n"),
        letters,
        rng,
        _WINDOW,
        temperature=0.5,
    )
    return VerseResult(loss, bits, text.decode(verse), time.process_time() - start)


def _held_out(mine: ModuleType, weights: Any, dev: np.ndarray) -> tuple[float, float]:
    """Return the mean loss of the letters of 64 windows in nats, and bits per character."""
    rows = np.linspace(0, len(dev) - _WINDOW - 1, 64).astype(int)
    read, said = mine.shift(dev[rows[:, np.newaxis] + np.arange(_WINDOW + 1)])
    log_p = mine.log_softmax(mine.decoder(read, weights, _HEADS).value)
    losses = -np.take_along_axis(log_p, said[..., np.newaxis], axis=-1).ravel()
    return float(losses.mean()), float(mine.bits_per_character(losses, losses.size))
