"""Random arrays for comparisons with other implementations: shapes, layouts and edge values."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

CONTENTS = ("normal", "edges", "infinities", "ties", "large", "small", "mixed", "normal")
"""What fills the arrays of configuration i: CONTENTS[i % 8]; see `Draw.array`."""

_LENGTHS = (0, 1, 1, 2, 3, 4, 7)
_SPECIAL = {
    "edges": (np.inf, -np.inf, np.nan, 0.0, -0.0, 1.0, -1.0, 0.5),
    "infinities": (np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0),
    "ties": (-1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 2.0),
}


class Draw:
    """The random choices of one configuration, the same in every run.

    Attributes:
        rng: stream of this configuration, seeded by the name of the comparison and its number.
        dtype: float32 in three of four configurations, else float64.
        content: an entry of CONTENTS.
    """

    def __init__(self, name: str, number: int) -> None:
        self.rng = np.random.default_rng([zlib.crc32(name.encode()), number])
        self.content = CONTENTS[number % len(CONTENTS)]
        self.dtype = np.dtype(np.float64 if self.rng.random() < 0.25 else np.float32)

    # --- choices --------------------------------------------------------------------------------

    def integer(self, low: int, high: int) -> int:
        """Return one of low ... high."""
        return int(self.rng.integers(low, high + 1))

    def choice(self, options: Any) -> Any:
        """Return one of the options."""
        return options[self.integer(0, len(options) - 1)]

    def chance(self, probability: float) -> bool:
        """Return True with this probability."""
        return bool(self.rng.random() < probability)

    def number(self, low: float, high: float) -> float:
        """Return a number between low and high that float32 represents."""
        return float(np.float32(self.rng.uniform(low, high)))

    # --- shapes ---------------------------------------------------------------------------------

    def length(self, low: int = 0) -> int:
        """Return the length of an axis, mostly short, `low` or more."""
        return max(self.choice(_LENGTHS), low)

    def shape(self, low: int = 0, high: int = 4, shortest: int = 0) -> tuple[int, ...]:
        """Return a shape of low ... high axes of length `shortest` or more."""
        return tuple(self.length(shortest) for _ in range(self.integer(low, high)))

    def broadcastable(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return a shape that broadcasts with `shape`: axes of length 1, leading ones left out."""
        lengths = [1 if self.chance(0.3) else length for length in shape]
        return tuple(lengths[self.integer(0, len(shape)) if self.chance(0.3) else 0 :])

    def axes(self, rank: int) -> Any:
        """Return None, one axis of an array of `rank` axes, or several as a tuple."""
        if not rank or self.chance(0.2):
            return None
        chosen = self.rng.permutation(rank)[: self.integer(1, rank)]
        axes = tuple(int(axis) - rank * self.chance(0.5) for axis in chosen)
        return axes[0] if len(axes) == 1 else axes

    def axis(self, rank: int) -> int:
        """Return an axis, counted from either end."""
        return self.integer(-rank, rank - 1)

    # --- arrays ---------------------------------------------------------------------------------

    def array(self, shape: tuple[int, ...], *, exponent: float = 30, spread: bool = True) -> Any:
        """Return an array of this configuration's content, in some memory layout.

        "normal": the normal distribution. "edges", "infinities", "ties": about half of the
        elements are special values, with nan in "edges" only. "large", "small", "mixed": times
        10^n with n in 0 ... exponent, -exponent ... 0, or both (float64: five times the exponent,
        and "small" reaches denormal numbers); one n for each element, or for all if not `spread`.
        """
        values = self.rng.normal(size=shape)
        if self.content in _SPECIAL:
            special = self.rng.choice(_SPECIAL[self.content], size=shape)
            share = 1.0 if self.content == "ties" else self.choice([0.1, 0.5])
            values = np.where(self.rng.random(shape) < share, special, values)
        elif self.content != "normal":
            signs = {"large": (0, 1), "small": (-1.4, 0), "mixed": (-1, 1)}[self.content]
            reach = exponent * (5 if self.dtype == np.float64 else 1)
            powers = self.rng.uniform(*signs, size=shape if spread else ()) * reach
            values = values * 10.0**powers
        return self.laid_out(np.asarray(values, self.dtype))

    def scaled(self, *shape: int, exponent: float = 10) -> Any:
        """Return an array of this configuration's content, of one magnitude: terms of a sum."""
        return self.array(shape, exponent=exponent, spread=False)

    def normal(self, *shape: int, **sizes: float) -> Any:
        """Return normal numbers without edge values, times the size of this content, or 1."""
        values = self.rng.normal(size=shape) * sizes.get(self.content, 1.0)
        return self.laid_out(np.asarray(values, self.dtype))

    def laid_out(self, values: Any) -> Any:
        """Return the same values in C order, with axes swapped in memory, strided or reversed."""
        values = np.asarray(values)
        layout = self.integer(0, 3)
        if layout == 1:
            return values.T.copy().T
        if layout == 2 and values.ndim:
            wide = np.zeros((*values.shape[:-1], 2 * values.shape[-1]), values.dtype)
            wide[..., ::2] = values
            return wide[..., ::2]
        if layout == 3 and values.ndim:
            return values[::-1].copy()[::-1]
        return values

    def cotangent(self, shape: tuple[int, ...], dtype: Any, edges: bool = True) -> Any:
        """Return a gradient of the output: normal numbers, and in some cases edge values."""
        values = self.rng.normal(size=shape)
        if edges and self.content in ("edges", "infinities") and self.chance(0.6):
            special = self.rng.choice(_SPECIAL[self.content], size=shape)
            values = np.where(self.rng.random(shape) < 0.3, special, values)
        return np.asarray(values, dtype)
