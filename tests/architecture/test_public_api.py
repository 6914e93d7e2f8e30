"""The public names of each package are those of its stored list.

A name that comes, goes or is renamed changes the list and the CHANGELOG of the package in the same
commit. `python tests/architecture/test_public_api.py` writes the lists anew.
"""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from pathlib import Path

import pytest
from import_rules import exported_names
from picture import DISTRIBUTIONS, ROOT, python_files, source_folder
from source_file import SourceFile

LISTS = Path(__file__).with_name("public_api")


def public_names(package: str) -> list[str]:
    """What `__all__` of a package lists, sorted."""
    text = (source_folder(package) / "__init__.py").read_text(encoding="utf-8")
    return sorted(exported_names(SourceFile(text, package, is_package=True)))


def names_in_annotations(folder: Path) -> set[str]:
    """Names that occur in annotations: what functions take and return."""
    annotations: list[ast.expr | None] = []
    for path in python_files(folder):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                annotations.append(node.returns)
            elif isinstance(node, (ast.arg, ast.AnnAssign)):
                annotations.append(node.annotation)
    texts = [ast.unparse(annotation) for annotation in annotations if annotation is not None]
    return set(re.findall(r"\w+", "\n".join(texts)))


def stored(package: str) -> list[str]:
    return (LISTS / f"{package}.txt").read_text(encoding="utf-8").split()


@pytest.mark.parametrize("package", DISTRIBUTIONS)
def test_the_public_names_are_the_stored_ones(package: str) -> None:
    now, before = set(public_names(package)), set(stored(package))
    assert not now - before, f"new: {sorted(now - before)}; add to the list and the CHANGELOG"
    assert not before - now, f"gone: {sorted(before - now)}; drop from the list, say so there"


@pytest.mark.parametrize("package", DISTRIBUTIONS)
def test_every_public_name_is_used_by_others(package: str) -> None:
    """By another package, an app, a test, a benchmark, a document, or as a type in a signature."""
    local = source_folder(package)
    places = [ROOT / name for name in ("packages", "apps", "tests", "benchmarks", "docs")]
    paths = [path for where in places for path in (*python_files(where), *where.rglob("*.md"))]
    texts = [
        path.read_text(encoding="utf-8")
        for path in paths
        if not path.is_relative_to(local) and path.name != "CHANGELOG.md"
    ]
    words = set(re.findall(r"\w+", "\n".join(texts)))
    unused = set(public_names(package)) - words - names_in_annotations(local)
    assert not unused, sorted(unused)


@pytest.mark.parametrize("package", DISTRIBUTIONS)
def test_the_front_door_is_grouped_by_folder(package: str) -> None:
    """A comment line before the imports of each folder."""
    lines = (source_folder(package) / "__init__.py").read_text(encoding="utf-8").splitlines()
    folders: set[str] = set()
    for before, line in pairwise(lines):
        match = re.match(rf"from {package}\.(\w+)\.", line)
        if match and match[1] not in folders:
            folders.add(match[1])
            assert before.startswith("# "), f"no comment before {line}"


if __name__ == "__main__":
    for name in DISTRIBUTIONS:
        text = "".join(f"{item}\n" for item in public_names(name))
        (LISTS / f"{name}.txt").write_text(text, encoding="utf-8")
