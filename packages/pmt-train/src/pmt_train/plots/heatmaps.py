"""Heat maps: confusion matrices, CRF transition scores and attention weights."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import ShapeError
from pmt_train.plots.figure import INK, QUIET, figure_saved_to, plot_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_MAX_CLASSES, _MAX_TAGS = 20, 24  # larger matrices get no numbers in their cells
_CELL = 0.18  # inches per token
_SIZE = (2.2, 7.0)  # inches: smallest and largest extent of the longer axis


def confusion_plot(
    path: str | os.PathLike[str],
    matrix: NDArray[Any],
    classes: Sequence[str],
    title: str = "confusion matrix",
) -> None:
    """Plot the counts of a `confusion_matrix` (classes, classes), with shares of rows as colors.

    Raises ShapeError if the names of the classes do not fit.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_train import confusion_matrix, confusion_plot
        >>> matrix = confusion_matrix([0, 1, 1, 0], [0, 1, 0, 0])
        >>> confusion_plot("confusion.png", matrix, ["other", "duplicate"])
        >>> Path("confusion.png").exists()
        True
    """
    counts = np.asarray(matrix)
    n = len(classes)
    if counts.shape != (n, n):
        raise ShapeError(f"{n} classes need a matrix of shape ({n}, {n}), got {counts.shape}")
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    size = min(max(2.6, 0.55 * n + 1.6), 14)
    fontsize = 9 if n <= 8 else 8 if n <= 12 else 6
    with figure_saved_to(path, size + 1.2, size + 0.4) as figure:
        axes = figure.subplots()
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        fits = n <= 6 or max(map(len, classes)) <= 3  # labels side by side
        _label(axes, classes, title, rotation=0 if fits else 90)
        axes.set(xlabel="predicted", ylabel="true")
        for i, j in np.ndindex(n, n) if n <= _MAX_CLASSES else ():
            text = f"{counts[i, j]:,}\n{shares[i, j]:.0%}" if n <= 8 else f"{counts[i, j]}"
            _write(axes, (i, j), text, "white" if shares[i, j] > 0.55 else INK, fontsize)


def transition_plot(
    path: str | os.PathLike[str],
    transitions: NDArray[Any],
    tags: Sequence[str],
    forbidden: NDArray[np.bool_] | None = None,
    title: str = "scores of transitions",
) -> None:
    """Plot the transition scores of a CRF: blue for high scores, red for low ones.

    `transitions` (n, n) lead from the tag of the row to the tag of the column. `forbidden`
    (n, n) is True for impossible ones, which are gray and do not affect the color scale. Raises
    ShapeError if names and matrices do not fit.

    Examples:
        >>> from pathlib import Path
        >>> import numpy as np
        >>> from pmt_train import transition_plot
        >>> transitions = np.array([[0.5, 1.0, 0.0], [-0.5, 0.1, 2.0], [0.3, 0.2, 1.0]])
        >>> forbidden = np.zeros((3, 3), bool)
        >>> forbidden[0, 2] = True  # I after O
        >>> transition_plot("transitions.png", transitions, ["O", "B", "I"], forbidden)
        >>> Path("transitions.png").exists()
        True
    """
    scores = np.asarray(transitions, np.float64)
    n = len(tags)
    excluded = np.zeros((n, n), np.bool_) if forbidden is None else forbidden
    if scores.shape != (n, n) or excluded.shape != (n, n):
        raise ShapeError(
            f"{n} tags need matrices ({n}, {n}), got {scores.shape} and {excluded.shape}"
        )
    limit = float(np.abs(scores[~excluded]).max(initial=0)) or 1.0
    size = min(max(3.2, 0.42 * n + 1.6), 14)
    with figure_saved_to(path, size + 1.2, size + 0.4) as figure:
        axes = figure.subplots()
        axes.set_facecolor("#e9e8e4")
        masked = np.ma.masked_array(scores, excluded)
        image = axes.imshow(masked, cmap="RdBu", vmin=-limit, vmax=limit)
        _label(axes, tags, title, rotation=90)
        axes.set(xlabel="followed by", ylabel="this tag")
        for i, j in np.ndindex(n, n) if n <= _MAX_TAGS else ():
            if excluded[i, j]:
                _write(axes, (i, j), "·", QUIET, 9.5)
                continue
            is_dark = abs(scores[i, j]) > 0.6 * limit
            # z: no -0.0
            _write(axes, (i, j), f"{float(scores[i, j]):z.1f}", "white" if is_dark else INK, 6.5)
        bar = figure.colorbar(image, ax=axes, fraction=0.04, pad=0.02, aspect=30)
        bar.outline.set_visible(False)


def _label(axes: Axes, names: Sequence[str], title: str, rotation: int) -> None:
    """Write the names of rows and columns, and the title."""
    labels = [plot_label(name) for name in names]
    axes.set_xticks(range(len(labels)), labels, rotation=rotation)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_title(plot_label(title, 80), loc="left")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)


def _write(axes: Axes, cell: tuple[int, int], text: str, color: str, fontsize: float) -> None:
    row, column = cell
    axes.text(column, row, text, ha="center", va="center", color=color, fontsize=fontsize)


@dataclass(frozen=True, slots=True, eq=False)
class AttentionMap:
    """Attention weights (queries, keys) of one head, or their mean over several heads.

    Each row is a distribution. `queries` and `keys` are their tokens; `title` is, for example,
    "layer 2, head 3".

    Examples:
        >>> import numpy as np
        >>> from pmt_train import AttentionMap
        >>> tokens = ["how", "are", "you"]
        >>> weights = np.full((3, 3), 1 / 3)
        >>> AttentionMap("layer 1, head 1", tokens, tokens, weights).weights.shape
        (3, 3)
    """

    title: str
    queries: Sequence[str]
    keys: Sequence[str]
    weights: NDArray[Any]


def attention_plot(
    path: str | os.PathLike[str], maps: Sequence[AttentionMap], *, title: str = "", columns: int = 2
) -> None:
    """Plot attention maps in a grid of `columns` columns; larger weights are darker.

    A nan stays empty. Raises ShapeError if weights and tokens do not fit, or there are no maps.

    Examples:
        >>> from pathlib import Path
        >>> import numpy as np
        >>> from pmt_train import AttentionMap, attention_plot
        >>> tokens = ["how", "are", "you"]
        >>> maps = [AttentionMap(f"head {n}", tokens, tokens, np.eye(3)) for n in (1, 2)]
        >>> attention_plot("attention.png", maps)
        >>> Path("attention.png").exists()
        True
    """
    _check(maps)
    columns = max(min(columns, len(maps)), 1)
    rows = -(-len(maps) // columns)
    sizes = [_sizes(attention) for attention in maps]
    width = columns * (max(w for w, _ in sizes) + 1.1)
    height = rows * (max(h for _, h in sizes) + 1.1) + (0.4 if title else 0)
    with figure_saved_to(path, width, height) as figure:
        if title:
            figure.suptitle(plot_label(title, 90), x=0.01, ha="left", fontweight="bold")
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, attention in zip(grid, maps, strict=False):
            _draw(axes, attention)
        for axes in grid[len(maps) :]:
            axes.set_visible(False)


def _draw(axes: Axes, attention: AttentionMap) -> None:
    weights = np.ma.masked_invalid(np.asarray(attention.weights, np.float64))
    largest = float(weights.max()) if weights.count() else 1.0
    axes.imshow(weights, cmap="Blues", vmin=0, vmax=largest or 1.0, interpolation="nearest")
    axes.set_title(plot_label(attention.title, 60), loc="left")
    size = 8 if max(len(attention.queries), len(attention.keys)) <= 40 else 5
    keys, queries = map(plot_label, attention.keys), map(plot_label, attention.queries)
    axes.set_xticks(range(len(attention.keys)), list(keys), rotation=90, fontsize=size)
    axes.set_yticks(range(len(attention.queries)), list(queries), fontsize=size)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color(QUIET)
    axes.spines[:].set_linewidth(0.5)


def _sizes(attention: AttentionMap) -> tuple[float, float]:
    """Return width and height of a map in inches; its cells are squares."""
    longer = max(len(attention.keys), len(attention.queries))
    cell = min(max(longer * _CELL, _SIZE[0]), _SIZE[1]) / longer
    return len(attention.keys) * cell, len(attention.queries) * cell


def _check(maps: Sequence[AttentionMap]) -> None:
    if not maps:
        raise ShapeError("expected at least one attention map, got none")
    for attention in maps:
        expected = (len(attention.queries), len(attention.keys))
        if np.shape(attention.weights) != expected or 0 in expected:
            raise ShapeError(
                f"{attention.title}: {expected[0]} queries and {expected[1]} keys need weights "
                f"of shape {expected}, at least (1, 1); got {np.shape(attention.weights)}"
            )
