"""`RandomStream`: random numbers as a pure function of a seed and a key."""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Mapping
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from pmt_core.errors import DataError, SettingsError
from pmt_core.files.json_decoding import decode_field
from pmt_core.files.json_fields import field, json_object, value_text


class RandomStream:
    """A stream of random numbers, identified by a seed (an integer) and a key (integers, strings).

    The numbers depend only on (seed, key): not on earlier draws, the process, the thread or the
    machine. Streams that differ in seed or key are independent. Raises SettingsError for a seed or
    key of another type.

    The generator is Philox, which is counter-based (Salmon et al., "Parallel random numbers: as
    easy as 1, 2, 3", SC 2011). Its 128-bit key is the BLAKE2b hash of seed and key.

    Examples:
        >>> from pmt_core import RandomStream
        >>> stream = RandomStream(7, "dropout")
        >>> stream.child(3).generator().integers(100, size=4)  # of step 3
        array([81, 93, 29, 33])
        >>> stream.child(4).generator().integers(100, size=4)
        array([43, 21, 76, 56])
        >>> RandomStream(7, "dropout", 3).generator().integers(100, size=4)  # the same again
        array([81, 93, 29, 33])
    """

    __slots__ = ("_key", "_seed")

    _seed: int
    _key: tuple[int | str, ...]

    def __init__(self, seed: SupportsIndex, *key: SupportsIndex | str) -> None:
        object.__setattr__(self, "_seed", _as_int(seed, "the seed"))
        object.__setattr__(self, "_key", tuple(_as_key(part) for part in key))

    @property
    def seed(self) -> int:
        """The seed."""
        return self._seed

    @property
    def key(self) -> tuple[int | str, ...]:
        """The key: integers and strings."""
        return self._key

    def child(self, *key: SupportsIndex | str) -> RandomStream:
        """Return the stream of the same seed whose key is continued by `key`."""
        if not key:
            raise SettingsError("child() needs at least one key, e.g. stream.child('dropout', 3)")
        return RandomStream(self._seed, *self._key, *key)

    def generator(self) -> np.random.Generator:
        """Return a new generator at the start of the stream: the same numbers at every call."""
        return np.random.Generator(np.random.Philox(key=self._philox_key()))

    def _philox_key(self) -> NDArray[np.uint64]:
        """Return 128 bits of the hash. Every part is hashed with its type and length.

        So ("a", "b") and ("ab",), or 1 and "1", give different streams.
        """
        digest = hashlib.blake2b(digest_size=16, person=b"pmt stream")
        for part in (self._seed, *self._key):
            if isinstance(part, int):
                tag, body = b"i", part.to_bytes(part.bit_length() // 8 + 1, "little", signed=True)
            else:
                tag, body = b"s", part.encode("utf-8", "surrogatepass")
            digest.update(tag + len(body).to_bytes(8, "little") + body)
        return np.frombuffer(digest.digest(), "<u8").astype(np.uint64, copy=False)

    def to_dict(self) -> dict[str, Any]:
        """Return {"seed": int, "key": [...]}, for JSON."""
        return {"seed": self._seed, "key": list(self._key)}

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> RandomStream:
        """Return the stream of a dictionary made by `to_dict`. Raises SettingsError for another."""
        try:
            state = json_object(state, ("seed", "key"))
            stream = decode_field(state, "seed", cls)
            key = field(state, "key", list)
            return decode_field(state, "key", lambda _: stream.child(*key)) if key else stream
        except DataError as error:
            raise SettingsError(f"{error}; expected what to_dict() made") from error

    def __setattr__(self, name: str, value: object) -> None:
        """Raise an error: a stream is immutable."""
        raise AttributeError("a RandomStream is immutable: make another with child()")

    def __delattr__(self, name: str) -> None:
        """Raise an error: a stream is immutable."""
        self.__setattr__(name, None)

    def __reduce__(self) -> tuple[type[RandomStream], tuple[int | str, ...]]:
        return RandomStream, (self._seed, *self._key)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RandomStream):
            return NotImplemented
        return self._seed == other._seed and self._key == other._key

    def __hash__(self) -> int:
        return hash((self._seed, self._key))

    def __repr__(self) -> str:
        return f"RandomStream({', '.join(map(repr, (self._seed, *self._key)))})"


def _as_key(part: SupportsIndex | str) -> int | str:
    return str(part) if isinstance(part, str) else _as_int(part, "a key")


def _as_int(value: SupportsIndex, what: str) -> int:
    if not isinstance(value, bool | np.bool_):  # True as a key is a mistake
        try:
            return operator.index(value)
        except TypeError:
            pass
    expected = "an integer" if what == "the seed" else "an integer or a string"
    raise SettingsError(f"{what} of a RandomStream must be {expected}, not {value_text(value)}")
