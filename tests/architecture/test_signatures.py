"""No function has more than 10 parameters, 60 lines or a complexity of 15."""

from __future__ import annotations

import pytest
from findings import findings_of, hold
from legibility import complexity, functions, large_functions, parameter_count
from picture import FOLDERS
from source_file import SourceFile


@pytest.mark.parametrize("package", FOLDERS)
def test_functions_are_of_a_readable_size(package: str) -> None:
    hold(findings_of(package, large_functions))


def parameters(count: int) -> str:
    return ", ".join(f"p{i}" for i in range(count))


DOCUMENTED = '''def f():
    """Say.

    {}
        >>> f()
        1

        >>> f()
        1
    """
'''


@pytest.mark.parametrize(
    ("text", "is_red"),
    [
        (f"def f({parameters(10)}):\n    return 1", False),
        (f"def f({parameters(11)}):\n    return 1", True),
        (f"class A:\n    def f(self, {parameters(10)}):\n        return 1", False),
        (f"class A:\n    def f(self, a, *, {parameters(10)}):\n        return 1", True),
        (f"def f({parameters(10)}, dtype):\n    return 1", True),
        ("def f():\n" + "    x = 1\n" * 59, False),
        ("def f():\n" + "    x = 1\n" * 60, True),
        (DOCUMENTED.format("Examples:") + "    x = 1\n" * 57, False),
        (DOCUMENTED.format("Examples:") + "    x = 1\n" * 58, True),
        (DOCUMENTED.format("Returns:") + "    x = 1\n" * 51, True),
        ("def f(x):\n" + "    if x:\n        x = 1\n" * 14, False),
        ("def f(x):\n" + "    if x:\n        x = 1\n" * 15, True),
    ],
)
def test_each_limit_is_red(text: str, is_red: bool) -> None:
    assert bool(list(large_functions(text))) == is_red


def test_complexity_counts_decisions() -> None:
    text = """
def f(x):
    for i in x:
        if i and x or i > 2:
            continue
    while x:
        x = [y for y in x if y]
    try:
        return 1 if x else 2
    except ValueError:
        def inner():
            if x:
                return 3
        return inner
"""
    outer, inner = sorted(functions(SourceFile(text, "m").tree), key=lambda node: node.lineno)
    assert complexity(outer) == 1 + 1 + 1 + 2 + 1 + 2 + 1 + 1
    assert complexity(inner) == 2
    assert parameter_count(outer) == 1
