"""The rules on imports. Each takes a file and says what is wrong with it, one line per finding."""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterator, Mapping

from picture import PACKAGES, Row
from source_file import Import, SourceFile


def wrong_arrows(source: SourceFile, row: Row) -> Iterator[str]:
    """Imports of a package of ours that the picture has no arrow for; imports no one can read."""
    for item in source.imports:
        if item.module.startswith("<"):
            yield f"line {item.line}: import of {item.module}: write the absolute name"
        elif item.top in PACKAGES and item.top not in row.packages | {source.top}:
            yield (
                f"line {item.line}: {source.top} imports {item.top}, which is not an arrow of the "
                f"picture; it may import {_listed(row.packages)}"
            )


def third_parties(source: SourceFile, row: Row, local: Collection[str] = ()) -> Iterator[str]:
    """Imports that are neither the standard library's nor in the row; unguarded optional ones.

    `local` names the modules beside the file that it may import (apps beside apps).
    """
    known = {*sys.stdlib_module_names, *PACKAGES, source.top, *local}
    for item in source.imports:
        if item.module.startswith("<") or item.top in known | row.third_party:
            continue
        if item.top not in row.optional:
            yield (
                f"line {item.line}: {item.top} is not a dependency here; allowed besides the "
                f"standard library: {_listed(row.third_party | row.optional)}"
            )
        elif not item.guarded:
            yield (
                f"line {item.line}: {item.top} is optional: import it inside "
                "`try: ... except ImportError:`"
            )


def private_names(
    source: SourceFile, exports: Mapping[str, Collection[str]], own_names: Collection[str]
) -> Iterator[str]:
    """Another package's private names, and what goes round its front door.

    From another package of ours a file imports exported names only (`exports`: package -> __all__):
    `from pmt_core import PmtError`, not `from pmt_core.errors import PmtError`. `own_names` are the
    attributes that the file's own package defines: any other `x._name` is somebody else's.
    """
    for item in source.imports:
        if item.top in PACKAGES and item.top != source.top:
            yield from _beside_the_door(item, exports.get(item.top, ()))
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Attribute) or (
            isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
        ):
            continue
        if (
            _is_private(node.attr)
            and node.attr not in own_names
            and node.attr not in _PUBLIC_IN_SPITE
        ):
            yield f"line {node.lineno}: {node.attr} is a private name of another package"


def _beside_the_door(item: Import, exported: Collection[str]) -> Iterator[str]:
    if item.module != item.top:
        yield (
            f"line {item.line}: import of {item.module}: import from {item.top} itself, which "
            "exports every public name"
        )
    elif item.name is not None and item.name not in exported:
        what = "private" if _is_private(item.name) else "not in its __all__"
        yield f"line {item.line}: {item.top}.{item.name} is {what}"


def names_defined(source: SourceFile) -> set[str]:
    """Private names that a file defines in any way: functions, classes, attributes, slots."""
    defined: set[str] = set()
    for node in ast.walk(source.tree):
        match node:
            case (
                ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
            ):
                defined.add(name)
            case ast.Attribute(attr=name, ctx=ast.Store()) | ast.Name(id=name, ctx=ast.Store()):
                defined.add(name)
            case ast.Attribute(attr=name, value=ast.Name(id="self" | "cls")):
                defined.add(name)
            case ast.Constant(value=str(name)):  # __slots__, object.__setattr__(self, "_name", ...)
                defined.add(name)
    return {name for name in defined if _is_private(name)}


def exported_names(source: SourceFile) -> set[str]:
    """What `__all__` of an `__init__.py` lists."""
    for node in source.tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List() | ast.Tuple()):
                return set(ast.literal_eval(node.value))
            case ast.AnnAssign(target=ast.Name(id="__all__"), value=ast.List() | ast.Tuple()):
                return set(ast.literal_eval(node.value))
    return set()


# Public in spite of the underscore: the methods of named tuples, and what argparse's public methods
# return (there is no other name to annotate it with), and what the documentation of `os` and `sys`
# lists: `os._exit`, `sys._xoptions`.
_PUBLIC_IN_SPITE = frozenset(("_asdict", "_fields", "_make", "_replace", "_field_defaults"))
_PUBLIC_IN_SPITE |= {"_ArgumentGroup", "_SubParsersAction", "_exit", "_xoptions"}


def _is_private(name: str) -> bool:
    return name.startswith("_") and not (name.startswith("__") and name.endswith("__"))


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
