"""Heads of attention that begin at the neighbors of each token.

A new encoder sees a text as a set of words: it has to learn from the gradient that a neighbor tells
more than a far token, and in thousands of steps it does not. The positions of the table are
sinusoids, and a rotation maps the sinusoids of a position to those of its neighbor. So the queries
of a head of the first layer can begin as rotated positions and its keys as positions: the head
then attends to one neighbor, whatever the words.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pmt_nn import Bert

_FASTEST, _SLOWEST = 2.0, 0.05  # radians per position
_CONTRAST = 3.0  # of the score of the neighbor and the one beside it


def position_columns(model: Bert) -> int:
    """Return the number of columns of the tables that are for positions alone, an even number."""
    width = model.words.weight.shape[1]
    head_width = model.config.width // model.config.heads
    return min(head_width, width // 4) // 2 * 2


def set_positions(model: Bert, rms: float) -> None:
    """Set the table of positions: sinusoids in its first columns, else zeros.

    rms: root mean square of the first columns.
    """
    columns, table = position_columns(model), model.positions.weight.data
    angles = np.arange(len(table))[:, None] * _frequencies(columns)
    table[...] = 0
    table[:, 0:columns:2] = rms * 2**0.5 * np.sin(angles)
    table[:, 1:columns:2] = rms * 2**0.5 * np.cos(angles)


def attend_to_neighbors(model: Bert) -> None:
    """Set queries and keys of the first layer: heads read the offsets -1, 1, -2, 2, and so on.

    The rows of the other columns stay as they are. Embeddings that are narrower than the layers
    are mapped before the first layer, which then stays as it is, too.
    """
    columns = position_columns(model)
    if model.project is not None or not columns:
        return
    config = model.config
    head_width = config.width // config.heads
    rates = _frequencies(columns)
    # Positions have a mean square of 1 after the layer norm, so a plane adds 2 cos(rate d).
    contrast = 2 * np.sum(1 - np.cos(rates)) / head_width**0.5
    scale = (_CONTRAST / contrast) ** 0.5
    weight = model.encoder.layers[0].attention.qkv.weight.data
    weight[:columns, : 2 * config.width] = 0
    for head in range(config.heads):
        offset = (head // 2 + 1) * (-1 if head % 2 == 0 else 1)
        start = head * head_width
        queries = slice(start, start + columns)
        keys = slice(config.width + start, config.width + start + columns)
        weight[:columns, queries] = scale * _rotation(rates * offset)
        weight[:columns, keys] = scale * np.eye(columns)


def _frequencies(columns: int) -> NDArray[np.float64]:
    """Return the angles between a position and the next one, of each pair of columns."""
    return np.geomspace(_FASTEST, _SLOWEST, columns // 2)


def _rotation(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the matrix (2n, 2n) that maps sin(x), cos(x) to sin(x + a), cos(x + a), n angles a."""
    matrix = np.zeros((2 * len(angles), 2 * len(angles)))
    even = np.arange(0, len(matrix), 2)
    matrix[even, even] = matrix[even + 1, even + 1] = np.cos(angles)
    matrix[even + 1, even] = np.sin(angles)
    matrix[even, even + 1] = -np.sin(angles)
    return matrix
