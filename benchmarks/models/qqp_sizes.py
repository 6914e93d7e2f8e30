"""What `qqp_pmt.py` and `qqp_torch.py` share: sizes of the model, and how they are timed."""

from __future__ import annotations

import json
import resource
import statistics
import time
from collections.abc import Callable, Sequence

WIDTH, HEADS, HIDDEN, LAYERS = 128, 4, 256, 2
DROPOUT, LR, BATCH, LENGTH, MIN_COUNT = 0.1, 5e-4, 32, 64, 3

PAIRS = [
    ("How do I learn to swim?", "What is the best way to learn swimming?"),
    ("Why is the sky blue?", "Why is the sea blue?"),
    ("What should I read to understand the causes of the first world war?", "Why war?"),
    ("How can I lose weight?", "How can I lose weight quickly without going to the gym?"),
]


def tell(start: float, ready: float, loss: float, pairs: int) -> None:
    """A line of JSON: seconds of reading and training, peak memory (MiB), mean loss."""
    now = time.perf_counter()
    print(
        json.dumps(
            {
                "read_s": ready - start,
                "train_s": now - ready,
                "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "loss": loss,
                "pairs": pairs,
            }
        )
    )


def latency(answer: Callable[[Sequence[tuple[str, str]]], object]) -> dict[str, float]:
    """Median milliseconds of one pair and of 64, from text to probability."""
    results = {}
    for count, rounds in ((1, 400), (64, 40)):
        pairs = (PAIRS * 16)[:count]
        for _ in range(5):
            answer(pairs)
        times = []
        for i in range(rounds):
            asked = pairs if count > 1 else [PAIRS[i % len(PAIRS)]]
            start = time.perf_counter()
            answer(asked)
            times.append(time.perf_counter() - start)
        results[str(count)] = statistics.median(times) * 1e3
    return results
