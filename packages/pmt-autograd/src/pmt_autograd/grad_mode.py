"""Whether operations are recorded, and who watches them: a state of each thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Watcher = Callable[[str, Callable[..., Any]], Callable[..., Any]]
"""(name, array function) -> array function: what stands between an operation and its function.

A watcher gets the function of every operation that runs and gives one that does the same and
something more: measure, check. The function returns `(value, backward)`, so it can wrap both.
"""


class _Recording(threading.local):
    """Thread-local, so that one thread may predict while another one trains.

    Attributes:
        on: whether operations are recorded.
        watchers: those that watch, innermost last.
        plain: True in the normal case, recording and nobody watching: the one thing that the
            fast path of an operation looks at.
        unseen: True where an operation is neither recorded nor watched: nothing but its value
            is asked for.
    """

    on: bool = True
    watchers: tuple[Watcher, ...] = ()
    plain: bool = True
    unseen: bool = False

    def switch(self, on: bool, watchers: tuple[Watcher, ...]) -> None:
        self.on = on
        self.watchers = watchers
        self.plain = on and not watchers
        self.unseen = not on and not watchers


recording = _Recording()


@contextmanager
def no_grad() -> Iterator[None]:
    """Within this context nothing is recorded, so nothing is kept for a backward pass.

    Counts for the calling thread alone.
    """
    with _switched(False, recording.watchers):
        yield


@contextmanager
def enable_grad() -> Iterator[None]:
    """Within this context operations are recorded, also inside a `no_grad()`."""
    with _switched(True, recording.watchers):
        yield


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Within this context `watcher` stands between every operation and its function.

    Counts for the calling thread alone; what was recorded stays watched in backward.
    """
    with _switched(recording.on, (*recording.watchers, watcher)):
        yield


@contextmanager
def _switched(on: bool, watchers: tuple[Watcher, ...]) -> Iterator[None]:
    before = recording.on, recording.watchers
    recording.switch(on, watchers)
    try:
        yield
    finally:
        recording.switch(*before)


def is_recording() -> bool:
    """Whether the calling thread records operations (False under `no_grad`)."""
    return recording.on
