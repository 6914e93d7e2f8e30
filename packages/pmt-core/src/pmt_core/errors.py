"""The errors that pmt raises.

Every one is a `PmtError` (so that a program catches them all in one place) and also the built-in
error a Python programmer would catch at that spot. The text of an error says what was expected,
what came, where, and how to put it right.
"""

from __future__ import annotations

import os

__all__ = [
    "ArchiveError",
    "DataError",
    "DtypeError",
    "FileProblem",
    "GradientError",
    "PmtError",
    "SettingsError",
    "ShapeError",
    "StateError",
]


class PmtError(Exception):
    """The base of every error that pmt raises on purpose."""


class ShapeError(PmtError, ValueError):
    """An array has the wrong shape, or an index lies outside of one."""


class DtypeError(PmtError, TypeError):
    """An array has the wrong element type."""


class DataError(PmtError, ValueError):
    """A file given by the user has content that cannot be used."""


class FileProblem(PmtError, OSError):
    """A file is missing, a directory, unreadable or not writable, or the disk is full.

    `errno` is that of the operating system's error, where one stands behind it.
    """

    @classmethod
    def from_os_error(
        cls, action: str, path: str | os.PathLike[str], error: OSError
    ) -> FileProblem:
        """A `FileProblem` that says which action on which path failed, and why.

        action: what was tried, e.g. "read". error: what the operating system answered.
        """
        reason = error.strerror or str(error) or type(error).__name__
        problem = cls(f"cannot {action} {os.fspath(path)!r}: {reason}")
        problem.errno = error.errno
        return problem


class ArchiveError(PmtError, ValueError):
    """An archive is damaged, hostile, or cannot hold what it was given."""


class SettingsError(PmtError, ValueError):
    """A setting (an argument, an option) has a value that makes no sense."""


class GradientError(PmtError, ArithmeticError):
    """A gradient is wrong, or cannot be taken."""


class StateError(PmtError, RuntimeError):
    """Something was called in the wrong state or in the wrong order."""
