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
    """
    try:
        yield
    except PmtError as error:
        if not where or where in str(error):
            raise
        raise DataError(f"{where}: {error}") from error


def decode_field(data: object, key: str, decode: Callable[[Any], T], default: T = REQUIRED) -> T:
    """Return `decode` of an entry of a JSON object, whose errors then name the file and the key.

        idf = decode_field(state, "idf", InverseDocumentFrequency.from_json)

    Args:
        data: the object; anything else raises.
        key: name of the entry.
        decode: gets the entry, an object as a `JsonObject`.
        default: result for a missing entry; without it the entry is required.

    Raises:
        DataError: the entry is missing, or `decode` raised an error.
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
