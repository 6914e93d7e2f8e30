"""`Reader`: a function that reads files, valid samples of them, and damaged inputs by number."""

from __future__ import annotations

import functools
import json
import shutil
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from campaigns.fuzz.mutations.files import Files, mutate_files

Samples = Callable[[], Iterable[Files]]


def no_samples() -> Iterable[Files]:
    """Return no files."""
    return ()


@dataclass(frozen=True, eq=False)
class Reader:
    """A reader of files from elsewhere.

    Attributes:
        name: of the reader, for `--reader`.
        read: reads the files in a folder and uses what it read. It may raise `PmtError` alone.
        samples: valid files; `read` accepts each of them.
        covers: the public functions that it calls, e.g. "pmt_core.load_archive".
        hostile: files made to take much memory or time, which `read` may refuse.
        computes: whether `read` computes with numbers of the files, which may overflow.
    """

    name: str
    read: Callable[[Path], object]
    samples: Samples
    covers: Sequence[str]
    hostile: Samples = field(default=no_samples)
    computes: bool = False

    def is_valid(self, number: int) -> bool:
        """Return whether the input of this number is a sample without damage."""
        return number < len(all_samples(self)[0])


@functools.cache
def all_samples(reader: Reader) -> tuple[list[Files], list[Files]]:
    """Return the valid and the hostile samples, made once."""
    return list(reader.samples()), list(reader.hostile())


def input_files(reader: Reader, seed: int, number: int) -> Files:
    """Return input `number`, from 0: the samples, the hostile ones, then damaged samples.

    It depends on the name of the reader, its samples, the seed and the number alone.
    """
    valid, hostile = all_samples(reader)
    whole = [*valid, *hostile]
    if number < len(whole):
        return whole[number]
    rng = np.random.default_rng([seed, zlib.crc32(reader.name.encode()), number])
    return mutate_files(valid[number % len(valid)], rng, valid)


def write_files(folder: Path, files: Files) -> None:
    """Write files into a folder, after removing those that are there."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)


def json_file(value: Any) -> bytes:
    """Return a value as JSON."""
    return json.dumps(value).encode()
