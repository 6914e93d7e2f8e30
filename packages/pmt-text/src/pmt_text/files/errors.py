"""What reading a file can raise, turned into the errors of pmt.

How a loader tells which lines of a file it could not use.
"""

from __future__ import annotations

import gzip
import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pmt_core import DataError, FileProblem

__all__ = ["read_problems", "dropped_warning"]


@contextmanager
def read_problems(path: str | os.PathLike[str]) -> Iterator[None]:
    """Within this context a failure of the disk, or of unpacking, names `path` and the cure.

    Raises `FileProblem` (missing, a folder, unreadable) and `DataError` (a damaged, encrypted or
    otherwise unreadable gzip or zip file).
    """
    name = os.fspath(path)
    try:
        yield
    except FileProblem:
        raise
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(
            f"{name} is a damaged gzip file ({error}): copy it again, or unpack it"
        ) from error
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise DataError(
            f"{name} is a damaged or unknown zip file ({error}): copy it again, or unpack it"
        ) from error
    except IsADirectoryError as error:
        raise FileProblem(f"{name} is a folder: give a file in it") from error
    except FileNotFoundError as error:
        raise FileProblem(f"{name} does not exist: check the path") from error
    except OSError as error:
        raise FileProblem.from_os_error("read", name, error) from error


_LINES_NAMED = 10


def dropped_warning(path: str, reason: str, lines: Sequence[int], thing: str) -> str:
    """One line that names the file, the reason and the first lines (numbers from 1).

    thing: what was dropped for every line, in the singular: "row", "sentence".
    """
    if len(lines) == 1:
        return f"{path}:{lines[0]}: {reason}; {thing} dropped"
    named = ", ".join(map(str, lines[:_LINES_NAMED]))
    more = len(lines) - _LINES_NAMED
    tail = f" and {more} more" if more > 0 else ""
    return f"{path}:{lines[0]}: {reason}; {len(lines)} {thing}s dropped, on lines {named}{tail}"
