"""word2vec: pmt beside gensim, the same corpus, settings and number of threads (pmt: processes).

    hatch run bench:word2vec [--corpus F] [--model skipgram] [--loss ns] [--threads 1] [--rounds 1]

Each library runs in a process of its own (`word2vec_pmt.py`, `word2vec_gensim.py`), alternating.
Printed for each: words of the corpus trained per second (median of the rounds; wall clock, and
processor time, which other programs on the machine disturb less), the analogies among the 30,000
most frequent words, WordSim-353, peak memory (of pmt's processes together, what they share counted
once). A folder with `questions-words.txt` and `wordsim353.tsv` is --tests. --gensim-python names
the interpreter of another environment.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from pmt_text import (
    WordVectors,
    evaluate_analogies,
    evaluate_word_pairs,
    load_analogies,
    load_word_pairs,
)

HERE = Path(__file__).parent
DATA = HERE.parents[2] / "shared" / "data"
RESTRICT = 30_000


def run(python: str, library: str, corpus: Path, out: Path, chosen: argparse.Namespace) -> dict:
    settings = {
        "model": chosen.model,
        "loss": chosen.loss,
        "dimension": 100,
        "window": 5,
        "negatives": 5,
        "min_count": 5,
        "subsample": 1e-3,
        "learning_rate": chosen.lr,
        "epochs": chosen.epochs,
        "threads": chosen.threads,
    }
    done = subprocess.run(
        [
            python,
            "-m",
            f"benchmarks.models.word2vec_{library}",
            str(corpus),
            str(out),
            json.dumps(settings),
        ],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )
    return json.loads(done.stdout.splitlines()[-1])


def unpacked(corpus: Path, folder: Path) -> Path:
    """A plain text: gensim reads no .zip."""
    if not zipfile.is_zipfile(corpus):
        return corpus
    with zipfile.ZipFile(corpus) as archive:
        return Path(archive.extract(archive.namelist()[0], folder))


def quality(out: Path, tests: Path) -> tuple[float, float]:
    words = (out / "words.txt").read_text(encoding="utf-8").split("\n")
    vectors = WordVectors(words, np.load(out / "vectors.npy"))
    analogies = evaluate_analogies(
        vectors, load_analogies(tests / "questions-words.txt"), restrict=RESTRICT
    )
    pairs = evaluate_word_pairs(vectors, load_word_pairs(tests / "wordsim353.tsv"))
    return analogies.total.accuracy, pairs.spearman


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=DATA / "wiki" / "wiki8.zip")
    parser.add_argument("--tests", type=Path, default=DATA / "wordsim")
    parser.add_argument("--model", choices=["skipgram", "cbow"], default="skipgram")
    parser.add_argument("--loss", choices=["ns", "hs"], default="ns")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--lr", type=float, default=0.025)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--gensim-python", default=sys.executable)
    chosen = parser.parse_args()
    print(f"{chosen.corpus.name}: {chosen.model}, {chosen.loss}, {chosen.threads} thread(s)")
    results: dict[str, list[dict]] = {"pmt": [], "gensim": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        libraries = {
            "pmt": (sys.executable, chosen.corpus),
            "gensim": (chosen.gensim_python, unpacked(chosen.corpus, folder)),
        }
        for i in range(chosen.rounds):
            for library, (python, corpus) in libraries.items():
                out = folder / library
                out.mkdir(exist_ok=True)
                result = run(python, library, corpus, out, chosen)
                result["analogies"], result["wordsim"] = quality(out, chosen.tests)
                results[library].append(result)
                print(
                    f"round {i + 1}: {library:>6} {result['words_s']:9,.0f} words/s "
                    f"({result['words_cpu_s']:,.0f} by processor time), analogies "
                    f"{result['analogies']:.2%}, WordSim {result['wordsim']:.3f}, "
                    f"{result['peak_mib']:.0f} MiB",
                    flush=True,
                )
    ours, theirs = (
        {key: statistics.median(r[key] for r in results[library]) for key in results[library][0]}
        for library in ("pmt", "gensim")
    )
    for what, key in [("wall clock", "words_s"), ("processor time", "words_cpu_s")]:
        print(f"words per second by {what}, pmt/gensim: {ours[key] / theirs[key]:.2f}")
    print(f"analogies, pmt - gensim: {100 * (ours['analogies'] - theirs['analogies']):+.2f} points")
    print(f"WordSim-353, pmt - gensim: {ours['wordsim'] - theirs['wordsim']:+.3f}")
    print(f"peak memory, pmt/gensim: {ours['peak_mib'] / theirs['peak_mib']:.2f}")


if __name__ == "__main__":
    main()
