"""Typed access to the entries of a JSON object: `field`, `typed`, `json_object`."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from types import UnionType
from typing import Any, Final, Literal, TypeVar, cast, get_args, get_origin, overload

from pmt_core.errors import DataError
from pmt_core.files.json_reader import JsonObject, json_type

T = TypeVar("T")

REQUIRED: Final[Any] = object()

_INT64 = 1 << 63


@overload
def field(
    data: object,
    key: str,
    kind: type[T],
    default: T = REQUIRED,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
) -> T: ...


@overload
def field(
    data: object,
    key: str,
    kind: UnionType,
    default: Any = REQUIRED,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
) -> Any: ...


def field(
    data: object,
    key: str,
    kind: Any,
    default: Any = REQUIRED,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
) -> Any:
    """Return an entry of a JSON object, checked.

    Args:
        data: the object; anything else raises. A `JsonObject` adds its file to the message.
        key: name of the entry.
        kind: type of the value: bool, int (64 bits), float (finite; an integer is converted), str,
            Literal[...], dict, list, list[X], dict[str, X] or X | None. An object is returned as a
            `JsonObject`.
        default: value of a missing entry; without it the entry is required.
        minimum: smallest number, or smallest length.
        maximum: largest number, or largest length.

    Raises:
        DataError: the entry is missing, or of another type or size; the message names the file
            and the key.

    Examples:
        >>> from pmt_core import field, parse_json
        >>> config = parse_json(b'{"layers": 2, "words": ["a", "b"]}', "config.json")
        >>> field(config, "layers", int, minimum=1)
        2
        >>> field(config, "words", list[str])
        ['a', 'b']
        >>> field(config, "rate", float, 0.1)  # missing: the default
        0.1
        >>> field(config, "words", list[int])
        Traceback (most recent call last):
            ...
        pmt_core.errors.DataError: config.json['words'][0]: expected an integer, got 'a'
    """
    value = entry(data, key, default is REQUIRED)
    if value is REQUIRED:
        return default
    location = location_of(data, key)
    result = typed(value, kind, location)
    _check_bounds(result, minimum, maximum, location)
    return result


def entry(data: object, key: str, required: bool = True) -> Any:
    """Return an entry of a JSON object as it is; `REQUIRED` if it is missing and not required.

    Raises:
        DataError: `data` is no object, or a required entry is missing.
    """
    where = data.where if isinstance(data, JsonObject) else ""
    if not isinstance(data, Mapping):
        raise DataError(f"{_prefix(where)}expected an object with {key!r}, got {json_type(data)}")
    if key in data:
        return data[key]
    if not required:
        return REQUIRED
    raise DataError(f"{_prefix(where)}{key!r} is missing; the file is damaged or of another kind")


def location_of(data: object, key: str) -> str:
    """Return the file and the keys that lead to an entry of a JSON object, for messages."""
    where = data.where if isinstance(data, JsonObject) else ""
    return f"{where}[{key!r}]" if where else repr(key)


def json_object(
    data: object, known: Collection[str] | None = None, where: str | None = None
) -> JsonObject:
    """Return a copy of a JSON object.

    Args:
        data: the object; anything else raises.
        known: the keys that it may have; None: any.
        where: the file and the keys that lead to it; None: those of `data`.

    Raises:
        DataError: `data` is no object, or has an unknown key.

    Examples:
        >>> from pmt_core import json_object
        >>> json_object({"width": 8}, known=("width", "depth"))
        {'width': 8}
        >>> json_object({"widht": 8}, ("width", "depth"), where="config.json")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        pmt_core.errors.DataError: config.json: unknown 'widht'; the file is damaged or of ...
    """
    if where is None:
        where = data.where if isinstance(data, JsonObject) else ""
    if not isinstance(data, Mapping):
        raise DataError(f"{_prefix(where)}expected an object, got {json_type(data)}")
    table = cast(JsonObject, _typed_object(data, (), where))
    unknown = [] if known is None else [key for key in table if key not in known]
    if unknown:
        names = ", ".join(value_text(key) for key in unknown[:5])
        raise DataError(
            f"{_prefix(where)}unknown {names}; the file is damaged or of another version"
        )
    return table


def _check_bounds(value: object, minimum: float | None, maximum: float | None, where: str) -> None:
    is_sized = isinstance(value, str | list | dict)
    size = len(value) if isinstance(value, str | list | dict) else value
    if isinstance(size, bool) or not isinstance(size, int | float):
        return
    low = -math.inf if minimum is None else minimum
    high = math.inf if maximum is None else maximum
    if not low <= size <= high:
        bounds = f"from {low} to {high}"
        if maximum is None or minimum is None:
            bounds = f"at least {low}" if maximum is None else f"at most {high}"
        what = "length" if is_sized else "number"
        raise DataError(f"{where}: expected a {what} {bounds}, got {size}")


def typed(value: object, kind: type[T], where: str) -> T:
    """Return a value of JSON if it is of this type; see `field`. where: names it in messages.

    Raises:
        DataError: it is of another type, or a number that is not finite or beyond 64 bits.
    """
    return cast(T, _typed(value, kind, where))


def _typed(value: object, kind: Any, where: str) -> object:
    inner = kind
    if get_origin(kind) is UnionType:
        if value is None:
            return None
        inner = get_args(kind)[0]
    container = get_origin(inner) or inner
    if container is list and isinstance(value, list | tuple):
        return _typed_list(value, get_args(inner), where)
    if container is dict and isinstance(value, Mapping):
        return _typed_object(value, get_args(inner), where)
    if inner is float and type(value) in (int, float) and _is_finite(value):
        return float(cast(float, value))
    if _is_plain(value, inner):
        return value
    raise DataError(f"{where}: expected {_described(kind)}, got {value_text(value)}")


def _is_plain(value: object, kind: Any) -> bool:
    """Return whether a value is exactly of a type without parts: bool, int, str, Literal."""
    if get_origin(kind) is Literal:
        return any(type(value) is type(choice) and value == choice for choice in get_args(kind))
    return kind in (bool, int, str) and type(value) is kind and not _is_too_long(value)


def _typed_list(value: list[Any] | tuple[Any, ...], inner: tuple[Any, ...], where: str) -> object:
    if not inner or _are_valid(value, inner[0]):
        return list(value)
    return [_typed(item, inner[0], f"{where}[{i}]") for i, item in enumerate(value)]


def _typed_object(value: Mapping[str, Any], inner: tuple[Any, ...], where: str) -> object:
    keys: Iterable[object] = value
    if not all(isinstance(key, str) for key in keys):
        raise DataError(f"{where}: expected text as keys, got {[*value][:5]}")
    table = JsonObject(value)
    table.where = where
    if inner and not _are_valid(value.values(), inner[1]):
        for key, item in value.items():
            table[key] = _typed(item, inner[1], f"{where}[{value_text(key)}]")
    return table


def _are_valid(values: Collection[Any], kind: Any) -> bool:
    """Return whether all values are of a plain type, at the speed of C."""
    if kind is Any:
        return True
    if kind not in (str, bool, int, float) or not set(map(type, values)) <= {kind}:
        return False
    if kind is int:
        return not values or (min(values) >= -_INT64 and max(values) < _INT64)
    return kind is not float or all(map(math.isfinite, values))


def _is_too_long(value: object) -> bool:
    return type(value) is int and not -_INT64 <= value < _INT64


def _is_finite(value: object) -> bool:
    try:
        return math.isfinite(cast(float, value))
    except OverflowError:
        return False


def _described(kind: Any) -> str:
    names = {bool: "true or false", int: "an integer", float: "a finite number", str: "text"}
    names |= {list: "a list", dict: "an object"}
    inner = tuple(part for part in get_args(kind) if part is not Any)
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(map(repr, inner))
    if get_origin(kind) is UnionType:
        return f"{_described(inner[0])} or null"
    name = names[get_origin(kind) or kind]
    return f"{name} ({_described(inner[-1])} each)" if inner else name


def value_text(value: object) -> str:
    """Return a value of JSON for a message: at most 70 characters, the type of a list or object.

    Examples:
        >>> from pmt_core import value_text
        >>> print(value_text("adam"), value_text([1, 2, 3]), value_text({}), sep="; ")
        'adam'; a list; an object
    """
    if isinstance(value, int | float | str):
        text = repr(value) if not isinstance(value, int) or abs(value) < 1 << 99 else "a number"
        return text if len(text) <= 60 else f"{text[:60]}..."
    return json_type(value)


def _prefix(where: str) -> str:
    return f"{where}: " if where else ""
