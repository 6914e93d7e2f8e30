"""The encoder-decoder really learns: to copy, to reverse and to sort, without a mistake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from pmt_autograd import Tensor
from pmt_nn import EncoderDecoder, EncoderDecoderConfig, cross_entropy
from pmt_train import Trainer, cosine_schedule, warmup

START, END, FIRST, SYMBOLS, LONGEST = 1, 2, 3, 8, 6
STEPS, BATCH = 700, 64


@dataclass(frozen=True)
class Examples:
    """Sequences of 1 ... LONGEST symbols, padded with 0, and what they are to become."""

    source: np.ndarray
    target: np.ndarray  # with START before and END behind

    def __len__(self) -> int:
        return len(self.source)


def draw(rng: np.random.Generator, n: int, task: Callable[[np.ndarray], np.ndarray]) -> Examples:
    source = np.zeros((n, LONGEST), np.int64)
    target = np.zeros((n, LONGEST + 2), np.int64)
    for i in range(n):
        row = rng.integers(FIRST, FIRST + SYMBOLS, rng.integers(1, LONGEST + 1))
        source[i, : len(row)] = row
        target[i, : len(row) + 2] = [START, *task(row), END]
    return Examples(source, target)


def loss(model: EncoderDecoder, batch: Examples, rng: np.random.Generator) -> tuple[Tensor, int]:
    read, said = batch.target[:, :-1], batch.target[:, 1:]
    logits = model(batch.source, read, batch.source > 0, read > 0, rng=rng)
    labels = np.where(said > 0, said, -100)
    return cross_entropy(logits, labels, reduction="sum"), int((said > 0).sum())


@pytest.mark.parametrize("task", [np.copy, np.flip, np.sort], ids=["copy", "reverse", "sort"])
def test_a_task_is_learned_without_a_mistake(task: Callable[[np.ndarray], np.ndarray]) -> None:
    size = FIRST + SYMBOLS
    config = EncoderDecoderConfig(
        source_vocabulary=size,
        target_vocabulary=size,
        width=48,
        heads=4,
        hidden=96,
        layers=1,
        decoder_layers=1,
        dropout=0.0,
    )
    model = EncoderDecoder(config, np.random.default_rng(1))
    trainer = Trainer(model, loss, schedule=warmup(cosine_schedule(4e-3, STEPS), STEPS // 10))
    rng = np.random.default_rng(2)
    for _ in range(STEPS):
        trainer.step(draw(rng, BATCH, task))
    model.eval()
    unseen = draw(np.random.default_rng(3), 400, task)
    settings = {"start": START, "end": END, "max_length": LONGEST + 1}
    greedy = model.translate(unseen.source, unseen.source > 0, **settings)
    beams = model.beam_search(unseen.source, unseen.source > 0, width=3, **settings)
    for target, row, (best,) in zip(unseen.target, greedy, beams, strict=True):
        expected = target[1 : target.tolist().index(END)].tolist()
        assert row[: len(expected) + 1].tolist() == [*expected, END]
        assert list(best.tokens) == expected
        assert best.ended
