"""Which tag may follow which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pmt_core import tag_spans
from pmt_text.tag_scheme import TagScheme, spans_to_tags

__all__ = ["forbidden_transitions"]


def forbidden_transitions(
    tags: Sequence[str], scheme: TagScheme
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """What no unbroken sequence of n tags in `scheme` holds, as `LinearChainCRF` wants it.

    Returns (n, n), True where the tag of the column never follows that of the row, and (n,), True
    for a tag that never comes first. An entity still open at the end is let pass: it ends there.
    """
    start = np.array([not _possible((tag,), scheme) for tag in tags])
    follows = [[not _possible((row, column), scheme) for column in tags] for row in tags]
    return np.array(follows, np.bool_).reshape(len(tags), len(tags)), start


def _possible(part: tuple[str, ...], scheme: TagScheme) -> bool:
    """Whether a sentence may begin with these tags (one), or hold them side by side (two)."""
    # What stands before the two must be right by itself, and what comes after is added.
    before = _opening(part[0], scheme) if len(part) == 2 else ()
    last = part[-1]
    after = (f"E-{last[2:]}",) if scheme == "IOBES" and last[0] in "BI" else ()
    whole = [*before, *part, *after]
    return spans_to_tags(tag_spans(whole), len(whole), scheme) == whole


def _opening(tag: str, scheme: TagScheme) -> tuple[str, ...]:
    """What has to stand before a tag that does not begin an entity by itself."""
    kind, type_ = tag[0], tag[2:]
    if scheme == "IOB1":
        return (f"I-{type_}",) if kind == "B" else ()
    return (f"B-{type_}",) if kind in "IE" else ()
