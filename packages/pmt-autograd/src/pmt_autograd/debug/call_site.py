"""The line of the user's program that runs an operation, for error messages."""

from __future__ import annotations

import inspect


def call_site() -> str:
    """Return `file:line, in function` of the innermost caller outside of pmt.

    Modules of packages whose names start with `pmt_` are skipped, and `contextlib`, which calls
    the context managers. The frame is found at run time; a Python without frames gives "an
    unknown line".
    """
    frame = inspect.currentframe()
    if frame is None:
        return "an unknown line"
    while frame.f_back is not None and _is_skipped(frame.f_globals.get("__name__", "")):
        frame = frame.f_back
    code = frame.f_code
    return f"{code.co_filename}:{frame.f_lineno}, in {code.co_name}"


def _is_skipped(module: str) -> bool:
    return module.startswith("pmt_") or module == "contextlib"
