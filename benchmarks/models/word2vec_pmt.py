"""The pmt side of `word2vec.py`: trains, writes vectors.npy and words.txt, prints figures.

python -m benchmarks.models.word2vec_pmt CORPUS FOLDER SETTINGS
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

from pmt_apps.kit.metrics_file import peak_rss_mb
from pmt_core import RandomStream
from pmt_text import ChunkSampler, SamplingSettings, TextCorpus, count_words
from pmt_train import (
    FitOptions,
    TrainingEvent,
    TrainingLoop,
    Word2Vec,
    Word2VecSettings,
    Word2VecTrainer,
)


def cpu_seconds() -> float:
    """Of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class SharedPeak:
    """The most memory of this process and its workers at once, what they share counted once.

    Linux only: the proportional set size of each, looked at twice a second.
    """

    def __init__(self, workers: list[int]) -> None:
        self.mib = 0.0
        self._pids = [os.getpid(), *workers] if workers else []
        self._next = 0.0

    def look(self) -> None:
        if self._pids and time.monotonic() >= self._next:
            self.mib = max(self.mib, sum(map(pss_mib, self._pids)))
            self._next = time.monotonic() + 0.5


def pss_mib(pid: int) -> float:
    """Pages that n processes share count 1/n in each."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def print_loss(event: TrainingEvent) -> None:
    print(f"epoch {event.epoch}: loss {event.row['train_loss']:.4f}", file=sys.stderr, flush=True)


def main() -> None:
    corpus, out, settings = TextCorpus(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
    counts = count_words(corpus, min_count=settings.pop("min_count"))
    threads = settings.pop("threads")
    sampling = SamplingSettings(settings.pop("window"), settings.pop("subsample"))
    stream = RandomStream(1, "word2vec")
    model = Word2Vec(Word2VecSettings(**settings), len(counts), stream)
    wall, cpu = time.perf_counter(), cpu_seconds()
    with (
        ChunkSampler.from_corpus(corpus, counts, sampling, stream) as sampler,
        Word2VecTrainer(model, sampler, workers=threads) as trainer,
    ):
        memory = SharedPeak(trainer.pids)
        callbacks = {"step": lambda _: memory.look(), "epoch": print_loss}
        options = FitOptions(model.settings.epochs, callbacks=callbacks, quiet=True)
        TrainingLoop(trainer, trainer.sampler, options).run()
    wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    words = counts.total * model.settings.epochs
    peak = max((peak_rss_mb() or 0) * 1e6 / 2**20, memory.mib)
    np.save(out / "vectors.npy", model.vectors)
    (out / "words.txt").write_text("\n".join(counts.words), encoding="utf-8")
    print(json.dumps({"words_s": words / wall, "words_cpu_s": words / cpu, "peak_mib": peak}))


if __name__ == "__main__":
    main()
