"""Settings of `train_mnist.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from pmt_apps.kit.options import SIZE, data_option, model_option, training_option
from pmt_apps.kit.settings import AppSettings

MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist",
    "https://ossci-datasets.s3.amazonaws.com/mnist",
)
DEFAULTS: dict[str, dict[str, Any]] = {
    "cnn": {"epochs": 16, "lr": 2e-3, "dropout": 0.25, "shift": 2},
    "mlp": {"epochs": 15, "lr": 1e-3, "dropout": 0.2, "shift": 1},
}
"""Defaults by model."""


@dataclass(frozen=True)
class Settings(AppSettings):
    """Settings of the MNIST app."""

    variants: ClassVar[Mapping[str, Mapping[str, Any]]] = {"--model mlp": {"model": "mlp"}}

    out: Path = Path("runs/mnist")
    epochs: int = DEFAULTS["cnn"]["epochs"]
    lr: float = DEFAULTS["cnn"]["lr"]
    data: Path | None = data_option(
        None, "folder with the four MNIST files, or an .npz", metavar="DIR_OR_NPZ"
    )
    dev_fraction: float = data_option(
        1 / 12, "fraction of the training images that is held out", above=0, below=1
    )
    download: Path | None = data_option(
        None,
        "download the public MNIST files to DIR and exit",
        const=Path("data/mnist"),
        transient=True,
        metavar="DIR",
    )
    base_url: tuple[str, ...] = data_option(
        MIRRORS, "mirrors for --download, in order", transient=True, metavar="URL"
    )
    model: Literal["mlp", "cnn"] = model_option(
        "cnn",
        "fully connected or convolutional network",
    )
    hidden: int = model_option(512, "width of the hidden layers of mlp", **SIZE)
    channels: int = model_option(
        16, "filters of cnn, doubled after each pooling", at_least=1, at_most=4096
    )
    dropout: float = training_option(
        DEFAULTS["cnn"]["dropout"], "dropout rate", at_least=0, below=1
    )
    shift: int = training_option(
        DEFAULTS["cnn"]["shift"],
        "largest random translation of a training image, in pixels",
        at_least=0,
        at_most=14,
    )
    weight_decay: float = training_option(0.01, "of the weights", at_least=0)
    warmup: int = training_option(200, "warm-up steps, at most a tenth of all steps", at_least=0)

    @classmethod
    def defaults(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the defaults of the chosen model."""
        return DEFAULTS[given.get("model", "cnn")]
