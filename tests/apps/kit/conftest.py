"""What the tests of this folder share: a small model with made data, and two threads."""

from __future__ import annotations

import pytest
from toys import Toys


@pytest.fixture
def toys() -> type[Toys]:
    return Toys


@pytest.fixture(autouse=True)
def _threads_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two workers are two threads, also where threadpoolctl is not installed: see `Workers`."""
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
