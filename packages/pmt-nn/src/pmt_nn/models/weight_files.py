"""The weights in a model's folder: one file, or shards with an index (Hugging Face)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from pmt_core import ArchiveError, FileProblem, field, load_archive, read_json, value_text

Arrays = dict[str, NDArray[Any]]

INDEX = "model.safetensors.index.json"
_FILES = ("model.safetensors", "model.npz")
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_NAMED = 12  # names of a message


def weights_file(path: Path) -> Path:
    """Return the file of the weights: `path` itself, or that of a folder, e.g. the index of shards.

    Raises FileProblem if there is none, ArchiveError for a pickle.
    """
    try:
        exists = path.exists()
    except OSError as error:  # a name too long, a folder without permission
        raise FileProblem.from_os_error("read", path, error) from error
    if not exists:
        raise FileProblem(f"{path} does not exist; give a model's folder or weights file")
    if path.is_file():
        if path.suffix in _PICKLES:
            raise ArchiveError(
                f"{path} is a pickle, which can run code when it is read; save the weights as "
                ".safetensors, e.g. model.save_pretrained(folder, safe_serialization=True)"
            )
        return path
    for name in (*_FILES, INDEX):
        if (path / name).is_file():
            return path / name
    raise FileProblem(
        f"{path} holds neither {' nor '.join((*_FILES, INDEX))}; weights in a .bin file are a "
        "pickle: save them as .safetensors, e.g. with transformers: "
        "model.save_pretrained(folder, safe_serialization=True)"
    )


def load_weights(file: Path) -> Arrays:
    """Return the arrays of a file, or of all shards that an index names.

    Raises FileProblem, ArchiveError if shards do not hold the arrays of the index, DataError.
    """
    if not file.name.endswith(".index.json"):
        return load_archive(file)[0]
    index: dict[str, str] = field(read_json(file), "weight_map", dict[str, str], minimum=1)
    names = sorted(set(index.values()))
    for name in names:
        if name != Path(name).name or not name.endswith(".safetensors") or "\\" in name:
            raise ArchiveError(
                f"{file}: {value_text(name)} is no .safetensors file of the same folder"
            )
    arrays: Arrays = {}
    for name in names:
        shard, _ = load_archive(file.parent / name)
        _check_shard(file, name, {key for key, shard_name in index.items() if shard_name == name},
                     shard)  # fmt: skip
        arrays |= shard
    return arrays


def _check_shard(index: Path, name: str, expected: set[str], arrays: Mapping[str, Any]) -> None:
    missing, extra = sorted(expected - arrays.keys()), sorted(arrays.keys() - expected)
    if missing or extra:
        problems = [
            f"{what} {listed(names)}"
            for what, names in (("misses", missing), ("holds beyond the index", extra))
            if names
        ]
        raise ArchiveError(
            f"{index}: the shard {name} {' and '.join(problems)}; fetch all files anew"
        )


def listed(names: list[str], separator: str = ", ") -> str:
    """Return names for a message, at most twelve."""
    more = len(names) - _NAMED
    tail = f" and {more} more" if more > 0 else ""
    return separator.join(names[:_NAMED]) + tail
