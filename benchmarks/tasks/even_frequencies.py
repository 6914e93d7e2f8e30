"""word2vec on texts whose words are evenly frequent: pmt beside gensim, loss and neighbors.

    hatch run bench:even-frequencies [--seeds 3] [--windows 5 20] [--epochs 5]

The texts are walks on a ring of 60 nodes, walks on a random graph of 300 nodes, and the
overlapping k-mers (k = 4) of random sequences of four letters, from a Markov chain of order 2.
Every row of such an update has many terms. Each library trains with the same settings, its default
learning rate and one thread; both then have the same two scores:

- loss: expected loss of negative sampling for each prediction, with all noise words by their
  probability and windows weighted as the random window sizes do. It is exact, not sampled;
- neighbors: share of the ten nearest vectors of a word that are among its ten most frequent
  contexts.

Printed are medians over the seeds, and the worst ratio of losses.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from gensim.models import Word2Vec as GensimWord2Vec

from pmt_core import RandomStream
from pmt_text import ChunkSampler, SamplingSettings, TextCorpus, count_words
from pmt_train import FitOptions, TrainingLoop, Word2Vec, Word2VecSettings, Word2VecTrainer

D, NEGATIVES, NEAREST = 50, 5, 10
Lines = list[list[str]]


def ring(rng: np.random.Generator, nodes: int = 60) -> Lines:
    """Return walks of 40 steps to the left or right neighbor."""
    steps = rng.choice([-1, 1], (400, 40)).cumsum(axis=1)
    walks = (rng.integers(nodes, size=(400, 1)) + steps) % nodes
    return [[f"n{node}" for node in walk] for walk in walks]


def graph(rng: np.random.Generator, nodes: int = 300, degree: int = 4) -> Lines:
    """Return walks of 40 steps along the random edges of a directed graph."""
    edges = rng.integers(nodes, size=(nodes, degree))
    walks = [rng.integers(nodes, size=600)]
    for _ in range(39):
        walks.append(edges[walks[-1], rng.integers(degree, size=600)])
    return [[f"n{node}" for node in walk] for walk in np.stack(walks, axis=1)]


def kmers(rng: np.random.Generator, k: int = 4) -> Lines:
    """Return the overlapping k-mers of sequences of 60 letters."""
    chances = rng.dirichlet(np.ones(4), size=(4, 4)).cumsum(axis=-1)
    lines = []
    for _ in range(400):
        letters = list(rng.integers(4, size=2))
        for draw in rng.random(60):
            following = np.searchsorted(chances[letters[-2], letters[-1]], draw)
            letters.append(min(int(following), 3))
        text = "".join("acgt"[letter] for letter in letters)
        lines.append([text[i : i + k] for i in range(len(text) - k + 1)])
    return lines


TEXTS: dict[str, Callable[[np.random.Generator], Lines]] = {
    "ring": ring,
    "graph": graph,
    "k-mers": kmers,
}


@dataclass(frozen=True)
class Case:
    model: str
    window: int
    epochs: int
    seed: int


def train_pmt(path: Path, case: Case) -> tuple[list[str], np.ndarray, np.ndarray]:
    corpus = TextCorpus(path, sentences="lines")
    counts = count_words(corpus, min_count=1)
    stream = RandomStream(case.seed, "word2vec")
    settings = Word2VecSettings(model=case.model, dimension=D, epochs=case.epochs)
    model = Word2Vec(settings, len(counts), stream)
    sampling = SamplingSettings(case.window, subsample=0)
    with (
        ChunkSampler.from_corpus(corpus, counts, sampling, stream) as sampler,
        Word2VecTrainer(model, sampler, workers=1) as trainer,
    ):
        TrainingLoop(trainer, trainer.sampler, FitOptions(case.epochs, quiet=True)).run()
    v = len(counts)
    return list(counts.words), model.vectors[:v].copy(), model.outputs[:v].copy()


def train_gensim(lines: Lines, case: Case) -> tuple[list[str], np.ndarray, np.ndarray]:
    model = GensimWord2Vec(
        lines,
        vector_size=D,
        window=case.window,
        min_count=1,
        sample=0,
        sg=int(case.model == "skipgram"),
        negative=NEGATIVES,
        epochs=case.epochs,
        workers=1,
        seed=case.seed,
    )
    return list(model.wv.index_to_key), model.wv.vectors, model.syn1neg


def positions(ids: Sequence[np.ndarray], window: int) -> tuple[np.ndarray, np.ndarray]:
    """Return centers (n,) and contexts (n, 2 window), -1 outside of the sentence."""
    centers, contexts = [], []
    for line in ids:
        padded = np.full(len(line) + 2 * window, -1)
        padded[window : window + len(line)] = line
        around = np.lib.stride_tricks.sliding_window_view(padded, 2 * window + 1)
        centers.append(line)
        contexts.append(np.delete(around, window, axis=1))
    return np.concatenate(centers), np.concatenate(contexts)


def scores(
    lines: Lines, words: list[str], inputs: np.ndarray, outputs: np.ndarray, case: Case
) -> tuple[float, float]:
    """Return (loss, neighbors) of trained vectors."""
    number = {word: i for i, word in enumerate(words)}
    ids = [np.array([number[word] for word in line]) for line in lines]
    centers, contexts = positions(ids, case.window)
    v, w = len(words), case.window
    noise = np.bincount(centers, minlength=v) ** 0.75
    noise = NEGATIVES * noise / noise.sum()
    inputs, outputs = inputs.astype(np.float64), outputs.astype(np.float64)
    pairs = np.zeros((v, v))  # (word, context), weighted by how often a window reaches it
    distance = np.abs(np.delete(np.arange(-w, w + 1), w))
    total = weight = 0.0
    for column, far in enumerate(distance):
        near = contexts[:, column] >= 0
        np.add.at(pairs, (centers[near], contexts[near, column]), (w - far + 1) / w)
    if case.model == "skipgram":
        logits = inputs @ outputs.T  # context word predicts center
        softplus = np.logaddexp(0, logits)
        others = softplus @ noise
        loss = np.logaddexp(0, -logits) + others[:, np.newaxis] - noise * softplus
        total, weight = float((pairs.T * loss).sum()), float(pairs.sum())
    else:
        for reach in range(1, w + 1):  # each size of the window is equally probable
            kept = (contexts >= 0) & (distance <= reach)
            size = kept.sum(axis=1)
            mean = (kept[:, :, np.newaxis] * inputs[contexts]).sum(axis=1)[size > 0]
            logits = mean / size[size > 0, np.newaxis] @ outputs.T
            softplus = np.logaddexp(0, logits)
            own = np.arange(len(logits)), centers[size > 0]
            loss = np.logaddexp(0, -logits[own]) + softplus @ noise
            loss -= noise[own[1]] * softplus[own]
            total, weight = total + float(loss.sum()), weight + len(logits)
    directions = inputs / np.linalg.norm(inputs, axis=1, keepdims=True)
    similarities = directions @ directions.T
    np.fill_diagonal(similarities, -np.inf)
    np.fill_diagonal(pairs, -1)
    nearest = np.argsort(-similarities, axis=1)[:, :NEAREST]
    frequent = np.argsort(-pairs, axis=1, kind="stable")[:, :NEAREST]
    shared = [len(np.intersect1d(a, b)) for a, b in zip(nearest, frequent, strict=True)]
    return total / weight, float(np.mean(shared)) / NEAREST


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--windows", type=int, nargs="+", default=[5, 20])
    parser.add_argument("--epochs", type=int, default=5)
    chosen = parser.parse_args()
    print("| text | model | window | loss, pmt | gensim | neighbors, pmt | gensim |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    ratios = []
    for name, text in TEXTS.items():
        for model in ("skipgram", "cbow"):
            for window in chosen.windows:
                found: dict[str, list[tuple[float, float]]] = {"pmt": [], "gensim": []}
                for seed in range(1, chosen.seeds + 1):
                    lines = text(np.random.default_rng(seed))
                    case = Case(model, window, chosen.epochs, seed)
                    with tempfile.TemporaryDirectory() as folder:
                        path = Path(folder) / "text.txt"
                        path.write_text("\n".join(map(" ".join, lines)) + "\n", encoding="utf-8")
                        found["pmt"].append(scores(lines, *train_pmt(path, case), case))
                    found["gensim"].append(scores(lines, *train_gensim(lines, case), case))
                    ratios.append(found["pmt"][-1][0] / found["gensim"][-1][0])
                ours, theirs = (
                    [statistics.median(values) for values in zip(*found[library], strict=True)]
                    for library in ("pmt", "gensim")
                )
                print(
                    f"| {name} | {model} | {window} | {ours[0]:.3f} | {theirs[0]:.3f} | "
                    f"{ours[1]:.2f} | {theirs[1]:.2f} |",
                    flush=True,
                )
    print(f"{len(ratios)} trainings: worst ratio of losses, pmt/gensim: {max(ratios):.3f}")


if __name__ == "__main__":
    main()
