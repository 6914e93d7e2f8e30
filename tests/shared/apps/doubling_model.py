"""A model whose first call waits, so that a test decides which requests wait for it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from pmt_apps.server.batching.batcher import Batcher
from pmt_core import DataError


class DoublingModel:
    """Doubles numbers, refuses negative ones; its first call waits for `go`."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.started, self.go = threading.Event(), threading.Event()

    def __call__(self, examples: Sequence[Any]) -> list[dict[str, Any]]:
        self.calls.append(list(examples))
        self.started.set()
        assert self.go.wait(600)
        for i, x in enumerate(examples):
            if x < 0:
                raise DataError(f"input {i}: {x} is negative")
        return [{"double": 2 * x} for x in examples]


def wait_until_waiting(batcher: Batcher, n: int) -> None:
    """Wait until n examples wait for the model."""
    while batcher._n_waiting < n:
        pass
