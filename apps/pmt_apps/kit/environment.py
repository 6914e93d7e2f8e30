"""Which versions of what made a result.

How much memory the process has needed at most.
"""

from __future__ import annotations

import platform
import sys
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


def peak_rss_mb() -> float | None:
    """Largest resident size of this process so far, in MB (10^6 bytes); None on Windows."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in units of 1024 bytes, macOS in bytes.
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
