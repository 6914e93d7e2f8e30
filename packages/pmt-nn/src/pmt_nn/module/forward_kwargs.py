"""Which keyword settings of a pass (rng, mask, ...) a part of a container takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from pmt_core import SettingsError
from pmt_nn.module.module import Module

Part = Callable[..., Any]
"""A module, or any function of tensors."""


def call_part(part: Part, inputs: tuple[Any, ...], settings: dict[str, Any]) -> Any:
    """Call a part with its inputs and with those of the settings that it takes."""
    if not settings:
        return part(*inputs)
    taken = settings_of(part)
    if taken is None:
        return part(*inputs, **settings)
    return part(*inputs, **{name: settings[name] for name in settings if name in taken})


def check_settings(container: str, parts: Iterable[Part], settings: dict[str, Any]) -> None:
    """Raise SettingsError for a setting that no part takes. `rng` may always be given."""
    known: set[str] = {"rng"}
    for part in parts:
        taken = settings_of(part)
        if taken is None:
            return
        known |= taken
    unknown = [name for name in settings if name not in known]
    if unknown:
        raise SettingsError(
            f"no part of this {container} takes {', '.join(unknown)}; "
            f"they take {', '.join(sorted(known))}"
        )


def settings_of(part: Part) -> frozenset[str] | None:
    """Names of the optional or keyword arguments of a part; None where it takes any."""
    if isinstance(part, Module):
        many = getattr(part, "accepted_kwargs", None)
        return many() if callable(many) else _settings_of(type(part).forward)
    try:
        return _settings_of(part)
    except TypeError:  # not hashable
        return _settings_of.__wrapped__(part)


@lru_cache(maxsize=1024)
def _settings_of(function: Part) -> frozenset[str] | None:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):  # some functions written in C say nothing
        return frozenset()
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters):
        return None
    return frozenset(
        p.name
        for p in parameters
        if p.kind is inspect.Parameter.KEYWORD_ONLY
        or (p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD and p.default is not p.empty)
    )
