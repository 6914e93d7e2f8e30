"""The base model of `apps/train_qqp.py` trained in PyTorch to the end: dev accuracy and minutes.

    hatch run bench:qqp-twin [--train FILE --dev FILE] [--epochs 6] [--seed 1] [--threads N]

Beside the row "duplicate questions" of README: the same pairs, words, batches of like length,
model, AdamW, learning rates, clipping and choice of the best epoch on dev. pmt_text reads and
encodes; everything from the ids on is torch's public API (`Classifier` of `qqp_torch.py`, with
torch's own first weights).
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import qqp_sizes as sizes
import torch
from qqp_torch import Classifier
from torch import nn

from pmt_core import RandomStream
from pmt_text import EncodedPairs, LengthBatches, PairEncoder, Vocabulary, load_qqp, tokenize

DATA = Path(__file__).parents[2] / "shared" / "data" / "qqp"
WARMUP, WEIGHT_DECAY = 200, 0.01


def read(train: Path, dev: Path) -> tuple[int, EncodedPairs, EncodedPairs]:
    """Number of words, and the pairs of both files in their ids."""
    files = [
        [pair for pair in load_qqp(path).pairs if pair.label is not None] for path in (train, dev)
    ]
    texts = [[(pair.question1, pair.question2) for pair in pairs] for pairs in files]
    words = Vocabulary.build(
        (tokenize(text) for pair in texts[0] for text in pair), min_count=sizes.MIN_COUNT
    )
    encoder = PairEncoder(words, sizes.LENGTH)
    encoded = [
        encoder.encode(part, np.array([pair.label for pair in pairs]))
        for part, pairs in zip(texts, files, strict=True)
    ]
    return len(words), encoded[0], encoded[1]


def batches(data: EncodedPairs, size: int, stream: RandomStream | None, epoch: int = 0):
    for batch in LengthBatches(data.lengths, size, data.batch, stream).epoch(epoch):
        inputs = [torch.from_numpy(x) for x in (batch.ids, batch.segments, batch.matches)]
        yield inputs, torch.from_numpy(batch.labels)


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
    with torch.inference_mode():
        right = sum(
            int((model(*inputs).argmax(-1) == labels).sum())
            for inputs, labels in batches(dev, 256, None)
        )
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
    words, train, dev = read(chosen.train, chosen.dev)
    start = time.perf_counter()
    model = Classifier(words)
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
        for inputs, labels in batches(train, sizes.BATCH, order, epoch):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(*inputs), labels)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += loss.item() * len(labels)
        found = accuracy(model, dev)
        best = max(best, found)
        print(
            f"epoch {epoch + 1}/{chosen.epochs}  train loss {total / len(train):.4f}  "
            f"dev accuracy {found:.4f}",
            flush=True,
        )
    minutes = (time.perf_counter() - start) / 60
    print(
        f"torch {torch.__version__}, {chosen.threads} thread(s): best dev accuracy {best:.4f}, "
        f"{minutes:.1f} min"
    )


if __name__ == "__main__":
    main()
