"""Train a Transformer to translate, and use it.

Without arguments it learns in about a minute to write dates out in German, from a sample that
ships with pmt. On real data, two files of which line n translates line n of the other, plain or
gzip:

  python apps/train_translation.py --source train.en.gz --target train.de.gz \\
      --dev-source val.en.gz --dev-target val.de.gz --out runs/en-de

Both sides share one byte-pair encoding and one table of embeddings, which is also the output
layer's (Vaswani et al. 2017, section 3.4). After every epoch dev is translated greedily; the best
weights are an average over the last steps. At the end dev, and test where it is given, are
translated by beam search and scored by BLEU, as sacrebleu does. Afterwards:

  echo 'A man sleeping in a green room on a couch.' | \\
      python apps/train_translation.py --predict --out runs/en-de
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from pmt_apps.kit.files import check_input_file
from pmt_apps.kit.main import run_app
from pmt_apps.kit.options import option
from pmt_apps.kit.run import Run
from pmt_apps.kit.settings import AppSettings
from pmt_apps.kit.split_files import split_files
from pmt_apps.translation.report import report
from pmt_apps.translation.translator import LONGEST, Translation, Translator, encode
from pmt_autograd import Tensor
from pmt_core import DataError, RandomStream
from pmt_nn import EncoderDecoder, EncoderDecoderConfig
from pmt_text import (
    BytePairEncoding,
    EncodedTranslations,
    ParallelCorpus,
    TokenBatches,
    TranslationBatch,
    load_parallel,
)
from pmt_train import (
    AdamW,
    EarlyStopping,
    FitOptions,
    Schedule,
    Trainer,
    Workers,
    bleu,
    inverse_sqrt_schedule,
    linear_schedule,
    predict_batches,
    warmup,
    warn,
)

SAMPLES = Path(__file__).parents[2] / "samples"
FILES = ("source", "target", "dev_source", "dev_target", "test_source", "test_target")


@dataclass(frozen=True)
class Settings(AppSettings):
    """Settings of the translation app."""

    out: Path = Path("runs/translation")
    epochs: int = option(
        30,
        "times to go through the training data",
        group="training",
        at_least=1,
        default_text="30; 14 on the shipped sample, which also has a smaller model",
    )
    batch_size: int = option(
        2048, "tokens per step, of the longer side, padding included", group="training", at_least=1
    )
    lr: float = 2e-3
    source: Path | None = option(
        None, "training sentences, one a line; needs the three below", group="data", metavar="F"
    )
    target: Path | None = option(None, "their translations", group="data", metavar="F")
    dev_source: Path | None = option(
        None, "sentences that choose the best weights", group="data", metavar="F"
    )
    dev_target: Path | None = option(None, "their translations", group="data", metavar="F")
    test_source: Path | None = option(
        None, "sentences to score once, at the end", group="data", metavar="F"
    )
    test_target: Path | None = option(None, "their translations", group="data", metavar="F")
    longest: int = option(
        128, "longest training sentence in tokens", group="data", at_least=1, at_most=LONGEST - 1
    )
    merges: int = option(4000, "of the byte-pair encoding", group="model", at_least=0)
    width: int = option(192, "model width d", group="model", at_least=1)
    heads: int = option(4, "attention heads, divides the width", group="model", at_least=1)
    hidden: int = option(512, "width of the feed-forward networks", group="model", at_least=1)
    layers: int = option(3, "of the encoder, and of the decoder", group="model", at_least=1)
    norm: Literal["first", "last"] = option("first", "pre-norm or post-norm", group="model")
    dropout: float = option(0.3, "rate of dropout", group="training", at_least=0, below=1)
    smoothing: float = option(0.1, "label smoothing", group="training", at_least=0, below=1)
    weight_decay: float = option(0.0, "of matrices and tables", group="training", at_least=0)
    schedule: Literal["linear", "inverse-sqrt"] = option(
        "linear",
        "how the learning rate falls after the warm-up: to 0 at the last epoch, or as 1/sqrt(step)",
        group="training",
    )
    warmup: int = option(
        500, "steps until the learning rate is highest", group="training", at_least=1
    )
    average: float = option(
        0.997,
        "decay of the average of the weights that is scored and kept: about the last 1/(1 - A) "
        "steps; 0: the weights as they are",
        group="training",
        at_least=0,
        below=1,
        metavar="A",
    )
    patience: int = option(
        10, "epochs without a better dev BLEU after which to stop", group="training", at_least=1
    )
    beam: int = option(
        5, "hypotheses side by side; 1: greedy", group="translation", at_least=1, changeable=True
    )
    length_penalty: float = option(
        1.4,
        "exponent a of ((5 + n) / 6)^a; higher: longer",
        group="translation",
        at_least=0,
        changeable=True,
    )

    @classmethod
    def defaults(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The shipped sample is small: a smaller model, without much against overfitting."""
        if set(FILES) & set(given):
            return {}
        return {
            "epochs": 14,
            "batch_size": 1024,
            "lr": 3e-3,
            "merges": 300,
            "width": 64,
            "hidden": 128,
            "layers": 2,
            "dropout": 0.1,
            "smoothing": 0.05,
            "warmup": 150,
            "average": 0.99,
            "length_penalty": 1.0,
        }


def train(settings: Settings, run: Run[Settings]) -> None:
    """Read, train, translate, score, draw."""
    corpora = read_corpora(settings, run)
    texts = sides(corpora["train"], settings.limit)
    encoding = BytePairEncoding.train(
        (f" {text}" for side in texts for text in side), settings.merges
    )
    data = encode_training(settings, encoding, *texts)
    model = build_model(settings, len(encoding))
    run.say(f"{len(encoding):,} tokens, {model.parameter_count():,} parameters\n")

    batches = TokenBatches(
        data.lengths, settings.batch_size, data.batch, RandomStream(settings.seed, "order")
    )
    trainer = Trainer(
        model,
        functools.partial(loss, settings.smoothing),
        optimizer=functools.partial(AdamW, betas=(0.9, 0.98), weight_decay=settings.weight_decay),
        schedule=schedule(settings, len(batches)),
        seed=settings.seed,
        workers=settings.workers,
        average=settings.average or None,
    )
    translator = make_translator(settings, model, encoding, trainer.workers)
    run.fit(
        trainer,
        batches,
        FitOptions(
            settings.epochs,
            evaluate=lambda: evaluate(translator, corpora["dev"]),
            monitor="bleu",
            early_stopping=EarlyStopping(patience=settings.patience),
        ),
        model_meta={"encoding": encoding.to_json()},
    )
    found: dict[str, list[Translation]] = {}
    for name in ("dev", "test"):
        if name in corpora:
            found[name] = translator(corpora[name].sources, description=f"translating {name}")
            run.log_metrics(name, scores(found[name], corpora[name].targets))
    run.log_metrics("dev", {"loss": loss_per_token(translator, corpora["dev"])})
    report(run, translator, corpora["dev"], found["dev"])
    run.finish()


def predict(settings: Settings, run: Run[Settings]) -> None:
    """Translate sentences from standard input."""
    weights, meta = run.load_model()
    encoding = BytePairEncoding.from_json(meta["encoding"])
    model = build_model(settings, len(encoding))
    model.load_state_dict(weights)
    translator = make_translator(settings, model, encoding, Workers(settings.workers))

    def answer(examples: Sequence[tuple[str, ...]]) -> list[Mapping[str, Any]]:
        texts = [text for (text,) in examples]
        for text in texts:
            if len(encoding.encode(text)) >= LONGEST:
                warn(f"note: {text[:40]!r}... is cut to {LONGEST - 1} tokens")
        return [
            {"source": text, "translation": one.text, "score": round(one.score, 6)}
            for text, one in zip(texts, translator(texts), strict=True)
        ]

    run.predict_jsonl(answer, ("sentence",))


# --- data ---------------------------------------------------------------------------------------


def read_corpora(settings: Settings, run: Run[Settings]) -> dict[str, ParallelCorpus]:
    """The sentences of "train" and "dev", and of "test" where it is given."""
    options = {
        "train": ("source", "target"),
        "dev": ("dev_source", "dev_target"),
        "test": ("test_source", "test_target"),
    }
    samples = {
        name: [SAMPLES / f"dates.{name}.{language}.gz" for language in ("en", "de")]
        for name in ("train", "dev")
    }
    files = split_files(settings, options, samples)
    found = {name: read(name, source, target, run) for name, (source, target) in files.items()}
    for name, corpus in found.items():
        run.say(f"{name}: {len(corpus):,} sentences and their translations")
    return found


def read(role: str, source: Path, target: Path, run: Run[Settings]) -> ParallelCorpus:
    """Both files of a split; what cannot be used is named and left out."""
    check_input_file(source, f"sentences ({role})")
    check_input_file(target, f"translations ({role})")
    corpus = load_parallel(source, target)
    for warning in corpus.warnings():
        warn(f"warning: {warning}")
    run.log_file(f"{role} source", source, corpus.lines)
    run.log_file(f"{role} target", target, corpus.lines)
    return corpus


def sides(corpus: ParallelCorpus, limit: int | None = None) -> tuple[list[str], list[str]]:
    return corpus.sources[:limit], corpus.targets[:limit]


def encode_training(
    settings: Settings, encoding: BytePairEncoding, source: list[str], target: list[str]
) -> EncodedTranslations:
    """The training sentences as ids, those left out that are longer than the settings allow."""
    sources, targets = encode(encoding, source), encode(encoding, target)
    kept = [
        i
        for i, (x, y) in enumerate(zip(sources, targets, strict=True))
        if max(len(x), len(y)) <= settings.longest
    ]
    if not kept:
        raise DataError(
            f"every training sentence is longer than {settings.longest} tokens; give a larger "
            "--longest, or more --merges"
        )
    if len(kept) < len(sources):
        warn(
            f"note: {len(sources) - len(kept):,} of {len(sources):,} training sentences are longer "
            f"than --longest {settings.longest} tokens and left out"
        )
    return EncodedTranslations.of([sources[i] for i in kept], [targets[i] for i in kept])


# --- model --------------------------------------------------------------------------------------


def build_model(settings: Settings, tokens: int) -> EncoderDecoder:
    config = EncoderDecoderConfig(
        source_vocabulary=tokens,
        target_vocabulary=tokens,
        max_length=LONGEST,
        width=settings.width,
        heads=settings.heads,
        hidden=settings.hidden,
        encoder_layers=settings.layers,
        decoder_layers=settings.layers,
        dropout=settings.dropout,
        norm_first=settings.norm == "first",
        shared=True,
    )
    return EncoderDecoder(config, RandomStream(settings.seed, "weights").generator())


def make_translator(
    settings: Settings, model: EncoderDecoder, encoding: BytePairEncoding, workers: Workers
) -> Translator:
    return Translator(model, encoding, settings.beam, settings.length_penalty, workers)


def schedule(settings: Settings, batches: int) -> Schedule:
    if settings.schedule == "inverse-sqrt":
        return inverse_sqrt_schedule(settings.lr, settings.warmup)
    steps = settings.epochs * batches
    return warmup(linear_schedule(settings.lr, steps), min(settings.warmup, max(steps // 3, 1)))


def loss(
    smoothing: float,
    model: EncoderDecoder,
    batch: TranslationBatch,
    rng: np.random.Generator | None,
) -> tuple[Tensor, int]:
    """Sum of the cross-entropy over the target tokens of the batch, and their number."""
    total: Tensor = model.loss(
        batch.source,
        batch.target,
        batch.labels,
        batch.source_mask,
        batch.target_mask,
        smoothing=smoothing,
        rng=rng,
    )
    return total, int(batch.target_mask.sum())


# --- scores -------------------------------------------------------------------------------------


def evaluate(translator: Translator, dev: ParallelCorpus) -> dict[str, float]:
    """After an epoch: translated greedily, which costs half as much as a beam of five."""
    found = translator(dev.sources, beam=1, description="translating dev")
    return {
        "bleu": scores(found, dev.targets)["bleu"],
        "loss": loss_per_token(translator, dev),
    }


def scores(found: Sequence[Translation], targets: Sequence[str]) -> dict[str, float]:
    texts = [one.text for one in found]
    score = bleu(texts, [[target] for target in targets])
    same = sum(
        text == " ".join(target.split()) for text, target in zip(texts, targets, strict=True)
    )
    return {
        "bleu": score.score,
        "exact_match": same / len(texts),
        "length_ratio": score.length / max(score.reference_length, 1),
    }


def loss_per_token(translator: Translator, corpus: ParallelCorpus) -> float:
    """Mean cross-entropy of the reference's tokens, without label smoothing; in nats."""
    model = translator.model.eval()
    data = EncodedTranslations.of(*(translator.encode(side) for side in sides(corpus)))
    batches = TokenBatches(data.lengths, 2048, data.batch)

    def add(batch: TranslationBatch) -> tuple[float, int]:
        total, count = loss(0.0, model, batch, None)
        return total.item(), count

    parts = predict_batches(add, batches, translator.workers, description="scoring")
    return sum(total for total, _ in parts) / sum(count for _, count in parts)


def main() -> int:
    """Run the command line; return the exit code."""
    return run_app(
        Settings,
        task="translation",
        train=train,
        predict=predict,
        title="Translation",
        description=__doc__,
    )
