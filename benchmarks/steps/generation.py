"""Writing with the key-value cache and without it: time by the number of tokens.

    hatch run bench:generation [--tokens 256] [--rounds 5]

A language model (4 layers, width 128, rotary positions) goes on from one token, greedily. Without
the cache every step reads all tokens so far anew, so n tokens cost n^2 / 2 tokens of work; with it
each is read once. Both must write the same. The figures are medians of the rounds, alternating.
Then beam search: sentences per second of an encoder-decoder by the width of the beam.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np

from pmt_nn import EncoderDecoder, EncoderDecoderConfig, LanguageModel, LanguageModelConfig
from pmt_train import Workers

AIM = 5.0


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def medians(works: list[Callable[[], object]], rounds: int) -> list[float]:
    times = [[seconds(work) for work in works] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*times, strict=True)]


def cache(most: int, rounds: int) -> None:
    config = LanguageModelConfig(vocabulary=256, layers=4, positions="rotary", dropout=0.0)
    model = LanguageModel(config, np.random.default_rng(0)).eval()
    prompt = np.array([[1]])
    print(f"{'tokens':>8} {'cached s':>9} {'whole s':>9} {'times':>6}   ms/token cached")
    ratio = 0.0
    for n in sorted({most // 8, most // 4, most // 2, most}):
        same = np.array_equal(model.generate(prompt, n), model.generate(prompt, n, cached=False))
        if not same:
            raise SystemExit(f"{n} tokens: the cache changed the text")
        fast, slow = medians(
            [
                lambda n=n: model.generate(prompt, n),
                lambda n=n: model.generate(prompt, n, cached=False),
            ],
            rounds,
        )
        ratio = slow / fast
        print(f"{n:8} {fast:9.3f} {slow:9.3f} {ratio:6.1f} {fast / n * 1e3:12.2f}", flush=True)
    print(f"{most} tokens, equal text: {ratio:.1f} times faster (aim: at least {AIM:.0f})\n")


def beams(rounds: int) -> None:
    config = EncoderDecoderConfig(
        source_vocabulary=8000, target_vocabulary=8000, width=256, hidden=1024, dropout=0.0
    )
    model = EncoderDecoder(config, np.random.default_rng(0)).eval()
    model.bias.data[2] = -1e9  # no sentence ends by chance: each has 20 tokens
    sources = np.random.default_rng(1).integers(3, 8000, (64, 15))
    print("64 sentences of 20 tokens, 2 + 2 layers, width 256, 8,000 words")
    for width in (1, 2, 4, 8):
        (took,) = medians(
            [lambda w=width: model.beam_search(sources, start=1, end=2, max_length=20, width=w)],
            rounds,
        )
        print(f"beam of {width}: {64 / took:7.1f} sentences/s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    with Workers(1):
        cache(chosen.tokens, chosen.rounds)
        beams(max(chosen.rounds // 2, 1))


if __name__ == "__main__":
    main()
