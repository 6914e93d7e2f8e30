"""Hooks around the calls of modules: a state of each thread, empty by default."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

ModuleHook = Callable[[Any, Callable[[], Any]], Any]
"""(module, run) -> output. `run()` computes the module's forward, or calls the next hook."""


class _Hooks(threading.local):
    """The hooks of a thread, the innermost last: one thread may profile while another trains."""

    active: tuple[ModuleHook, ...] = ()


module_hooks = _Hooks()


@contextmanager
def module_hook(hook: ModuleHook) -> Iterator[None]:
    """Call `hook` around every call of a module within this context.

        def hook(module, run):
            output = run()
            print(type(module).__name__, output.shape)
            return output

        with module_hook(hook):
            model(x)

    Applies to the calling thread only; nothing is stored on the modules. Hooks nest; the innermost
    context is called first. For a hook around operations, see `pmt_autograd.operation_hook`.
    """
    before = module_hooks.active
    module_hooks.active = (*before, hook)
    try:
        yield
    finally:
        module_hooks.active = before
