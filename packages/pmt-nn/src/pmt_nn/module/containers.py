"""What all containers share: parts in order, and handing on the settings of a pass.

One part after the other.

Branches beside each other.

The skip connection (He et al. 2015).

Several tensors become one, as a module.

Modules in a list.

Any function of tensors as a module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pmt_autograd import Tensor, concat
from pmt_core import SettingsError, ShapeError
from pmt_nn.module.forward_kwargs import Part, call_part, check_settings, settings_of
from pmt_nn.module.module import Module


class Container(Module):
    """Parts in order: modules, or plain functions of tensors.

    Keyword settings of a pass (`rng`, `mask`, ...) go to every part whose forward takes them; one
    that no part takes is an error.
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
        """Settings that any part takes; None where some part takes whatever comes."""
        known: set[str] = set()
        for part in self.parts:
            taken = settings_of(part)
            if taken is None:
                return None
            known |= taken
        return frozenset(known)

    def check(self, settings: dict[str, Any]) -> None:
        """Raise SettingsError for a setting that no part takes."""
        if settings:
            check_settings(type(self).__name__, self.parts, settings)

    def call(self, i: int, inputs: tuple[Any, ...], settings: dict[str, Any]) -> Any:
        """Run part i."""
        return call_part(self.parts[i], inputs, settings)

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, i: int) -> Part:
        return self.parts[i]

    def __iter__(self) -> Iterator[Part]:
        return iter(self.parts)


class Sequential(Container):
    """Each part gets what the one before gives; a tuple becomes several inputs.

    Sequential(Linear(784, 128, rng), relu, Dropout(0.1), Linear(128, 10, rng))
    """

    def forward(self, *inputs: Any, **settings: Any) -> Any:
        """Inputs of the first part -> output of the last; without parts the inputs themselves."""
        self.check(settings)
        for i in range(len(self.parts)):
            output = self.call(i, inputs, settings)
            inputs = output if isinstance(output, tuple) else (output,)
        return inputs[0] if len(inputs) == 1 else inputs


class Parallel(Container):
    """Every branch runs; the outputs come back as a tuple.

    split: False gives all inputs to every branch; True gives input i to branch i.
    """

    def __init__(self, *branches: Part, split: bool = False) -> None:
        super().__init__(*branches)
        self.split = split

    def forward(self, *inputs: Any, **settings: Any) -> tuple[Any, ...]:
        """One output per branch."""
        self.check(settings)
        if not self.split:
            return tuple(self.call(i, inputs, settings) for i in range(len(self.parts)))
        if len(inputs) != len(self.parts):
            raise ShapeError(
                f"{len(self.parts)} branches want as many inputs, got {len(inputs)}; "
                "split=False gives all inputs to every branch"
            )
        return tuple(self.call(i, (x,), settings) for i, x in enumerate(inputs))


class Residual(Container):
    """x + f(x). With a shortcut, shortcut(x) + f(x), e.g. a projection where shapes differ."""

    def __init__(self, function: Part, shortcut: Part | None = None) -> None:
        super().__init__(*([function] if shortcut is None else [function, shortcut]))

    def forward(self, x: Tensor, **settings: Any) -> Tensor:
        """x: whatever f takes. Raises ShapeError where f changes the shape."""
        self.check(settings)
        y = self.call(0, (x,), settings)
        skipped = self.call(1, (x,), settings) if len(self.parts) > 1 else x
        if skipped.shape != y.shape:
            raise ShapeError(
                f"a residual connection adds equal shapes, got {skipped.shape} and {y.shape}; "
                "give a shortcut that changes the shape, too"
            )
        total: Tensor = skipped + y
        return total


class Concatenate(Module):
    """Joins its inputs along `axis`, e.g. behind `Parallel`."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, *inputs: Tensor) -> Tensor:
        """inputs: shapes that differ on `axis` alone."""
        return concat(*inputs, axis=self.axis)


class ModuleList(Module):
    """A list of modules that is a module itself; the owner says how data flows through them.

    A plain list as an attribute does as well; this one has a name in `summary`.
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
    """Calls a function that has no parameters of its own; the tape finds its gradient.

    Lambda(lambda x: x * x)
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def forward(self, *inputs: Any, **settings: Any) -> Any:
        """Whatever the function takes and gives."""
        return self.function(*inputs, **settings)
