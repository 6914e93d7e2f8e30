"""Remove several files of a folder, all of them or none, also if the process is killed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pmt_core import FileProblem
from pmt_train import warn

# Files are moved to the first folder, then it is renamed to the second, and that is deleted. The
# rename is one step: before it, all files are restored; after it, all of them are deleted.
_MOVING, _DELETING = ".pmt-moving", ".pmt-deleting"


def remove_all(folder: Path, names: Iterable[str]) -> None:
    """Remove the files of these names from a folder; those that do not exist are skipped.

    Raises:
        FileProblem: if one cannot be removed; then all of them are unchanged.
    """
    files = [file for name in names if os.path.lexists(file := folder / name)]
    if not files:
        return
    for file in files:
        if file.is_dir() and not file.is_symlink():
            raise FileProblem(
                f"cannot remove {str(file)!r}: expected a file of a run, it is a folder; nothing "
                "was removed: move that folder away, or name another by --out"
            )
    moving, deleting = folder / _MOVING, folder / _DELETING
    file = moving
    try:
        moving.mkdir()
        for file in files:
            os.rename(file, moving / file.name)
        file = moving
        os.rename(moving, deleting)
    except BaseException as error:
        with suppress(OSError):  # what is not restored now is restored by the next start
            _restore(folder)
        if not isinstance(error, OSError):
            raise
        problem = FileProblem(
            f"cannot remove {str(file)!r}: {error.strerror or error}; nothing was removed: let "
            "this user change the file and its folder, or name another folder by --out"
        )
        problem.errno = error.errno
        raise problem from error
    _delete(deleting)


def is_unfinished(folder: Path) -> bool:
    """Whether a removal was interrupted by the end of its process."""
    return any((folder / name).is_dir() for name in (_MOVING, _DELETING))


def finish_removal(folder: Path) -> None:
    """Undo or complete a removal that was interrupted. Raises FileProblem."""
    try:
        _restore(folder)
    except OSError as error:
        raise FileProblem.from_os_error("restore the files in", folder / _MOVING, error) from error
    _delete(folder / _DELETING)


def _restore(folder: Path) -> None:
    moving = folder / _MOVING
    if moving.is_dir():
        for file in moving.iterdir():
            os.replace(file, folder / file.name)
        moving.rmdir()


def _delete(folder: Path) -> None:
    """Delete a folder of files; what cannot be deleted now is left to the next start."""
    if not folder.is_dir():
        return
    try:
        for file in folder.iterdir():
            _unlink(file)
        folder.rmdir()
    except OSError as error:
        warn(f"note: {str(folder)!r}, the replaced run, cannot be deleted: {error.strerror}")


def _unlink(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except PermissionError:  # Windows does not delete read-only files
        file.chmod(stat.S_IWRITE)
        file.unlink()
