"""What a network sees in a digit: gradients by pixel, and the maps of its first convolutions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_apps.mnist.images import MNIST_CLASSES
from pmt_apps.mnist.model import pixels
from pmt_autograd import Array, Tensor, gradients, logsumexp, no_grad
from pmt_nn import Conv2d, Sequential, capture

FIRST_LAYERS = 2  # convolutions whose maps are returned


@dataclass(frozen=True, slots=True, eq=False)
class FeatureMaps:
    """What a convolution makes of an image.

    Attributes:
        kernels: (channels, k, k) its weights, if the image itself is its input; else None.
        maps: (channels, h, w) its output where that is positive, else 0.
    """

    kernels: Array | None
    maps: Array


def pixel_gradients(model: Sequential, image: NDArray[np.uint8]) -> Array:
    """Return the gradient of the log-odds of each digit by each pixel, (10, 28, 28).

    The log-odds of a digit are its logit less the logsumexp of the others. Unlike the gradient of
    the probability (Simonyan et al. 2013), this one is not flat where the model is certain.
    """
    model.eval()
    images = Tensor(pixels(np.repeat(image[np.newaxis], MNIST_CLASSES, axis=0)).data,
                    requires_grad=True)  # fmt: skip
    logits = model(images)
    diagonal = np.eye(MNIST_CLASSES, dtype=bool)
    others = logsumexp(logits + np.where(diagonal, -1e9, 0).astype(np.float32), axis=1)
    odds = logits[diagonal] - others  # row i: digit i of its own copy of the image
    result: Array = np.asarray(gradients(odds.sum())[images])[:, 0]
    model.zero_grad()
    return result


def feature_maps(model: Sequential, image: NDArray[np.uint8]) -> list[FeatureMaps]:
    """Return the maps of the first convolutions of a network, none if it has no convolution."""
    model.eval()
    with capture(model, outputs=True) as captured, no_grad():
        model(pixels(image[np.newaxis]))
    layers = {name: each for name, each in model.named_modules() if isinstance(each, Conv2d)}
    result = []
    for i, (name, layer) in enumerate(list(layers.items())[:FIRST_LAYERS]):
        weight = layer.weight.data
        maps = np.maximum(captured[f"{name}.output"][0], 0)
        result.append(FeatureMaps(weight[:, 0] if i == 0 else None, maps))
    return result
