"""Who watches the calls of modules: a state of each thread, empty in the normal case."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

CallWatcher = Callable[[Any, Callable[[], Any]], Any]
"""(module, run) -> what `run()` gives. Stands between a call and the module's forward."""


class _ModuleCalls(threading.local):
    """Thread-local, so that looking at one pass does not see those of other threads."""

    watcher: CallWatcher | None = None


module_calls = _ModuleCalls()


@contextmanager
def watching_calls(watcher: CallWatcher) -> Iterator[None]:
    """Within this context every call of a module in this thread goes through `watcher`.

        def watcher(module, run):
            output = run()
            print(type(module).__name__, output.shape)
            return output

    Nothing is left on the modules afterwards. An inner context replaces an outer one.
    """
    before = module_calls.watcher
    module_calls.watcher = watcher
    try:
        yield
    finally:
        module_calls.watcher = before


def is_watched() -> bool:
    """Whether anybody watches the module calls of this thread."""
    return module_calls.watcher is not None
