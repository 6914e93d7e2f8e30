"""The kinds of positions that a model can be built with, by name."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from pmt_core import SettingsError
from pmt_nn.attention_positions import Alibi, AttentionPositions, RelativeBias, RotaryPositions
from pmt_nn.positions import LearnedPositions, SinusoidalPositions

ADDED = ("learned", "sinusoidal")
INSIDE = ("rotary", "alibi", "relative", "none")


def added_positions(
    kind: str,
    max_length: int,
    d: int,
    rng: np.random.Generator,
    dtype: DTypeLike,
) -> LearnedPositions | SinusoidalPositions | None:
    """Positions that are added to the embeddings; None where they act inside of attention."""
    if kind == "learned":
        return LearnedPositions(max_length, d, rng, dtype=dtype)
    if kind == "sinusoidal":
        return SinusoidalPositions(max_length, d, dtype=dtype)
    if kind in INSIDE:
        return None
    raise SettingsError(f"positions is one of {', '.join(ADDED + INSIDE)}, got {kind!r}")


def inside_positions(
    kind: str, heads: int, rng: np.random.Generator, dtype: DTypeLike, *, two_sided: bool = False
) -> AttentionPositions | None:
    """Positions that act inside of attention; None where they are added to the embeddings."""
    if kind == "rotary":
        return RotaryPositions()
    if kind == "alibi":
        return Alibi(heads)
    if kind == "relative":
        return RelativeBias(heads, rng, two_sided=two_sided, dtype=dtype)
    return None
