"""A model whose first call waits, and a batcher of its requests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from doubling_model import DoublingModel

from pmt_apps.server.batching.batcher import Batcher


@pytest.fixture
def model() -> DoublingModel:
    """A model that the batcher of the same test asks."""
    return DoublingModel()


@pytest.fixture
def batcher(model: DoublingModel) -> Iterator[Batcher]:
    """A batcher of four examples at once, closed at the end."""
    batcher = Batcher(model, batch_size=4, waiting=6)
    yield batcher
    model.go.set()
    batcher.close()
