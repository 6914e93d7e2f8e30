"""What the packages and apps never do. Each rule takes a file and says what is wrong with it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from source_file import SourceFile

# Reading these formats can run code that the file brings along.
_CODE_RUNNING_FORMATS = frozenset(
    ["pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"]
)

# All else in numpy.random, and in random, reads or writes the one global stream of its module.
_BIT_GENERATORS = ("BitGenerator", "MT19937", "PCG64", "PCG64DXSM", "Philox", "SeedSequence")
_EXPLICIT_STREAMS = frozenset(("Generator", "default_rng", "Random", *_BIT_GENERATORS))


def pickles(source: SourceFile) -> Iterator[str]:
    """Pickle and its kin, and `allow_pickle` with anything but a plain False."""
    for item in source.imports:
        if item.top in _CODE_RUNNING_FORMATS:
            yield f"line {item.line}: {item.top}: reading such a file can run code"
    for node in ast.walk(source.tree):
        if (
            isinstance(node, ast.keyword)
            and node.arg == "allow_pickle"
            and not _is_false(node.value)
        ):
            yield f"line {node.value.lineno}: allow_pickle has to be False"


def asserts(source: SourceFile) -> Iterator[str]:
    """`assert` vanishes under `python -O`, and its error is nobody's type."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Assert):
            yield f"line {node.lineno}: assert: raise a PmtError that says the cure"


def global_randomness(source: SourceFile) -> Iterator[str]:
    """The module `random`, the functions of `numpy.random`, and a generator without a seed."""
    for item in source.imports:
        if item.top == "random":
            yield f"line {item.line}: random: take an np.random.Generator as an argument"
    yield from global_streams(source)


def global_streams(source: SourceFile) -> Iterator[str]:
    """What reads or writes a global stream. Tests keep this part: `random.Random(0)` is theirs."""
    for item in source.imports:
        if item.module in ("random", "numpy.random") and item.name is not None:
            yield from _random_name(f"{item.module}.{item.name}", item.line)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute):
            yield from _random_name(source.full_name(node) or "", node.lineno)
        elif isinstance(node, ast.Call) and not node.args and not node.keywords:
            name = source.full_name(node.func)
            if name in ("numpy.random.default_rng", "random.Random"):
                yield f"line {node.lineno}: {name}() without a seed: runs could not be repeated"


def code_from_text(source: SourceFile) -> Iterator[str]:
    """`eval` and `exec`, under any name. (The method `model.eval()` is another thing.)"""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name | ast.Attribute) and _runs_text(source, node):
            yield f"line {node.lineno}: {ast.unparse(node)} runs text as code"


_CLOCKS = frozenset(f"time.{name}" for name in ("monotonic", "perf_counter", "sleep", "time"))
_LONGEST_WAIT = 600  # seconds after which a process is called hung, on any machine


def waits(source: SourceFile) -> Iterator[str]:
    """Clocks of the wall, and limits of time that a busy machine reaches. A rule for tests."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute | ast.Name) and source.full_name(node) in _CLOCKS:
            yield f"line {node.lineno}: {ast.unparse(node)}: wait for an event"
        if isinstance(node, ast.Call):
            limits = [word.value for word in node.keywords if word.arg == "timeout"]
            if isinstance(node.func, ast.Attribute) and node.func.attr in ("wait", "join"):
                limits += node.args[:1]
            if any(_is_short(limit) for limit in limits):
                yield f"line {node.lineno}: wait {_LONGEST_WAIT} s: only a hang takes so long"


RULES = (pickles, asserts, global_randomness, code_from_text)


def _random_name(full_name: str, line: int) -> Iterator[str]:
    for module in ("numpy.random.", "random."):
        name = full_name.removeprefix(module).partition(".")[0]
        if full_name.startswith(module) and name not in _EXPLICIT_STREAMS:
            yield f"line {line}: {module}{name} is global state: take an np.random.Generator"


def _runs_text(source: SourceFile, node: ast.Name | ast.Attribute) -> bool:
    if isinstance(node, ast.Name) and node.id in ("eval", "exec"):
        return True
    return source.full_name(node) in ("builtins.eval", "builtins.exec")


def _is_short(limit: ast.expr) -> bool:
    value = limit.value if isinstance(limit, ast.Constant) else None
    return isinstance(value, int | float) and value < _LONGEST_WAIT


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False
