"""How many floating-point operations a primitive does: an estimate from the shapes."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from pmt_autograd import Array
from pmt_nn.attention.scaled_dot_product import weights_of_groups


def operation_cost(
    name: str, inputs: tuple[Any, ...], value: Any, settings: Mapping[str, Any] | None = None
) -> int:
    """Operations of one forward call; a multiplication and its addition count as two.

    Exact for products (linear, convolution, attention's two, recurrent steps); every other
    operation counts one per element it reads or gives, whichever are more; looking up and
    reshaping none.

    name: of the primitive; inputs: its arrays; value: what it gave (an array, or several);
    settings: its keyword arguments, which hold the layout of a ragged batch.
    """
    arrays = [x for x in inputs if isinstance(x, np.ndarray)]
    outputs = value if isinstance(value, tuple) else (value,)
    given = sum(int(np.size(output)) for output in outputs)
    if name in _FREE:
        return 0
    if name in ("linear", "tied_linear", "matmul") and len(arrays) >= 2:
        length = int(arrays[0].shape[-1])
        return 2 * given * length + (given if len(arrays) == 3 else 0)
    if name == "conv2d":
        return given * (2 * int(prod(arrays[1].shape[1:])) + 1)
    if name == "conv_transpose2d":
        return int(arrays[0].size) * 2 * int(prod(arrays[1].shape[1:])) + given
    if name == "feed_forward":
        return _feed_forward(arrays)
    if name == "ragged_attention":
        pairs = weights_of_groups((settings or {})["layout"], heads=1)
        return 4 * pairs * int(value.shape[-1])
    if name in _ATTENTION:
        return _attention(name, arrays)
    if name == "spelling_features":
        return 2 * int(arrays[1].size) * len(arrays[0])
    if name in _SCANS:
        steps, weight = arrays[0], arrays[1]
        return 2 * int(steps.size) * int(weight.shape[0]) + _PER_GATE * int(steps.size)
    return max([given, *(int(x.size) for x in arrays if x.dtype.kind == "f")])


_FREE = (
    "reshape",
    "transpose",
    "swapaxes",
    "broadcast_to",
    "getitem",
    "take_rows",
    "take",
    "take_along_axis",
    "concat",
    "stack",
    "split",
    "expand_dims",
    "squeeze",
    "flip",
    "moveaxis",
    "pad",
    "repeat",
    "tile",
    "astype",
    "to_ragged",
    "from_ragged",
)
_SCANS = ("rnn_scan", "gru_scan", "lstm_scan")
_PER_GATE = 4  # a bias, a squashing, a product and a sum for each gate's numbers
_ATTENTION = ("attention", "packed_attention", "biased_attention", "relative_attention")


def _feed_forward(arrays: list[Array]) -> int:
    """Two products with their biases, and one activation."""
    x, weight1, _, weight2, _ = arrays[:5]
    d, f, out = int(x.shape[-1]), int(weight1.shape[1]), int(weight2.shape[1])
    rows = int(x.size) // max(d, 1)
    return rows * (2 * d * f + f + f + 2 * f * out + out)


def _attention(name: str, arrays: list[Array]) -> int:
    """Scores and mixing: 2 products of t x s x d each, and one more where offsets have scores."""
    b, t, d = map(int, arrays[0].shape)
    if name == "packed_attention":
        return 4 * b * t * t * (d // 3)
    if name == "relative_attention":
        return 6 * b * t * t * (d // 3)
    return 4 * b * t * int(arrays[1].shape[1]) * d
