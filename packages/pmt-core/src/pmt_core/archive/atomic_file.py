"""Writing a file so that a reader, or a crash, only ever meets the old or the new one, whole."""

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

__all__ = ["atomic_file"]

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
    """A file to write to, that takes the place of `path` in one step when the block ends well.

    path: where the file shall stand; a symbolic link is followed. mode: "wb" for bytes, "w" for
    UTF-8 text with "\\n" line ends. The new file keeps the permissions of the old one.

    The data goes to a hidden file in the same folder, is flushed to the disk, and is then moved
    over the old file. When the block raises, the hidden file is removed and the old one stays as
    it was. A process that is killed in the middle leaves its hidden file behind; the next
    `atomic_file` for the same path removes it.

    Raises `FileProblem` when the file cannot be made, or the disk is full or fails.
    """
    if mode not in ("wb", "w"):
        raise SettingsError(f"atomic_file writes new files: mode must be 'wb' or 'w', not {mode!r}")
    return _write_and_replace(os.fspath(path), mode)


@contextmanager
def _write_and_replace(path: str, mode: str) -> Iterator[IO[Any]]:
    target = os.path.realpath(path)
    permissions = _permissions_of(target, path)
    temporary, descriptor = _create_beside(target, path)
    file = _file_object(descriptor, mode)
    try:
        yield file
        _finish(file, temporary, target, permissions)
    except BaseException as error:
        _discard(file, temporary)
        # What the caller's block raised passes as it is, but for the disk's own failures.
        if (
            isinstance(error, OSError)
            and not isinstance(error, FileProblem)
            and error.errno in _DISK_PROBLEMS
        ):
            raise _write_failure(path, error) from error
        raise


def _discard(file: IO[Any], temporary: str) -> None:
    with suppress(OSError):
        file.close()  # a full disk makes the last flush fail as well
    with suppress(OSError):
        os.unlink(temporary)


def _file_object(descriptor: int, mode: str) -> IO[Any]:
    if mode == "w":
        return os.fdopen(descriptor, "w", encoding="utf-8", newline="\n")
    return os.fdopen(descriptor, "wb")


def _permissions_of(target: str, path: str) -> int | None:
    """The permission bits of the file that will be replaced, None where there is none yet."""
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
    """A new hidden file beside `target`: its path and its open, locked descriptor.

    The lock marks the file as being written. The kernel drops it when the writer dies, however it
    dies, which is how a left-over is told from the file of a second process that saves right now.
    """
    folder, name = os.path.split(target)
    try:
        _remove_left_overs(folder, name)
        while True:
            temporary = os.path.join(folder, f".{name}.{os.getpid()}-{next(_serial)}.tmp")
            with suppress(FileExistsError):
                flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
                descriptor = os.open(temporary, flags, 0o666)
                if _lock(descriptor) and _is_linked(descriptor):
                    return temporary, descriptor
                os.close(descriptor)  # another process took it for a left-over before our lock
    except FileNotFoundError as error:
        raise FileProblem(
            f"cannot write {path!r}: the folder {folder!r} does not exist; create it first"
        ) from error
    except OSError as error:
        raise FileProblem.from_os_error("write", path, error) from error


def _remove_left_overs(folder: str, name: str) -> None:
    """Remove the hidden files of writers of `name` that are no longer alive."""
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
    """Take the lock on an open file, if nobody has it."""
    if sys.platform != "win32":
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True  # a file system without locks: nothing to go by, left-overs stay rare
    return True


def _is_linked(descriptor: int) -> bool:
    return os.fstat(descriptor).st_nlink > 0


def _finish(file: IO[Any], temporary: str, target: str, permissions: int | None) -> None:
    """Bring the data to the disk, and the file to its place."""
    file.flush()
    if permissions is not None and sys.platform != "win32":
        os.fchmod(file.fileno(), permissions)
    os.fsync(file.fileno())
    if sys.platform == "win32":
        file.close()  # Windows moves no open file
        os.replace(temporary, target)
    else:
        os.replace(temporary, target)  # before closing: closing gives up the lock
        file.close()
        _sync_folder(os.path.dirname(target))


def _sync_folder(folder: str) -> None:
    """Make the move itself survive a power cut; not every file system can, none needs to."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _write_failure(path: str, error: OSError) -> FileProblem:
    cure = "free some space and save again" if error.errno in _DISK_FULL else "check the disk"
    problem = FileProblem(
        f"cannot write {path!r}: {error.strerror or error}; what stood there before is unchanged; "
        f"{cure}"
    )
    problem.errno = error.errno
    return problem
