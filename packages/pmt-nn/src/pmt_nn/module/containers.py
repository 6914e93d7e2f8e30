"""Containers: `Sequential`, `Parallel`, `Residual`, `Concatenate`, `ModuleList`, `Lambda`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from pmt_autograd import Tensor, concat
from pmt_core import SettingsError, ShapeError
from pmt_nn.module.inputs import float_tensor
from pmt_nn.module.module import Module

Part = Callable[..., Any]
"""A module, or any function of tensors."""


class Container(Module):
    """Base class of the containers: parts in order, modules or plain functions of tensors.

    Keyword arguments of a pass (`rng`, `mask`, ...) go to every part whose forward accepts them.
    One that no part accepts raises a SettingsError.
    """

    def __init__(self, *parts: Part) -> None:
        for i, part in enumerate(parts):
            if not callable(part):
                raise SettingsError(
                    f"part {i} of {type(self).__name__} is a {type(part).__name__}; "
                    "parts are modules or functions"
                )
        self.parts = list(parts)

    def accepted_kwargs(self) -> frozenset[str] | None:
        """Return the keyword arguments that any part accepts; None if a part accepts all."""
        known: frozenset[str] = frozenset()
        for part in self.parts:
            accepted = accepted_kwargs(part)
            if accepted is None:
                return None
            known |= accepted
        return known

    def check(self, kwargs: dict[str, Any]) -> None:
        """Raise SettingsError for a keyword argument that no part accepts, other than `rng`."""
        known = self.accepted_kwargs() if kwargs else None
        if known is None:
            return
        known |= {"rng"}
        unknown = [name for name in kwargs if name not in known]
        if unknown:
            raise SettingsError(
                f"no part of this {type(self).__name__} takes {', '.join(unknown)}; "
                f"they take {', '.join(sorted(known))}"
            )

    def call(self, i: int, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call part i with its inputs and the keyword arguments that it accepts."""
        part = self.parts[i]
        accepted = accepted_kwargs(part) if kwargs else None
        if accepted is not None:
            kwargs = {name: kwargs[name] for name in kwargs if name in accepted}
        return part(*inputs, **kwargs)

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, i: int) -> Part:
        return self.parts[i]

    def __iter__(self) -> Iterator[Part]:
        return iter(self.parts)


class Sequential(Container):
    """Apply parts in order, each to the output of the part before; a tuple is several inputs.

    A part is a module or a function of tensors. Keyword arguments (`rng`, `mask`, ...) go to the
    parts that accept them.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Dropout, Linear, ReLU, Sequential
        >>> rng = np.random.default_rng(0)
        >>> model = Sequential(Linear(784, 128, rng), ReLU(), Dropout(0.1), Linear(128, 10, rng))
        >>> model
        Sequential()                 101,770 parameters
          parts.0: Linear(784, 128)  100,480
          parts.1: ReLU()
          parts.2: Dropout(0.1)
          parts.3: Linear(128, 10)     1,290
        >>> model(np.ones((32, 784), np.float32), rng=rng).shape  # rng: for dropout
        (32, 10)
    """

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """Return the output of the last part, or the inputs if there are no parts."""
        self.check(kwargs)
        for i in range(len(self.parts)):
            output = self.call(i, inputs, kwargs)
            inputs = output if isinstance(output, tuple) else (output,)
        return inputs[0] if len(inputs) == 1 else inputs


class Parallel(Container):
    """Apply several branches to get a tuple of outputs; split: branch i gets input i, not all.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Identity, Lambda, Parallel
        >>> branches = Parallel(Identity(), Lambda(lambda x: 10 * x))
        >>> branches(np.array([1.0, 2.0]))
        (array([1., 2.]), array([10., 20.]))
        >>> Parallel(Identity(), Lambda(lambda x: -x), split=True)(3.0, 4.0)
        (3.0, -4.0)
    """

    def __init__(self, *branches: Part, split: bool = False) -> None:
        super().__init__(*branches)
        self.split = split

    def forward(self, *inputs: Any, **kwargs: Any) -> tuple[Any, ...]:
        """Return one output per branch."""
        self.check(kwargs)
        if not self.split:
            return tuple(self.call(i, inputs, kwargs) for i in range(len(self.parts)))
        if len(inputs) != len(self.parts):
            raise ShapeError(
                f"{len(self.parts)} branches need as many inputs, got {len(inputs)}; "
                "split=False gives all inputs to every branch"
            )
        return tuple(self.call(i, (x,), kwargs) for i, x in enumerate(inputs))


class Residual(Container):
    """Residual connection x + f(x) (He et al. 2015).

    shortcut: replaces the first term by shortcut(x), e.g. a projection if shapes differ.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Lambda, Linear, Residual
        >>> x = np.ones((2, 4), np.float32)
        >>> Residual(Lambda(lambda x: 0.5 * x))(x).data
        array([[1.5, 1.5, 1.5, 1.5],
               [1.5, 1.5, 1.5, 1.5]], dtype=float32)
        >>> rng = np.random.default_rng(0)
        >>> Residual(Linear(4, 3, rng), shortcut=Linear(4, 3, rng, bias=False))(x).shape
        (2, 3)
    """

    def __init__(self, function: Part, shortcut: Part | None = None) -> None:
        super().__init__(*([function] if shortcut is None else [function, shortcut]))

    def forward(self, x: Tensor, **kwargs: Any) -> Tensor:
        """Return the sum. Raises ShapeError if the shapes of the terms differ."""
        self.check(kwargs)
        y = self.call(0, (x,), kwargs)
        skipped = self.call(1, (x,), kwargs) if len(self.parts) > 1 else x
        skipped = float_tensor(skipped, y)
        if skipped.shape != y.shape:
            raise ShapeError(
                f"a residual connection adds equal shapes, got {skipped.shape} and {y.shape}; "
                "give a shortcut that changes the shape, too"
            )
        total: Tensor = skipped + y
        return total


class Concatenate(Module):
    """Concatenate the inputs along `axis`, e.g. after `Parallel`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Concatenate, Identity, Lambda, Parallel, Sequential
        >>> both_signs = Sequential(Parallel(Identity(), Lambda(lambda x: -x)), Concatenate())
        >>> both_signs(np.array([[1.0, 2.0]])).data
        array([[ 1.,  2., -1., -2.]])
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, *inputs: Tensor) -> Tensor:
        """Concatenate inputs whose shapes differ on `axis` only."""
        return concat(*inputs, axis=self.axis)


class ModuleList(Module):
    """List of modules that is a module; it has no forward.

    A plain list as an attribute works too; a `ModuleList` has a row in `summary()`.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Linear, ModuleList
        >>> rng = np.random.default_rng(0)
        >>> layers = ModuleList(Linear(8, 8, rng) for _ in range(3))
        >>> layers.append(Linear(8, 2, rng))
        >>> layers
        ModuleList()             234 parameters
          items.0: Linear(8, 8)   72
          items.1: Linear(8, 8)   72
          items.2: Linear(8, 8)   72
          items.3: Linear(8, 2)   18
    """

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        self.items = list(modules)

    def append(self, module: Module) -> None:
        """Add a module at the end."""
        self.items.append(module)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, i: int) -> Module:
        return self.items[i]

    def __iter__(self) -> Iterator[Module]:
        return iter(self.items)


class Lambda(Module):
    """Call a function of tensors that has no parameters, e.g. Lambda(lambda x: x * x).

    Examples:
        >>> from pmt_autograd import Tensor
        >>> from pmt_nn import Lambda
        >>> Lambda(lambda x: x * x)(Tensor([1.0, -3.0])).data
        array([1., 9.], dtype=float32)
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self.function(*inputs, **kwargs)


class Identity(Module):
    """Return the input unchanged, e.g. in place of a layer that a setting turns off.

    Examples:
        >>> from pmt_nn import Dropout, Identity
        >>> rate = 0.0
        >>> layer = Dropout(rate) if rate else Identity()
        >>> layer([1, 2])
        [1, 2]
    """

    def forward(self, x: Any) -> Any:
        """Return x."""
        return x


def accepted_kwargs(part: Part) -> frozenset[str] | None:
    """Return the optional and keyword arguments of a part by name; None if it accepts any."""
    if isinstance(part, Module):
        of_container = getattr(part, "accepted_kwargs", None)
        return of_container() if callable(of_container) else _kwargs_of(type(part).forward)
    try:
        return _kwargs_of(part)
    except TypeError:  # not hashable
        return _kwargs_of.__wrapped__(part)


@lru_cache(maxsize=1024)
def _kwargs_of(function: Part) -> frozenset[str] | None:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):  # some functions written in C have no signature
        return frozenset()
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters):
        return None
    return frozenset(
        p.name
        for p in parameters
        if p.kind is inspect.Parameter.KEYWORD_ONLY
        or (p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD and p.default is not p.empty)
    )
