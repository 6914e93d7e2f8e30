"""`Module`: a function with parameters, made of other modules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Tensor
from pmt_core import DtypeError, ShapeError
from pmt_nn.module.hooks import module_hooks
from pmt_nn.module.old_names import with_current_names
from pmt_nn.module.parameter import Buffer, Parameter


class _Sealing(type):
    """Seals a module once its `__init__` has run: from then on it takes no new attribute."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        module = super().__call__(*args, **kwargs)
        object.__setattr__(module, "_sealed", True)
        return module


class Module(metaclass=_Sealing):
    """Base of all layers and models.

    A subclass sets parameters and other modules as plain attributes (also in lists, tuples and
    dicts) in `__init__` and computes in `forward`. Nothing of a pass is kept on it, so several
    threads may run the same module at once. Setting an attribute that `__init__` did not make
    is an error, as it is nearly always a misspelling.

    Attributes:
        training: True between `train()` and `eval()`; dropout acts only then.
    """

    _sealed = False
    training: bool = True

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output. Every subclass writes its own."""
        raise NotImplementedError(f"{type(self).__name__} has no forward(); write one")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call `forward`, through the hooks of the calling thread; see `module_hook`."""
        if not module_hooks.active:
            return self.forward(*args, **kwargs)
        run: Callable[[], Any] = partial(self.forward, *args, **kwargs)
        for hook in module_hooks.active:
            run = partial(hook, self, run)
        return run()

    def __setattr__(self, name: str, value: Any) -> None:
        if self._sealed and not hasattr(self, name):
            near = get_close_matches(name, [n for n in vars(self) if not n.startswith("_")], 1)
            hint = f"; did you mean {near[0]!r}?" if near else "; set it in __init__"
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}{hint}")
        object.__setattr__(self, name, value)

    # --- walking ----------------------------------------------------------------------------

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This module ("" by default) and all within it, by dotted name, each once."""
        seen: set[int] = set()
        for name, item in _walk(self, prefix):
            if isinstance(item, Module) and id(item) not in seen:
                seen.add(id(item))
                yield name, item

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """All parameters by dotted name; a tied one once, under its first name."""
        seen: set[int] = set()
        for name, item in _walk(self, ""):
            if isinstance(item, Parameter) and id(item) not in seen:
                seen.add(id(item))
                yield name, item

    def parameters(self) -> Iterator[Parameter]:
        """All parameters, a tied one once."""
        return (parameter for _, parameter in self.named_parameters())

    def named_buffers(self) -> Iterator[tuple[str, Buffer]]:
        """All state that is not learned by gradients (e.g. running statistics), by dotted name."""
        seen: set[int] = set()
        for name, item in _walk(self, ""):
            if isinstance(item, Buffer) and id(item) not in seen:
                seen.add(id(item))
                yield name, item

    def parameter_count(self) -> int:
        """Number of learned numbers."""
        return sum(parameter.size for parameter in self.parameters())

    # --- mode -------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Switch this module and all within it to training (dropout acts). Returns itself."""
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Switch to evaluation: dropout does nothing. Returns itself."""
        return self.train(False)

    def freeze(self, frozen: bool = True) -> Self:
        """Take all parameters within out of training, or with False back into it. Returns itself.

        A frozen parameter gets no gradient, and nothing is computed for it.
        """
        for parameter in self.parameters():
            parameter.requires_grad = not frozen
            parameter.grad = None
        return self

    def astype(self, dtype: DTypeLike) -> Self:
        """Turn all floating parameters and buffers into float32 or float64. Returns itself.

        Every array is made anew: do it before parameters become views of a flat buffer.
        """
        expected = np.dtype(dtype)
        if expected not in (np.dtype(np.float32), np.dtype(np.float64)):
            raise DtypeError(f"a module computes in float32 or float64, got {expected}")
        for _, item in self._named_state():
            if item.dtype.kind == "f":
                item.data = item.data.astype(expected)
                item.grad = None
        return self

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.zero_grad()

    # --- state ------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """A copy of every parameter's and buffer's values, by dotted name."""
        return {name: item.data.copy() for name, item in self._named_state()}

    def load_state_dict(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Write `state` into the parameters and buffers.

        All or nothing: raises one ShapeError that names every missing, unexpected and misshaped
        entry, and changes nothing then. Values are cast to the dtype that is there. Names of an
        earlier version are understood; see `pmt_nn/module/old_names.py`.
        """
        items = dict(self._named_state())
        state = with_current_names(state, items)
        problems = _differences(items, state)
        if problems:
            raise ShapeError(
                f"the state does not fit this {type(self).__name__}: "
                + "; ".join(problems)
                + "; build the model with the settings it was saved with"
            )
        for name, item in items.items():
            item.data[...] = state[name]

    def _named_state(self) -> Iterator[tuple[str, Parameter | Buffer]]:
        """What is saved: parameters, then buffers."""
        yield from self.named_parameters()
        yield from self.named_buffers()


def _walk(item: Any, name: str) -> Iterator[tuple[str, Any]]:
    """All state below `item`, each with its dotted name, in order of attributes."""
    if isinstance(item, (Parameter, Buffer)):
        yield name, item
        return
    if isinstance(item, Module):
        yield name, item
        children: Iterator[tuple[Any, Any]] = iter(vars(item).items())
    elif isinstance(item, (list, tuple)):
        children = enumerate(item)
    elif isinstance(item, dict):
        children = iter(item.items())
    else:
        return
    for key, child in children:
        yield from _walk(child, f"{name}.{key}" if name else str(key))


def _differences(items: Mapping[str, Tensor], state: Mapping[str, NDArray[Any]]) -> list[str]:
    problems = []
    missing = [name for name in items if name not in state]
    unexpected = [name for name in state if name not in items]
    if missing:
        problems.append(f"missing {', '.join(missing)}")
    if unexpected:
        problems.append(f"unexpected {', '.join(unexpected)}")
    for name, item in items.items():
        if name in state and np.shape(state[name]) != item.shape:
            problems.append(f"{name}: expected shape {item.shape}, got {np.shape(state[name])}")
    return problems
