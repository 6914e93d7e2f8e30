"""Which line of the user's program is running an operation."""

from __future__ import annotations

import inspect


def call_site() -> str:
    """`file:line, in function` of the innermost caller that is no part of pmt's packages."""
    frame = inspect.currentframe()
    if frame is None:
        return "an unknown line"  # not every Python has frames
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__", "")):
        frame = frame.f_back
    code = frame.f_code
    return f"{code.co_filename}:{frame.f_lineno}, in {code.co_name}"


def _is_ours(module: str) -> bool:
    package = module.partition(".")[0]
    return package in ("pmt_core", "pmt_autograd", "pmt_nn", "pmt_train", "contextlib")
