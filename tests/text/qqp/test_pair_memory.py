"""What a pair costs in memory, read and encoded: 400,000 pairs have to fit into 2 GB with room."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from pmt_core import RandomStream
from pmt_text import BucketBatches, PairEncoder, TfIdf, Vocabulary, load_qqp, tokenize

ROWS = 1000


def held(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """What `work` gave, and the bytes per row that it holds and that it held at most."""
    tracemalloc.start()
    result = work()
    now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return result, now / ROWS, peak / ROWS


def test_bytes_per_pair(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    words = [f"word{i}" for i in range(2000)]
    path = tmp_path / "pairs.tsv"
    with path.open("w", encoding="utf-8") as file:
        for i in range(ROWS):
            first, second = (" ".join(rng.choice(words, 12)) for _ in range(2))
            file.write(f"{i % 2}\t{first}?\t{second}?\t{i}\n")
    size = path.stat().st_size / ROWS

    file, now, peak = held(lambda: load_qqp(path))
    # Three strings' headers, the object and its place in the list come to the text.
    assert now < size + 500
    assert peak < 2 * size + 1000 + 2_000_000 / ROWS  # and buffers
    texts = [(pair.question1, pair.question2) for pair in file.pairs]

    encoder = PairEncoder(Vocabulary.build(tokenize(t) for pair in texts for t in pair), 64)
    encoded, now, _ = held(lambda: encoder.encode(texts))
    tokens = 29  # 12 words and a mark each, three special tokens
    assert now < tokens * 6 + 150

    batches = BucketBatches(encoded.lengths, 32, encoded.batch, RandomStream(1, "order"))
    _, now, _ = held(lambda: batches.indices(0))
    assert now < 50

    weights = TfIdf.learn(tokenize(t) for pair in texts for t in pair)
    _, now, _ = held(lambda: weights.encode(texts))
    assert now < 2 * 26 * 8 + 150
