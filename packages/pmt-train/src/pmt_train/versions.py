"""Which versions of what made a result."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

_PACKAGES = ("numpy", "pmt-core", "pmt-autograd", "pmt-nn", "pmt-text", "pmt-train")


def versions() -> dict[str, str]:
    """Python, NumPy and the pmt packages that are there, by name."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            if find_spec(name.replace("-", "_")) is not None:
                found[name] = "not installed, run from its folder"
    return found
