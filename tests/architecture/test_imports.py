"""The project's own files keep the rules: every package, every app, every folder of tests."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest
from findings import hold
from forbidden_code import RULES, code_from_text, global_streams, waits
from import_rules import (
    exported_names,
    names_defined,
    private_names,
    third_parties,
    wrong_arrows,
)
from picture import (
    APPS,
    CAMPAIGNS,
    DOCS,
    ORACLES,
    PACKAGES,
    ROOT,
    SITE,
    TESTS,
    Row,
    python_files,
    source_folder,
)
from source_file import SourceFile

APP_FILES = list(python_files(ROOT / "apps"))


@cache
def read(path: Path, base: Path) -> SourceFile:
    """The file at `path`, named as Python names it when `base` is on the path."""
    parts = list(path.relative_to(base).with_suffix("").parts)
    is_package = parts[-1] == "__init__"
    module = ".".join(parts[:-1] if is_package else parts)
    return SourceFile(path.read_text(encoding="utf-8"), module, is_package)


def package_sources(package: str) -> dict[Path, SourceFile]:
    where = source_folder(package)
    return {path: read(path, where.parent) for path in python_files(where)}


def app_sources() -> dict[Path, SourceFile]:
    return {path: read(path, ROOT / "apps") for path in APP_FILES}


def campaign_sources() -> dict[Path, SourceFile]:
    return {path: read(path, ROOT) for path in python_files(ROOT / "campaigns")}


def docs_sources() -> dict[Path, SourceFile]:
    site = site_sources()
    paths = (path for path in python_files(ROOT / "docs") if path not in site)
    return {path: read(path, ROOT) for path in paths}


def site_sources() -> dict[Path, SourceFile]:
    return {path: read(path, ROOT) for path in python_files(ROOT / "docs" / "site")}


# They run the code of pages and of forms, as text: that is what they are for.
RUN_TEXT = {
    ROOT / "docs" / "log_blocks.py",
    ROOT / "docs" / "cards" / "form.py",
    ROOT / "docs" / "course" / "workshop" / "grading.py",
}


def sources_of(who: str) -> dict[Path, SourceFile]:
    others = {
        "apps": app_sources,
        "campaigns": campaign_sources,
        "docs": docs_sources,
        "site": site_sources,
    }
    return others[who]() if who in others else package_sources(who)


def row_of(who: str) -> Row:
    others = {"apps": APPS, "campaigns": CAMPAIGNS, "docs": DOCS, "site": SITE}
    return {**PACKAGES, **others}[who]


@cache
def exports() -> dict[str, set[str]]:
    results: dict[str, set[str]] = {}
    for package in PACKAGES:
        for source in package_sources(package).values():
            if source.module == package:
                results[package] = exported_names(source)
    return results


def findings(
    sources: dict[Path, SourceFile], rule: Callable[[SourceFile], Iterable[str]]
) -> Iterator[str]:
    for path, source in sources.items():
        for finding in rule(source):
            yield f"{path.relative_to(ROOT)}: {finding}"


HOLDERS = [*PACKAGES, "apps", "campaigns", "docs", "site"]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_has_files_to_read(package: str) -> None:
    assert source_folder(package) / "__init__.py" in package_sources(package)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_lists_its_public_names(package: str) -> None:
    names = exports().get(package)
    assert names, f"{package}/__init__.py needs a literal __all__"
    assert not [name for name in names if name.startswith("_") and name != "__version__"]


@pytest.mark.parametrize("who", HOLDERS)
def test_arrows(who: str) -> None:
    row = row_of(who)
    hold(findings(sources_of(who), lambda source: wrong_arrows(source, row)))


@pytest.mark.parametrize("who", HOLDERS)
def test_third_parties(who: str) -> None:
    row = row_of(who)
    others = {
        "apps": {"pmt_apps", *(path.stem for path in APP_FILES)},
        "campaigns": {"app_json_states", "campaigns", "json_states", "pmt_apps", "tiny_encoder"},
        "docs": {"browser", "docs", "picture", "pmt_apps"},
        "site": {"browser", "docs", "pmt_apps"},
    }
    beside = others.get(who, set())
    hold(findings(sources_of(who), lambda source: third_parties(source, row, beside)))


@pytest.mark.parametrize("who", HOLDERS)
def test_private_names(who: str) -> None:
    sources = sources_of(who)
    private = set().union(*map(names_defined, sources.values()))
    hold(findings(sources, lambda source: private_names(source, exports(), private)))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("who", HOLDERS)
def test_forbidden_code(who: str, rule: Callable[[SourceFile], Iterable[str]]) -> None:
    sources = sources_of(who)
    if rule is code_from_text:
        sources = {path: source for path, source in sources.items() if path not in RUN_TEXT}
    hold(findings(sources, rule))


@pytest.mark.parametrize("folder", TESTS)
def test_tests_import_what_their_package_may(folder: str) -> None:
    """An oracle is imported inside a test marked for it: the file loads without it."""
    base = ROOT / "tests" / folder
    for path in python_files(base):
        source = read(path, base)
        row = TESTS[folder]
        shared = (ROOT / "tests" / "shared").rglob("*.py")
        beside = {other.stem for other in (*shared, *base.rglob("*.py"))}
        if folder in ("apps", "shared"):  # the parts of the programs
            beside |= {"pmt_apps"}
        if folder == "campaigns":
            beside |= {"campaigns", "pmt_apps"}
        if folder == "log":
            beside |= {"checks", "docs"}
        if folder in ("course", "site"):
            beside |= {"docs"}
        if folder == "guides":
            beside |= {"checks", "pmt_apps"}
        if folder == "docstrings":  # the rules on imports hold for examples too
            beside |= {"findings", "import_rules", "picture", "source_file", "test_public_api"}
            beside |= {"pmt_apps"}
        results = [*wrong_arrows(source, row), *third_parties(source, row, beside | ORACLES)]
        hold(f"{path.relative_to(ROOT)}: {line}" for line in results)
        at_top = {item.top for item in SourceFile(_top_level(source), source.module).imports}
        assert not at_top & ORACLES, f"{path}: import {at_top & ORACLES} inside the test"
        if {item.top for item in source.imports} & ORACLES:
            assert "mark.oracle" in source.text, f"{path}: imports an oracle, has no mark for it"


@pytest.mark.parametrize("folder", TESTS)
def test_tests_repeat_themselves(folder: str) -> None:
    """No global random state in tests either."""
    base = ROOT / "tests" / folder
    hold(findings({path: read(path, base) for path in python_files(base)}, global_streams))


# Where a test waits, and why lateness cannot make it fail.
WAITS = {
    "apps/kit/conftest.py": "looks again and again for a file of a process",
    "apps/kit/example_app.py": "waits if a test asks it to, and is ended by the test",
    "apps/kit/test_lying_servers.py": "a server that is slow",
    "apps/server/test_main.py": "looks again and again at the state of a process",
    "autograd/debug/test_profile.py": "time is what is measured, at least that of a sleep",
    "train/parallel/test_workers.py": "threads that are slower than others",
    "train/trainer/test_resume.py": "a training that lasts, at least for its sleeps",
    "train/word2vec/test_worker_processes.py": "looks again and again for the end of processes",
}


@pytest.mark.parametrize("folder", TESTS)
def test_tests_do_not_wait_for_the_clock(folder: str) -> None:
    """A busy machine makes no test fail: signals come at events, times are of the processor."""
    base = ROOT / "tests" / folder
    sources = {path: read(path, base) for path in python_files(base)}
    names = {path: path.relative_to(ROOT / "tests").as_posix() for path in sources}
    hold(findings({p: s for p, s in sources.items() if names[p] not in WAITS}, waits))
    needless = [n for p, n in names.items() if n in WAITS and not list(waits(sources[p]))]
    assert not needless, f"no exception any more: {needless}"


def test_every_folder_of_tests_is_in_the_picture() -> None:
    folders = {path.name for path in (ROOT / "tests").iterdir() if any(path.glob("*.py"))}
    assert folders - {"tests"} <= set(TESTS)


def _top_level(source: SourceFile) -> str:
    """The file's text without the bodies of its functions and classes."""
    tree = ast.parse(source.text)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    tree.body = [node for node in tree.body if not isinstance(node, kinds)]
    return ast.unparse(tree)
