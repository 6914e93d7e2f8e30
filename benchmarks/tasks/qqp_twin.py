"""`apps/train_qqp.py --preset plain` in PyTorch, to the end: dev accuracy and minutes.

    hatch run bench:qqp-twin [--train FILE --dev FILE] [--epochs 6] [--seed 1] [--threads N]

The same pairs, words, marks, features, batches of like length, model, AdamW, learning rates,
clipping, choice of the best epoch on dev, and both orders of a pair averaged. pmt_text reads and
encodes; everything from the ids on is torch's public API, with torch's own first weights.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from benchmarks.models import qqp_sizes as sizes
from benchmarks.models.qqp_torch import Classifier
from torch import nn

from pmt_core import RandomStream
from pmt_text import (
    BucketBatches,
    EncodedPairs,
    InverseDocumentFrequency,
    PairBatch,
    PairEncoder,
    Vocabulary,
    load_qqp,
    tokenize,
)

DATA = Path(__file__).parents[3] / "shared" / "data" / "qqp"
WARMUP, WEIGHT_DECAY = 200, 0.01


FEATURE_HIDDEN = 64


class Twin(Classifier):
    """`Classifier` with marks by rarity, the texts' means compared, and features of the pair."""

    def __init__(self, words: int, encoder: PairEncoder):
        super().__init__(words)
        d = sizes.WIDTH
        self.match_types = nn.Embedding(encoder.n_match_types, d)
        self.pool = nn.Linear(5 * d, d)
        self.features = nn.Linear(encoder.features, FEATURE_HIDDEN)
        self.classify = nn.Linear(d + FEATURE_HIDDEN, 2)

    def forward(self, ids, segments, match_types, features):
        first, a, b = self.read(ids, segments, match_types)
        pooled = torch.tanh(self.pool(torch.cat([first, a, b, (a - b).abs(), a * b], -1)))
        known = nn.functional.gelu(self.features(features), approximate="tanh")
        return self.classify(self.dropout(torch.cat([pooled, known], -1)))


def read(train: Path, dev: Path) -> tuple[PairEncoder, EncodedPairs, EncodedPairs]:
    """What turns pairs into ids, and the pairs of both files in their ids."""
    files = [
        [pair for pair in load_qqp(path).pairs if pair.label is not None] for path in (train, dev)
    ]
    texts = [[(pair.question1, pair.question2) for pair in pairs] for pairs in files]
    tokens = [tokenize(text) for pair in texts[0] for text in pair]
    words = Vocabulary.build(tokens, min_count=sizes.MIN_COUNT)
    encoder = PairEncoder(words, sizes.LENGTH, InverseDocumentFrequency.build(tokens))
    encoded = [
        encoder.encode(part, np.array([pair.label for pair in pairs]))
        for part, pairs in zip(texts, files, strict=True)
    ]
    return encoder, encoded[0], encoded[1]


def inputs_of(batch: PairBatch) -> list[torch.Tensor]:
    arrays = (batch.ids, batch.segments, batch.match_types, batch.features)
    return [torch.from_numpy(array) for array in arrays]


def batches(data: EncodedPairs, size: int, stream: RandomStream | None = None, epoch: int = 0):
    return BucketBatches(data.lengths, size, data.batch, stream).epoch(epoch)


def optimizer_of(model: nn.Module) -> torch.optim.Optimizer:
    """AdamW that lets matrices and tables decay, as pmt's does."""
    groups = [
        {
            "params": [p for p in model.parameters() if (p.ndim >= 2) == decays],
            "weight_decay": WEIGHT_DECAY * decays,
        }
        for decays in (True, False)
    ]
    return torch.optim.AdamW(groups, lr=sizes.LR, fused=True)


def accuracy(model: nn.Module, dev: EncodedPairs) -> float:
    model.eval()
    right = 0
    with torch.inference_mode():
        for batch in batches(dev, 256):
            two = sum(model(*inputs_of(single)).softmax(-1) for single in (batch, batch.swapped()))
            right += int((two.argmax(-1).numpy() == batch.labels).sum())
    return right / len(dev)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, default=DATA / "train.tsv")
    parser.add_argument("--dev", type=Path, default=DATA / "dev.tsv")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    chosen = parser.parse_args()
    torch.manual_seed(chosen.seed)
    torch.set_num_threads(chosen.threads)
    encoder, train, dev = read(chosen.train, chosen.dev)
    start = time.perf_counter()
    model = Twin(len(encoder.vocabulary), encoder)
    optimizer = optimizer_of(model)
    steps = chosen.epochs * -(-len(train) // sizes.BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / WARMUP) * (1 - step / steps)
    )
    order = RandomStream(chosen.seed, "order", "train")
    best = 0.0
    for epoch in range(chosen.epochs):
        model.train()
        total = 0.0
        for batch in batches(train, sizes.BATCH, order, epoch):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(
                model(*inputs_of(batch)), torch.from_numpy(batch.labels)
            )
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += loss.item() * len(batch)
        results = accuracy(model, dev)
        best = max(best, results)
        print(
            f"epoch {epoch + 1}/{chosen.epochs}  train loss {total / len(train):.4f}  "
            f"dev accuracy {results:.4f}",
            flush=True,
        )
    minutes = (time.perf_counter() - start) / 60
    print(
        f"torch {torch.__version__}, {chosen.threads} thread(s): best dev accuracy {best:.4f}, "
        f"{minutes:.1f} min"
    )


if __name__ == "__main__":
    main()
