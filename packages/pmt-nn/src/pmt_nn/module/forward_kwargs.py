"""Keyword arguments of a forward pass (rng, mask, ...) that parts of a container accept."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from pmt_core import SettingsError
from pmt_nn.module.module import Module

Part = Callable[..., Any]
"""A module, or any function of tensors."""


def call_part(part: Part, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a part with its inputs and the keyword arguments that it accepts."""
    if not kwargs:
        return part(*inputs)
    accepted = accepted_kwargs(part)
    if accepted is None:
        return part(*inputs, **kwargs)
    return part(*inputs, **{name: kwargs[name] for name in kwargs if name in accepted})


def check_kwargs(container: str, parts: Iterable[Part], kwargs: dict[str, Any]) -> None:
    """Raise SettingsError for a keyword argument that no part accepts, other than `rng`."""
    known: set[str] = {"rng"}
    for part in parts:
        accepted = accepted_kwargs(part)
        if accepted is None:
            return
        known |= accepted
    unknown = [name for name in kwargs if name not in known]
    if unknown:
        raise SettingsError(
            f"no part of this {container} takes {', '.join(unknown)}; "
            f"they take {', '.join(sorted(known))}"
        )


def accepted_kwargs(part: Part) -> frozenset[str] | None:
    """Return the optional and keyword arguments of a part by name; None if it accepts any."""
    if isinstance(part, Module):
        of_container = getattr(part, "accepted_kwargs", None)
        return of_container() if callable(of_container) else _kwargs_of(type(part).forward)
    try:
        return _kwargs_of(part)
    except TypeError:  # not hashable
        return _kwargs_of.__wrapped__(part)


@lru_cache(maxsize=1024)
def _kwargs_of(function: Part) -> frozenset[str] | None:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):  # some functions written in C have no signature
        return frozenset()
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters):
        return None
    return frozenset(
        p.name
        for p in parameters
        if p.kind is inspect.Parameter.KEYWORD_ONLY
        or (p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD and p.default is not p.empty)
    )
