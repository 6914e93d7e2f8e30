"""Train a network to read digits (MNIST), and use it.

Without arguments it trains a small convolutional network on a sample of synthetic digits that
ships with pmt, in about a minute. On the real ones:

  python apps/train_mnist.py --download data/mnist
  python apps/train_mnist.py --data data/mnist --out runs/mnist-cnn
  python apps/train_mnist.py --data data/mnist --out runs/mnist-mlp --model mlp

--data: a folder with the four idx files, gzipped or not, or an .npz with x_train, y_train, x_test
and y_test. A fraction of the training images is held out to choose the best weights. The test
images are scored once, at the end. To predict:

  echo seven.png | python apps/train_mnist.py --predict --out runs/mnist-cnn

An input line is the path of a .png or .npy file of 28 x 28 pixels, or 784 numbers from 0 to 255
separated by spaces or commas, row by row. As in MNIST, 0 is the black background and 255 the white
ink. The answer is the label and the probability of each of the ten digits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pmt_apps.kit.download import download_from_any
from pmt_apps.kit.main import run_app
from pmt_apps.kit.predict_jsonl import predict_line_by_line
from pmt_apps.kit.program import command
from pmt_apps.kit.run import Run
from pmt_apps.mnist.load_mnist import MNIST_BYTES, MNIST_SHA256, read_splits
from pmt_apps.mnist.model import build_model, fit
from pmt_apps.mnist.predictor import DigitPredictor, read_image
from pmt_apps.mnist.report import report
from pmt_apps.mnist.settings import Settings
from pmt_train import say, warn


def train(settings: Settings, run: Run[Settings]) -> None:
    """Read the data, train, score, and write the report."""
    splits = read_splits(settings, run)
    with run.model_limit(None):
        model = build_model(settings)
    run.say(f"{settings.model}: {model.parameter_count():,} parameters\n")
    workers = fit(model, splits, settings, run)
    report(run, model, splits, workers)
    run.finish()


def predict(settings: Settings, run: Run[Settings]) -> None:
    """Classify images from standard input."""
    predictor = run.predictor(DigitPredictor)

    def answer(_: int, text: str) -> Mapping[str, Any]:
        return next(predictor.answers([read_image(text.strip())]))

    predict_line_by_line(answer, "image")


def download(settings: Settings) -> None:
    """Download the public files to the folder of `--download`."""
    folder = settings.download or Path()
    for name, sha256 in MNIST_SHA256.items():
        urls = [f"{base.rstrip('/')}/{name}" for base in settings.base_url]
        fetched = download_from_any(
            urls, folder / name, sha256=sha256, size=MNIST_BYTES[name], on_failure=warn
        )
        say(f"{folder / name}: {'fetched' if fetched else 'is there already'}")
    say(f"train on it: {command('--data', str(folder), '--out', 'runs/mnist-cnn')}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code. argv: None is that of the process."""
    return run_app(
        Settings,
        task="mnist",
        train=train,
        predict=predict,
        actions={"download": download},
        title="Digits",
        argv=argv,
    )
