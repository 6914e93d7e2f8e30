"""Looking into a model while it runs, without anything being kept on its modules."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from numpy.typing import NDArray

from pmt_autograd import Tensor
from pmt_nn.module.call_hooks import watching_calls
from pmt_nn.module.module import Module

Seen = dict[str, NDArray[Any]]


class _Observer(threading.local):
    """What the calling thread is looking at; nothing by default."""

    names: dict[int, str] | None = None
    seen: Seen | None = None


_observer = _Observer()


@contextmanager
def observing(model: Module, *, outputs: bool = False) -> Iterator[Seen]:
    """Within this context the calling thread's passes through `model` tell what they compute.

        with observing(model) as seen:
            model(ids, mask)
        seen["encoder.layers.0.attention.weights"]  # (b, h, t, s)

    The arrays of the latest pass are in the dictionary, under the module's dotted name and the
    name of the thing. outputs: see also what each module gives, under its name and "output"
    (a tuple's tensors under "output.0", "output.1", ...).
    """
    before = _observer.names, _observer.seen
    seen: Seen = {}
    _observer.names = {id(module): name for name, module in model.named_modules()}
    _observer.seen = seen
    try:
        with watching_calls(_tell_output) if outputs else nullcontext():
            yield seen
    finally:
        _observer.names, _observer.seen = before


def is_observed(module: Module) -> bool:
    """Whether the calling thread looks at this module, so that it is worth telling anything."""
    return _observer.names is not None and id(module) in _observer.names


def _tell_output(module: Module, run: Callable[[], Any]) -> Any:
    result = run()
    several = isinstance(result, tuple)
    for i, item in enumerate(result if several else (result,)):
        if isinstance(item, Tensor):
            tell(module, f"output.{i}" if several else "output", item.data)
    return result


def tell(module: Module, what: str, array: NDArray[Any]) -> None:
    """Show an array to the observer, if there is one."""
    if _observer.names is not None and _observer.seen is not None and id(module) in _observer.names:
        name = _observer.names[id(module)]
        _observer.seen[f"{name}.{what}" if name else what] = array
