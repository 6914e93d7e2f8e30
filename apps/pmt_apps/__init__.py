"""The applications of pmt: trained runs and encoders for Python, and the console command `pmt`.

Names are imported when they are first used, so that `import pmt_apps` and `pmt --help` are fast.
"""

from __future__ import annotations

__all__ = ["Encoder"]


def __getattr__(name: str) -> object:
    # A name of __all__: `if name == "X": from pmt_apps.folder.module import X; return X`.
    if name == "Encoder":
        from pmt_apps.encoder.encoder import Encoder

        return Encoder
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
