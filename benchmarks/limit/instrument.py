"""Code of functions, exchanged for one that reports every call and operator to an observer.

A ufunc is no Python function, and `a @ b` is no call, so no profiler of Python sees them, and a
subclass of arrays would change what is measured. Instead the sources of modules are compiled a
second time, with each call, operator and index written as `observer.call(f, ...)`, and functions
have this code while they are observed. Outside of `observed` nothing is changed or slower.
"""

from __future__ import annotations

import ast
import builtins
import gc
import operator
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, Protocol

HOOK = "__observer_of_calls__"
OPERATORS = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "truediv",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.MatMult: "matmul",
    ast.BitAnd: "and_",
    ast.BitOr: "or_",
    ast.BitXor: "xor",
    ast.LShift: "lshift",
    ast.RShift: "rshift",
    ast.USub: "neg",
    ast.UAdd: "pos",
    ast.Invert: "invert",
    ast.Eq: "eq",
    ast.NotEq: "ne",
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
}
_NEEDS_ITS_FRAME = {"super", "locals", "globals", "vars", "eval", "exec", "dir"}


class Observer(Protocol):
    """What learns of every call; `operator` has to be the module of this name."""

    operator: Any

    def call(self, function: Any, /, *args: Any, **settings: Any) -> Any:
        """Return the result of the call."""
        ...


@contextmanager
def observed(observer: Observer, packages: Sequence[str]) -> Iterator[None]:
    """Report the calls that functions of these packages make within the context."""
    codes = {}
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if name.split(".")[0] in packages and path and path.endswith(".py"):
            codes.update(_codes_of(path))
    exchanged = [
        (function, function.__code__)
        for function in gc.get_objects()
        if isinstance(function, FunctionType) and function.__code__ in codes
    ]
    setattr(builtins, HOOK, observer)
    try:
        for function, code in exchanged:
            function.__code__ = codes[code]
        yield
    finally:
        for function, code in exchanged:
            function.__code__ = code


@cache
def _codes_of(path: str) -> dict[CodeType, CodeType]:
    """Return the code of each function of a file, and the code that reports its calls."""
    source = Path(path).read_text(encoding="utf-8")
    tree = ast.fix_missing_locations(_Reporting().visit(ast.parse(source)))
    plain = compile(source, path, "exec", dont_inherit=True)
    return dict(_pairs(plain, compile(tree, path, "exec", dont_inherit=True)))


def _pairs(plain: CodeType, reporting: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """Yield each code within another, beside the same of the other compilation."""
    columns = [
        [c for c in code.co_consts if isinstance(c, CodeType)] for code in (plain, reporting)
    ]
    for first, second in zip(*columns, strict=True):
        if (first.co_qualname, first.co_freevars) != (second.co_qualname, second.co_freevars):
            raise SystemExit(f"{first.co_qualname} and {second.co_qualname} are not the same code")
        yield first, second
        yield from _pairs(first, second)


class _Reporting(ast.NodeTransformer):
    """Writes calls, operators and indexing as calls of the observer."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in _NEEDS_ITS_FRAME:
            return node
        return _at(node, [node.func, *node.args], node.keywords)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        return _at(node, [_operator(OPERATORS[type(node.op)]), node.left, node.right])

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Not) or isinstance(node.operand, ast.Constant):
            return node
        return _at(node, [_operator(OPERATORS[type(node.op)]), node.operand])

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        if len(node.ops) > 1 or type(node.ops[0]) not in OPERATORS:
            return node
        name = OPERATORS[type(node.ops[0])]
        return _at(node, [_operator(name), node.left, node.comparators[0]])

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load):
            return node
        return _at(node, [_operator("getitem"), node.value, _index(node.slice)])

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        self.generic_visit(node)
        if len(node.targets) > 1 or not isinstance(node.targets[0], ast.Subscript):
            return node
        return _stored(node, node.targets[0], node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        """`x[i] += y` is three calls, as for Python: getitem, iadd, setitem."""
        self.generic_visit(node)
        name = _operator("i" + OPERATORS[type(node.op)].rstrip("_"))
        loaded: Any = ast.parse(ast.unparse(node.target), mode="eval").body
        if isinstance(node.target, ast.Subscript):
            loaded = self.visit(loaded)
        value = _at(node, [name, loaded, node.value])
        if isinstance(node.target, ast.Subscript):
            return _stored(node, node.target, value)
        return ast.copy_location(ast.Assign([node.target], value), node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return node


def _at(node: ast.AST, args: list[Any], keywords: Sequence[ast.keyword] = ()) -> ast.Call:
    hook = ast.Attribute(ast.Name(HOOK, ast.Load()), "call", ast.Load())
    return ast.copy_location(ast.Call(hook, args, list(keywords)), node)


def _stored(node: ast.AST, target: ast.Subscript, value: Any) -> ast.AST:
    args = [_operator("setitem"), target.value, _index(target.slice), value]
    return ast.copy_location(ast.Expr(_at(node, args)), node)


def _operator(name: str) -> ast.AST:
    if not hasattr(operator, name):
        raise SystemExit(f"the module operator has no {name}")
    module = ast.Attribute(ast.Name(HOOK, ast.Load()), "operator", ast.Load())
    return ast.Attribute(module, name, ast.Load())


def _index(node: Any) -> Any:
    """Return an index as an expression: `1:n` is a call of `slice` anywhere but in brackets."""
    if isinstance(node, ast.Tuple):
        return ast.Tuple([_index(item) for item in node.elts], ast.Load())
    if not isinstance(node, ast.Slice):
        return node
    ends = [end or ast.Constant(None) for end in (node.lower, node.upper, node.step)]
    return ast.Call(ast.Name("slice", ast.Load()), ends, [])
