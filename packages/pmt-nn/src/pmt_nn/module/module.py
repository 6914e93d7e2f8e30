"""`Module`, the base class of all layers and models."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from functools import partial, wraps
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_core import DtypeError, check_arrays
from pmt_nn.module.hooks import module_hooks
from pmt_nn.module.old_names import with_current_names
from pmt_nn.module.parameter import Buffer, Parameter

T = TypeVar("T")
_PLAIN = (bool, int, float, str, type(None))


def _sealing(init: Callable[..., None]) -> Callable[..., None]:
    """Return an `__init__` that notes its plain arguments and seals the module at its end."""
    signature = inspect.signature(init)

    @wraps(init)
    def constructor(self: Module, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        if type(self).__init__ is constructor:  # not that of a base class
            arguments = signature.bind(self, *args, **kwargs).arguments
            plain = {name: value for name, value in arguments.items() if _is_plain(value)}
            object.__setattr__(self, "_arguments", plain)
            object.__setattr__(self, "_sealed", True)

    return constructor


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return bool(value) and all(map(_is_plain, value))
    return isinstance(value, _PLAIN)


def _constructor_call(module: Module) -> str:
    """Return e.g. "Linear(64, 32, bias=False)"; an attribute overrides the argument of its name."""
    arguments = []
    for name, parameter in inspect.signature(type(module)).parameters.items():
        value = module._arguments.get(name, parameter.default)
        current = vars(module).get(name)
        if type(current) is type(value):
            value = current
        if value is parameter.empty or not _is_plain(value) or value == parameter.default:
            continue
        positional = parameter.default is parameter.empty
        arguments.append(repr(value) if positional else f"{name}={value!r}")
    return f"{type(module).__name__}({', '.join(arguments)})"


class Module:
    """Base class of all layers and models.

    A subclass sets parameters and other modules as plain attributes (also in lists, tuples and
    dicts) in `__init__` and computes in `forward`. A pass stores nothing on the module, so several
    threads may run the same module at once. Once `__init__` has returned, setting a new attribute
    raises an AttributeError, since it is nearly always a misspelling. `repr()` is the tree of
    modules with their constructor arguments and parameter counts.

    Attributes:
        training: True after `train()`, False after `eval()`. Dropout acts only if True.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Linear, Module
        >>> class Classifier(Module):
        ...     def __init__(self, rng):
        ...         self.hidden = Linear(4, 8, rng)
        ...         self.output = Linear(8, 2, rng)
        ...
        ...     def forward(self, x):
        ...         return self.output(self.hidden(x).tanh())
        >>> model = Classifier(np.random.default_rng(0))
        >>> model
        Classifier()            58 parameters
          hidden: Linear(4, 8)  40
          output: Linear(8, 2)  18
        >>> model(np.ones((5, 4), np.float32)).shape
        (5, 2)
        >>> {name: value.shape for name, value in model.state_dict().items()}
        {'hidden.weight': (4, 8), 'hidden.bias': (8,), 'output.weight': (8, 2), 'output.bias': (2,)}
        >>> model.ouput = model.hidden  # a misspelled attribute is an error
        Traceback (most recent call last):
            ...
        AttributeError: Classifier has no attribute 'ouput'; did you mean 'output'?
    """

    _sealed = False
    _arguments: Mapping[str, Any] = {}
    training: bool = True

    @_sealing
    def __init__(self) -> None:
        """Take no arguments. A subclass need not call this."""

    def __init_subclass__(cls, **settings: Any) -> None:
        """Seal every instance of the subclass once its `__init__` has returned."""
        super().__init_subclass__(**settings)
        if "__init__" in vars(cls):
            cls.__init__ = _sealing(cls.__init__)  # type: ignore[method-assign]

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output. Every subclass defines its own."""
        raise NotImplementedError(f"{type(self).__name__} has no forward(); define one")

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

    def __repr__(self) -> str:
        """Return a line for each module: name, class, constructor arguments, parameter count."""
        rows: list[tuple[str, int]] = []
        depths: dict[str, int] = {}
        for name, module in self.named_modules():
            parent = name
            while parent and parent not in depths:
                parent = parent.rpartition(".")[0]
            depths[name] = depths[parent] + 1 if name else 0
            label = name[len(parent) :].removeprefix(".")
            text = f"{label}: {_constructor_call(module)}" if label else _constructor_call(module)
            rows.append(("  " * depths[name] + text, module.parameter_count()))
        width = max(len(text) for text, _ in rows)
        digits = len(f"{rows[0][1]:,}")
        lines = [f"{text:{width}}  {count:{digits},}" if count else text for text, count in rows]
        return "\n".join([f"{lines[0]} parameters" if rows[0][1] else lines[0], *lines[1:]])

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """Yield this module (name `prefix`) and all its submodules by dotted name, each once."""
        return _named(self, prefix, Module)

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Yield all parameters by dotted name; a tied parameter once, under its first name."""
        return _named(self, "", Parameter)

    def parameters(self) -> Iterator[Parameter]:
        """Yield all parameters, a tied parameter once."""
        return (parameter for _, parameter in self.named_parameters())

    def named_buffers(self) -> Iterator[tuple[str, Buffer]]:
        """Yield all buffers (e.g. running statistics) by dotted name, each once."""
        return _named(self, "", Buffer)

    def parameter_count(self) -> int:
        """Return the number of elements of all parameters, a tied parameter counted once."""
        return sum(parameter.size for parameter in self.parameters())

    def train(self, mode: bool = True) -> Self:
        """Set this module and its submodules to training mode (dropout acts). Returns self."""
        for module in _modules(self):
            if module.training is not mode:
                module.training = mode
        return self

    def eval(self) -> Self:
        """Set evaluation mode (dropout does nothing). Returns self."""
        return self.train(False)

    def freeze(self, frozen: bool = True) -> Self:
        """Stop, or with False resume, training all parameters: no gradients. Returns self."""
        for parameter in self.parameters():
            parameter.requires_grad = not frozen
            parameter.grad = None
        return self

    def astype(self, dtype: DTypeLike) -> Self:
        """Convert all floating parameters and buffers to float32 or float64. Returns self.

        Every array is replaced: call this before parameters become views of a flat buffer.
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
        """Set the gradients of all parameters to None."""
        for parameter in self.parameters():
            parameter.zero_grad()

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """Return a copy of the values of every parameter and buffer, by dotted name."""
        return {name: item.data.copy() for name, item in self._named_state()}

    def load_state_dict(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Copy `state` into the parameters and buffers, cast to their dtype; all or nothing.

        Names of an earlier version are translated; see `pmt_nn/module/old_names.py`. Integers and
        wide floats are cast to the floats of a parameter.

        Raises:
            ShapeError: an entry is missing, unexpected or of another shape.
            DtypeError: an array is of another kind (complex, text, floats for integers).
            DataError: a number is not finite.
        """
        items, arrays = self._checked_state(state)
        for name, item in items.items():
            item.data[...] = arrays[name]

    def check_state_dict(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Raise the error that `load_state_dict` would raise, and change nothing."""
        self._checked_state(state)

    def _checked_state(
        self, state: Mapping[str, NDArray[Any]]
    ) -> tuple[dict[str, Parameter | Buffer], dict[str, NDArray[Any]]]:
        """Return parameters and buffers, and the arrays to load, by name."""
        items = dict(self._named_state())
        arrays = check_arrays(with_current_names(state, items), items, type(self).__name__)
        return items, arrays

    def _named_state(self) -> Iterator[tuple[str, Parameter | Buffer]]:
        """Yield what is saved: parameters, then buffers."""
        yield from self.named_parameters()
        yield from self.named_buffers()


def _named(module: Module, prefix: str, kind: type[T]) -> Iterator[tuple[str, T]]:
    """Yield the items of a kind by dotted name, each once, under its first name."""
    seen: set[int] = set()
    for name, item in _walk(module, prefix):
        if isinstance(item, kind) and id(item) not in seen:
            seen.add(id(item))
            yield name, item


def _modules(module: Module) -> Iterator[Module]:
    """Yield a module and all its submodules, each once, without the time that names take."""
    seen: set[int] = set()
    todo: list[Any] = [module]
    while todo:
        item = todo.pop()
        if isinstance(item, Module):
            if id(item) in seen:
                continue
            seen.add(id(item))
            yield item
            item = vars(item)
        values = item.values() if isinstance(item, dict) else item
        todo += [value for value in values if isinstance(value, _WITH_PARTS)]


def _walk(item: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield modules, parameters and buffers in `item` by dotted name, in order of attributes."""
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


_WITH_PARTS = (Module, list, tuple, dict)
