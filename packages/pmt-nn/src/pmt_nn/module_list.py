"""Modules in a list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pmt_nn.module import Module


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
