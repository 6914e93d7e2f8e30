"""`option`: a field of a settings dataclass that is an option of the command line, too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any

_KEY = "pmt_option"


@dataclass(frozen=True, slots=True)
class OptionInfo:
    """What is known about a setting beside its name, type and default.

    Attributes:
        help: what it is, for `--help`.
        group: heading it stands under in `--help`.
        at_least, above, at_most, below: bounds of a number (or of a tuple's numbers).
        metavar: name of the value in `--help`.
        shown: text for the default in `--help`, where the value itself says little.
        action: it says what to do now (`--predict`), is no property of the run, and is not saved.
        bare: value of the option where it is given without one; None: it needs one.
        free: it may differ from the run's when that is resumed or used: it does not change what
            is learnt.
        uses_run: where it is given, the settings are those of the run in --out, as for --predict.
    """

    help: str = ""
    group: str = "options"
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None
    metavar: str | None = None
    shown: str | None = None
    action: bool = False
    free: bool = False
    bare: Any = None
    uses_run: bool = False


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
    shown: str | None = None,
    action: bool = False,
    free: bool = False,
    bare: Any = None,
    uses_run: bool = False,
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
        help, group, at_least, above, at_most, below, metavar, shown, action, free, bare, uses_run
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
