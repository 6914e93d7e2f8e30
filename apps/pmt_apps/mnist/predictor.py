"""`DigitPredictor`: a trained classifier of handwritten digits."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.predictor import Predictor
from pmt_apps.mnist.images import MNIST_CLASSES, gray_bytes, load_gray_image
from pmt_apps.mnist.model import build_model, predict_probabilities
from pmt_apps.mnist.settings import Settings
from pmt_autograd import Array
from pmt_core import DataError
from pmt_nn import Sequential

Image = NDArray[np.uint8]


class DigitPredictor(Predictor[Settings, Image, int]):
    """A trained classifier of images: `predict` returns the digit of each.

    An input is an image as an array (28, 28) or (784,) of numbers from 0 to 255, white on black,
    the path of a .png or .npy file, or a text of 784 numbers.

    Attributes:
        classes_: 0 to 9.
        model: the network.
    """

    task = "mnist"
    settings_type = Settings
    key = "label"
    classes_ = range(MNIST_CLASSES)

    def __init__(self, settings: Settings, model: Sequential) -> None:
        super().__init__(settings)
        self.model = model

    @classmethod
    def from_weights(
        cls, settings: Settings, weights: Mapping[str, Array], meta: Mapping[str, Any]
    ) -> Self:
        """Return the network of a run."""
        model = build_model(settings)
        model.load_state_dict(weights)
        return cls(settings, model)

    def weights(self) -> Mapping[str, Array]:
        """Return the weights of the network."""
        return self.model.state_dict()

    def model_meta(self) -> Mapping[str, Any]:
        """Return nothing: the settings describe the network."""
        return {}

    def checked(self, value: Any) -> Image:
        """Return an image (28, 28) uint8. Raises PmtError."""
        if isinstance(value, str | os.PathLike):
            return read_image(os.fspath(value))
        try:
            numbers = np.asarray(value)
        except ValueError:  # rows of several lengths
            numbers = np.zeros(0, object)
        if numbers.dtype.kind not in "iuf":
            raise DataError(
                f"expected an array of 28 x 28 numbers or a path, got {type(value).__name__}"
            )
        return gray_bytes(numbers, "the image")

    def answers(self, inputs: Sequence[Image]) -> Iterator[Mapping[str, Any]]:
        """Return label, its probability and all probabilities of each image."""
        for row in self._probabilities(inputs):
            yield {
                "label": int(row.argmax()),
                "probability": round(float(row.max()), 6),
                "probabilities": [round(float(p), 6) for p in row],
            }

    def predict_proba(self, inputs: Iterable[Any]) -> NDArray[np.float32]:
        """Return the probabilities of the digits for each image, (n, 10).

        Raises:
            DataError: as for `predict_json`.
        """
        images = self.checked_inputs(inputs)
        if not images:
            return np.zeros((0, MNIST_CLASSES), np.float32)
        probabilities = self._probabilities(images)
        if not np.isfinite(probabilities).all():
            i = int(np.flatnonzero(~np.isfinite(probabilities).all(axis=1))[0])
            raise DataError(
                f"input {i}: its probabilities are not finite: the weights of the run are too "
                "large for its numbers; train it anew with a lower --lr"
            )
        return probabilities

    def _probabilities(self, images: Sequence[Image]) -> NDArray[np.float32]:
        return predict_probabilities(self.model, np.stack(images), self.workers)


def read_image(text: str) -> Image:
    """Return the image (28, 28) that a line names or spells out.

    Raises:
        PmtError: the file cannot be read, or the line is neither a path nor 784 pixels.
    """
    if Path(text).suffix.lower() in (".png", ".npy"):
        return load_gray_image(Path(text))
    words = re.split(r"[\s,;]+", text.strip(",;"))
    try:
        numbers = np.array(words, np.float64)
    except ValueError:
        raise DataError(
            "expected the path of a .png or .npy file, or 784 numbers from 0 to 255, "
            f"got {text[:60]!r}"
        ) from None
    return gray_bytes(numbers, "pixels")
