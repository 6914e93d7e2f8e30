"""The smallest word2vec: four words in the plane, to check by eye that training works.

Paris, France, Berlin and Germany get vectors of 2 numbers. The dot products of a capital and its
country, of the two capitals, and of the two countries are trained to be positive; those of all
pairs, as noise, to be negative. So the pairs of the first kind stay undecided, and the two pairs
that never occur together (Paris and Germany, Berlin and France) become negative. The difference
from Paris to France then equals that from Berlin to Germany, though nothing says what a capital is.
The program draws both, measures how much they differ, and fails if that is too much.

  python apps/validate_word2vec.py
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.main import run_app
from pmt_apps.kit.options import option
from pmt_apps.kit.run import Run
from pmt_apps.kit.settings import AppSettings
from pmt_autograd import Tensor
from pmt_core import RandomStream, StateError
from pmt_nn import AxisDot, Embedding, Sequential, binary_cross_entropy_with_logits
from pmt_train import RMSProp, Trainer, batches_of, learning_curves, linear_schedule, vector_plot

PARIS, FRANCE, BERLIN, GERMANY = range(4)
WORDS = ["Paris", "France", "Berlin", "Germany"]
TOGETHER = [(PARIS, FRANCE), (BERLIN, GERMANY), (PARIS, BERLIN), (FRANCE, GERMANY)]
NOISE = list(itertools.combinations(range(4), 2))
STEPS = 50  # of an epoch; each has all pairs


@dataclass(frozen=True)
class Settings(AppSettings):
    """Settings of the smallest word2vec."""

    out: Path = Path("runs/validate-word2vec")
    epochs: int = 10
    lr: float = 0.02
    workers: int = 1
    batch_size: int = option(
        len(TOGETHER) + len(NOISE), "pairs per step", group="training", at_least=1
    )
    weight_decay: float = option(0.005, "of the vectors", group="training", at_least=0)
    tolerance: float = option(
        0.05,
        "largest difference of the two offsets, as a share of their length",
        group="training",
        above=0,
    )


def train(settings: Settings, run: Run[Settings]) -> None:
    """Train, draw, and compare the two offsets."""
    model = build_model(settings)
    words = np.array(TOGETHER + NOISE, np.int64)
    together = (np.arange(len(words)) < len(TOGETHER)).astype(np.float32)
    batches = [*batches_of(words, together, batch_size=settings.batch_size)]
    batches = batches[: settings.limit] * STEPS
    trainer = Trainer(
        model,
        loss,
        # Weight decay gives the words that never occur together vectors of equal length.
        optimizer=functools.partial(RMSProp, weight_decay=settings.weight_decay),
        clip=None,
        schedule=linear_schedule(settings.lr, settings.epochs * len(batches)),
        seed=settings.seed,
        workers=settings.workers,
    )
    run.fit(trainer, batches)
    (weight,) = model.parameters()
    vectors = weight.data.copy()
    difference = offset_difference(vectors)
    offsets = {
        "difference": difference,
        "paris_to_france": np.round(vectors[FRANCE] - vectors[PARIS], 4).tolist(),
        "berlin_to_germany": np.round(vectors[GERMANY] - vectors[BERLIN], 4).tolist(),
    }
    run.log_metrics("offsets", offsets)
    run.add_figure(
        "words.png",
        "From each capital to its country",
        vector_plot,
        vectors,
        WORDS,
        [(PARIS, FRANCE), (BERLIN, GERMANY)],
        "four words in two dimensions",
        equal=True,
    )
    run.add_figure("learning.png", "Loss by epoch", learning_curves, run.history)
    run.finish()
    if not difference <= settings.tolerance:
        raise StateError(
            f"Paris -> France and Berlin -> Germany differ by {difference:.1%} of their length, "
            f"expected at most {settings.tolerance:.0%}: train for more --epochs, or with another "
            "--seed"
        )
    run.say(f"Paris -> France is Berlin -> Germany, but for {difference:.1%} of its length")


def build_model(settings: Settings) -> Sequential:
    """Return a model of word pairs (b, 2) -> the logit that they occur together (b,)."""
    rng = RandomStream(settings.seed, "weights").generator()
    return Sequential(Embedding(len(WORDS), 2, rng, std=0.5, sparse=False), AxisDot())


def loss(model: Sequential, batch: tuple[NDArray[Any], ...], rng: np.random.Generator) -> Tensor:
    """Return the mean binary cross-entropy of words (b, 2): 1 for pairs together, 0 for noise."""
    words, together = batch
    return binary_cross_entropy_with_logits(model(words), together)


def offset_difference(vectors: NDArray[np.float32]) -> float:
    """Return |(France - Paris) - (Germany - Berlin)| as a share of the mean length of the two."""
    french = vectors[FRANCE] - vectors[PARIS]
    german = vectors[GERMANY] - vectors[BERLIN]
    length = (np.linalg.norm(french) + np.linalg.norm(german)) / 2
    return float(np.linalg.norm(french - german) / length) if length > 0 else float("inf")


def main() -> int:
    """Run the command line; return the exit code."""
    return run_app(
        Settings,
        task="validate-word2vec",
        train=train,
        title="Four words in two dimensions",
        description=__doc__,
    )
