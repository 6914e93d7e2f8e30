"""The pmt side of `word2vec.py`: trains, writes vectors.npy and words.txt, prints figures.

python benchmarks/word2vec_pmt.py CORPUS FOLDER SETTINGS
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from pmt_core import RandomStream
from pmt_text import TextCorpus, Word2Vec, Word2VecSettings, count_words
from pmt_train import Workers, peak_rss_mb


def main() -> None:
    corpus, out, settings = TextCorpus(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
    counts = count_words(corpus, min_count=settings.pop("min_count"))
    threads = settings.pop("threads")
    model = Word2Vec(Word2VecSettings(**settings), counts, RandomStream(1, "word2vec"))
    wall, cpu = time.perf_counter(), time.process_time()
    with Workers(threads) as team:
        for _ in range(model.settings.epochs):
            done = model.train_epoch(corpus, team=team)
            print(f"epoch {done.epoch}: loss {done.loss:.4f}", file=sys.stderr, flush=True)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    words = counts.total * model.settings.epochs
    peak = (peak_rss_mb() or 0) * 1e6 / 2**20
    np.save(out / "vectors.npy", model.vectors)
    (out / "words.txt").write_text("\n".join(counts.words), encoding="utf-8")
    print(json.dumps({"words_s": words / wall, "words_cpu_s": words / cpu, "peak_mib": peak}))


if __name__ == "__main__":
    main()
