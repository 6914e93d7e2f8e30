"""Numbers in JSON, which knows neither nan nor infinity."""

from __future__ import annotations

import math


def to_json_number(value: float) -> float | str:
    """The number, or "nan", "inf", "-inf" for one that JSON cannot hold. `float` reads both."""
    return value if math.isfinite(value) else str(value)


def finite_or_none(value: float) -> float | None:
    """The number, or None (JSON's null) for nan and infinities."""
    return value if math.isfinite(value) else None
