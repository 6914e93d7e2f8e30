"""What all containers share: parts in order, and handing on the settings of a pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pmt_core import SettingsError
from pmt_nn.module import Module
from pmt_nn.pass_settings import Part, call_part, check_settings, settings_of


class Container(Module):
    """Parts in order: modules, or plain functions of tensors.

    Keyword settings of a pass (`rng`, `mask`, ...) go to every part whose forward takes them; one
    that no part takes is an error.
    """

    def __init__(self, *parts: Part) -> None:
        for i, part in enumerate(parts):
            if not callable(part):
                raise SettingsError(
                    f"part {i} of {type(self).__name__} is a {type(part).__name__}; "
                    "parts are modules or functions"
                )
        self.parts = list(parts)

    def settings_taken(self) -> frozenset[str] | None:
        """Settings that any part takes; None where some part takes whatever comes."""
        known: set[str] = set()
        for part in self.parts:
            taken = settings_of(part)
            if taken is None:
                return None
            known |= taken
        return frozenset(known)

    def check(self, settings: dict[str, Any]) -> None:
        """Raise SettingsError for a setting that no part takes."""
        if settings:
            check_settings(type(self).__name__, self.parts, settings)

    def call(self, i: int, inputs: tuple[Any, ...], settings: dict[str, Any]) -> Any:
        """Run part i."""
        return call_part(self.parts[i], inputs, settings)

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, i: int) -> Part:
        return self.parts[i]

    def __iter__(self) -> Iterator[Part]:
        return iter(self.parts)
