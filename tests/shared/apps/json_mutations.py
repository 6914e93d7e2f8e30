"""Mutations of JSON: each entry replaced, removed, added, repeated; for readers of JSON."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

REPLACEMENTS: list[Any] = [
    *(None, True, False, 0, -1, 1, 2, 7, 255, 10**9, -(10**9), 2**63, 10**18, 10**30, -(10**30)),
    *(10**400, 10**5000, 0.5, -0.5, 1e308, -1e308, 5e-324, float("nan"), float("inf")),
    *(-float("inf"), "", "x", "nan", "\ud800", "\0", "y" * 3000, "<pad>", "O", "B-PER"),
    *([], [[]], [None], [1], ["x", "x"], [[1, 2]], {}, {"a": 1}, {"": None}, {1: 2}),
]
_IN_LIST, _IN_OBJECT = 12, 100  # most places that are mutated


def paths(value: Any, rng: random.Random, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the places in a value: all of a short container, some of a long one."""
    yield at
    if isinstance(value, dict):
        places = list(value)
    else:
        places = list(range(len(value))) if isinstance(value, list) else []
    most = _IN_OBJECT if isinstance(value, dict) else _IN_LIST
    if len(places) > most:
        places = [*places[:3], *places[-3:], *rng.sample(places[3:-3], most - 6)]
    for place in places:
        yield from paths(value[place], rng, (*at, place))


def mutations(state: Any, seed: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield a description and a mutated copy for each mutation of a JSON value."""
    rng = random.Random(seed)
    for path in paths(state, rng):
        in_list = path and isinstance(path[-1], int)
        for value in rng.sample(REPLACEMENTS, 8) if in_list else REPLACEMENTS:
            yield f"{path} = {_text(value)}", _changed(state, path, copy.deepcopy(value))
        for name, change in CONTAINER_CHANGES.items():
            item = copy.deepcopy(_at(state, path))
            if isinstance(item, list | dict) and item:
                changed = change(item, rng)
                yield f"{path} {name}", _changed(state, path, changed)


def _without_one(item: Any, rng: random.Random) -> Any:
    key = rng.choice(list(item) if isinstance(item, dict) else range(len(item)))
    del item[key]
    return item


def _with_more(item: Any, rng: random.Random) -> Any:
    if isinstance(item, dict):
        return item | {"added": rng.choice(list(item.values()))}
    return [*item, rng.choice(REPLACEMENTS)]


def _repeated(item: Any, rng: random.Random) -> Any:
    if isinstance(item, dict):
        return item | {rng.choice(list(item)): rng.choice(list(item.values()))}
    return [*item, item[rng.randrange(len(item))]]


def _shuffled(item: Any, rng: random.Random) -> Any:
    if isinstance(item, dict):
        values = list(item.values())
        rng.shuffle(values)
        return dict(zip(item, values, strict=True))
    rng.shuffle(item)
    return item


CONTAINER_CHANGES = {
    "without one": _without_one,
    "with more": _with_more,
    "repeated": _repeated,
    "shuffled": _shuffled,
    "as pairs": lambda item, _: (
        [list(pair) for pair in item.items()] if isinstance(item, dict) else dict(enumerate(item))
    ),
}


def _at(state: Any, path: tuple[Any, ...]) -> Any:
    for place in path:
        state = state[place]
    return state


def _changed(state: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    state = copy.copy(state)
    state[path[0]] = _changed(state[path[0]], path[1:], value)
    return state


def _text(value: Any) -> str:
    is_huge = isinstance(value, int) and abs(value) > 1 << 1000
    return "a huge number" if is_huge else repr(value)[:60]
