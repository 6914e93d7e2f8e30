"""`Gathering`: batches wait for the clients that are expected, and what is left is run again."""

from __future__ import annotations

import socket
from types import SimpleNamespace

import pytest

from pmt_apps.server.network import direct
from pmt_apps.server.network.connection import Connection
from pmt_apps.server.network.direct import Gathering


class Counted:
    """A batch that counts its runs; some requests are left after the first `left` ones."""

    def __init__(self, left: int = 0) -> None:
        self.n, self.left = 0, left

    def run(self) -> bool:
        self.n += 1
        self.left -= 1
        return self.left >= 0


def test_batches_wait_for_the_clients_of_the_last_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the clock of this test each run takes a second."""
    clock = [0.0]
    monkeypatch.setattr(direct, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    batch, gathering = Counted(), Gathering()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        a, b, c, d = (Connection(ours, "", 100) for _ in range(4))

        def heard(*connections: Connection) -> float | None:
            for connection in connections:
                gathering.add(connection, batch)
            before, timeout = batch.n, gathering.run()
            clock[0] += batch.n - before
            gathering._seconds = float(batch.n - before) or gathering._seconds
            return timeout

        assert heard() is None
        assert heard(a, b) is None  # nobody is known: at once
        assert batch.n == 1
        assert heard(a) == pytest.approx(0.001)  # b has not come yet
        assert batch.n == 1
        assert heard(b) is None
        assert batch.n == 2
        assert heard(a, c) == pytest.approx(0.001)
        assert heard() is None  # nothing has come: b is away
        assert batch.n == 3
        assert heard(a, c) == pytest.approx(0.001)  # b was in the last but one
        clock[0] += 2
        assert heard(d) is None  # as long as the last batch took
        assert batch.n == 4
        assert heard(a, c, d) is None  # b is no more waited for
        assert batch.n == 5


def test_what_is_left_of_a_batch_is_run_again() -> None:
    batch, gathering = Counted(left=2), Gathering()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        gathering.add(Connection(ours, "", 100), batch)
        assert [gathering.run() for _ in range(4)] == [0.0, 0.0, None, None]
    assert batch.n == 3
