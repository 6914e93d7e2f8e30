"""Read JSON from elsewhere within limits: `parse_json`, `read_json`, `JsonLimits`."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from pmt_core.errors import DataError, PmtError
from pmt_core.files.input_file import open_regular_file

JSON_DIGITS = 60  # of an integer; the state of a random generator has 128 bits
_CHUNK = 1 << 20
_NO_STRUCTURE = bytes(set(range(256)) - set(b'"[]{},'))


@dataclass(frozen=True, slots=True)
class JsonLimits:
    """What JSON from elsewhere may take when it is decoded.

    A value of two bytes can take 200 bytes of memory, so the number of values is limited: to
    `elements`, and beyond to one for each `bytes_per_element` bytes of the file.

    Attributes:
        bytes: longest text.
        elements: values, at all depths, that any text may hold.
        bytes_per_element: bytes of the file that each further value needs.
        depth: deepest nesting of lists and objects.

    Examples:
        >>> from pmt_core import JsonLimits, parse_json
        >>> parse_json(b'{"a": {"b": {}}}', "deep.json", JsonLimits(depth=2))  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        pmt_core.errors.DataError: deep.json: expected JSON: nested 3 deep, the limit is 2; ...
    """

    bytes: int = 64 << 20
    elements: int = 500_000
    bytes_per_element: int = 8
    depth: int = 100


JSON_LIMITS = JsonLimits()


class JsonObject(dict[str, Any]):
    """A JSON object that knows where it comes from.

    Attributes:
        where: the file and the keys that lead to it, for messages; empty if unknown.

    Examples:
        >>> from pmt_core import field, parse_json
        >>> config = parse_json(b'{"model": {"width": "wide"}}', "config.json")
        >>> field(config, "model", dict).where
        "config.json['model']"
        >>> field(field(config, "model", dict), "width", int)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        pmt_core.errors.DataError: config.json['model']['width']: expected an integer, got ...
    """

    where: str = ""


def read_json(path: str | os.PathLike[str], limits: JsonLimits = JSON_LIMITS) -> JsonObject:
    """Read a file with a JSON object, in UTF-8 with or without a byte-order mark.

    Raises:
        FileProblem: the file is missing, a directory, a device or unreadable.
        DataError: it is not JSON, not an object, has a key twice or a number that is not finite,
            or exceeds the limits.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_core import read_json
        >>> _ = Path("config.json").write_text('{"width": 8, "width": 9}')
        >>> read_json("config.json")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        pmt_core.errors.DataError: config.json: expected JSON: the key 'width' occurs twice; ...
    """
    with open_regular_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        data = file.read(min(size, limits.bytes) + 1)  # one more shows that it is too long
    return parse_json(data, os.fspath(path), limits, stored=size)


def parse_json(
    data: bytes,
    where: str,
    limits: JsonLimits = JSON_LIMITS,
    *,
    stored: int | None = None,
    error: type[PmtError] = DataError,
) -> JsonObject:
    """Decode a JSON object.

    Args:
        data: JSON in UTF-8, with or without a byte-order mark.
        where: the file and the part of it, for messages.
        limits: what it may take.
        stored: size of the file in bytes; None: that of the data.
        error: class of the exception.

    Raises:
        PmtError: of the given class, for the reasons of `read_json`.

    Examples:
        >>> from pmt_core import parse_json
        >>> parse_json(b'{"width": 8}', "config.json")
        {'width': 8}
        >>> parse_json(b'{"rate": NaN}', "config.json")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        pmt_core.errors.DataError: config.json: expected JSON: NaN is not a number of JSON; ...
    """
    try:
        _check_limits(data, limits, len(data) if stored is None else stored)
        value = json.loads(
            data.decode("utf-8-sig"),
            object_pairs_hook=_without_repetition,
            parse_constant=_refuse_constant,
            parse_float=_finite_float,
            parse_int=_short_int,
        )
        if not isinstance(value, dict):
            raise ValueError(f"expected an object, got {json_type(value)}")
    except (ValueError, RecursionError) as problem:
        raise error(
            f"{where}: expected JSON: {problem}; the file is damaged or made by another program: "
            "restore it, or save it again"
        ) from problem
    top = JsonObject(value)
    top.where = where
    return top


def json_type(value: object) -> str:
    """Return the name of a value's type in JSON, e.g. "text" or "a list"."""
    if value is None:
        return "null"
    names = {bool: "true or false", int: "a number", float: "a number", str: "text"}
    names |= {list: "a list", tuple: "a list", dict: "an object", JsonObject: "an object"}
    return names.get(type(value), type(value).__name__)


def _check_limits(data: bytes, limits: JsonLimits, stored: int) -> None:
    """Raise ValueError if decoding could take more memory than the limits allow."""
    if len(data) > limits.bytes:
        raise ValueError(f"more than {limits.bytes:,} bytes")
    most = limits.elements + stored // limits.bytes_per_element
    openings = data.count(b"[") + data.count(b"{")
    if openings + data.count(b",") > most or openings > limits.depth:
        elements, depth = _elements_and_depth(data)
        if elements > most:
            raise ValueError(f"{elements:,} values, the limit is {most:,}")
        if depth > limits.depth:
            raise ValueError(f"nested {depth:,} deep, the limit is {limits.depth}")


def _elements_and_depth(data: bytes) -> tuple[int, int]:
    """Return bounds of the number of values and of the nesting, in constant memory per byte.

    A list or object with n values has one opening and n - 1 commas; those in text do not count.
    """
    structure = data.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _NO_STRUCTURE)
    elements, depth, deepest, quotes = 0, 0, 0, 0
    for start in range(0, len(structure), _CHUNK):
        codes = np.frombuffer(structure, np.uint8)[start : start + _CHUNK]
        counts = np.cumsum(codes == ord('"'), dtype=np.int32)
        codes = codes[(counts + quotes) % 2 == 0]
        quotes += int(counts[-1])
        opens = (codes == ord("[")) | (codes == ord("{"))
        closes = (codes == ord("]")) | (codes == ord("}"))
        elements += int(np.count_nonzero(opens) + np.count_nonzero(codes == ord(",")))
        depths = depth + np.cumsum(opens.astype(np.int32) - closes, dtype=np.int32)
        if depths.size:
            deepest = max(deepest, int(depths.max()))
            depth = int(depths[-1])
    return elements, deepest


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        seen = set[str]()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"the key {key[:80]!r} occurs twice")
            seen.add(key)
    return table


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is not a number of JSON")


def _finite_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is too large for a number")
    return value


def _short_int(text: str) -> int:
    if len(text) > JSON_DIGITS:
        raise ValueError(f"an integer of {len(text):,} digits, expected at most {JSON_DIGITS}")
    return int(text)
