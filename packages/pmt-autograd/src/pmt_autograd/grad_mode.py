"""Whether operations are recorded, and the hooks around them: a state of each thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

OperationHook = Callable[[str, Callable[..., Any]], Callable[..., Any]]
"""(name, array function) -> array function that does the same and more, e.g. measures or checks it.

The function returns `(value, backward)`, so a hook can wrap both.
"""


class _Recording(threading.local):
    """The recording state of a thread: one thread may predict while another trains."""

    on: bool = True
    hooks: tuple[OperationHook, ...] = ()  # the innermost last
    plain: bool = True  # recorded, no hooks: the shortcuts of an operation apply
    value_only: bool = False  # not recorded, no hooks: nothing but the value is needed

    def switch(self, on: bool, hooks: tuple[OperationHook, ...]) -> None:
        self.on = on
        self.hooks = hooks
        self.plain = on and not hooks
        self.value_only = not on and not hooks


recording = _Recording()


class _OpenContexts:
    """How many contexts (`no_grad()`, hooks, ...) are open, in all threads together.

    While there is none, every thread records and has no hooks. An operation asks for this first, as
    the state of a thread takes ten times as long to read.
    """

    __slots__ = ("_lock", "count")

    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()

    def add(self, change: int) -> None:
        with self._lock:
            self.count += change


contexts = _OpenContexts()


def only_values() -> bool:
    """Return whether the calling thread records nothing and has no operation hooks.

    Code that only needs values may then compute on arrays.

    Examples:
        >>> from pmt_autograd import no_grad, only_values
        >>> with no_grad():
        ...     print(only_values())
        True
        >>> only_values()
        False
    """
    return recording.value_only


@contextmanager
def no_grad() -> Iterator[None]:
    """Record nothing within this context, in the calling thread: nothing is saved for backward.

    Examples:
        >>> from pmt_autograd import Tensor, no_grad
        >>> x = Tensor([1.0, 2.0], requires_grad=True)
        >>> with no_grad():
        ...     y = x * 3
        >>> y.requires_grad, y.is_leaf
        (False, True)
    """
    with _switched(False, recording.hooks):
        yield


@contextmanager
def enable_grad() -> Iterator[None]:
    """Record operations within this context, also inside `no_grad()`.

    Examples:
        >>> from pmt_autograd import Tensor, enable_grad, no_grad
        >>> x = Tensor([1.0, 2.0], requires_grad=True)
        >>> with no_grad():
        ...     with enable_grad():
        ...         y = (x * 3).sum()
        >>> y.backward()
        >>> x.grad
        GradientArray([3., 3.], dtype=float32)
    """
    with _switched(True, recording.hooks):
        yield


@contextmanager
def operation_hook(hook: OperationHook) -> Iterator[None]:
    """Apply `hook` to the function of every operation that runs within this context.

    Applies to the calling thread only. The backward of a recorded operation stays wrapped after
    the end of the context. Hooks nest; the outermost is applied first.

    Examples:
        >>> from pmt_autograd import Tensor, operation_hook
        >>> def logged(name, function):
        ...     def run(*arrays, **settings):
        ...         print(name, [array.shape for array in arrays])
        ...         return function(*arrays, **settings)
        ...
        ...     return run
        >>> with operation_hook(logged):
        ...     y = (Tensor([[1.0, 2.0]]) @ Tensor([[3.0], [4.0]])).relu()
        matmul [(1, 2), (2, 1)]
        relu [(1, 1)]
    """
    with _switched(recording.on, (*recording.hooks, hook)):
        yield


@contextmanager
def _switched(on: bool, hooks: tuple[OperationHook, ...]) -> Iterator[None]:
    before = recording.on, recording.hooks
    contexts.add(1)
    recording.switch(on, hooks)
    try:
        yield
    finally:
        recording.switch(*before)
        contexts.add(-1)


def is_recording() -> bool:
    """Return whether the calling thread records operations (False under `no_grad`).

    Examples:
        >>> from pmt_autograd import is_recording, no_grad
        >>> is_recording()
        True
        >>> with no_grad():
        ...     print(is_recording())
        False
    """
    return recording.on
