"""Train a network to read digits (MNIST), and use it.

Without arguments it trains a small convolutional network on a sample of synthetic digits that
ships with pmt, in about a minute. On the real ones:

  python apps/train_mnist.py --download data/mnist
  python apps/train_mnist.py --data data/mnist --out runs/mnist-cnn
  python apps/train_mnist.py --data data/mnist --out runs/mnist-mlp --model mlp

--data: a folder with the four idx files, gzipped or not, or an .npz with x_train, y_train, x_test
and y_test. A part of the training images is held out; on it the best weights are chosen. The test
images are looked at once, at the end. Afterwards:

  echo seven.png | python apps/train_mnist.py --predict --out runs/mnist-cnn

An example is one line: the path of a .png or .npy file of 28 x 28 pixels, or 784 numbers from 0
to 255 with spaces or commas between them, row by row. As in MNIST, 0 is the black background and
255 the white ink. The answer is the label and a probability for each of the ten.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.download import download_from_any
from pmt_apps.kit.main import run_app
from pmt_apps.kit.options import option
from pmt_apps.kit.predict_jsonl import predict_jsonl
from pmt_apps.kit.run import Run
from pmt_apps.kit.settings import AppSettings
from pmt_apps.mnist.images import (
    ImageBatch,
    ImageBatches,
    LabeledImages,
    gray_bytes,
    load_gray_image,
    random_translation,
)
from pmt_apps.mnist.load_mnist import MNIST_CLASSES, MNIST_SHA256, MNIST_SIZE, load_mnist
from pmt_autograd import Tensor
from pmt_core import DataError, PmtError, RandomStream, softmax
from pmt_nn import (
    Conv2d,
    Dropout,
    Flatten,
    Linear,
    MaxPool2d,
    ReLU,
    Sequential,
    cross_entropy,
)
from pmt_train import (
    AdamW,
    FitOptions,
    Trainer,
    Workers,
    accuracy,
    averaged_f1,
    confusion_matrix,
    confusion_plot,
    cosine_schedule,
    image_grid,
    learning_curves,
    predict_batches,
    say,
    warmup,
    warn,
)

SAMPLE = Path(__file__).parents[2] / "samples" / "mnist.npz"
DIGITS = [str(digit) for digit in range(MNIST_CLASSES)]
EVALUATION_BATCH = 250
WARMUP = 200  # steps
MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist",
    "https://ossci-datasets.s3.amazonaws.com/mnist",
)


BY_MODEL: dict[str, dict[str, Any]] = {
    "cnn": {"epochs": 16, "lr": 2e-3, "dropout": 0.25, "shift": 2},
    "mlp": {"epochs": 15, "lr": 1e-3, "dropout": 0.2, "shift": 1},
}


@dataclass(frozen=True)
class Settings(AppSettings):
    """Settings of the MNIST app."""

    out: Path = Path("runs/mnist")
    epochs: int = BY_MODEL["cnn"]["epochs"]
    lr: float = BY_MODEL["cnn"]["lr"]
    data: Path | None = option(
        None, "folder with the four MNIST files, or an .npz", group="data", metavar="DIR_OR_NPZ"
    )
    dev_fraction: float = option(
        1 / 12, "part of the training images that is held out", group="data", above=0, below=1
    )
    download: Path | None = option(
        None,
        "fetch the public MNIST files into DIR, and do nothing else",
        const=Path("data/mnist"),
        transient=True,
        group="data",
        metavar="DIR",
    )
    base_url: tuple[str, ...] = option(
        MIRRORS,
        "where --download looks, one after the other",
        transient=True,
        group="data",
        metavar="URL",
    )
    model: Literal["mlp", "cnn"] = option(
        "cnn",
        "fully connected, or convolutional; mlp has its own defaults: "
        + ", ".join(f"--{name} {value}" for name, value in BY_MODEL["mlp"].items()),
        group="model",
    )
    hidden: int = option(512, "width of the layers of mlp", group="model", at_least=1)
    channels: int = option(
        16, "filters of cnn, doubled after each pooling", group="model", at_least=1
    )
    dropout: float = option(
        BY_MODEL["cnn"]["dropout"], "rate of dropout", group="training", at_least=0, below=1
    )
    shift: int = option(
        BY_MODEL["cnn"]["shift"],
        "training images are moved by up to so many pixels, by chance",
        group="training",
        at_least=0,
        at_most=14,
    )
    weight_decay: float = option(0.01, "of weights", group="training", at_least=0)
    warmup: int = option(
        200,
        "steps until the learning rate is highest, but a tenth of all at most",
        group="training",
        at_least=0,
    )

    @classmethod
    def defaults(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        return BY_MODEL[given.get("model", "cnn")]


def train(settings: Settings, run: Run[Settings]) -> None:
    """Read, train, score, draw."""
    splits = read_splits(settings, run)
    model = build_model(settings)
    run.say(f"{settings.model}: {model.parameter_count():,} parameters\n")

    batches = ImageBatches(
        splits["train"], settings.batch_size, RandomStream(settings.seed, "order")
    )
    steps = settings.epochs * len(batches)
    trainer = Trainer(
        model,
        functools.partial(loss, settings.shift),
        optimizer=functools.partial(AdamW, weight_decay=settings.weight_decay),
        schedule=warmup(cosine_schedule(settings.lr, steps), min(settings.warmup, steps // 10)),
        seed=settings.seed,
        workers=settings.workers,
    )
    dev = splits["dev"]
    run.fit(
        trainer,
        batches,
        FitOptions(
            settings.epochs,
            evaluate=lambda: scores(probabilities(model, dev, trainer.workers), dev.labels),
        ),
    )
    run.add_figure("learning.png", "Loss and scores by epoch", learning_curves, run.history)
    for name in ("dev", "test"):
        report(run, name, splits[name], probabilities(model, splits[name], trainer.workers))
    run.add_figure(
        "filters.png",
        "What the first layer looks for",
        image_grid,
        first_filters(model),
        title="weights of the first layer",
        columns=8,
        signed=True,
    )
    run.finish()


def predict(settings: Settings, run: Run[Settings]) -> None:
    """Answer images from standard input."""
    model = build_model(settings)
    run.load_model(model)
    workers = Workers(settings.workers)
    line = 0

    def answer(examples: Sequence[tuple[str, ...]]) -> list[Mapping[str, Any]]:
        nonlocal line
        found: list[Mapping[str, Any]] = []
        for (text,) in examples:
            line += 1
            image = read_image(text.strip(), f"standard input, line {line}")
            of_label = probabilities(model, one_image(image), workers)[0]
            found.append(
                {
                    "label": int(of_label.argmax()),
                    "probability": round(float(of_label.max()), 6),
                    "probabilities": [round(float(p), 6) for p in of_label],
                }
            )
        return found

    predict_jsonl(answer, ("image",), batch_size=1)  # so that a wrong line stops none before it


def download(settings: Settings) -> None:
    """Fetch the public files."""
    folder = settings.download or Path()
    for name, sha256 in MNIST_SHA256.items():
        urls = [f"{base.rstrip('/')}/{name}" for base in settings.base_url]
        fetched = download_from_any(urls, folder / name, sha256=sha256, told=warn)
        say(f"{folder / name}: {'fetched' if fetched else 'is there already'}")
    say(f"train on it: python {sys.argv[0]} --data {folder} --out runs/mnist-cnn")


# --- data ---------------------------------------------------------------------------------------


def read_splits(settings: Settings, run: Run[Settings]) -> dict[str, LabeledImages]:
    """The images of "train", "dev" and "test"."""
    found = load_mnist(settings.data or SAMPLE)
    for role, (path, count) in found.files.items():
        run.log_file(role, path, count)
    n = len(found.train)
    order = RandomStream(settings.seed, "split").generator().permutation(n)
    held_out = min(max(round(n * settings.dev_fraction), 1), n - 1)
    if held_out < 1:
        raise DataError("one training image cannot be split; give at least two")
    splits = {
        "train": found.train.take(np.sort(order[held_out:])[: settings.limit]),
        "dev": found.train.take(np.sort(order[:held_out])),
        "test": found.test,
    }
    for name, images in splits.items():
        run.say(f"{name}: {len(images):,} images")
    return splits


def read_image(text: str, where: str) -> NDArray[np.uint8]:
    """An image from a line: a path, or the pixels themselves."""
    if Path(text).suffix.lower() in (".png", ".npy"):
        try:
            return load_gray_image(Path(text), MNIST_SIZE)
        except PmtError as error:
            raise DataError(f"{where}: {error}") from error
    words = re.split(r"[\s,;]+", text.strip(",;"))
    try:
        numbers = np.array(words, np.float64)
    except ValueError:
        raise DataError(
            f"{where}: expected the path of a .png or .npy file, or 784 numbers from 0 to 255, "
            f"got {text[:60]!r}"
        ) from None
    return gray_bytes(numbers, MNIST_SIZE, where)


def one_image(image: NDArray[np.uint8]) -> LabeledImages:
    return LabeledImages(image[np.newaxis], np.zeros(1, np.int64))


# --- model --------------------------------------------------------------------------------------


def build_model(settings: Settings) -> Sequential:
    rng = RandomStream(settings.seed, "weights").generator()
    h, w = MNIST_SIZE
    if settings.model == "mlp":
        f = settings.hidden
        return Sequential(
            Flatten(),
            Linear(h * w, f, rng),
            ReLU(),
            Dropout(settings.dropout),
            Linear(f, f, rng),
            ReLU(),
            Dropout(settings.dropout),
            Linear(f, MNIST_CLASSES, rng),
        )
    c = settings.channels
    return Sequential(
        Conv2d(1, c, 5, rng, padding="same"),  # (b, c, 28, 28)
        MaxPool2d(2),  # the largest before the rectifier: the same, and a quarter of the work
        ReLU(),
        Conv2d(c, 2 * c, 3, rng, padding="same"),  # (b, 2c, 14, 14)
        ReLU(),
        Conv2d(2 * c, 2 * c, 3, rng, padding="same"),
        MaxPool2d(2),
        ReLU(),
        Conv2d(2 * c, 4 * c, 3, rng, padding="same"),  # (b, 4c, 7, 7)
        ReLU(),
        Conv2d(4 * c, 4 * c, 3, rng),  # (b, 4c, 5, 5)
        ReLU(),
        Flatten(),
        Dropout(settings.dropout),
        Linear(4 * c * 25, 128, rng),
        ReLU(),
        Dropout(settings.dropout),
        Linear(128, MNIST_CLASSES, rng),
    )


def pixels(images: NDArray[np.uint8]) -> Tensor:
    """Bytes (b, h, w) as the network wants them: (b, 1, h, w) from 0 to 1."""
    return Tensor(images[:, np.newaxis] * np.float32(1 / 255))


def loss(
    shift: int, model: Sequential, batch: ImageBatch, rng: np.random.Generator
) -> tuple[Tensor, int]:
    """Sum of the cross-entropy over the batch, its images moved about; and their number."""
    x = pixels(random_translation(batch.images, shift, rng))
    return cross_entropy(model(x, rng=rng), batch.labels, reduction="sum"), len(batch)


def probabilities(model: Sequential, data: LabeledImages, workers: Workers) -> NDArray[np.float32]:
    """Probability of every label for every image: (n, 10)."""
    model.eval()

    def score(batch: ImageBatch) -> NDArray[np.float32]:
        return softmax(model(pixels(batch.images)).data, axis=-1)

    batches = ImageBatches(data, EVALUATION_BATCH)
    return np.concatenate(predict_batches(score, batches, workers, description="scoring"))


def scores(probability: NDArray[np.float32], labels: NDArray[np.int64]) -> dict[str, float]:
    chosen = probability.argmax(axis=1)
    of_label = probability[np.arange(len(labels)), labels].astype(np.float64)
    return {
        "accuracy": accuracy(chosen, labels),
        "f1": averaged_f1(chosen, labels).f1,
        "loss": float(-np.log(np.maximum(of_label, 1e-12)).mean()),
    }


# --- what came out ------------------------------------------------------------------------------


def report(
    run: Run[Settings], name: str, data: LabeledImages, probability: NDArray[np.float32]
) -> None:
    """Scores of a split, which digit is taken for which, and the surest mistakes."""
    run.log_metrics(name, scores(probability, data.labels))
    chosen = probability.argmax(axis=1)
    run.add_figure(
        f"confusion_{name}.png",
        f"Confusion matrix of {name}",
        confusion_plot,
        confusion_matrix(chosen, data.labels, MNIST_CLASSES),
        DIGITS,
        f"{name}: what each digit was read as",
    )
    wrong = np.flatnonzero(chosen != data.labels)
    worst = wrong[np.argsort(-probability[wrong, chosen[wrong]], kind="stable")][:40]
    run.add_figure(
        f"mistakes_{name}.png",
        f"Misread digits of {name}, the surest mistakes first",
        image_grid,
        data.images[worst],
        [f"{data.labels[i]} read as {chosen[i]}\n{probability[i, chosen[i]]:.0%}" for i in worst],
        title=f"{name}: {len(wrong):,} of {len(data):,} misread",
        note="none is misread",
    )


def first_filters(model: Sequential) -> NDArray[np.float32]:
    """Weights of the first layer as images; of a wide one the 64 largest: (n, h, w)."""
    first = next(part for part in model if isinstance(part, (Conv2d, Linear)))
    weight: NDArray[np.float32] = first.weight.data
    images = weight[:, 0] if weight.ndim == 4 else weight.T.reshape(-1, *MNIST_SIZE)
    size = np.square(images).sum(axis=(1, 2))
    return images[np.argsort(-size, kind="stable")[:64]]


def main() -> int:
    """Run the command line; return the exit code."""
    return run_app(
        Settings,
        task="mnist",
        train=train,
        predict=predict,
        actions={"download": download},
        title="Digits",
        description=__doc__,
    )
