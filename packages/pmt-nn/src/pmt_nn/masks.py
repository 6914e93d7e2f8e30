"""Types of arguments, and attention masks: booleans in which True means "attend here"."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import Tensor, masked
from pmt_core import DtypeError, ShapeError, check_sizes

if TYPE_CHECKING:
    Mask = NDArray[np.bool_]
else:

    class Mask:
        """An attention mask: a boolean array in which True means "attend here".

        Any boolean array is one; this class exists for `help(Mask)` and is never instantiated.

        Shapes, for b sequences, t queries, s keys and h heads: (b, s), one row of keys for all
        queries; (b, t, s), keys for each query, e.g. `causal_mask(t)`; (b, h, t, s), keys for each
        head and query. A query without keys gets zeros and zero gradients. For padded ids (b, s):
        `mask = ids != pad`.

        Examples:
            >>> import numpy as np
            >>> from pmt_nn import causal_mask
            >>> ids = np.array([[4, 9, 7], [5, 0, 0]])
            >>> mask = ids != 0
            >>> mask
            array([[ True,  True,  True],
                   [ True, False, False]])
            >>> (mask[:, np.newaxis] & causal_mask(3)).shape  # (b, t, s): both conditions
            (2, 3, 3)
        """


Ids = NDArray[np.integer]
"""Integers, e.g. token ids (b, t)."""

Rng = np.random.Generator | None
"""The random stream of a pass, for dropout; required in training if a rate is above 0."""


def token_mask(mask: Mask, b: int, t: int) -> Mask:
    """Return a mask (b, t), True at tokens. Raises DtypeError or ShapeError for any other."""
    mask = _boolean(mask)
    if mask.shape != (b, t):
        raise ShapeError(
            f"a mask of the tokens of {b} sequences of length {t} has the shape (b, t) = "
            f"{(b, t)}, got {mask.shape}"
        )
    return mask


def head_mask(mask: Mask, b: int, t: int, s: int) -> Mask:
    """Return a mask (b, s) of keys, (b, t, s) or (b, h, t, s) with four axes.

    Axes of length 1 of the last two broadcast: the result is (b, 1 or h, t or 1, s). Raises
    DtypeError if the mask is not boolean, ShapeError if it has none of these shapes.
    """
    full = mask = _boolean(mask)
    if mask.ndim == 2 and mask.shape == (b, s):
        return mask[:, np.newaxis, np.newaxis, :]
    if mask.ndim == 3:
        full = mask[:, np.newaxis]
    lengths = zip((*full.shape[:1], *full.shape[2:]), (b, t, s), strict=False)
    if full.ndim != 4 or not all(length in (1, expected) for length, expected in lengths):
        raise ShapeError(
            f"a mask for {b} sequences, {t} queries and {s} keys has the shape (b, s) = {(b, s)}, "
            f"(b, t, s) = {(b, t, s)} or (b, h, t, s), got {mask.shape}"
        )
    return full


def _boolean(mask: Mask) -> Mask:
    mask = np.asarray(mask)
    if mask.dtype != np.bool_:
        raise DtypeError(
            f"a mask is boolean, True = a token, attend here; got dtype {mask.dtype}; "
            "compare first, e.g. ids != pad"
        )
    return mask


def token_positions(mask: Mask, b: int, t: int, s: int) -> Mask | None:
    """Return the keys that any query may attend to, (1 or b, s); None if all are.

    mask: of `head_mask`, for t queries and s keys. Raises DtypeError or ShapeError for a mask that
    does not fit, also if it is True everywhere.
    """
    if np.ndim(mask) == 2:
        tokens = token_mask(mask, b, s)
    else:
        keys = np.any(head_mask(mask, b, t, s), axis=(1, 2))
        tokens = np.broadcast_to(keys, (len(keys), s))
    return None if tokens.all() else tokens


def without_padding(x: Tensor, tokens: Mask | None) -> Tensor:
    """Return x (b, t, ...) with zeros where tokens (1 or b, t) is False, if x is not finite there.

    Finite padding stays, as it has no influence; a product of infinity or nan and 0 would have.
    """
    if tokens is None:
        return x
    padding = x.data[~np.broadcast_to(tokens, x.shape[:2])]
    if np.isfinite(padding).all():
        return x
    return masked(x, mask=tokens.reshape(*tokens.shape, *[1] * (x.ndim - 2)))


def causal_mask(t: int) -> Mask:
    """Return the mask (1, t, t) with which each position attends to itself and earlier ones.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import attention, causal_mask
        >>> causal_mask(3)
        array([[[ True, False, False],
                [ True,  True, False],
                [ True,  True,  True]]])
        >>> x = np.zeros((1, 3, 1), np.float32)  # equal scores: the mean of what is visible
        >>> values = np.array([[[0.0], [4.0], [8.0]]], np.float32)
        >>> attention(x, x, values, heads=1, mask=causal_mask(3)).data.ravel()
        array([0., 2., 4.], dtype=float32)
    """
    check_sizes("causal_mask", least=0, t=t)
    return np.tril(np.ones((1, t, t), np.bool_))
