"""Model, training and scores of a pre-training run."""

from __future__ import annotations

import functools
import math
from dataclasses import replace
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.run import Run
from pmt_apps.pretraining.corpus import Corpus
from pmt_apps.pretraining.probe import Probe
from pmt_apps.pretraining.settings import Settings
from pmt_apps.transformer_optimizer import transformer_optimizer
from pmt_autograd import Tensor
from pmt_core import RandomStream
from pmt_nn import Bert, BertConfig, MaskedBert
from pmt_text import (
    CLS,
    ConsecutiveChunks,
    RandomChunks,
    TextChunkBatch,
    Tokenizer,
    mask_tokens,
)
from pmt_train import (
    FitOptions,
    Trainer,
    Workers,
    linear_schedule,
    predict_batches,
    progress_bar,
    warmup,
)

DEFAULT_STEPS = 200
_OTHER_LR_FACTOR = 0.2  # of embeddings and norms, beside the matrices of Muon
_SCORED_TOKENS = 1 << 16  # of the held-out text, after each epoch
_SCORED_MASK_RATE = 0.15  # whatever that of training: so that runs can be compared
_EVALUATION_TOKENS = 1 << 13  # of a batch
_UNTIMED_STEPS, _TIMED_STEPS = 2, 20
_TRAINED_SHARE = 0.97  # of the time that is left; the rest is for report and files


def build_model(settings: Settings, vocabulary: int) -> MaskedBert:
    """Return a masked language model with new weights."""
    width = settings.embedding or settings.width
    config = BertConfig(
        vocabulary=vocabulary,
        max_length=settings.max_length,
        token_types=2,
        pooled=False,
        # ELECTRA is BERT with a linear layer between the embeddings and the encoder.
        model_type="bert" if width == settings.width else "electra",
        embedding=0 if width == settings.width else width,
        **settings.sizes,
    )
    rng = RandomStream(settings.seed, "weights").generator()
    return MaskedBert(Bert(config, rng), rng, tied=not settings.vectors_epochs)


def with_steps(
    settings: Settings, model: MaskedBert, corpus: Corpus, probe: Probe, start: float
) -> Settings:
    """Return the settings with the steps of an epoch: as many as fit into --minutes.

    Some steps are timed on a model that is restored afterwards, and the scores, which follow each
    epoch and the last. start: of the run, a time of `time.perf_counter`. A resumed run has the
    steps of its beginning.
    """
    if settings.steps is not None:
        return settings
    if settings.minutes is None:
        return replace(settings, steps=DEFAULT_STEPS)
    trainer = make_trainer(settings, model, corpus.tokenizer, 1)
    total = _UNTIMED_STEPS + _TIMED_STEPS
    times = []
    with trainer.restored(), trainer.workers, progress_bar(total, "timing steps", "step") as bar:
        for batch in _chunks(settings, corpus, total).epoch(0):
            began = perf_counter()
            trainer.step(batch)
            times.append(perf_counter() - began)
            bar.update(1)
    seconds = float(np.median(times[_UNTIMED_STEPS:]))
    began = perf_counter()
    all_scores(model, corpus, probe, settings, trainer.workers)
    now = perf_counter()
    scoring = (settings.epochs + 1) * (now - began)
    left = max(settings.minutes * 60 - (now - start) - scoring, 0.0)
    return replace(settings, steps=max(round(_TRAINED_SHARE * left / seconds / settings.epochs), 1))


def make_trainer(
    settings: Settings, model: MaskedBert, tokenizer: Tokenizer, steps: int
) -> Trainer[MaskedBert, TextChunkBatch]:
    """Return the trainer of a run of `steps` steps: the rate rises, and falls linearly to 0."""
    return Trainer(
        model,
        functools.partial(
            _loss,
            mask_rate=settings.mask_rate,
            continues=continuing_pieces(tokenizer) if settings.whole_words else None,
        ),
        optimizer=transformer_optimizer(
            settings.optimizer,
            betas=(0.9, 0.98),
            weight_decay=settings.weight_decay,
            other_lr_factor=_OTHER_LR_FACTOR,
        ),
        schedule=warmup(linear_schedule(settings.lr, steps), round(settings.warmup * steps)),
        seed=settings.seed,
        workers=settings.workers,
    )


def _chunks(settings: Settings, corpus: Corpus, steps: int) -> RandomChunks:
    stream = RandomStream(settings.seed, "chunks")
    return RandomChunks(corpus.train, settings.max_length, settings.batch_size, steps, stream)


def continuing_pieces(tokenizer: Tokenizer) -> NDArray[np.bool_]:
    """Return whether each piece of the tokenizer continues a word, (v,)."""
    pieces = tokenizer.tokens(range(len(tokenizer)))
    return np.array([piece.startswith("##") for piece in pieces])


def _loss(
    model: MaskedBert,
    batch: TextChunkBatch,
    rng: np.random.Generator,
    *,
    mask_rate: float,
    continues: NDArray[np.bool_] | None = None,
) -> tuple[Tensor, int]:
    """Return the summed cross-entropy of tokens that are masked at random, and their number."""
    ids = batch.ids.copy()
    ids[:, 0] = CLS  # every text begins so
    vocabulary = model.encoder.config.vocabulary
    masked = mask_tokens(ids, vocabulary, rng, rate=mask_rate, continues=continues)
    loss: tuple[Tensor, int] = model(None, masked.ids, masked.labels, rng=rng)
    return loss


def fit(
    model: MaskedBert, corpus: Corpus, probe: Probe, settings: Settings, run: Run[Settings]
) -> Workers:
    """Train; keep the weights with the fewest bits per word of the held-out text."""
    steps = settings.steps or DEFAULT_STEPS
    trainer = make_trainer(settings, model, corpus.tokenizer, steps * settings.epochs)

    def evaluate() -> dict[str, float]:
        return all_scores(model, corpus, probe, settings, trainer.workers)

    run.fit(
        trainer,
        _chunks(settings, corpus, steps),
        FitOptions(settings.epochs, evaluate=evaluate, monitor="bits_per_word", mode="min"),
        model_meta={"tokenizer": corpus.tokenizer.to_json()},
    )
    return trainer.workers


def all_scores(
    model: MaskedBert, corpus: Corpus, probe: Probe, settings: Settings, workers: Workers
) -> dict[str, float]:
    """Return the scores of the held-out text, and the F1 of the probe."""
    scores = held_out_scores(model, corpus, settings, workers)
    return {**scores, "probe_f1": probe.f1(workers)}


def held_out_scores(
    model: MaskedBert, corpus: Corpus, settings: Settings, workers: Workers
) -> dict[str, float]:
    """Return the mean loss of masked tokens of the held-out text, and bits per word.

    The masks are the same in every call, whatever --mask-rate. Bits per word are the bits of a
    token times the tokens of a word, so that vocabularies of different size can be compared.
    """
    stream = RandomStream(settings.seed, "scored masks")
    model.eval()

    def sums(batch: tuple[int, TextChunkBatch]) -> tuple[float, int]:
        number, chunks = batch
        rng = stream.child(number).generator()
        loss, count = _loss(model, chunks, rng, mask_rate=_SCORED_MASK_RATE)
        return loss.item(), count

    batches = list(enumerate(_scored(corpus, settings)))
    losses = predict_batches(sums, batches, workers, description="scoring")
    count = sum(number for _, number in losses)
    loss = sum(part for part, _ in losses) / count if count else math.nan
    return {"loss": loss, "bits_per_word": loss / math.log(2) * corpus.pieces_per_word}


def _scored(corpus: Corpus, settings: Settings) -> ConsecutiveChunks:
    rows = max(_EVALUATION_TOKENS // settings.max_length, 1)
    whole = (len(corpus.dev) - 1) // settings.max_length * settings.max_length + 1  # no padding
    return ConsecutiveChunks(corpus.dev[: min(whole, _SCORED_TOKENS)], settings.max_length, rows)
