"""Typed access to the entries of a JSON object: `field`, `typed`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Any, Final, TypeVar, cast, get_args, get_origin

from pmt_core.errors import DataError
from pmt_core.files.json_reader import JsonObject, json_type

T = TypeVar("T")

REQUIRED: Final[Any] = object()

_INT64 = 1 << 63


def field(
    data: object,
    key: str,
    kind: type[T],
    default: T = REQUIRED,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
) -> T:
    """Return an entry of a JSON object, checked.

    Args:
        data: the object; anything else raises. A `JsonObject` adds its file to the message.
        key: name of the entry.
        kind: type of the value: bool, int (64 bits), float (finite; an integer is converted), str,
            dict, list, list[X], dict[str, X] or X | None. An object is returned as a `JsonObject`.
        default: value of a missing entry; without it the entry is required.
        minimum: smallest number, or smallest length.
        maximum: largest number, or largest length.

    Raises:
        DataError: the entry is missing, or of another type or size; the message names the file
            and the key.
    """
    where = data.where if isinstance(data, JsonObject) else ""
    if not isinstance(data, Mapping):
        raise DataError(f"{_prefix(where)}expected an object with {key!r}, got {json_type(data)}")
    location = f"{where}[{key!r}]" if where else repr(key)
    if key not in data:
        if default is not REQUIRED:
            return default
        raise DataError(
            f"{_prefix(where)}{key!r} is missing; the file is damaged or of another kind"
        )
    value = typed(data[key], kind, location)
    _check_bounds(value, minimum, maximum, location)
    return value


def _check_bounds(value: object, minimum: float | None, maximum: float | None, where: str) -> None:
    is_sized = isinstance(value, str | list | dict)
    size = len(value) if isinstance(value, str | list | dict) else value
    if not isinstance(size, int | float):
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
    if get_origin(kind) is UnionType:
        kind, expected = get_args(kind)[0], kind
        if value is None:
            return None
    else:
        expected = kind
    container = get_origin(kind) or kind
    if container is list and isinstance(value, list | tuple):
        return _typed_list(value, get_args(kind), where)
    if container is dict and isinstance(value, Mapping):
        return _typed_object(value, get_args(kind), where)
    if kind is float and type(value) in (int, float) and _is_finite(value):
        return float(cast(float, value))
    if kind in (bool, int, str) and type(value) is kind and not _is_too_long(value):
        return value
    raise DataError(f"{where}: expected {_described(expected)}, got {_shown(value)}")


def _typed_list(value: list[Any] | tuple[Any, ...], inner: tuple[Any, ...], where: str) -> object:
    if not inner or (inner[0] in (str, bool) and set(map(type, value)) <= {inner[0]}):
        return list(value)
    return [_typed(item, inner[0], f"{where}[{i}]") for i, item in enumerate(value)]


def _typed_object(value: Mapping[str, Any], inner: tuple[Any, ...], where: str) -> object:
    keys: Iterable[object] = value
    if not all(isinstance(key, str) for key in keys):
        raise DataError(f"{where}: expected text as keys, got {[*value][:5]}")
    table = JsonObject(value)
    table.where = where
    if inner:
        for key, item in value.items():
            table[key] = _typed(item, inner[1], f"{where}[{key!r}]")
    return table


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
    inner = get_args(kind)
    if get_origin(kind) is UnionType:
        return f"{_described(inner[0])} or null"
    name = names[get_origin(kind) or kind]
    return f"{name} ({_described(inner[-1])} each)" if inner else name


def _shown(value: object) -> str:
    if isinstance(value, int | float | str):
        text = repr(value) if not isinstance(value, int) or abs(value) < 1 << 99 else "a number"
        return text if len(text) <= 60 else f"{text[:60]}..."
    return json_type(value)


def _prefix(where: str) -> str:
    return f"{where}: " if where else ""
