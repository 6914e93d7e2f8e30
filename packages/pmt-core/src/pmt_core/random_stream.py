"""Random numbers as a pure function of a seed and a name."""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Mapping
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from pmt_core.errors import SettingsError

__all__ = ["RandomStream"]


class RandomStream:
    """An immutable name for a stream of random numbers: a seed and a path of keys.

    seed: any integer. key: integers and strings, e.g. `RandomStream(7, "dropout", step, shard)`.
    `generator()` gives a fresh `np.random.Generator` that starts at the beginning of the stream;
    it depends on nothing but (seed, key): not on what was drawn before, elsewhere, or in which
    process, thread or machine. Streams with different names are independent of each other.

    The numbers come from Philox, a counter-based generator (Salmon et al., "Parallel random
    numbers: as easy as 1, 2, 3", SC 2011), whose 128-bit key is the BLAKE2b hash of the name.
    """

    __slots__ = ("_key", "_seed")

    _seed: int
    _key: tuple[int | str, ...]

    def __init__(self, seed: SupportsIndex, *key: SupportsIndex | str) -> None:
        """See the class. Raises `SettingsError` for a key that is neither integer nor string."""
        object.__setattr__(self, "_seed", _as_int(seed, "the seed"))
        object.__setattr__(self, "_key", tuple(_as_key(part) for part in key))

    @property
    def seed(self) -> int:
        """The seed."""
        return self._seed

    @property
    def key(self) -> tuple[int | str, ...]:
        """The path of keys below the seed."""
        return self._key

    def child(self, *key: SupportsIndex | str) -> RandomStream:
        """The stream of the same seed whose path goes on with `key`."""
        if not key:
            raise SettingsError("child() needs at least one key, e.g. stream.child('dropout', 3)")
        return RandomStream(self._seed, *self._key, *key)

    def generator(self) -> np.random.Generator:
        """A new generator at the beginning of this stream; the same numbers at every call."""
        return np.random.Generator(np.random.Philox(key=self._philox_key()))

    def _philox_key(self) -> NDArray[np.uint64]:
        """128 bits made of the name; every part carries its type and length, so none run together.

        ("a", "b") and ("ab",), or 1 and "1", give different bytes and so different streams.
        """
        digest = hashlib.blake2b(digest_size=16, person=b"pmt stream")
        for part in (self._seed, *self._key):
            if isinstance(part, int):
                tag = b"i"
                body = part.to_bytes(part.bit_length() // 8 + 1, "little", signed=True)
            else:
                tag = b"s"
                body = part.encode("utf-8", "surrogatepass")
            digest.update(tag + len(body).to_bytes(8, "little") + body)
        return np.frombuffer(digest.digest(), "<u8").astype(np.uint64, copy=False)

    def to_dict(self) -> dict[str, Any]:
        """The name as a dictionary that JSON can hold: {"seed": int, "key": [...]}."""
        return {"seed": self._seed, "key": list(self._key)}

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> RandomStream:
        """The stream that `to_dict` wrote."""
        if not _is_state(state):
            raise SettingsError(
                f"expected {{'seed': int, 'key': list}} as to_dict() writes it, got {state!r}"
            )
        return cls(state["seed"], *state["key"])

    def __setattr__(self, name: str, value: object) -> None:
        """A stream never changes."""
        raise AttributeError("a RandomStream never changes: make another by child()")

    def __delattr__(self, name: str) -> None:
        """Refuse, as `__setattr__` does."""
        self.__setattr__(name, None)

    def __reduce__(self) -> tuple[type[RandomStream], tuple[int | str, ...]]:
        """Copy by making it again."""
        return RandomStream, (self._seed, *self._key)

    def __eq__(self, other: object) -> bool:
        """Equal seed and key."""
        if not isinstance(other, RandomStream):
            return NotImplemented
        return self._seed == other._seed and self._key == other._key

    def __hash__(self) -> int:
        """Equal streams hash alike."""
        return hash((self._seed, self._key))

    def __repr__(self) -> str:
        """The call that makes this stream."""
        return f"RandomStream({', '.join(map(repr, (self._seed, *self._key)))})"


def _is_state(state: object) -> bool:
    return (
        isinstance(state, Mapping)
        and set(state) == {"seed", "key"}
        and isinstance(state["key"], list | tuple)
    )


def _as_key(part: SupportsIndex | str) -> int | str:
    return str(part) if isinstance(part, str) else _as_int(part, "a key")


def _as_int(value: SupportsIndex, what: str) -> int:
    if not isinstance(value, bool | np.bool_):  # True as the name of a stream is a slip
        try:
            return operator.index(value)
        except TypeError:
            pass
    expected = "an integer" if what == "the seed" else "an integer or a string"
    raise SettingsError(f"{what} of a RandomStream must be {expected}, not {value!r}")
