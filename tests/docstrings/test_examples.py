"""Every example of a docstring runs as written, and every public class and function has one.

An example is a doctest below `Examples:`. It runs in an empty namespace and an empty folder, so it
can be copied as it is.
"""

from __future__ import annotations

import ast
import doctest
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from findings import hold
from import_rules import private_names, third_parties, wrong_arrows
from picture import DISTRIBUTIONS, PACKAGES, python_files, source_folder
from source_file import SourceFile
from test_public_api import stored

import pmt_apps
import pmt_autograd
import pmt_core
import pmt_nn
import pmt_text
import pmt_train
from pmt_autograd import REGISTRY

LOADED = {
    module.__name__: module
    for module in (pmt_core, pmt_autograd, pmt_nn, pmt_text, pmt_train, pmt_apps)
}

HEADING = re.compile(r"^ *Examples:\n(?=(.*\n)* *>>> )", re.MULTILINE)
PRINT_DEFAULTS = {
    "edgeitems": 3,
    "floatmode": "maxprec",
    "formatter": None,
    "infstr": "inf",
    "legacy": False,
    "linewidth": 75,
    "nanstr": "nan",
    "precision": 8,
    "sign": "-",
    "suppress": False,
    "threshold": 1000,
}
"""Those of NumPy 2: a test before may have set others."""

# --- the examples of a module ---------------------------------------------------------------------


def docstrings(node: ast.AST, name: str) -> Iterator[tuple[str, ast.Constant]]:
    """Every docstring of a module, those of methods and attributes too, with its dotted name."""
    for child in getattr(node, "body", ()):
        match child:
            case ast.Expr(value=ast.Constant(value=str()) as text):
                yield name, text
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield from docstrings(child, f"{name}.{child.name}")
            case _:
                yield from docstrings(child, name)


def examples_of(text: str, module: str, path: str = "") -> list[doctest.DocTest]:
    """The docstrings of a module's text that have examples."""
    parser = doctest.DocTestParser()
    tests = [
        parser.get_doctest(constant.value, {}, name, path, constant.lineno - 1)
        for name, constant in docstrings(ast.parse(text), module)
    ]
    return [test for test in tests if test.examples]


def faults_of(test: doctest.DocTest) -> Iterator[str]:
    """Run the examples of a docstring; yield what is printed differently, and what is forbidden."""
    if not HEADING.search(test.docstring or ""):
        yield f"{test.name}: the examples are not below `Examples:`"
    if any(doctest.SKIP in example.options for example in test.examples):
        yield f"{test.name}: an example is skipped"
    if not any(example.want for example in test.examples):
        yield f"{test.name}: the examples show no result"
    yield from import_faults(test)
    test.globs = {"__name__": "__main__"}
    report: list[str] = []
    doctest.DocTestRunner(verbose=False).run(test, out=report.append)
    yield from report


def import_faults(test: doctest.DocTest) -> Iterator[str]:
    """Examples import public names that they use, of their package and what that may import."""
    package = test.name.partition(".")[0]
    row = DISTRIBUTIONS[package]
    row = replace(row, packages=row.packages | {package})
    text = "\n".join(example.source for example in test.examples)
    try:
        source = SourceFile(text, "example")
        rules = [*wrong_arrows(source, row), *third_parties(source, row, {"pmt_apps"})]
    except SyntaxError:  # reported when it runs
        return
    rules += private_names(source, {name: stored(name) for name in PACKAGES}, ())
    used = {node.id for node in ast.walk(source.tree) if isinstance(node, ast.Name)}
    rules += [f"imports {name}, which is not used" for name in {*source.full_names} - used]
    yield from (f"{test.name}: {finding}" for finding in rules)


def modules() -> Iterator[tuple[str, Path]]:
    """Name and path of each module that has examples."""
    for package in DISTRIBUTIONS:
        base = source_folder(package).parent
        for path in python_files(source_folder(package)):
            if ">>> " in path.read_text(encoding="utf-8"):
                name = ".".join(path.relative_to(base).with_suffix("").parts)
                yield name.removesuffix(".__init__"), path


MODULES = dict(modules())


@pytest.fixture
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty folder, NumPy's own printing; what an example registers and draws goes after it."""
    monkeypatch.chdir(tmp_path)
    before = dict(REGISTRY)
    with np.printoptions(**PRINT_DEFAULTS):
        yield
    REGISTRY.clear()
    REGISTRY.update(before)
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize("module", MODULES)
def test_the_examples_run(module: str) -> None:
    path = MODULES[module]
    tests = examples_of(path.read_text(encoding="utf-8"), module, str(path))
    assert tests, f"{path} has `>>> ` outside of docstrings"
    hold(fault for test in tests for fault in faults_of(test))


# --- names without an example ---------------------------------------------------------------------


def exemption(value: object, package: str) -> str | None:
    """Why an example of a public name would say nothing, or None."""
    if inspect.isclass(value) and issubclass(value, BaseException):
        return "an exception: the functions that raise it say when"
    if getattr(value, "_is_protocol", False):
        return "a protocol: its methods are what it says"
    defined = inspect.isclass(value) or inspect.isroutine(value)
    if not defined or not getattr(value, "__module__", "").startswith(package):
        return "a constant or a name of a type"
    return None


def has_example(value: object) -> bool:
    return bool(HEADING.search(value.__doc__ or ""))


def names_without_example(package: str) -> set[str]:
    values = {name: getattr(LOADED[package], name) for name in stored(package)}
    return {
        name
        for name, value in values.items()
        if exemption(value, package) is None and not has_example(value)
    }


@pytest.mark.parametrize("package", DISTRIBUTIONS)
def test_every_public_class_and_function_has_an_example(package: str) -> None:
    names = names_without_example(package)
    assert not names, f"write `Examples:` in the docstring of {sorted(names)}"


# --- the rules are shown red ----------------------------------------------------------------------

GOOD = """
    Examples:
        >>> from pmt_core import sigmoid
        >>> float(sigmoid(0.0))
        0.5
"""


def faults_in(text: str) -> str:
    tests = examples_of(f'def f():\n    """Say.\n{text}    """\n', "pmt_core.module")
    assert [test.name for test in tests] == ["pmt_core.module.f"]
    return "\n".join(faults_of(tests[0]))


@pytest.mark.usefixtures("clean")
def test_a_right_example_passes() -> None:
    assert faults_in(GOOD) == ""


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        (lambda text: text.replace("        0.5", "        0.6"), "Got:\n    0.5"),
        (lambda text: text.replace("Examples:", "Such as:"), "not below `Examples:`"),
        (lambda text: text.replace("(0.0))", "(0.0))  # doctest: +SKIP"), "is skipped"),
        (lambda text: text.replace("        0.5\n", ""), "Got:\n    0.5"),
        (lambda text: text.replace("        0.5\n", "").replace("float", "_ = float"), "no result"),
        (lambda text: text.replace("        >>> from pmt_core import sigmoid\n", ""), "NameError"),
        (lambda text: text.replace("pmt_core", "pmt_core.numerics"), "from pmt_core itself"),
        (lambda text: text.replace("pmt_core", "pmt_autograd"), "not an arrow of the picture"),
        (lambda text: text.replace("        >>> from", "        >>> import tqdm, from"), "Syntax"),
        (lambda text: text.replace("pmt_core import sigmoid", "tqdm import tqdm"), "not a depend"),
        (lambda text: text.replace("import sigmoid", "import sigmoid, cut"), "imports cut, which"),
    ],
)
def test_a_wrong_example_is_found(edit: Callable[[str], str], fault: str) -> None:
    assert edit(GOOD) != GOOD
    assert fault in faults_in(edit(GOOD))


@pytest.mark.usefixtures("clean")
def test_examples_of_methods_and_attributes_are_run() -> None:
    attribute = f'class A:\n    x = 1\n    """X.\n{GOOD}    """\n'
    text = f'{attribute}    def f(self):\n        """F.\n{GOOD}    """\n'
    assert [test.name for test in examples_of(text, "m")] == ["m.A", "m.A.f"]


def test_what_needs_an_example() -> None:
    def plain() -> None:
        """Return nothing."""

    def documented() -> None:
        """Return nothing.

        Examples:
            >>> documented()
        """

    plain.__module__ = "pmt_core.module"
    assert exemption(plain, "pmt_core") is None
    assert not has_example(plain)
    assert has_example(documented)
    assert exemption(ValueError, "pmt_core")
    assert exemption(dict, "pmt_core")
    assert exemption(5, "pmt_core")
