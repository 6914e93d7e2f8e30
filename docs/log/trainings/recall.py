"""Train networks to say, at the end of a sequence, how it began (chapter 11).

python docs/log/trainings/recall.py

Writes docs/log/measured/recall.csv: the share of right answers by network and length.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import Tensor, gradients
from pmt_nn import (
    GRU,
    LSTM,
    RNN,
    Embedding,
    Linear,
    Module,
    TransformerConfig,
    TransformerLayer,
    cross_entropy,
    sinusoids,
)
from pmt_train import AdamW, FlatParameters, clip_factor, global_norm

KINDS, WIDTH, STEPS, BATCH = 8, 32, 400, 32
LENGTHS = (5, 10, 20, 40, 80)
SEEDS = (0, 1, 2)


class Recall(Module):
    """An embedding, a network over the sequence, and the answer at its last position."""

    def __init__(self, kind: str, rng: np.random.Generator) -> None:
        self.symbols = Embedding(KINDS, WIDTH, rng, std=1.0)
        self.network = (
            TransformerLayer(TransformerConfig(width=WIDTH, heads=2, hidden=64, dropout=0.0), rng)
            if kind == "attention"
            else {"RNN": RNN, "GRU": GRU, "LSTM": LSTM}[kind](WIDTH, WIDTH, rng)
        )
        self.answer = Linear(WIDTH, KINDS, rng)

    def forward(self, ids: NDArray[np.int64]) -> Tensor:
        """Return the logits of the first symbol, (b, v)."""
        x = self.symbols(ids)
        if isinstance(self.network, TransformerLayer):
            states = self.network(x + sinusoids(ids.shape[1], WIDTH))
        else:
            states, _ = self.network(x)
        return self.answer(states[:, -1])


def accuracy(kind: str, length: int, seed: int) -> float:
    """Return the share of right answers on 1,000 new sequences after the training."""
    rng = np.random.default_rng(seed)
    model = Recall(kind, rng)
    flat = FlatParameters(model.named_parameters())
    optimizer = AdamW(flat)
    for _ in range(STEPS):
        ids = rng.integers(0, KINDS, (BATCH, length))
        grads = flat.gather([gradients(cross_entropy(model(ids), ids[:, 0]))])
        optimizer.step(grads, lr=0.005, scale=clip_factor(global_norm(grads), 1.0))
    ids = rng.integers(0, KINDS, (1000, length))
    return float((model(ids).data.argmax(axis=1) == ids[:, 0]).mean())


def main() -> None:
    """Train every network for every length, and write the median of three seeds."""
    rows = [
        f"# python docs/log/trainings/recall.py: right answers after {STEPS} steps, median of 3",
        "network," + ",".join(str(length) for length in LENGTHS),
    ]
    for kind in ("RNN", "GRU", "LSTM", "attention"):
        shares = [
            float(np.median([accuracy(kind, length, seed) for seed in SEEDS])) for length in LENGTHS
        ]
        rows.append(f"{kind}," + ",".join(f"{share:.3f}" for share in shares))
        print(rows[-1], flush=True)
    table = Path(__file__).resolve().parents[1] / "measured" / "recall.csv"
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
