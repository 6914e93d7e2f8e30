"""Damage JSON: types, ranges, keys, depth, size, numbers that JSON does not have."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from campaigns.fuzz.mutations.random_bytes import Rng, chance, pick
from campaigns.fuzz.mutations.text import mutate_text

Path = tuple[Any, ...]
"""Keys and indices that lead to a value."""

_RAW = "\ue000raw\ue000"  # marks text that JSON cannot quote
_RAW_TOKENS = (
    *("1e999", "-1e999", "NaN", "Infinity", "-Infinity", "1" * 5000, "01", "1.", "+1", "tru"),
    *("[" * 2000, "{" * 200, '{"a": ' * 3000, "", ",", '"', "'a'", "// x", "0x10", "\ufeff"),
)
_NUMBERS = (
    *(0, 1, -1, 2, 3, 7, 255, 256, 65536, 10**6, 10**9, 2**31, 2**32, 2**53 + 1, 2**63, 2**64),
    *(-(2**63), 10**30, 10**70, 0.0, -0.0, 0.5, 1.5, 1e-310, 1e308, -1e308, 3.0),
)
_TEXTS = (
    *("", " ", "a", "\0", "\ud800", "a\udfff", "\ufeff", "\n", "x" * 1000, "1", "true", "null"),
    *("cpu", "../x", "[PAD]", "\u0130", "\U0001f642"),
)
_OTHERS: tuple[Any, ...] = (
    None,
    True,
    False,
    [],
    {},
    [[]],
    [{}],
    {"a": 1},
    {"": {}},
    [None],
    [1, "a"],
    [0.5],
)
MORE_LISTS = 20_000
"""Length of lists that are made long."""


def mutate_json(data: bytes, rng: Rng) -> bytes:
    """Return JSON with one to four damaged values; of text that is no JSON, damaged text."""
    try:
        value = json.loads(data)
    except ValueError:
        return mutate_text(data, rng)
    for _ in range(1 + int(rng.geometric(0.6)) % 4):
        value = mutate_value(value, rng)
    text = json.dumps(value, ensure_ascii=chance(rng, 0.5))
    if _RAW in text:
        text = text.replace(json.dumps(_RAW), pick(rng, _RAW_TOKENS))
    data = text.encode("utf-8", "surrogatepass")
    if chance(rng, 0.03):
        data = _with_key_twice(data, rng)
    return mutate_text(data, rng) if chance(rng, 0.05) else data


def mutate_value(value: Any, rng: Rng) -> Any:
    """Return a copy of a value of JSON with one damage, at any depth."""
    top = [copy.deepcopy(value)]
    path = pick(rng, paths(top)[1:])
    holder: Any = top
    for key in path[:-1]:
        holder = holder[key]
    pick(rng, _DAMAGES)(holder, path[-1], top[0], rng)
    return top[0] if top else None


def paths(value: Any, most: int = 2000) -> list[Path]:
    """Return the paths of a value and of all values in it, outer ones first.

    most: of a long list only some elements are listed.
    """
    result: list[Path] = [()]
    waiting: list[tuple[Path, Any]] = [((), value)]
    while waiting and len(result) < most:
        path, item = waiting.pop(0)
        if isinstance(item, dict):
            children = list(item.items())
        elif isinstance(item, list):
            children = list(enumerate(item))[:50]
        else:
            continue
        result += [(*path, key) for key, _ in children]
        waiting += [((*path, key), child) for key, child in children]
    return result


def _replace(holder: Any, key: Any, top: Any, rng: Rng) -> None:
    holder[key] = copy.deepcopy(pick(rng, (*_NUMBERS, *_TEXTS, *_OTHERS, _RAW)))


def _change_number(holder: Any, key: Any, top: Any, rng: Rng) -> None:
    value = holder[key]
    if type(value) in (int, float):
        holder[key] = pick(rng, (value + 1, value - 1, -value, value * 2, value * 1000, value / 2))
    else:
        _replace(holder, key, top, rng)


def _remove(holder: Any, key: Any, top: Any, rng: Rng) -> None:
    del holder[key]
    if holder is not top and isinstance(holder, list) and not holder and chance(rng, 0.5):
        holder.append(None)


def _rename(holder: Any, key: Any, top: Any, rng: Rng) -> None:
    if isinstance(holder, dict):
        holder[pick(rng, (*_TEXTS, key.upper(), f"{key}_"))] = holder.pop(key)
    else:
        _replace(holder, key, top, rng)


def _wrap(holder: Any, key: Any, top: Any, rng: Rng) -> None:
    for _ in range(pick(rng, (1, 1, 1, 50, 150))):
        holder[key] = pick(rng, ([holder[key]], {"a": holder[key]}))


def _copy_from_elsewhere(holder: Any, key: Any, top: Any, rng: Rng) -> None:
    item = top
    for part in pick(rng, paths(top)):
        item = item[part]
    holder[key] = copy.deepcopy(item)


def _lengthen(holder: Any, key: Any, top: Any, rng: Rng) -> None:
    """Repeat elements of a list, or characters of a text, or add keys to an object."""
    value = holder[key]
    times = int(2 ** rng.uniform(1, 10))
    if isinstance(value, list | str):
        holder[key] = (value * times)[:MORE_LISTS]
    elif isinstance(value, dict):
        value.update({f"key {i}": i for i in range(times)})
    else:
        holder[key] = [value] * times


def _shuffle(holder: Any, key: Any, top: Any, rng: Rng) -> None:
    value = holder[key]
    if isinstance(value, list) and value:
        rng.shuffle(value)
        del value[int(rng.integers(1, len(value) + 1)) :]
    else:
        _replace(holder, key, top, rng)


def _with_key_twice(data: bytes, rng: Rng) -> bytes:
    colon = data.find(b":", int(rng.integers(len(data) + 1)))
    start = data.rfind(b'"', 0, max(data.rfind(b'"', 0, max(colon, 0)), 0))
    if colon < 0 or start < 0:
        return data
    return data[:start] + data[start : colon + 1] + b"0, " + data[start:]


_Damage = Callable[[Any, Any, Any, Rng], None]
_DAMAGES: tuple[_Damage, ...] = (
    _replace,
    _replace,
    _replace,
    _change_number,
    _change_number,
    _remove,
    _rename,
    _wrap,
    _copy_from_elsewhere,
    _lengthen,
    _shuffle,
)
