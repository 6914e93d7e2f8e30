"""Damage the files of a sample, each by its format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath

from campaigns.fuzz.mutations.archives import (
    mutate_npy,
    mutate_npz,
    mutate_png,
    mutate_safetensors,
)
from campaigns.fuzz.mutations.compression import bomb, packed, repacked
from campaigns.fuzz.mutations.json_values import mutate_json
from campaigns.fuzz.mutations.random_bytes import MOST, Rng, chance, mutate_bytes, pick
from campaigns.fuzz.mutations.text import mutate_text

Files = Mapping[str, bytes]
"""Contents of files by name."""

_BINARY = frozenset((".bin", ".idx"))
_PLAIN = frozenset((".json", ".npz", ".safetensors", ".npy", ".png", ".lines"))
"""Formats that are not read in packed form, so few files are packed."""


def mutate_files(files: Files, rng: Rng, samples: Sequence[Files]) -> dict[str, bytes]:
    """Return the files with damage in one of them, or in two. samples: to take parts from."""
    result = dict(files)
    for _ in range(2 if len(files) > 1 and chance(rng, 0.2) else 1):
        name = pick(rng, sorted(result))
        others = [sample[name] for sample in samples if name in sample]
        result[name] = mutate_file(name, result[name], rng, others)
    return result


def mutate_file(name: str, data: bytes, rng: Rng, others: list[bytes]) -> bytes:
    """Return the content of a file with damage that suits its format, which the name shows."""
    suffix = PurePath(name).suffix
    is_plain = suffix in _PLAIN
    kind = float(rng.random())
    if kind < 0.01 and not is_plain:
        return bomb(data, rng)
    if kind < (0.02 if is_plain else 0.12):
        return packed(data, rng)
    if kind < (0.1 if is_plain else 0.2):
        return mutate_bytes(data, rng, others)
    if data[:2] == b"\x1f\x8b":
        return repacked(data, rng, others)
    return _by_format(name, suffix)(data, rng, others)[:MOST]


def _by_format(name: str, suffix: str) -> Callable[[bytes, Rng, list[bytes]], bytes]:
    if suffix in _BINARY or name.endswith("-ubyte"):
        return mutate_bytes
    table: dict[str, Callable[[bytes, Rng, list[bytes]], bytes]] = {
        ".json": lambda data, rng, others: mutate_json(data, rng),
        ".npz": mutate_npz,
        ".safetensors": mutate_safetensors,
        ".npy": lambda data, rng, others: mutate_npy(data, rng),
        ".png": mutate_png,
    }
    return table.get(suffix, mutate_text)
