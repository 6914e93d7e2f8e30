"""JSON files, checks of the files that a user names, and their fingerprints."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pmt_apps.kit.path_text import path_to_text
from pmt_core import (
    DataError,
    FileProblem,
    InputFile,
    atomic_file,
)
from pmt_train import progress_bar

SAMPLES = Path(__file__).parents[1] / "samples"
"""Folder of the data sets that ship with pmt-apps."""


def write_json(path: str | os.PathLike[str], content: Mapping[str, Any]) -> None:
    """Write indented JSON, atomically. Surrogates become escapes.

    Raises DataError if a number is not finite: JSON has none for it.
    """
    try:
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise DataError(f"cannot write {os.fspath(path)!r}: {error}") from error
    with atomic_file(path) as file:
        file.write(f"{text}\n".encode("utf-8", "backslashreplace"))


def check_input_file(path: Path, what: str) -> None:
    """Check that an input file exists and is a regular file with content.

    what: what the file is for, e.g. "training pairs". Raises FileProblem or DataError.
    """
    try:
        exists = path.exists()
    except OSError as error:  # a name too long, a folder without permission
        raise FileProblem.from_os_error("read", path, error) from error
    if not exists:
        raise FileProblem(f"the file with {what} does not exist: {str(path)!r}; check the path")
    if path.is_dir():
        raise FileProblem(f"expected a file with {what}, got the folder {str(path)!r}")
    if not path.is_file():
        # It is read twice, once for its checksum.
        raise FileProblem(
            f"{str(path)!r} is a pipe or a device; expected a file with {what}: write its content "
            "to a file, and name that (gzip files are read as they are)"
        )
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty; expected {what}")


_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class FileFingerprint:
    """A file as it was read.

    Attributes:
        path: as it was named, by `path_to_text`.
        rows: number of examples, or else of lines.
        bytes: size.
        sha256: checksum, hexadecimal.
    """

    path: str
    rows: int
    bytes: int
    sha256: str

    def to_json(self) -> dict[str, Any]:
        """Return a dictionary."""
        return asdict(self)


def file_fingerprint(path: str | os.PathLike[str], rows: int | None = None) -> FileFingerprint:
    """Read a file and return its fingerprint. rows: number of examples; None: count the lines."""
    lines, last = 0, b"\n"
    with (
        InputFile(path, hashed=True, unpack=False) as file,
        progress_bar(file.size, f"reading {os.path.basename(path)}", "B") as bar,
    ):
        while chunk := file.stream.read(_CHUNK):
            lines += chunk.count(b"\n")
            last = chunk[-1:]
            bar.update(len(chunk))
        digest = file.sha256()
    if rows is None:
        rows = lines + (last != b"\n")  # the last line may lack its end
    return FileFingerprint(path_to_text(path), rows, file.size, digest)
