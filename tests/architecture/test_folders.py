"""Folders keep the picture: declared arrows, no cycles, readable sizes. Each rule is shown red."""

from __future__ import annotations

from pathlib import Path

import pytest
from findings import hold
from folder_rules import (
    crowded_folders,
    cycles,
    import_graph,
    undeclared_arrows,
    unused_arrows,
)
from legibility import file_size
from picture import (
    DOCS_FOLDERS,
    FILE_SIZE_EXCEPTIONS,
    FOLDERS,
    ROOT,
    python_files,
    source_root,
)
from source_file import SourceFile

MAX_EXCEPTIONS = 12
LEFTOVERS = ("noqa: E402", "isort: skip", "isort: split", "noqa: F401")


def sources(package: str) -> dict[Path, SourceFile]:
    base = source_root(package).parent
    files = {}
    for path in python_files(source_root(package)):
        parts = list(path.relative_to(base).with_suffix("").parts)
        is_package = parts[-1] == "__init__"
        module = ".".join(parts[:-1] if is_package else parts)
        files[path] = SourceFile(path.read_text(encoding="utf-8"), module, is_package)
    return files


@pytest.mark.parametrize("package", FOLDERS)
def test_arrows_between_folders_are_declared(package: str) -> None:
    graph = import_graph(sources(package).values())
    hold([*undeclared_arrows(graph, FOLDERS[package]), *unused_arrows(graph, FOLDERS[package])])


@pytest.mark.parametrize("package", FOLDERS)
def test_no_import_cycle(package: str) -> None:
    """Neither between files, imports under TYPE_CHECKING included, nor in the picture."""
    groups = [*cycles(import_graph(sources(package).values())), *cycles(FOLDERS[package])]
    hold([" <-> ".join(group) for group in groups])


@pytest.mark.parametrize("package", FOLDERS)
def test_folders_are_of_a_readable_size(package: str) -> None:
    modules = [source.module for source in sources(package).values() if not source.is_package]
    hold(list(crowded_folders(modules)))


def test_files_are_of_a_readable_size() -> None:
    paths = [path for package in FOLDERS for path in python_files(source_root(package))]
    paths += [path for path in python_files(ROOT / "apps") if path.parent.name != "pmt_apps"]
    findings = []
    unusual = set()
    for path in {path for path in paths if path.name != "__init__.py"}:
        name = str(path.relative_to(ROOT))
        for finding in file_size(path.read_text(encoding="utf-8")):
            unusual.add(name)
            if name not in FILE_SIZE_EXCEPTIONS:
                findings.append(f"{name}: {finding}")
    findings += [f"{name} is no exception any more" for name in {*FILE_SIZE_EXCEPTIONS} - unusual]
    hold(sorted(findings))
    assert len(FILE_SIZE_EXCEPTIONS) <= MAX_EXCEPTIONS
    assert all(FILE_SIZE_EXCEPTIONS.values()), "every exception has a reason"


@pytest.mark.parametrize("package", FOLDERS)
def test_a_folder_has_a_sign(package: str) -> None:
    """`__init__.py` of a folder is a docstring, and nothing else."""
    findings = []
    folders = {path.parent for path in sources(package)} - {source_root(package)}
    for folder in sorted(folders):
        sign = folder / "__init__.py"
        if not sign.exists():
            findings.append(f"{folder.relative_to(ROOT)} has no __init__.py")
        elif len(SourceFile(sign.read_text(encoding="utf-8"), "sign").tree.body) != 1:
            findings.append(f"{sign.relative_to(ROOT)}: more than a docstring")
    hold(findings)


@pytest.mark.parametrize("folder", DOCS_FOLDERS)
def test_folders_of_docs_import_what_the_picture_says(folder: str) -> None:
    """The style of the pictures knows no card, and cards know no chapter."""
    findings = []
    for path in python_files(ROOT / "docs" / folder):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        source = SourceFile(path.read_text(encoding="utf-8"), module)
        for item in source.imports:
            top, _, rest = item.module.partition(".")
            if top == "docs" and rest.partition(".")[0] not in {folder, *DOCS_FOLDERS[folder]}:
                findings.append(f"{path.relative_to(ROOT)} imports {item.module}")
    hold(findings)


def test_files_of_the_drawing_style_are_of_a_readable_size() -> None:
    paths = [path for path in python_files(ROOT / "docs" / "drawing") if path.stem != "__init__"]
    assert paths
    hold([f"{p.name}: {x}" for p in paths for x in file_size(p.read_text(encoding="utf-8"))])


def test_no_import_is_excused() -> None:
    findings = []
    for base in ("packages", "apps"):
        for path in python_files(ROOT / base):
            text = path.read_text(encoding="utf-8")
            findings += [f"{path.relative_to(ROOT)}: {left}" for left in LEFTOVERS if left in text]
    hold(findings)


# --- each rule is red on what it forbids -------------------------------------------------------


def graph_of(**texts: str) -> dict[str, set[str]]:
    """The import graph of files given as `folder__name="source"`."""
    files = [SourceFile(text, f"pkg.{name.replace('__', '.')}") for name, text in texts.items()]
    return import_graph(files)


def test_an_undeclared_arrow_is_red() -> None:
    graph = graph_of(low__a="", high__b="from pkg.low.a import x")
    assert not list(undeclared_arrows(graph, {"low": (), "high": ("low",)}))
    assert list(undeclared_arrows(graph, {"low": (), "high": ()}))
    assert list(undeclared_arrows(graph, {"low": ()}))
    assert list(unused_arrows(graph, {"low": ("high",), "high": ("low",)}))


def test_a_module_of_the_root_may_be_a_node_of_its_own() -> None:
    graph = graph_of(base="", ops__add="from pkg.base import x", top="from pkg.ops.add import y")
    assert not list(undeclared_arrows(graph, {"ops": (".",), "top": ("ops",)}))
    assert list(undeclared_arrows(graph, {"ops": (".",)})) == [
        "pkg.top imports pkg.ops.add: no arrow . -> ops in the picture"
    ]


@pytest.mark.parametrize(
    "other",
    [
        "from pkg.low.a import x",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pkg.low.a import x",
        "from pkg.low import a",
        "import pkg.low.a",
        "def f():\n    from pkg.low.a import x",
    ],
)
def test_a_cycle_is_red(other: str) -> None:
    graph = graph_of(low__a="from pkg.low.b import y", low__b="from pkg.low.c import z", low__c="")
    assert not cycles(graph)
    graph = graph_of(
        low__a="from pkg.low.b import y", low__b="from pkg.low.c import z", low__c=other
    )
    assert cycles(graph) == [["pkg.low.a", "pkg.low.b", "pkg.low.c"]]


def test_a_cycle_of_folders_is_red() -> None:
    assert cycles({"a": ("b",), "b": ("c",), "c": ("a",)}) == [["a", "b", "c"]]


def test_a_crowded_root_or_folder_is_red() -> None:
    assert not list(crowded_folders([f"pkg.m{i}" for i in range(12)]))
    assert list(crowded_folders([f"pkg.m{i}" for i in range(13)]))
    assert not list(crowded_folders([f"pkg.folder.m{i}" for i in range(20)]))
    assert list(crowded_folders([f"pkg.folder.m{i}" for i in range(21)]))


@pytest.mark.parametrize(("lines", "is_red"), [(24, True), (25, False), (300, False), (301, True)])
def test_a_short_or_long_file_is_red(lines: int, is_red: bool) -> None:
    assert bool(list(file_size("x = 1\n" * lines))) == is_red
