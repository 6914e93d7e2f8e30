"""What identifies a data file: its checksum, and how much is in it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict, dataclass
from typing import Any

from pmt_core import FileProblem
from pmt_train.progress import progress_bar

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class FileFingerprint:
    """A file as it was read.

    Attributes:
        path: as it was named. rows: examples in it, or lines where nobody counted better.
        bytes: its size. sha256: its checksum, hexadecimal.
    """

    path: str
    rows: int
    bytes: int
    sha256: str

    def to_json(self) -> dict[str, Any]:
        """As a dictionary."""
        return asdict(self)


def file_fingerprint(path: str | os.PathLike[str], rows: int | None = None) -> FileFingerprint:
    """Read a file through. rows: number of examples, if known; else its lines are counted.

    Raises FileProblem.
    """
    digest, size, lines, last = hashlib.sha256(), 0, 0, b"\n"
    try:
        with open(path, "rb") as file:
            total = os.fstat(file.fileno()).st_size
            with progress_bar(total, f"reading {os.path.basename(path)}", "B") as bar:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
                    lines += chunk.count(b"\n")
                    last = chunk[-1:]
                    bar.update(len(chunk))
    except OSError as error:
        raise FileProblem.from_os_error("read", path, error) from error
    counted = lines + (last != b"\n")  # the last line may lack its end
    return FileFingerprint(
        os.fspath(path), counted if rows is None else rows, size, digest.hexdigest()
    )
