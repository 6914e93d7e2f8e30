"""One Python file as the rules see it: its tree, its imports, what its names stand for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class Import:
    """One imported module, or one name from a module (`name` is None for `import module`)."""

    module: str
    name: str | None
    line: int
    guarded: bool  # inside `try ... except ImportError`, or under `if TYPE_CHECKING`

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]


@dataclass(frozen=True)
class SourceFile:
    """A file's text, with the dotted name of the module that it is (`pmt_nn.linear`, `pmt_nn`).

    `is_package` tells `__init__.py` from other files: it decides what a relative import means.
    """

    text: str = field(repr=False)
    module: str
    is_package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """Every import, at whatever depth it stands; those by importlib or __import__ too."""
        return tuple(self._walk(self.tree, guarded=False))

    @cached_property
    def full_names(self) -> dict[str, str]:
        """What the file's own names stand for: {"np": "numpy", "rand": "numpy.random.rand"}."""
        names: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    bound = alias.asname or alias.name.partition(".")[0]
                    names[bound] = alias.name if alias.asname else bound
            elif isinstance(node, ast.ImportFrom):
                module = self._absolute(node)
                for alias in node.names:
                    names[alias.asname or alias.name] = f"{module}.{alias.name}"
        return names

    def full_name(self, node: ast.expr) -> str | None:
        """The dotted name of `a.b.c` with `a` resolved through the imports, else None."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self.full_names:
            return None
        return ".".join([self.full_names[node.id], *reversed(parts)])

    def _walk(self, node: ast.AST, *, guarded: bool) -> Iterator[Import]:
        if isinstance(node, ast.Try) and any(map(_catches_import_error, node.handlers)):
            for child in node.body:
                yield from self._walk(child, guarded=True)
            for child in [*node.handlers, *node.orelse, *node.finalbody]:
                yield from self._walk(child, guarded=guarded)
            return
        if isinstance(node, ast.If) and _is_type_checking(node.test):
            for child in node.body:
                yield from self._walk(child, guarded=True)
            for child in node.orelse:
                yield from self._walk(child, guarded=guarded)
            return
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, None, node.lineno, guarded)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield Import(self._absolute(node), alias.name, node.lineno, guarded)
        elif isinstance(node, ast.Call) and self._imports_by_call(node):
            yield Import(_literal(node) or "<computed>", None, node.lineno, guarded)
        for child in ast.iter_child_nodes(node):
            yield from self._walk(child, guarded=guarded)

    def _absolute(self, node: ast.ImportFrom) -> str:
        """The absolute name of the module that a `from` import reads."""
        if not node.level:
            return node.module or ""
        base = self.module.split(".")
        up = node.level - self.is_package  # `.` means the package: the file itself in __init__.py
        if up >= len(base):
            return "<above the package>"
        base = base[: len(base) - up]
        return ".".join([*base, node.module] if node.module else base)

    def _imports_by_call(self, node: ast.Call) -> bool:
        if isinstance(node.func, ast.Name) and node.func.id == "__import__":
            return True
        return self.full_name(node.func) == "importlib.import_module"


def _literal(call: ast.Call) -> str | None:
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def _catches_import_error(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    caught = {kind.id for kind in kinds if isinstance(kind, ast.Name)}
    return bool(caught & {"ImportError", "ModuleNotFoundError"})


def _is_type_checking(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )
