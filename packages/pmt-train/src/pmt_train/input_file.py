"""The first look at a file that a user named."""

from __future__ import annotations

from pathlib import Path

from pmt_core import DataError, FileProblem


def check_input_file(path: Path, what: str) -> None:
    """Raises FileProblem or DataError where an input file is missing, a folder, a pipe or empty.

    what: what the file is for, e.g. "training pairs".
    """
    try:
        exists = path.exists()
    except OSError as error:  # a name too long, a folder that must not be looked into
        raise FileProblem.from_os_error("read", path, error) from error
    if not exists:
        raise FileProblem(f"the file with {what} does not exist: {str(path)!r}; check the path")
    if path.is_dir():
        raise FileProblem(f"expected a file with {what}, got the folder {str(path)!r}")
    if not path.is_file():
        # It is read twice, once for its checksum; what comes through a pipe comes once.
        raise FileProblem(
            f"{str(path)!r} is a pipe or a device; expected a file with {what}: write what comes "
            "out of it to a file, and name that (gzip files are read as they are)"
        )
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty; expected {what}")
