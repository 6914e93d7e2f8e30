"""Checks of arguments that many constructors and functions take."""

from __future__ import annotations

import operator

import numpy as np

from pmt_core.errors import SettingsError


def check_sizes(caller: str, *, least: int = 1, **sizes: object) -> None:
    """Check that each size is a whole number of at least `least`.

    Integers of NumPy are whole numbers; booleans and floats are not, not even 3.0: a float comes
    from a division that should have been `//`.

    Args:
        caller: what takes the sizes, for the message.
        least: the smallest size.
        sizes: by their names.

    Raises:
        SettingsError: names the first size that is none.

    Examples:
        >>> from pmt_core import check_sizes
        >>> check_sizes("Linear", n_in=3, n_out=2)
        >>> check_sizes("Linear", n_in=3, n_out=4 / 2)
        Traceback (most recent call last):
            ...
        pmt_core.errors.SettingsError: Linear: n_out is a whole number, 1 or more, got 2.0
    """
    for name, size in sizes.items():
        if not _is_whole(size) or operator.index(size) < least:  # type: ignore[arg-type]
            raise SettingsError(
                f"{caller}: {name} is a whole number, {least} or more, got {size!r}"
            )


def _is_whole(size: object) -> bool:
    return hasattr(size, "__index__") and not isinstance(size, (bool, np.bool_, np.ndarray))
