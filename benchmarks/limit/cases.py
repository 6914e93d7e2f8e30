"""The rows of the budget: training steps and tagging, as the benchmarks of each run them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.models import language_model
from benchmarks.models.encoder_model import SIZES, Classifier, loss, make_batch
from benchmarks.models.entity_tagger import make_tagger

from pmt_apps.mnist import model as mnist
from pmt_apps.mnist.settings import Settings
from pmt_nn import LanguageModel
from pmt_text import SentenceEncoder, load_conll
from pmt_train import AdamW, Trainer, Workers, batches_of

SAMPLE = Path(__file__).parents[2] / "apps" / "pmt_apps" / "samples" / "ner_train.conll"
IMAGES = 64
_SINGLES = 20  # sentences of a turn


@dataclass(frozen=True)
class Case:
    """A computation that is repeated.

    Attributes:
        name: of the row.
        run: the computation, `count` times.
        count: how many steps or answers a run has.
        trainer: its trainer, None without training.
    """

    name: str
    run: Callable[[], object]
    count: int = 1
    trainer: Trainer[Any, Any] | None = None


def make_cases(workers: Workers, names: Sequence[str] = ()) -> list[Case]:
    """Return the cases whose name contains one of `names`, or all."""
    makers: dict[str, Callable[[], Case]] = {}
    for dropout in (0.1, 0.0):
        for size in SIZES:
            name = f"step {size}" + (f" dropout {dropout}" if dropout else "")
            makers[name] = functools.partial(_step, workers, size, dropout)
    makers["nanoGPT's small model"] = lambda: _language_model(workers)
    makers["tagging one sentence"] = lambda: _tagging(1)
    makers["tagging 64 sentences"] = lambda: _tagging(64)
    makers["convolutions, MNIST step"] = lambda: _convolutions(workers)
    chosen = [key for key in makers if not names or any(name in key for name in names)]
    return [_named(key, makers[key]()) for key in chosen]


def _named(name: str, case: Case) -> Case:
    return Case(name, case.run, case.count, case.trainer)


def _step(workers: Workers, size: Any, dropout: float) -> Case:
    trainer: Trainer[Any, Any] = Trainer(
        Classifier(size, dropout),
        loss,
        optimizer=functools.partial(AdamW, weight_decay=0.01),
        schedule=1e-3,
        workers=workers,
    )
    batch = make_batch(size)
    return Case("", lambda: trainer.step(batch), trainer=trainer)


def _language_model(workers: Workers) -> Case:
    lm = language_model
    trainer: Trainer[Any, Any] = Trainer(
        LanguageModel(lm.CONFIG, np.random.default_rng(0)),
        lm.loss,
        optimizer=functools.partial(AdamW, betas=lm.BETAS, weight_decay=lm.DECAY),
        schedule=lm.LR,
        workers=workers,
    )
    text = np.random.default_rng(0).integers(0, lm.CONFIG.vocabulary, 100_000)
    rng = np.random.default_rng(1)
    return Case("", lambda: trainer.step(lm.draw(text, rng)), trainer=trainer)


def _tagging(batch_size: int) -> Case:
    """The model of `train_ner.py` with its default sizes and untrained weights."""
    sentences = load_conll(SAMPLE).sentences
    encoder = SentenceEncoder.learn(sentences)
    data = encoder.encode(sentences)
    tagger = make_tagger(encoder, data)
    tagger.eval()
    turn = _SINGLES if batch_size == 1 else 1
    chosen = np.random.default_rng(0).integers(0, len(data), (turn, batch_size))
    batches = [data.batch(rows) for rows in chosen]

    def run() -> None:
        for batch in batches:
            tagger.predict(batch)

    return Case("", run, count=turn)


def _convolutions(workers: Workers) -> Case:
    """A training step of the network of `train_mnist.py`, on random images."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (IMAGES, 28, 28)).astype(np.uint8)
    labels = rng.integers(0, 10, IMAGES)
    trainer: Trainer[Any, Any] = Trainer(
        mnist.build_model(Settings()),
        functools.partial(mnist.loss, Settings().shift),
        optimizer=AdamW,
        schedule=1e-3,
        workers=workers,
    )
    batch = next(iter(batches_of(images, labels, batch_size=IMAGES)))
    return Case("", lambda: trainer.step(batch), trainer=trainer)
