"""Model, loss, training and scores of a translation run."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from pmt_apps.kit.run import Run
from pmt_apps.kit.settings import member_seed
from pmt_apps.transformer_optimizer import transformer_optimizer
from pmt_apps.translation.ensemble import TranslationEnsemble
from pmt_apps.translation.settings import MAX_LENGTH, Settings
from pmt_apps.translation.translator import Translation, Translator
from pmt_autograd import Tensor
from pmt_core import RandomStream
from pmt_nn import EncoderDecoder, EncoderDecoderConfig
from pmt_text import (
    BytePairEncoding,
    EncodedTranslations,
    ParallelCorpus,
    TokenBatches,
    TranslationBatch,
)
from pmt_train import (
    EarlyStopping,
    FitOptions,
    History,
    Schedule,
    Trainer,
    bleu,
    inverse_sqrt_schedule,
    linear_schedule,
    predict_batches,
    warmup,
    warmup_steps,
)

EVALUATION_TOKENS = 2048  # of a batch


def build_model(settings: Settings, vocabulary: int) -> EncoderDecoder:
    """Return an encoder-decoder Transformer with new weights and one shared embedding table."""
    config = EncoderDecoderConfig(
        source_vocabulary=vocabulary,
        target_vocabulary=vocabulary,
        max_length=MAX_LENGTH,
        norm_first=settings.norm == "first",
        decoder_layers=settings.layers,
        shared=True,
        **settings.sizes,
    )
    return EncoderDecoder(config, RandomStream(settings.seed, "weights").generator())


def build_schedule(settings: Settings, batches: int) -> Schedule:
    """Return the learning-rate schedule for epochs of this number of batches."""
    steps = settings.epochs * batches
    # A third: with a tenth, small corpora are learned less exactly.
    rising = max(warmup_steps(settings.warmup, steps, divisor=3), 1)
    if settings.schedule == "inverse-sqrt":
        return inverse_sqrt_schedule(settings.lr, rising)
    return warmup(linear_schedule(settings.lr, steps), rising)


def fit(
    model: EncoderDecoder,
    data: EncodedTranslations,
    tokenizer: BytePairEncoding,
    dev: ParallelCorpus,
    run: Run[Settings],
    *,
    settings: Settings | None = None,
    stage: str | None = None,
) -> tuple[Translator, History]:
    """Train, and keep the average of the weights with the best greedy dev BLEU.

    settings, stage: of a member of an ensemble; by default those of the run. Returns a translator
    and the history of this training.
    """
    settings = settings or run.settings
    batches = TokenBatches(
        data.lengths, settings.batch_size, data.batch, RandomStream(settings.seed, "order")
    )
    trainer = Trainer(
        model,
        functools.partial(loss, settings.label_smoothing, settings.r_drop),
        optimizer=transformer_optimizer(
            settings.optimizer, betas=(0.9, 0.98), weight_decay=settings.weight_decay
        ),
        schedule=build_schedule(settings, len(batches)),
        seed=settings.seed,
        workers=settings.workers,
        average=settings.average or None,
    )
    translator = Translator(model, tokenizer, settings.search, trainer.workers)
    history = run.fit(
        trainer,
        batches,
        FitOptions(
            settings.epochs,
            evaluate=lambda: evaluate(translator, dev),
            monitor="bleu",
            early_stopping=EarlyStopping(patience=settings.patience),
        ),
        model_meta=model_meta(tokenizer),
        stage=stage,
    )
    return translator, history


def fit_members(
    first: EncoderDecoder,
    data: EncodedTranslations,
    tokenizer: BytePairEncoding,
    dev: ParallelCorpus,
    run: Run[Settings],
) -> Translator:
    """Train the members of an ensemble, one after the other, each with a seed of its own.

    The run has the ensemble of the members so far as its model, so that a run that is stopped can
    be used. first: the first member, untrained. Returns the translator of all members.
    """
    settings = run.settings
    members: list[EncoderDecoder] = []
    scores: list[float] = []
    for i in range(settings.members):
        chosen = replace(settings, seed=member_seed(settings.seed, i))
        run.say(f"\nmember {i + 1} of {settings.members}")
        model = build_model(chosen, len(tokenizer)) if i else first
        translator, history = fit(
            model, data, tokenizer, dev, run, settings=chosen, stage=f"member{i + 1}"
        )
        members.append(model)
        scores.append(history.best["bleu"])
        ensemble = TranslationEnsemble(members)
        run.parameters = ensemble.parameter_count()
        run.save_model(ensemble.state_dict(), model_meta(tokenizer, members=len(members)))
    run.log_metrics("dev", {"members_mean_greedy_bleu": float(np.mean(scores))})
    return replace(translator, model=ensemble)


def model_meta(tokenizer: BytePairEncoding, *, members: int | None = None) -> dict[str, Any]:
    """Return the JSON that restores a model beside its settings and weights.

    members: of an ensemble; None: it is one model.
    """
    meta: dict[str, Any] = {"tokenizer": tokenizer.to_json()}
    return meta if members is None else {**meta, "members": members}


def loss(
    label_smoothing: float,
    r_drop: float,
    model: EncoderDecoder,
    batch: TranslationBatch,
    rng: np.random.Generator | None,
) -> tuple[Tensor, int]:
    """Return the summed loss of the target tokens of a batch, and their number in all passes."""
    total = model.loss(batch, label_smoothing=label_smoothing, r_drop=r_drop, rng=rng)
    return total, int(batch.target_mask.sum()) * (2 if r_drop else 1)


def evaluate(translator: Translator, dev: ParallelCorpus) -> dict[str, float]:
    """Return greedy BLEU, at half the cost of a beam of five, and the loss per token."""
    translations = translator(dev.sources, beam=1, description="translating dev")
    return {
        "bleu": scores(translations, dev.targets)["bleu"],
        "loss": loss_per_token(translator, dev),
    }


def scores(translations: Sequence[Translation], references: Sequence[str]) -> dict[str, float]:
    """Return corpus BLEU, the share of exact matches, and the length ratio."""
    texts = [translation.text for translation in translations]
    score = bleu(texts, [[reference] for reference in references])
    exact = sum(
        text == " ".join(reference.split())
        for text, reference in zip(texts, references, strict=True)
    )
    return {
        "bleu": score.score,
        "exact_match": exact / len(texts),
        "length_ratio": (
            score.length / score.reference_length if score.reference_length else math.nan
        ),
    }


def loss_per_token(translator: Translator, corpus: ParallelCorpus) -> float:
    """Return the mean cross-entropy of the reference tokens in nats, without label smoothing."""
    model = translator.model.eval()
    data = EncodedTranslations.of(
        translator.encode(corpus.sources), translator.encode(corpus.targets)
    )
    batches = TokenBatches(data.lengths, EVALUATION_TOKENS, data.batch)

    def sum_loss(batch: TranslationBatch) -> tuple[float, int]:
        return model.loss(batch).item(), int(batch.target_mask.sum())

    sums = predict_batches(sum_loss, batches, translator.workers, description="scoring")
    return sum(total for total, _ in sums) / sum(count for _, count in sums)
