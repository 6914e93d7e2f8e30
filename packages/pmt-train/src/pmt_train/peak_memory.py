"""How much memory the process has needed at most."""

from __future__ import annotations

import sys


def peak_rss_mb() -> float | None:
    """Largest resident size of this process so far, in MB (10^6 bytes); None on Windows."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in units of 1024 bytes, macOS in bytes.
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
