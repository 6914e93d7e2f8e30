"""Shared by all tests. Every package's environment reads it: standard library and pytest only."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # several processes share the cores: one BLAS thread each
    for name in ("OPENBLAS_NUM", "OMP_NUM", "MKL_NUM", "VECLIB_MAXIMUM"):
        os.environ.setdefault(f"{name}_THREADS", "1")

ROOT = Path(__file__).resolve().parent.parent


def _real_data() -> tuple[Path | None, str]:
    """The folder of the real data sets, or None and the reason."""
    named = os.environ.get("PMT_DATA")
    if named:
        folder = Path(named)
        return (folder, "") if folder.is_dir() else (None, f"PMT_DATA={named} is not a folder")
    folder = ROOT.parent / "shared" / "data"
    if folder.is_dir():
        return folder, ""
    return None, f"no real data: PMT_DATA is not set and {folder} does not exist"


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name long bytes by their length: compressed ones hold the time, which differs by process."""
    return f"{len(val)} bytes" if isinstance(val, bytes) and len(val) > 40 else None


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder with the real data sets (qqp/, mnist/, ...): $PMT_DATA, else ../shared/data.

    Skips the test, with the reason, where there is none. Mark such tests `@pytest.mark.data`.
    """
    folder, reason = _real_data()
    if folder is None:
        pytest.skip(reason)
    return folder
