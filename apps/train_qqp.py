"""Train a Transformer to tell duplicate questions, on Quora question pairs, and use it.

Without arguments it trains on a sample of synthetic question pairs that ships with pmt, in about
a minute. On real data:

  python apps/train_qqp.py --train train.tsv --dev dev.tsv --out runs/real
  python apps/train_qqp.py --data questions.tsv --out runs/real    (one file, split by the program)

Files: the public release (TSV), the Kaggle CSV, the GLUE TSV, or `label question1 question2 id`
without a header; told apart by their content. Afterwards:

  echo 'How do I swim?<Tab>How can I learn swimming?' | \\
      python apps/train_qqp.py --predict --out runs/real
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import Tensor, no_grad
from pmt_core import DataError, RandomStream, SettingsError, softmax
from pmt_nn import PairClassifier, PairClassifierConfig, cross_entropy, observing
from pmt_text import (
    BatchPhases,
    EncodedPairs,
    LengthBatches,
    PairBatch,
    PairEncoder,
    QuestionPair,
    Vocabulary,
    best_threshold,
    load_qqp,
    mine_negatives,
    overlap_scores,
    split_by_question,
    tokenize,
)
from pmt_train import (
    AdamW,
    AppSettings,
    AttentionMap,
    EarlyStopping,
    Run,
    Trainer,
    Workers,
    accuracy,
    attention_plot,
    check_input_file,
    confusion_matrix,
    confusion_plot,
    in_sequence,
    learning_curves,
    linear,
    option,
    precision_recall_f1,
    predict_batches,
    progress_bar,
    run_app,
    warmup,
    warn,
)

SAMPLE = Path(__file__).parent / "samples" / "qqp.tsv"
CLASSES = ("different", "duplicate")
EVALUATION_BATCH = 256


@dataclass(frozen=True)
class Settings(AppSettings):
    """Settings of the QQP app."""

    out: Path = Path("runs/qqp")
    epochs: int = option(
        6,
        "times to go through the training data",
        group="training",
        at_least=1,
        shown="6; 20 on the shipped sample, which also has a smaller model",
    )
    batch_size: int = 32
    lr: float = 5e-4
    train: Path | None = option(None, "training pairs; needs --dev", group="data", metavar="F")
    dev: Path | None = option(None, "pairs that choose the best weights", group="data", metavar="F")
    test: Path | None = option(None, "pairs to score once, at the end", group="data", metavar="F")
    data: Path | None = option(
        None, "one file instead of --train and --dev, split by question", group="data", metavar="F"
    )
    extra: Path | None = option(
        None,
        "further duplicates; negatives are mined for them, and the first --extra-epochs of the "
        "--epochs train on both",
        group="data",
        metavar="F",
    )
    extra_epochs: int = option(1, "epochs on --extra", group="data", at_least=1)
    dev_fraction: float = option(
        0.15, "part of --data that is kept for dev", group="data", above=0, below=1
    )
    min_count: int = option(3, "rarer words are unknown", group="model", at_least=1)
    max_length: int = option(64, "longest pair, in tokens", group="model", at_least=8)
    width: int = option(128, "model width d", group="model", at_least=1)
    heads: int = option(4, "attention heads, divides the width", group="model", at_least=1)
    hidden: int = option(256, "width of the feed-forward networks", group="model", at_least=1)
    layers: int = option(2, "encoder layers", group="model", at_least=1)
    norm: Literal["first", "last"] = option("first", "pre-norm or post-norm", group="model")
    dropout: float = option(0.1, "rate of dropout", group="training", at_least=0, below=1)
    weight_decay: float = option(0.01, "of matrices and tables", group="training", at_least=0)
    warmup: int = option(
        200, "steps until the learning rate is highest", group="training", at_least=0
    )
    patience: int = option(
        3, "epochs without a better dev accuracy after which to stop", group="training", at_least=1
    )

    @classmethod
    def defaults(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The shipped sample is small: a smaller model, for more epochs."""
        if {"train", "data"} & set(given):
            return {}
        return {"epochs": 20, "patience": 6, "lr": 1e-3, "width": 64, "hidden": 128}


@dataclass(frozen=True)
class Split:
    """Question pairs in both forms: as text and as ids."""

    pairs: Sequence[QuestionPair]
    encoded: EncodedPairs

    @property
    def labels(self) -> NDArray[np.int64]:
        return labels_of(self.pairs)


def train(settings: Settings, run: Run[Settings]) -> None:
    """Read, train, score, draw."""
    texts = read_splits(settings, run)
    encoder = PairEncoder(learn_vocabulary(texts, settings.min_count), settings.max_length)
    splits = {name: encode(encoder, pairs) for name, pairs in texts.items()}
    model = build_model(settings, len(encoder.vocabulary))
    run.say(f"{len(encoder.vocabulary):,} words, {model.parameter_count():,} parameters\n")

    batches = make_batches(settings, splits)
    trainer = Trainer(
        model,
        loss,
        optimizer=functools.partial(AdamW, weight_decay=settings.weight_decay),
        schedule=in_sequence(
            [
                (warmup(linear(settings.lr, max(steps, 1)), settings.warmup), steps)
                for steps in batches.steps()
            ]
        ),
        seed=settings.seed,
        workers=settings.workers,
    )
    run.fit(
        trainer,
        batches,
        evaluate=lambda: scores(
            probabilities(model, splits["dev"], trainer.workers), splits["dev"]
        ),
        # the extra pairs teach little that dev asks for: patience begins with the real labels
        early_stopping=EarlyStopping(
            patience=settings.patience + (settings.extra_epochs if settings.extra else 0)
        ),
        model_meta={"encoder": encoder.to_json()},
    )
    run.picture("learning.png", "Loss and scores by epoch", learning_curves, run.history)
    report(run, model, splits, encoder.vocabulary, trainer.workers)
    run.finish()


def predict(settings: Settings, run: Run[Settings]) -> None:
    """Answer pairs from standard input."""
    weights, meta = run.load_model()
    encoder = PairEncoder.from_json(meta["encoder"])
    model = build_model(settings, len(encoder.vocabulary))
    model.load_state_dict(weights)
    workers = Workers(settings.workers)

    def answer(examples: Sequence[tuple[str, ...]]) -> list[Mapping[str, Any]]:
        pairs = [(question1, question2) for question1, question2 in examples]
        split = Split([], encoder.encode(pairs))
        return [
            {
                "question1": question1,
                "question2": question2,
                "probability": round(float(probability), 6),
                "label": int(probability >= 0.5),
            }
            for (question1, question2), probability in zip(
                pairs, probabilities(model, split, workers), strict=True
            )
        ]

    run.predict_lines(answer, ("question1", "question2"))


# --- data ---------------------------------------------------------------------------------------


def read_splits(settings: Settings, run: Run[Settings]) -> dict[str, list[QuestionPair]]:
    """The pairs of "train" and "dev", and of "test" and "extra" where they are given."""
    if settings.data is not None and (settings.train or settings.dev):
        raise SettingsError("--data is one file for both: give it, or --train and --dev, not both")
    if bool(settings.train) != bool(settings.dev):
        raise SettingsError(
            "--train and --dev go together; for one file that the program splits use --data"
        )
    found: dict[str, list[QuestionPair]] = {}
    if settings.train and settings.dev:
        found["train"] = read("train", settings.train, run)
        found["dev"] = read("dev", settings.dev, run)
    else:
        pairs = read("data", settings.data or SAMPLE, run)
        sides = split_by_question(
            pairs, settings.dev_fraction, RandomStream(settings.seed, "split").generator()
        )
        found = {name: [pairs[i] for i in side] for name, side in zip(("train", "dev"), sides)}
    found["train"] = found["train"][: settings.limit]
    if settings.test:
        found["test"] = read("test", settings.test, run)
    if settings.extra:
        found["extra"] = with_mined_negatives(read("extra", settings.extra, run), settings)
    for name, pairs in found.items():
        duplicates = sum(labels_of(pairs))
        run.say(f"{name}: {len(pairs):,} pairs, {duplicates:,} of them duplicates")
    return found


def read(role: str, path: Path, run: Run[Settings]) -> list[QuestionPair]:
    """The labelled pairs of a file; what is broken in it is named and left out."""
    check_input_file(path, f"question pairs ({role})")
    file = load_qqp(path)
    for warning in file.warnings():
        warn(f"warning: {warning}")
    labelled = [pair for pair in file.pairs if pair.label is not None]
    if not labelled:
        raise DataError(
            f"{path} has no labels (form: {file.form}), and {role} pairs need them; "
            "to have such pairs answered, give them to --predict"
        )
    run.data(role, path, file.kept)
    return labelled


def with_mined_negatives(pairs: list[QuestionPair], settings: Settings) -> list[QuestionPair]:
    """The pairs, and others made of their duplicates until there are as many that are not."""
    rng = RandomStream(settings.seed, "negatives").generator()
    duplicates = [pair for pair in pairs if pair.label == 1]
    missing = max(2 * len(duplicates) - len(pairs), 0)
    mined = []
    with progress_bar(missing, "mining negatives") as bar:
        for question1, question2 in islice(mine_negatives(duplicates, rng), missing):
            mined.append(QuestionPair(question1, question2, 0, None, None, 0))
            bar.update(1)
    return pairs + mined


def learn_vocabulary(texts: Mapping[str, Sequence[QuestionPair]], min_count: int) -> Vocabulary:
    """The words of all training questions; never those of dev or test."""
    return Vocabulary.build(
        (
            tokenize(text)
            for name in ("train", "extra")
            for pair in texts.get(name, ())
            for text in (pair.question1, pair.question2)
        ),
        min_count=min_count,
    )


def encode(encoder: PairEncoder, pairs: Sequence[QuestionPair]) -> Split:
    return Split(pairs, encoder.encode(texts_of(pairs), labels_of(pairs)))


def texts_of(pairs: Sequence[QuestionPair]) -> list[tuple[str, str]]:
    return [(pair.question1, pair.question2) for pair in pairs]


def labels_of(pairs: Sequence[QuestionPair]) -> NDArray[np.int64]:
    return np.array([pair.label for pair in pairs], np.int64)


def make_batches(settings: Settings, splits: Mapping[str, Split]) -> BatchPhases[PairBatch]:
    """Batches of like length: the extra pairs first, if there are any, then the training pairs."""

    def of(name: str) -> LengthBatches[PairBatch]:
        encoded = splits[name].encoded
        order = RandomStream(settings.seed, "order", name)
        return LengthBatches(encoded.lengths, settings.batch_size, encoded.batch, order)

    if "extra" not in splits:
        return BatchPhases([(of("train"), settings.epochs)])
    rest = settings.epochs - settings.extra_epochs
    if rest < 1:
        raise SettingsError(
            f"--extra-epochs {settings.extra_epochs} are the first of --epochs {settings.epochs}, "
            "and training ends on real labels: give more --epochs"
        )
    return BatchPhases([(of("extra"), settings.extra_epochs), (of("train"), rest)])


# --- model --------------------------------------------------------------------------------------


def build_model(settings: Settings, words: int) -> PairClassifier:
    config = PairClassifierConfig(
        vocabulary=words,
        max_length=settings.max_length,
        width=settings.width,
        heads=settings.heads,
        hidden=settings.hidden,
        layers=settings.layers,
        dropout=settings.dropout,
        norm_first=settings.norm == "first",
    )
    return PairClassifier(config, RandomStream(settings.seed, "weights").generator())


def logits(
    model: PairClassifier, batch: PairBatch, rng: np.random.Generator | None = None
) -> Tensor:
    found: Tensor = model(batch.ids, batch.segments, batch.matches, batch.mask, rng=rng)
    return found


def loss(model: PairClassifier, batch: PairBatch, rng: np.random.Generator) -> tuple[Tensor, int]:
    """Sum of the cross-entropy over the batch, and the number of pairs."""
    return cross_entropy(logits(model, batch, rng), batch.labels, reduction="sum"), len(batch)


def probabilities(model: PairClassifier, split: Split, workers: Workers) -> NDArray[np.float32]:
    """Probability of "duplicate" for every pair (n,), in the order of the file."""
    encoded = split.encoded
    batches = LengthBatches(encoded.lengths, EVALUATION_BATCH, encoded.batch)
    model.eval()
    found = np.empty(len(encoded), np.float32)

    def score(batch: PairBatch) -> None:
        found[batch.index] = softmax(logits(model, batch).data, axis=-1)[:, 1]

    predict_batches(score, batches, workers, description="scoring")
    return found


def scores(probability: NDArray[np.float32], split: Split) -> dict[str, float]:
    labels = split.labels
    chosen = (probability >= 0.5).astype(np.int64)
    of_label = np.where(labels == 1, probability, 1 - probability).astype(np.float64)
    return {
        "accuracy": accuracy(chosen, labels),
        "f1": precision_recall_f1(chosen, labels).f1,
        "loss": float(-np.log(np.maximum(of_label, 1e-12)).mean()),
    }


# --- what came out ------------------------------------------------------------------------------


def report(
    run: Run[Settings],
    model: PairClassifier,
    splits: Mapping[str, Split],
    vocabulary: Vocabulary,
    workers: Workers,
) -> None:
    """Scores with the word-overlap baseline beside them, pictures, and the worst mistakes."""
    baseline = overlap_baseline(splits["train"])
    found = {
        name: probabilities(model, splits[name], workers)
        for name in ("dev", "test")
        if name in splits
    }
    for name, probability in found.items():
        run.split(name, scores(probability, splits[name]) | baseline(splits[name]))
        chosen = (probability >= 0.5).astype(np.int64)
        run.picture(
            f"confusion_{name}.png",
            f"Confusion matrix of {name}",
            confusion_plot,
            confusion_matrix(chosen, splits[name].labels, len(CLASSES)),
            CLASSES,
            f"{name}: what was said of which pairs",
        )
    dev, probability = splits["dev"], found["dev"]
    maps = [
        map for i in telling_pairs(probability, dev) for map in attention(model, dev, i, vocabulary)
    ]
    run.picture(
        "attention.png", "Attention in dev pairs, by layer", attention_plot, maps, columns=2
    )
    add_mistakes(run, probability, dev)


def overlap_baseline(known: Split) -> Callable[[Split], dict[str, float]]:
    """Scores of "duplicate where enough words are shared", the share learnt on `known`."""
    cut = best_threshold(overlap_scores(texts_of(known.pairs)), known.labels).value

    def baseline(split: Split) -> dict[str, float]:
        chosen = (overlap_scores(texts_of(split.pairs)) >= cut).astype(np.int64)
        return {"overlap_accuracy": accuracy(chosen, split.labels)}

    return baseline


def telling_pairs(probability: NDArray[np.float32], split: Split) -> list[int]:
    """One pair that is surely and rightly a duplicate, one that is not, and one mistake."""
    error = np.abs(split.labels - probability)
    readable = np.abs(split.encoded.lengths - 20) < 8  # tokens: neither empty nor a wall of text
    doubt = np.where(readable, error, 0.5)
    kinds = [np.where(split.labels == 1, doubt, 1), np.where(split.labels == 0, doubt, 1), -doubt]
    return list(dict.fromkeys(int(np.argmin(kind)) for kind in kinds))


def attention(
    model: PairClassifier, split: Split, i: int, vocabulary: Vocabulary
) -> list[AttentionMap]:
    """Mean over the heads of every layer's attention in pair i."""
    batch = split.encoded.batch(np.array([i]))
    with observing(model) as seen, no_grad():
        said = CLASSES[int(logits(model, batch).data.argmax())]
    tokens = vocabulary.tokens(batch.ids[0])
    truth = CLASSES[int(split.labels[i])]
    weights = [array for name, array in seen.items() if name.endswith("attention.weights")]
    return [
        AttentionMap(f"layer {n}: {truth}, called {said}", tokens, tokens, layer[0].mean(axis=0))
        for n, layer in enumerate(weights, start=1)
    ]


def add_mistakes(run: Run[Settings], probability: NDArray[np.float32], split: Split) -> None:
    """The dev pairs that the model is wrong about and most sure of."""
    error = np.abs(split.labels - probability)
    worst = [int(i) for i in np.argsort(-error)[:20] if error[i] > 0.5]
    run.report.section("Most confident mistakes on dev")
    run.report.table(
        ["question 1", "question 2", "truth", "probability of duplicate"],
        [
            [
                split.pairs[i].question1,
                split.pairs[i].question2,
                CLASSES[int(split.labels[i])],
                float(probability[i]),
            ]
            for i in worst
        ],
    )


if __name__ == "__main__":
    sys.exit(
        run_app(
            Settings,
            task="qqp",
            train=train,
            predict=predict,
            title="Duplicate questions",
            description=__doc__,
        )
    )
