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

    A hook gets the module and a function that runs it, and returns the output. It applies to the
    calling thread only; nothing is stored on the modules. Hooks nest; the innermost context is
    called first. For a hook around operations, see `pmt_autograd.operation_hook`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Linear, ReLU, Sequential, module_hook
        >>> def hook(module, run):
        ...     output = run()
        ...     print(type(module).__name__, output.shape)
        ...     return output
        >>> rng = np.random.default_rng(0)
        >>> model = Sequential(Linear(4, 8, rng), ReLU(), Linear(8, 2, rng))
        >>> with module_hook(hook):
        ...     y = model(np.ones((3, 4), np.float32))
        Linear (3, 8)
        ReLU (3, 8)
        Linear (3, 2)
        Sequential (3, 2)
    """
    before = module_hooks.active
    module_hooks.active = (*before, hook)
    try:
        yield
    finally:
        module_hooks.active = before
