"""Settings of `train_mnist.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pmt_apps.kit.options import option
from pmt_apps.kit.settings import AppSettings

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
        1 / 12, "fraction of the training images that is held out", group="data", above=0, below=1
    )
    download: Path | None = option(
        None,
        "download the public MNIST files to DIR and exit",
        const=Path("data/mnist"),
        transient=True,
        group="data",
        metavar="DIR",
    )
    base_url: tuple[str, ...] = option(
        MIRRORS, "mirrors for --download, in order", transient=True, group="data", metavar="URL"
    )
    model: Literal["mlp", "cnn"] = option(
        "cnn",
        "fully connected or convolutional network; mlp has other defaults: "
        + ", ".join(f"--{name} {value}" for name, value in BY_MODEL["mlp"].items()),
        group="model",
    )
    hidden: int = option(512, "width of the hidden layers of mlp", group="model", at_least=1)
    channels: int = option(
        16, "filters of cnn, doubled after each pooling", group="model", at_least=1
    )
    dropout: float = option(
        BY_MODEL["cnn"]["dropout"], "dropout rate", group="training", at_least=0, below=1
    )
    shift: int = option(
        BY_MODEL["cnn"]["shift"],
        "largest random translation of a training image, in pixels",
        group="training",
        at_least=0,
        at_most=14,
    )
    weight_decay: float = option(0.01, "of the weights", group="training", at_least=0)
    warmup: int = option(
        200, "warm-up steps, at most a tenth of all steps", group="training", at_least=0
    )

    @classmethod
    def defaults(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the defaults of the chosen model."""
        return BY_MODEL[given.get("model", "cnn")]
