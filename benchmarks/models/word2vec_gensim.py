"""The gensim side of `word2vec.py`: trains, writes vectors.npy and words.txt, prints figures.

python -m benchmarks.models.word2vec_gensim CORPUS FOLDER SETTINGS
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
from gensim.models import Word2Vec
from gensim.models.word2vec import Text8Corpus


def main() -> None:
    corpus = Text8Corpus(sys.argv[1], max_sentence_length=1000)
    out, settings = Path(sys.argv[2]), json.loads(sys.argv[3])
    noisy = settings["loss"] == "ns"
    epochs = settings["epochs"]
    model = Word2Vec(
        vector_size=settings["dimension"],
        window=settings["window"],
        min_count=settings["min_count"],
        sample=settings["subsample"],
        sg=int(settings["model"] == "skipgram"),
        hs=int(not noisy),
        negative=settings["negatives"] if noisy else 0,
        alpha=settings["learning_rate"],
        epochs=epochs,
        workers=settings["threads"],
        seed=1,
    )
    model.build_vocab(corpus)
    wall, cpu = time.perf_counter(), time.process_time()
    model.train(
        corpus,
        total_examples=model.corpus_count,
        total_words=model.corpus_total_words,
        epochs=epochs,
    )
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    words = model.corpus_total_words * epochs
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    np.save(out / "vectors.npy", model.wv.vectors)
    (out / "words.txt").write_text("\n".join(model.wv.index_to_key), encoding="utf-8")
    print(json.dumps({"words_s": words / wall, "words_cpu_s": words / cpu, "peak_mib": peak}))


if __name__ == "__main__":
    main()
