"""The exceptions of pmt.

Each is a `PmtError`, so that a program can catch all of them, and also the built-in exception that
fits the situation. The message says what was expected, what was given, where, and how to fix it.
"""

from __future__ import annotations

import os


class PmtError(Exception):
    """The base class of all exceptions of pmt."""


class ShapeError(PmtError, ValueError):
    """An array has the wrong shape, or an index is out of range."""


class DtypeError(PmtError, TypeError):
    """An array has the wrong element type."""


class DataError(PmtError, ValueError):
    """A file of the user has content that cannot be used."""


class FileProblem(PmtError, OSError):
    """A file is missing, a directory, unreadable or not writable, or the disk is full.

    `errno` is that of the operating system's error, if one was the cause.
    """

    @classmethod
    def from_os_error(
        cls, action: str, path: str | os.PathLike[str], error: OSError
    ) -> FileProblem:
        """Return a `FileProblem` that names the action (e.g. "read"), the path and the reason."""
        reason = error.strerror or str(error) or type(error).__name__
        problem = cls(f"cannot {action} {os.fspath(path)!r}: {reason}")
        problem.errno = error.errno
        return problem


class ArchiveError(PmtError, ValueError):
    """An archive is damaged or hostile, or cannot hold the given data."""


class SettingsError(PmtError, ValueError):
    """An argument or option has an invalid value."""


class GradientError(PmtError, ArithmeticError):
    """A gradient is wrong, or cannot be computed."""


class StateError(PmtError, RuntimeError):
    """A call was made in the wrong state or in the wrong order."""
