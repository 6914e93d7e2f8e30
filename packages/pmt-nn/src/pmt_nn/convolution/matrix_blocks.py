"""How a long matrix product is cut so that its parts are of the size that the BLAS does best."""

from __future__ import annotations

from functools import lru_cache

_MAX_MULTIPLICATIONS = 1_000_000  # OpenBLAS copies no operand into panels below about as many


@lru_cache(maxsize=4096)
def parts_of(length: int, others: int, max_length: int | None = None) -> int:
    """Return into how many equal parts an axis of a product is cut.

    length: of the axis; others: the product of the lengths of the other two.
    """
    limit = max(_MAX_MULTIPLICATIONS // max(others, 1), 16)
    if max_length is not None:
        limit = min(limit, max_length)
    parts = max(-(-length // limit), 1)
    while parts < length and length % parts:
        parts += 1
    if length > 16 * parts or parts == 1:
        return parts
    return 1
