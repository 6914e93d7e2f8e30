"""Model, loss, training and scores of a translation run."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np

from pmt_apps.kit.run import Run
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
    AdamW,
    EarlyStopping,
    FitOptions,
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
) -> Translator:
    """Train; keep the average of the weights with the best greedy dev BLEU; return a translator."""
    settings = run.settings
    batches = TokenBatches(
        data.lengths, settings.batch_size, data.batch, RandomStream(settings.seed, "order")
    )
    trainer = Trainer(
        model,
        functools.partial(loss, settings.label_smoothing),
        optimizer=functools.partial(AdamW, betas=(0.9, 0.98), weight_decay=settings.weight_decay),
        schedule=build_schedule(settings, len(batches)),
        seed=settings.seed,
        workers=settings.workers,
        average=settings.average or None,
    )
    translator = Translator(
        model, tokenizer, settings.beam, settings.length_penalty, trainer.workers
    )
    run.fit(
        trainer,
        batches,
        FitOptions(
            settings.epochs,
            evaluate=lambda: evaluate(translator, dev),
            monitor="bleu",
            early_stopping=EarlyStopping(patience=settings.patience),
        ),
        model_meta={"tokenizer": tokenizer.to_json()},
    )
    return translator


def loss(
    label_smoothing: float,
    model: EncoderDecoder,
    batch: TranslationBatch,
    rng: np.random.Generator | None,
) -> tuple[Tensor, int]:
    """Return the summed cross-entropy of the target tokens of a batch, and their number."""
    total = model.loss(batch, label_smoothing=label_smoothing, rng=rng)
    return total, int(batch.target_mask.sum())


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
        total, count = loss(0.0, model, batch, None)
        return total.item(), count

    sums = predict_batches(sum_loss, batches, translator.workers, description="scoring")
    return sum(total for total, _ in sums) / sum(count for _, count in sums)
