"""`option`: a field of a settings dataclass that is also an option of the command line."""

from __future__ import annotations

import functools
import math
import types
from collections.abc import Callable, Hashable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import (
    Any,
    Literal,
    TypedDict,
    Union,
    Unpack,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from pmt_apps.kit.path_text import argument_text, path_from_text
from pmt_core import SettingsError, value_text

_KEY = "pmt_option"
_LARGEST = 1 << 53  # of a whole number; a float holds it exactly


@dataclass(frozen=True, slots=True)
class OptionInfo:
    """What is known about a setting beside its name, type and default.

    Attributes:
        help: its description in `--help`.
        group: its heading in `--help`.
        at_least, above, at_most, below: bounds of a number, or of the numbers of a tuple. A whole
            number without `at_most` is at most 2^53.
        metavar: name of the value in `--help`.
        default_text: the default as text, if its value says little.
        transient: an instruction for this start (`--predict`), not saved with the run.
        const: value of the option if it is given without one; None: it needs a value.
        changeable: may differ from the run on resume and use, as it does not change the training.
        loads_run: if it is given, the settings are those of the run in --out, as for --predict.
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


class Bounds(TypedDict, total=False):
    """The bounds of a number, see `OptionInfo`."""

    at_least: float
    above: float
    at_most: float
    below: float


class OptionKeywords(Bounds, total=False):
    """The keyword arguments of `option`: the attributes of `OptionInfo` but the first."""

    group: str
    metavar: str
    default_text: str
    transient: bool
    changeable: bool
    const: Any
    loads_run: bool


def option(
    default: Any = MISSING,
    help: str = "",
    *,
    default_factory: Callable[[], Any] | None = None,
    **info: Unpack[OptionKeywords],
) -> Any:
    """Return a dataclass field with the information that `--help` and the checks need.

        @dataclass(frozen=True)
        class Settings(AppSettings):
            width: int = option(128, "model width", group="model", at_least=1)
            epochs: int = 5  # another default; help and bounds stay those of AppSettings

    Types: int, float, str, bool (`--flag / --no-flag`), Path, Literal[...] (choices), `X | None`
    (None if not given), `tuple[X, ...]` (several values).

    info: see `OptionInfo`.
    """
    metadata = {_KEY: OptionInfo(help, **info)}
    if default_factory is not None:
        return field(default_factory=default_factory, metadata=metadata)
    return field(default=default, metadata=metadata)


# Bounds that settings of several apps share. Beyond them no machine has the memory or the time.
SEED: Bounds = {"at_least": 0, "at_most": (1 << 128) - 1}
EPOCHS: Bounds = {"at_least": 1, "at_most": 100_000}
BATCH_SIZE: Bounds = {"at_least": 1, "at_most": 10_000_000}
SIZE: Bounds = {"at_least": 1, "at_most": 1 << 16}  # a width, or the length of a sequence
STAGE_EPOCHS: Bounds = {"at_least": 0, "at_most": 100_000}
LAYERS: Bounds = {"at_least": 1, "at_most": 1000}

data_option = functools.partial(option, group="data")
model_option = functools.partial(option, group="model")
training_option = functools.partial(option, group="training")
path_option = functools.partial(option, None, group="data", metavar="F")


def option_info(settings: type, name: str) -> OptionInfo:
    """Return the information on a setting, from the class or the nearest base that has some."""
    for base in settings.__mro__:
        item: Field[Any] | None = base.__dict__.get("__dataclass_fields__", {}).get(name)
        if item is not None and _KEY in item.metadata:
            info: OptionInfo = item.metadata[_KEY]
            return info
    return OptionInfo()


def option_default(item: Field[Any]) -> Any:
    """Return the default of a field; MISSING if it has none."""
    return item.default if item.default_factory is MISSING else item.default_factory()


def options_of(settings: type) -> list[tuple[Field[Any], OptionInfo]]:
    """Return all fields of a settings class with their information."""
    return [(item, option_info(settings, item.name)) for item in fields(settings)]


_EXPECTED = {int: "a whole number", float: "a number", str: "text", Path: "a path", bool: "a flag"}


@dataclass(frozen=True, slots=True)
class OptionType:
    """The type of a setting, taken apart.

    Attributes:
        kind: type of one value: int, float, str, bool or Path.
        choices: the allowed values; empty if any is allowed.
        optional: whether None is allowed.
        several: whether it is a tuple of such values.
    """

    kind: type
    choices: tuple[Any, ...] = ()
    optional: bool = False
    several: bool = False

    def expected(self, info: OptionInfo) -> str:
        """Describe the allowed values."""
        if self.choices:
            return "one of " + ", ".join(map(str, self.choices))
        bounds = [
            f"{word} {_bound_text(bound)}"
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
        """Return one value from the text of an option.

        Raises:
            ValueError: with what was expected.
        """
        if self.kind is Path and not text:  # an empty variable of a shell, not the folder "."
            raise ValueError(f"expected {self.expected(info)}, got {text!r}")
        value: Any = text
        if self.kind is str:
            value = argument_text(text)
        elif self.kind in (int, float, Path):
            try:
                value = self.kind(text)
            except ValueError:
                raise ValueError(
                    f"expected {self.expected(info)}, got {value_text(text)}"
                ) from None
        return self.check(value, info)

    def check(self, value: Any, info: OptionInfo) -> Any:
        """Return one value if it is allowed; a whole number for a float becomes a float.

        Raises:
            ValueError: with what was expected.
        """
        if type(value) is int and not -_LARGEST <= value <= max(_LARGEST, info.at_most or 0):
            raise ValueError(
                f"expected {self.expected(info)}, got a number of more than "
                f"{(value.bit_length() - 1) * 3 // 10} digits"
            )
        if self.kind is float and type(value) is int:
            value = float(value)
        right_type = isinstance(value, self.kind) and not (
            isinstance(value, bool) and self.kind is not bool
        )
        if not right_type or (self.choices and value not in self.choices) or _outside(value, info):
            text = str(value)[:200] if isinstance(value, Path) else value_text(value)
            raise ValueError(f"expected {self.expected(info)}, got {text}")
        return value

    def from_json(self, value: Any, info: OptionInfo) -> Any:
        """Return the setting from its JSON. Raises ValueError."""
        if value is None and self.optional:
            return None
        if self.several:
            if not isinstance(value, list):
                raise ValueError(f"expected a list, got {value_text(value)}")
            return tuple(self._item_from_json(item, info) for item in value)
        return self._item_from_json(value, info)

    def _item_from_json(self, value: Any, info: OptionInfo) -> Any:
        if self.kind is Path and isinstance(value, str):
            value = path_from_text(value)
        return self.check(value, info)


def option_types(settings: type) -> Mapping[str, OptionType]:
    """Return the type of each setting by name.

    Raises:
        SettingsError: for a type that options cannot have.
    """
    return _option_types(cast(Hashable, settings))


@functools.cache
def _option_types(kind: Hashable) -> Mapping[str, OptionType]:
    settings = cast(type, kind)
    hints = get_type_hints(settings)
    return {
        item.name: _option_type(f"{settings.__name__}.{item.name}", hints[item.name])
        for item, _ in options_of(settings)
    }


def _option_type(name: str, hint: Any) -> OptionType:
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType) and len(parts) == 2 and type(None) in parts:
        inner = _option_type(name, parts[0] if parts[1] is type(None) else parts[1])
        return OptionType(inner.kind, inner.choices, optional=True, several=inner.several)
    if origin is tuple and len(parts) == 2 and parts[1] is Ellipsis:
        inner = _option_type(name, parts[0])
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
        f"{name}: an option cannot have the type {hint}; "
        "use int, float, str, bool, Path, Literal, `X | None` or `tuple[X, ...]`"
    )


def _bound_text(bound: float) -> str:
    return f"{bound:,}" if isinstance(bound, int) and bound <= _LARGEST else f"{bound:g}"


def _outside(value: Any, info: OptionInfo) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return (isinstance(value, float) and not math.isfinite(value)) or not (
        (info.at_least is None or value >= info.at_least)
        and (info.above is None or value > info.above)
        and (info.at_most is None or value <= info.at_most)
        and (info.below is None or value < info.below)
    )
