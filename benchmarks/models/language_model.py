"""The small language model of `lm.py` and its batches, for benchmarks that go without torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pmt_autograd import Tensor
from pmt_nn import LanguageModel, LanguageModelConfig, cross_entropy

CONFIG = LanguageModelConfig(
    vocabulary=65,
    max_length=64,
    width=128,
    heads=4,
    hidden=512,
    layers=4,
    dropout=0.0,
    positions="learned",
    bias=False,
)
BATCH = 12
LR, BETAS, DECAY = 1e-3, (0.9, 0.99), 0.1


@dataclass(frozen=True)
class Windows:
    """Windows of a text (b, t + 1): what is read, and one further on what is to be said."""

    ids: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)


def draw(text: np.ndarray, rng: np.random.Generator) -> Windows:
    starts = rng.integers(0, len(text) - CONFIG.max_length - 1, BATCH)
    return Windows(text[starts[:, None] + np.arange(CONFIG.max_length + 1)])


def loss(model: LanguageModel, batch: Windows, rng: np.random.Generator) -> tuple[Tensor, int]:
    labels = batch.ids[:, 1:]
    return cross_entropy(model(batch.ids[:, :-1], rng=rng), labels, reduction="sum"), labels.size
