"""Weights saved under names of earlier versions.

A weight's dotted name follows the attributes of its modules. When an attribute is renamed, its
old name goes into `RENAMED`, and what was saved before is still loaded.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

from pmt_core import ShapeError

T = TypeVar("T")

RENAMED = {
    "gain": "weight",
    "widen": "up",
    "narrow": "down",
    "matches": "match_types",
    "by_content": "content_bias",
    "by_offset": "position_bias",
    "sides": "token_types",
}
"""Attribute of an earlier version -> attribute today."""


def with_current_names(state: Mapping[str, T], expected: Collection[str]) -> dict[str, T]:
    """Return `state` with retired names replaced by today's, if today's name is in `expected`.

    Raises ShapeError if `state` is no dictionary.

    Examples:
        >>> from pmt_nn import with_current_names
        >>> state = {"layers.0.widen.weight": 1, "layers.0.other": 2}
        >>> with_current_names(state, expected={"layers.0.up.weight"})
        {'layers.0.up.weight': 1, 'layers.0.other': 2}
    """
    if not isinstance(state, Mapping):
        raise ShapeError(f"expected arrays by name, got {type(state).__name__}")
    return {_current(str(name), expected): value for name, value in state.items()}


def _current(name: str, expected: Collection[str]) -> str:
    if name in expected:
        return name
    renamed = ".".join(RENAMED.get(part, part) for part in name.split("."))
    return renamed if renamed in expected else name
