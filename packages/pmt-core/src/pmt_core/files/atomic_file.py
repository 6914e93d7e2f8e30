"""`atomic_file`: replace a file in one step, so that no reader or crash sees half of it."""

from __future__ import annotations

import errno
import itertools
import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import IO, Any, BinaryIO, Literal, TextIO, overload

from pmt_core.errors import FileProblem, SettingsError

if sys.platform != "win32":
    import fcntl

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_DISK_PROBLEMS = _DISK_FULL | {errno.EIO, errno.EROFS}
_serial = itertools.count()


@overload
def atomic_file(
    path: str | os.PathLike[str], mode: Literal["wb"] = "wb"
) -> AbstractContextManager[BinaryIO]: ...


@overload
def atomic_file(
    path: str | os.PathLike[str], mode: Literal["w"]
) -> AbstractContextManager[TextIO]: ...


@overload
def atomic_file(path: str | os.PathLike[str], mode: str) -> AbstractContextManager[IO[Any]]: ...


def atomic_file(path: str | os.PathLike[str], mode: str = "wb") -> AbstractContextManager[IO[Any]]:
    """Open a file for writing that replaces `path` in one step if the block succeeds.

    The data is written to a hidden file in the same folder, flushed to the disk, and moved over
    the old file. If the block raises, the hidden file is removed and the old file is unchanged. A
    process that is killed leaves its hidden file; the next `atomic_file` for the path removes it.
    Symbolic links are followed, and the permissions of the old file are kept.

    Args:
        path: the file.
        mode: "wb" for bytes, "w" for UTF-8 text with LF line ends.

    Raises:
        FileProblem: if the file cannot be created, or the disk is full or fails.
        SettingsError: for another mode.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_core import atomic_file
        >>> with atomic_file("notes.txt", "w") as file:
        ...     print("version 1", file=file)
        >>> with atomic_file("notes.txt", "w") as file:
        ...     print("version 2", file=file)
        ...     raise RuntimeError("stopped in the middle")
        Traceback (most recent call last):
            ...
        RuntimeError: stopped in the middle
        >>> print(Path("notes.txt").read_text(), end="")
        version 1
    """
    if mode not in ("wb", "w"):
        raise SettingsError(f"atomic_file writes new files: mode must be 'wb' or 'w', not {mode!r}")
    return _write_and_replace(os.fspath(path), mode)


@contextmanager
def _write_and_replace(path: str, mode: str) -> Iterator[IO[Any]]:
    target = os.path.realpath(path)
    permissions = _permissions_of(target, path)
    temporary, descriptor = _create_beside(target, path)
    text = {"encoding": "utf-8", "newline": "\n"} if mode == "w" else {}
    file: IO[Any] = os.fdopen(descriptor, mode, **text)  # type: ignore[call-overload]
    try:
        yield file
        _finish(file, temporary, target, permissions)
    except BaseException as error:
        with suppress(OSError):
            file.close()  # on a full disk the last flush fails too
        with suppress(OSError):
            os.unlink(temporary)
        # Errors of the block are raised unchanged, except failures of the disk.
        if isinstance(error, FileProblem) or not isinstance(error, OSError):
            raise
        if error.errno in _DISK_PROBLEMS:
            raise _write_failure(path, error) from error
        raise


def _permissions_of(target: str, path: str) -> int | None:
    """Return the permission bits of the file to replace, None if there is no file."""
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileProblem.from_os_error("write", path, error) from error
    if stat.S_ISDIR(mode):
        raise FileProblem(f"cannot write {path!r}: it is a directory; name a file inside of it")
    if not stat.S_ISREG(mode):
        raise FileProblem(f"cannot write {path!r}: it is a device or a pipe, not a regular file")
    return stat.S_IMODE(mode)


def _create_beside(target: str, path: str) -> tuple[str, int]:
    """Create a hidden file beside `target`; return its path and its open, locked descriptor.

    The kernel releases the lock if the writer dies. So a file without a lock is left over, and one
    with a lock belongs to another process that saves now.
    """
    folder, name = os.path.split(target)
    try:
        _remove_left_overs(folder, name)
        while True:
            temporary = os.path.join(folder, f".{name}.{os.getpid()}-{next(_serial)}.tmp")
            with suppress(FileExistsError):
                flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
                descriptor = os.open(temporary, flags, 0o666)
                if _lock(descriptor) and os.fstat(descriptor).st_nlink > 0:
                    return temporary, descriptor
                os.close(descriptor)  # another process removed it before the lock
    except FileNotFoundError as error:
        raise FileProblem(
            f"cannot write {path!r}: the folder {folder!r} does not exist; create it first"
        ) from error
    except OSError as error:
        raise FileProblem.from_os_error("write", path, error) from error


def _remove_left_overs(folder: str, name: str) -> None:
    """Remove the hidden files of processes that died while they wrote `name`."""
    pattern = re.compile(rf"\.{re.escape(name)}\.\d+-\d+\.tmp")
    for entry in os.listdir(folder):
        if not pattern.fullmatch(entry):
            continue
        left_over = os.path.join(folder, entry)
        with suppress(OSError):
            if sys.platform == "win32":
                os.unlink(left_over)  # Windows refuses this while the writer has it open
            else:
                descriptor = os.open(left_over, os.O_RDWR | os.O_NOFOLLOW)
                try:
                    if _lock(descriptor):
                        os.unlink(left_over)
                finally:
                    os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Lock an open file; return False if another process has the lock."""
    if sys.platform != "win32":
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True  # a file system without locks
    return True


def _finish(file: IO[Any], temporary: str, target: str, permissions: int | None) -> None:
    """Flush the data to the disk, and move the file to its final path."""
    file.flush()
    if permissions is not None and sys.platform != "win32":
        os.fchmod(file.fileno(), permissions)
    os.fsync(file.fileno())
    if sys.platform == "win32":
        file.close()  # Windows cannot move an open file
        os.replace(temporary, target)
    else:
        os.replace(temporary, target)  # before closing, which releases the lock
        file.close()
        _sync_folder(os.path.dirname(target))


def _sync_folder(folder: str) -> None:
    """Flush the move itself to the disk, if the file system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _write_failure(path: str, error: OSError) -> FileProblem:
    cure = "free some space and save again" if error.errno in _DISK_FULL else "check the disk"
    problem = FileProblem(
        f"cannot write {path!r}: {error.strerror or error}; the old file is unchanged; {cure}"
    )
    problem.errno = error.errno
    return problem
