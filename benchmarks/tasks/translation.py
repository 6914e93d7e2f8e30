"""A training step of the translation app: its loss in one step, beside logits and then a loss.

    hatch run bench:translation [--rounds 5] [--vocabulary 4261] [--width 192]

Both are forward and backward of the same `EncoderDecoder` on the same batch of about 2,048 tokens
a side, as `apps/train_translation.py` makes them, padding included. "in one step" is
`EncoderDecoder.loss`: the logits of some hundred tokens at a time, none for padding. "in two" makes
all logits by `forward`, then `cross_entropy`. They take turns in one process; the figures are
medians of processor time, and the highest memory in use. First both must give the same loss.
"""

from __future__ import annotations

import argparse
import statistics
import time
import tracemalloc
from collections.abc import Callable

import numpy as np

from pmt_autograd import Tensor, gradients
from pmt_nn import EncoderDecoder, EncoderDecoderConfig, cross_entropy
from pmt_text import EncodedTranslations, TokenBatches, TranslationBatch

SMOOTHING = 0.1
IGNORED = -100


def in_one_step(model: EncoderDecoder, batch: TranslationBatch) -> Tensor:
    return model.loss(batch, label_smoothing=SMOOTHING, rng=np.random.default_rng(0))


def in_two(model: EncoderDecoder, batch: TranslationBatch) -> Tensor:
    masks = batch.source_mask, batch.target_mask
    logits = model(batch.source, batch.target, *masks, rng=np.random.default_rng(0))
    labels = np.where(batch.target_mask, batch.labels, IGNORED)
    loss: Tensor = cross_entropy(logits, labels, reduction="sum", label_smoothing=SMOOTHING)
    return loss


def made_batch(vocabulary: int, rng: np.random.Generator) -> TranslationBatch:
    """Sentences of 5 to 30 tokens, of those of like length as many as 2,048 tokens hold."""
    source = rng.integers(5, 31, 3000)
    target = np.maximum(source + rng.integers(-3, 4, 3000), 1)
    data = EncodedTranslations.of(
        [rng.integers(5, vocabulary, n) for n in source],
        [rng.integers(5, vocabulary, n) for n in target],
    )
    batches = TokenBatches(data.lengths, 2048, data.batch)
    return list(batches)[len(batches) // 2]


def processor_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def peak_megabytes(work: Callable[[], object]) -> float:
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--vocabulary", type=int, default=4261)
    parser.add_argument("--width", type=int, default=192)
    settings = parser.parse_args()
    v = settings.vocabulary
    config = EncoderDecoderConfig(
        source_vocabulary=v, target_vocabulary=v, width=settings.width, hidden=512, layers=3,
        decoder_layers=3, dropout=0.3,
        shared=True,
    )  # fmt: skip
    model = EncoderDecoder(config, np.random.default_rng(1))
    batch = made_batch(v, np.random.default_rng(2))
    print(f"source {batch.source.shape}, target {batch.target.shape}, {v:,} tokens to choose from")
    ways = {"in one step": in_one_step, "in two": in_two}
    losses = [way(model, batch).item() for way in ways.values()]
    if abs(losses[0] - losses[1]) > 1e-3 * losses[0]:
        raise SystemExit(f"the losses differ: {losses}")
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(settings.rounds):
        for name, way in ways.items():
            times[name].append(
                processor_seconds(lambda way=way: gradients(way(model, batch)))  # type: ignore[misc]
            )
    for name, way in ways.items():
        peak = peak_megabytes(lambda way=way: gradients(way(model, batch)))  # type: ignore[misc]
        print(f"{name:12} {statistics.median(times[name]) * 1e3:6.0f} ms  {peak:5.0f} MB at most")


if __name__ == "__main__":
    main()
