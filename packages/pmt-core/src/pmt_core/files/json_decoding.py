"""Objects from JSON: `decode_field`, `dataclass_fields`, `json_errors`; errors name the key."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar, get_type_hints

from pmt_core.errors import DataError, PmtError
from pmt_core.files.json_fields import REQUIRED, entry, field, json_object, location_of
from pmt_core.files.json_reader import JsonObject

T = TypeVar("T")


@contextmanager
def json_errors(where: str) -> Iterator[None]:
    """Raise errors of this block as DataError with their place in front.

    where: the file, and the keys that lead to the value; if empty, or in the message already, the
    error is raised as it is.

    Examples:
        >>> from pmt_core import SettingsError, json_errors
        >>> with json_errors("config.json['rate']"):
        ...     raise SettingsError("the rate is positive, got -1")
        Traceback (most recent call last):
            ...
        pmt_core.errors.DataError: config.json['rate']: the rate is positive, got -1
    """
    try:
        yield
    except PmtError as error:
        if not where or where in str(error):
            raise
        raise DataError(f"{where}: {error}") from error


def decode_field(data: object, key: str, decode: Callable[[Any], T], default: T = REQUIRED) -> T:
    """Return `decode` of an entry of a JSON object, whose errors then name the file and the key.

    Args:
        data: the object; anything else raises.
        key: name of the entry.
        decode: gets the entry, an object as a `JsonObject`.
        default: result for a missing entry; without it the entry is required.

    Raises:
        DataError: the entry is missing, or `decode` raised an error.

    Examples:
        >>> from pmt_core import RandomStream, decode_field, parse_json
        >>> state = parse_json(b'{"stream": {"seed": 7, "key": ["dropout"]}}', "run.json")
        >>> decode_field(state, "stream", RandomStream.from_dict)
        RandomStream(7, 'dropout')
        >>> decode_field(state, "other", RandomStream.from_dict)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        pmt_core.errors.DataError: run.json: 'other' is missing; the file is damaged or of ...
    """
    value = entry(data, key, default is REQUIRED)
    if value is REQUIRED:
        return default
    where = location_of(data, key)
    with json_errors(where):
        return decode(json_object(value, where=where) if isinstance(value, Mapping) else value)


def dataclass_fields(
    data: object,
    kind: type,
    decode: Mapping[str, Callable[[Any], Any]] | None = None,
    *,
    complete: bool = True,
    minimum: float | None = None,
) -> dict[str, Any]:
    """Return the arguments of a dataclass from a JSON object with its fields, checked by type.

    Args:
        data: the object; anything else raises.
        kind: a dataclass whose fields have types that `field` knows.
        decode: functions for fields of other types.
        complete: whether fields with a default must be present too.
        minimum: smallest value of the numbers that `decode` does not read.

    Raises:
        DataError: an entry is missing, unknown, or of another type.

    Examples:
        >>> from dataclasses import dataclass
        >>> from pmt_core import dataclass_fields
        >>> @dataclass
        ... class Layer:
        ...     width: int
        ...     dropout: float = 0.0
        >>> Layer(**dataclass_fields({"width": 8, "dropout": 0}, Layer))
        Layer(width=8, dropout=0.0)
        >>> dataclass_fields({"width": "8"}, Layer, complete=False)
        Traceback (most recent call last):
            ...
        pmt_core.errors.DataError: 'width': expected an integer, got '8'
    """
    decode = decode or {}
    fields = {item.name: item for item in dataclasses.fields(kind) if item.init}
    state: JsonObject = json_object(data, fields)
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for name, item in fields.items():
        has_default = (item.default, item.default_factory) != (dataclasses.MISSING,) * 2
        if name not in state and has_default and not complete:
            continue
        if name in decode:
            values[name] = decode_field(state, name, decode[name])
        else:
            values[name] = field(state, name, hints[name], minimum=minimum)
    return values
