"""`option`: a field of a settings dataclass that is an option of the command line, too.

What the annotation of a setting allows, and how its values are read and checked.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pmt_core import SettingsError

_KEY = "pmt_option"


@dataclass(frozen=True, slots=True)
class OptionInfo:
    """What is known about a setting beside its name, type and default.

    Attributes:
        help: what it is, for `--help`.
        group: heading it stands under in `--help`.
        at_least, above, at_most, below: bounds of a number (or of a tuple's numbers).
        metavar: name of the value in `--help`.
        default_text: text of the default in `--help`, if the value itself says little.
        transient: it says what to do now (`--predict`); it is not saved with the run.
        const: value of the option where it is given without one; None: it needs one.
        changeable: it may differ from the run's on resume or use; it does not change the training.
        loads_run: where it is given, the settings are those of the run in --out, as for --predict.
    """

    help: str = ""
    group: str = "options"
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None
    metavar: str | None = None
    default_text: str | None = None
    transient: bool = False
    changeable: bool = False
    const: Any = None
    loads_run: bool = False


def option(
    default: Any = MISSING,
    help: str = "",
    *,
    default_factory: Callable[[], Any] | None = None,
    group: str = "options",
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
    below: float | None = None,
    metavar: str | None = None,
    default_text: str | None = None,
    transient: bool = False,
    changeable: bool = False,
    const: Any = None,
    loads_run: bool = False,
) -> Any:
    """A dataclass field with all that `--help` and the checks need; see `OptionInfo`.

        @dataclass(frozen=True)
        class Settings(AppSettings):
            width: int = option(128, "model width", group="model", at_least=1)
            epochs: int = 5  # another default; help and bounds stay those of AppSettings

    Types: int, float, str, bool (`--flag / --no-flag`), Path, Literal[...] (choices), `X | None`
    (not given: None), `tuple[X, ...]` (several values after one another).
    """
    info = OptionInfo(
        help=help,
        group=group,
        at_least=at_least,
        above=above,
        at_most=at_most,
        below=below,
        metavar=metavar,
        default_text=default_text,
        transient=transient,
        changeable=changeable,
        const=const,
        loads_run=loads_run,
    )
    if default_factory is not None:
        return field(default_factory=default_factory, metadata={_KEY: info})
    return field(default=default, metadata={_KEY: info})


def option_info(settings: type, name: str) -> OptionInfo:
    """The information on a setting, from the class or the nearest base that gives some."""
    for base in settings.__mro__:
        known: Field[Any] | None = base.__dict__.get("__dataclass_fields__", {}).get(name)
        if known is not None and _KEY in known.metadata:
            info: OptionInfo = known.metadata[_KEY]
            return info
    return OptionInfo()


def option_default(item: Field[Any]) -> Any:
    """The default of a field; MISSING where it has none."""
    return item.default if item.default_factory is MISSING else item.default_factory()


def options_of(settings: type) -> list[tuple[Field[Any], OptionInfo]]:
    """All fields of a settings class with their information."""
    return [(item, option_info(settings, item.name)) for item in fields(settings)]


_EXPECTED = {int: "a whole number", float: "a number", str: "text", Path: "a path", bool: "a flag"}


@dataclass(frozen=True, slots=True)
class OptionType:
    """A setting's type, taken apart.

    Attributes:
        kind: type of one value: int, float, str, bool or Path.
        choices: the values allowed; empty where any is.
        optional: whether None is allowed.
        several: whether it is a tuple of such values.
    """

    kind: type
    choices: tuple[Any, ...] = ()
    optional: bool = False
    several: bool = False

    def expected(self, info: OptionInfo) -> str:
        """In words, what a value must be."""
        if self.choices:
            return "one of " + ", ".join(map(str, self.choices))
        bounds = [
            f"{word} {bound:g}"
            for word, bound in (
                ("at least", info.at_least),
                ("above", info.above),
                ("at most", info.at_most),
                ("below", info.below),
            )
            if bound is not None
        ]
        return " ".join([_EXPECTED[self.kind], *([" and ".join(bounds)] if bounds else [])])

    def parse(self, text: str, info: OptionInfo) -> Any:
        """One value from the text of an option. Raises ValueError that says what was expected."""
        value: Any = text
        if self.kind is Path and not text:  # an empty variable of a shell, not the folder "."
            raise ValueError(f"expected {self.expected(info)}, got {text!r}")
        try:
            if self.kind is int:
                value = int(text)
            elif self.kind is float:
                value = float(text)
            elif self.kind is Path:
                value = Path(text)
        except ValueError:
            raise ValueError(f"expected {self.expected(info)}, got {text!r}") from None
        return self.check(value, info)

    def check(self, value: Any, info: OptionInfo) -> Any:
        """One value, if it is allowed; a whole number for a float becomes one.

        Raises ValueError that says what was expected.
        """
        if self.kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        right_type = isinstance(value, self.kind) and not (
            isinstance(value, bool) and self.kind is not bool
        )
        if not right_type or (self.choices and value not in self.choices) or _outside(value, info):
            shown = str(value) if isinstance(value, Path) else repr(value)
            raise ValueError(f"expected {self.expected(info)}, got {shown}")
        return value

    def from_json(self, value: Any, info: OptionInfo) -> Any:
        """The setting from what JSON holds for it. Raises ValueError."""
        if value is None and self.optional:
            return None
        if self.several:
            if not isinstance(value, list):
                raise ValueError(f"expected a list, got {value!r}")
            return tuple(self._one_from_json(item, info) for item in value)
        return self._one_from_json(value, info)

    def _one_from_json(self, value: Any, info: OptionInfo) -> Any:
        if self.kind is Path and isinstance(value, str):
            value = Path(value)
        return self.check(value, info)


def option_types(settings: type) -> dict[str, OptionType]:
    """Every setting's type by name. Raises SettingsError for one that options cannot have."""
    hints = get_type_hints(settings)
    return {
        item.name: _option_type(f"{settings.__name__}.{item.name}", hints[item.name])
        for item, _ in options_of(settings)
    }


def _option_type(where: str, hint: Any) -> OptionType:
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType) and len(parts) == 2 and type(None) in parts:
        inner = _option_type(where, parts[0] if parts[1] is type(None) else parts[1])
        return OptionType(inner.kind, inner.choices, optional=True, several=inner.several)
    if origin is tuple and len(parts) == 2 and parts[1] is Ellipsis:
        inner = _option_type(where, parts[0])
        return OptionType(inner.kind, inner.choices, several=True)
    if (
        origin is Literal
        and len({type(part) for part in parts}) == 1
        and type(parts[0]) in _EXPECTED
    ):
        return OptionType(type(parts[0]), parts)
    if hint in _EXPECTED:
        return OptionType(hint)
    raise SettingsError(
        f"{where}: an option cannot have the type {hint}; "
        "use int, float, str, bool, Path, Literal, `X | None` or `tuple[X, ...]`"
    )


def _outside(value: Any, info: OptionInfo) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return not math.isfinite(value) or not (
        (info.at_least is None or value >= info.at_least)
        and (info.above is None or value > info.above)
        and (info.at_most is None or value <= info.at_most)
        and (info.below is None or value < info.below)
    )
