"""The operations that a tagger of entities is made of, fused and composed.

    hatch run bench:tagger-parts            # or: python -m benchmarks.steps.tagger_parts

A batch of 16 sentences of up to 24 words, as in training. Value and gradients, one thread. The two
forms take turns within a round, and processor time is counted, so that a busy machine does little
harm; printed are medians in milliseconds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from pmt_autograd import Tensor, gradients
from pmt_nn import (
    crf_log_partition,
    relative_attention,
    spelling_features,
)

B, T, D, HEADS, TAGS = 16, 24, 128, 4, 17
LETTERS, LONGEST, WINDOW, FILTERS = 90, 16, 3, 60

Case = tuple[Callable[..., Tensor], Callable[..., Tensor], list[np.ndarray], dict[str, Any]]


def cases(rng: np.random.Generator) -> dict[str, Case]:
    """name: (fused, composed, arrays, settings)."""
    lengths = rng.integers(10, T + 1, B)
    words = rng.integers(1, LETTERS, (B * T // 2, LONGEST))
    words[np.arange(LONGEST) >= rng.integers(1, LONGEST + 1, (len(words), 1))] = 0
    return {
        "relative attention": (
            relative_attention,
            relative_attention.composed,
            [rng.normal(size=(B, T, 3 * D)) / 3, *rng.normal(size=(2, HEADS, D // HEADS))],
            {"mask": np.arange(T) < lengths[:, np.newaxis]},
        ),
        "characters of words": (
            spelling_features,
            spelling_features.composed,
            [rng.normal(size=(LETTERS, 30)), rng.normal(size=(WINDOW, 30, FILTERS))],
            {"ids": words, "spelling_ids": rng.integers(0, len(words), (B, T))},
        ),
        "all paths of the chain": (
            crf_log_partition,
            crf_log_partition.composed,
            [rng.normal(size=shape) for shape in ((B, T, TAGS), (TAGS, TAGS), TAGS, TAGS)],
            {"lengths": lengths},
        ),
    }


def seconds(function: Callable[..., Tensor], arrays: list[np.ndarray], **settings: Any) -> float:
    """Of one value with its gradients."""
    leaves = [Tensor(x, requires_grad=True) for x in arrays]
    start = time.process_time()
    gradients((function(*leaves, **settings)).sum())
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    print(f"{'':24}{'composed':>10}{'fused':>10}{'ratio':>8}")
    for name, (fused, composed, arrays, settings) in cases(np.random.default_rng(0)).items():
        arrays = [x.astype(np.float32) for x in arrays]
        times: dict[str, list[float]] = {"composed": [], "fused": []}
        for _ in range(rounds + 1):
            times["composed"].append(seconds(composed, arrays, **settings))
            times["fused"].append(seconds(fused, arrays, **settings))
        slow, fast = (
            statistics.median(times[layout][1:]) * 1000 for layout in ("composed", "fused")
        )
        print(f"{name:24}{slow:10.2f}{fast:10.2f}{fast / slow:8.2f}")


if __name__ == "__main__":
    main()
