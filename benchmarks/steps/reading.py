"""Reading files: seconds for each reader, and beside those of another revision.

"file to batches" is all that comes before the first step of a training on 400,000 question pairs:
reading, counting words, encoding, and the batches of an epoch.

    hatch run bench:reading [--rounds 7] [--only vectors] [--data ../shared/data]
    git worktree add ../before 3936187 && hatch run bench:reading --against ../before

The real files of the data folder, and word vectors and archives that are made. Two processes import
the packages of the two trees and take turns, so that a busy machine slows both alike. Printed are
the medians of the seconds of CPU, and the median of the ratios of the rounds.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ROWS, WIDTH = 20_000, 100  # of the word vectors
PAIRS, BATCH, MIN_COUNT = 400_000, 32, 3

# The part below runs in the worker, with the packages of its tree: it uses what all revisions have.


def readers(data: Path, made: Path) -> dict[str, tuple[Callable[[Any], object], Path]]:
    """Return, by name, a function that reads a file, and the file."""
    from pmt_apps.mnist.load_mnist import load_mnist
    from pmt_core import load_archive
    from pmt_text import (
        TextCorpus,
        WordPiece,
        load_analogies,
        load_conll,
        load_parallel,
        load_qqp,
        load_text,
        load_word_pairs,
        load_word_vectors,
    )

    def both_languages(path: Path) -> object:
        return load_parallel(path, path.with_name("train.de.gz"))

    def all_words(path: Path) -> object:
        return sum(map(len, TextCorpus(path).word_lists()))

    return {
        "file to batches": (file_to_batches, made / "qqp.tsv"),
        "qqp public TSV": (load_qqp, data / "qqp/train.tsv"),
        "qqp extra TSV": (load_qqp, data / "qqp/extra_duplicates.tsv"),
        "qqp BiMPM": (load_qqp, data / "qqp/dev.tsv"),
        "qqp 400,000 rows": (load_qqp, made / "qqp.tsv"),
        "conll": (load_conll, data / "conll2003/eng.train"),
        "parallel gzip": (both_languages, data / "multi30k/train.en.gz"),
        "corpus wiki8.zip": (all_words, data / "wiki/wiki8.zip"),
        "corpus wiki_cased.zip": (all_words, data / "wiki/wiki_cased.zip"),
        "text wiki8": (load_text, made / "wiki8"),
        "text wiki_cased.txt": (load_text, made / "wiki_cased.txt"),
        "text shakespeare": (load_text, data / "shakespeare/input.txt"),
        "vectors text": (load_word_vectors, made / "vectors.txt"),
        "vectors text gzip": (load_word_vectors, made / "vectors.txt.gz"),
        "vectors GloVe": (load_word_vectors, made / "glove.txt"),
        "vectors binary": (load_word_vectors, made / "vectors.bin"),
        "vocab.txt": (WordPiece.load, made / "vocab.txt"),
        "analogies": (load_analogies, data / "wordsim/questions-words.txt"),
        "word pairs": (load_word_pairs, data / "wordsim/wordsim353.tsv"),
        "mnist": (load_mnist, data / "mnist"),
        "npz": (load_archive, made / "archive.npz"),
        "safetensors": (load_archive, made / "archive.safetensors"),
    }


def file_to_batches(path: Path) -> int:
    """Return the number of batches of an epoch; each is made. The shortest way of each revision."""
    import pmt_text
    from pmt_core import RandomStream

    pairs = pmt_text.load_qqp(path).pairs
    labels = [pair.label for pair in pairs]
    texts = [(pair.question1, pair.question2) for pair in pairs]
    questions = chain.from_iterable(texts)
    if hasattr(pmt_text, "TokenCache"):
        tokenize = pmt_text.TokenCache()
        counts = pmt_text.count_tokens(questions, tokenize)
        vocabulary = pmt_text.Vocabulary.from_counts(counts, MIN_COUNT)
    else:
        from pmt_apps.qqp.data.splits import TokenCache

        tokenize = TokenCache()
        vocabulary = pmt_text.Vocabulary.build(map(tokenize, questions), MIN_COUNT)
    encoded = pmt_text.PairEncoder(vocabulary).encode(texts, labels, tokenize=tokenize)
    stream = RandomStream(0, "order")
    batches = pmt_text.BucketBatches(encoded.lengths, BATCH, encoded.batch, stream)
    return sum(1 for _ in batches.epoch(0))


def work(data: Path, made: Path) -> None:
    """Read the file of each name on standard input; answer with the seconds of CPU."""
    import numpy  # noqa: F401  (not a part of the first reading)

    from pmt_apps.kit.metrics_file import peak_rss_mb

    table = readers(data, made)
    for line in sys.stdin:
        read, path = table[line.strip()]
        start = time.process_time()
        read(path)
        seconds = time.process_time() - start
        print(json.dumps([seconds, peak_rss_mb() * 1e6 / 2**20]), flush=True)


# --- the parent ---


def make_files(data: Path, made: Path) -> None:
    """Write word vectors, a vocabulary, archives, texts, and as many question pairs as Quora's."""
    import numpy as np

    from pmt_core import save_archive
    from pmt_text import WordVectors, save_word_vectors

    rng = np.random.default_rng(0)
    letters = np.array(list("etaoinshrdlucmfwypvbgkjqxzéü"))
    words = [f"{''.join(rng.choice(letters, 6))}{i}" for i in range(ROWS)]
    vectors = WordVectors(words, rng.normal(size=(ROWS, WIDTH)).astype(np.float32))
    save_word_vectors(made / "vectors.txt", vectors)
    save_word_vectors(made / "vectors.bin", vectors)
    text = (made / "vectors.txt").read_bytes()
    (made / "vectors.txt.gz").write_bytes(gzip.compress(text))
    (made / "glove.txt").write_bytes(text[text.index(b"\n") + 1 :])
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]
    (made / "vocab.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
    arrays = {f"layer.{i}": rng.normal(size=(512, 512)).astype(np.float32) for i in range(50)}
    for ending in ("npz", "safetensors"):
        save_archive(made / f"archive.{ending}", arrays, {"words": words})
    for packed in sorted(data.glob("wiki/*.zip")):
        with zipfile.ZipFile(packed) as archive:
            archive.extractall(made)
    source = data / "qqp/train.tsv"
    if source.exists():
        header, *rows = source.read_text(encoding="utf-8").rstrip("\n").split("\n")
        with (made / "qqp.tsv").open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in [header, *changed_rows(rows)])


def changed_rows(rows: list[str]) -> Iterator[str]:
    """Yield PAIRS rows: the rows again and again, later with a word of another row in each."""
    rng = random.Random(1)
    words = [word for row in rows for word in row.split("\t")[3].split(" ") if word.isalpha()]
    for i in range(PAIRS):
        fields = rows[i % len(rows)].split("\t")
        if i >= len(rows):
            for column in (3, 4):
                text = fields[column].split(" ")
                position = rng.randrange(len(text))
                if text[position].isalpha():
                    text[position] = rng.choice(words)
                fields[column] = " ".join(text)
        yield "\t".join(fields)


def start_worker(tree: Path, data: Path, made: Path) -> subprocess.Popen[str]:
    sources = [str(path) for path in sorted(tree.glob("packages/*/src"))]
    if not sources:
        raise SystemExit(f"{tree} is no checkout of pmt: it has no packages/*/src")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*sources, str(tree / "apps")])}
    environment |= {"OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--work", str(data), str(made)]
    return subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tree
    )


def ask(worker: subprocess.Popen[str], name: str) -> tuple[float, float]:
    """Return the seconds that a worker reads for, and its peak of memory so far, in MiB."""
    if worker.stdin is None or worker.stdout is None:
        raise SystemExit("the worker has no pipes")
    worker.stdin.write(f"{name}\n")
    worker.stdin.flush()
    answer = worker.stdout.readline()
    if not answer:
        raise SystemExit(f"the worker failed at {name!r}")
    seconds, peak = json.loads(answer)
    return float(seconds), float(peak)


def compare(workers: list[subprocess.Popen[str]], names: Iterable[str], rounds: int) -> None:
    """Print a row for each reader, after a first reading that is not counted."""
    head = f"{'reader':<22} {'seconds':>9}" + f" {'before':>9} {'ratio':>7}" * (len(workers) > 1)
    print(f"{head}  peak MiB of each process so far")
    for name in names:
        seconds: list[list[float]] = []
        peaks = [0.0] * len(workers)
        for i in range(rounds + 1):
            turns = [(j + i) % len(workers) for j in range(len(workers))]
            measured = {j: ask(workers[j], name) for j in turns}
            seconds.append([measured[j][0] for j in range(len(workers))])
            peaks = [measured[j][1] for j in range(len(workers))]
        columns = list(zip(*seconds[1:], strict=True))
        row = f"{name:<22} {statistics.median(columns[0]):9.4f}"
        if len(columns) > 1:
            ratio = statistics.median(a / b for a, b in zip(*columns, strict=True))
            row += f" {statistics.median(columns[1]):9.4f} {ratio:7.3f}"
        print(f"{row}  {', '.join(f'{peak:,.0f}' for peak in peaks)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, help="a checkout of another revision")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="", help="readers whose name contains this")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--work", nargs=2, type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.work:
        work(*chosen.work)
        return
    data = chosen.data.resolve()
    trees = [ROOT] + ([chosen.against.resolve()] if chosen.against else [])
    with tempfile.TemporaryDirectory(prefix="pmt-reading-") as folder:
        made = Path(folder)
        make_files(data, made)
        table = readers(data, made)
        names = [name for name, (_, path) in table.items() if chosen.only in name and path.exists()]
        workers = [start_worker(tree, data, made) for tree in trees]
        try:
            compare(workers, names, chosen.rounds)
        finally:
            for worker in workers:
                worker.terminate()
                worker.wait()


if __name__ == "__main__":
    main()
