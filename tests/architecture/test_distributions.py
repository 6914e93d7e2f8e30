"""What pyproject.toml of every package and hatch.toml say is what the picture says."""

from __future__ import annotations

import configparser
import re
import shlex
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from picture import DISTRIBUTIONS, PACKAGES, ROOT, distribution, folder, source_folder

LOWEST_PYTHON = ">=3.11"
# What a project is installed for in an environment beside its packages.
ENVIRONMENTS = {package.removeprefix("pmt_"): package for package in PACKAGES}


@cache
def toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def project(package: str) -> dict[str, Any]:
    table: dict[str, Any] = toml(folder(package) / "pyproject.toml")["project"]
    return table


def requirements(package: str) -> dict[str, Requirement]:
    results = [Requirement(text) for text in project(package).get("dependencies", [])]
    return {requirement.name: requirement for requirement in results}


@pytest.mark.parametrize("package", DISTRIBUTIONS)
def test_dependencies_are_the_pictures(package: str) -> None:
    row = DISTRIBUTIONS[package]
    expected = {distribution(name) for name in row.packages} | row.third_party
    assert set(requirements(package)) == expected


@pytest.mark.parametrize("package", PACKAGES)
def test_extras_are_the_pictures(package: str) -> None:
    extras = project(package).get("optional-dependencies", {})
    results = {extra: {Requirement(text).name for text in texts} for extra, texts in extras.items()}
    assert results == PACKAGES[package].extras


def test_the_apps_pass_the_extras_of_pmt_train_on() -> None:
    extras = project("pmt_apps")["optional-dependencies"]
    names = PACKAGES["pmt_train"].extras
    own = {"serve": ["waitress>=3"]}
    assert extras == {**own, **{name: [f"pmt-train[{name}]>=0.1,<0.2"] for name in names}}


@pytest.mark.parametrize("package", DISTRIBUTIONS)
def test_a_package_of_ours_is_required_at_this_minor_version(package: str) -> None:
    for name in DISTRIBUTIONS[package].packages:
        version = Version(project(name)["version"])
        specifier = requirements(package)[distribution(name)].specifier
        next_minor = f"{version.major}.{version.minor + 1}"
        assert specifier == SpecifierSet(f">={version.major}.{version.minor},<{next_minor}")


@pytest.mark.parametrize("package", DISTRIBUTIONS)
def test_metadata(package: str) -> None:
    table = project(package)
    assert table["name"] == distribution(package)
    assert table["requires-python"] == LOWEST_PYTHON
    assert table["license"] == "MIT"
    assert table["readme"] == "README.md"
    assert requirements(package)["numpy"].specifier == SpecifierSet(">=2.0")
    assert "Typing :: Typed" in table["classifiers"]


REPOSITORY = "https://github.com/pmt-authors/pmt"
"""The address of docs/publishing.md; a test holds all metadata to it."""


@pytest.mark.parametrize("package", DISTRIBUTIONS)
def test_addresses_keywords_and_classifiers(package: str) -> None:
    table = project(package)
    path = folder(package).relative_to(ROOT).as_posix()
    assert table["urls"] == {
        "Homepage": REPOSITORY,
        "Documentation": f"{REPOSITORY}/tree/main/docs",
        "Source": f"{REPOSITORY}/tree/main/{path}",
        "Changelog": f"{REPOSITORY}/blob/main/{path}/CHANGELOG.md",
        "Issues": f"{REPOSITORY}/issues",
    }
    assert len(table["keywords"]) >= 3
    pythons = {f"Programming Language :: Python :: 3.{minor}" for minor in (11, 12, 13)}
    assert pythons <= set(table["classifiers"])
    assert all((ROOT / path / name).is_file() for name in ("README.md", "CHANGELOG.md"))


def test_the_citation_is_of_this_version() -> None:
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {project('pmt_core')['version']}\n" in text
    assert f"repository-code: {REPOSITORY}\n" in text


@pytest.mark.parametrize("package", PACKAGES)
def test_an_sdist_holds_the_tests_of_its_package(package: str) -> None:
    targets = toml(folder(package) / "pyproject.toml")["tool"]["hatch"]["build"]["targets"]
    included = targets["sdist"]["force-include"]
    name = package.removeprefix("pmt_")
    assert included[f"../../tests/{name}"] == f"tests/{name}"
    assert included["../../tests/shared"] == "tests/shared"
    for source in included:
        assert (folder(package) / source).resolve().exists(), source


def test_an_sdist_runs_its_tests_with_the_settings_of_the_repository() -> None:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "tests" / "packaging" / "sdist_pytest.ini", encoding="utf-8")
    ours = toml(ROOT / "pyproject.toml")["tool"]["pytest"]["ini_options"]
    for name in ("markers", "filterwarnings"):
        assert parser["pytest"][name].strip().splitlines() == ours[name]
    options = shlex.split(parser["pytest"]["addopts"])
    assert " ".join(options) == " ".join(ours["addopts"])


def test_pre_commit_runs_what_lint_runs() -> None:
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    entries = re.findall(r"entry: hatch run lint:(\w+)", text)
    assert entries == toml(ROOT / "hatch.toml")["envs"]["lint"]["scripts"]["check"]


def test_ci_runs_every_folder_of_tests() -> None:
    """Alone with its package, or in the environment with all, as what is skipped alone."""
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    (alone,) = re.findall(r"^for package in (.+); do$", text, re.MULTILINE)
    (others,) = re.findall(r'"all other tests" hatch run test ((?:.+\\\n)*.+)$', text, re.MULTILINE)
    run = {f"tests/{name}" for name in alone.split()} | set(others.replace("\\", "").split())
    folders = {path.parent for path in (ROOT / "tests").rglob("test_*.py")}
    tops = {f"tests/{path.relative_to(ROOT / 'tests').parts[0]}" for path in folders}
    assert tops <= run
    assert all((ROOT / path).exists() for path in run)
    for name in set(alone.split()) - {"train"}:
        for path in (ROOT / "tests" / name).rglob("test_*.py"):
            if 'importorskip("matplotlib")' in path.read_text(encoding="utf-8"):
                assert path.relative_to(ROOT).as_posix() in run


def test_workflows_run_what_is_here() -> None:
    """The scripts that they name exist, and every action is pinned to a commit."""
    environments = toml(ROOT / "hatch.toml")["envs"]
    texts = {
        path.name: path.read_text(encoding="utf-8")
        for path in (ROOT / ".github" / "workflows").glob("*.yml")
    }
    assert set(texts) == {"ci.yml", "publish.yml"}
    assert "bash .ci/run" in texts["ci.yml"]
    for minor in (11, 12, 13):
        assert f'"3.{minor}"' in texts["ci.yml"]
    assert "id-token: write" in texts["publish.yml"]
    for text in texts.values():
        for environment, script in re.findall(r"hatch run (\w+):(\w+)", text):
            assert script in environments[environment]["scripts"]
        for action in re.findall(r"uses: (\S+)", text):
            assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action), action


def test_all_packages_have_one_version() -> None:
    assert len({project(package)["version"] for package in DISTRIBUTIONS}) == 1


def test_the_root_is_not_a_package() -> None:
    table = toml(ROOT / "pyproject.toml")
    assert "build-system" not in table
    assert table["project"]["requires-python"] == LOWEST_PYTHON


@pytest.mark.parametrize("package", DISTRIBUTIONS)
@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "LICENSE"])
def test_files_beside_the_package(package: str, name: str) -> None:
    text = (folder(package) / name).read_text(encoding="utf-8")
    if name == "LICENSE":
        assert text == (ROOT / "LICENSE").read_text(encoding="utf-8")
    elif name == "README.md":
        assert distribution(package) in text
    else:
        assert project(package)["version"] in text


@pytest.mark.parametrize("package", DISTRIBUTIONS)
def test_a_package_says_that_it_is_typed(package: str) -> None:
    assert (source_folder(package) / "py.typed").is_file()


def test_a_third_party_has_one_lowest_version() -> None:
    """In every package, extra and environment that names it."""
    tables = [project(package) for package in DISTRIBUTIONS]
    texts = [text for table in tables for text in table["dependencies"]]
    extras = [table.get("optional-dependencies", {}) for table in tables]
    texts += [text for extra in extras for values in extra.values() for text in values]
    ours = {requirement.name: requirement.specifier for requirement in map(Requirement, texts)}
    environments = toml(ROOT / "hatch.toml")["envs"].values()
    texts += [text for table in environments for text in table.get("dependencies", ())]
    for requirement in map(Requirement, texts):
        if requirement.name in ours:
            assert requirement.specifier == ours[requirement.name], requirement


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_environment_installs_a_package_and_what_its_arrows_allow(environment: str) -> None:
    package = ENVIRONMENTS[environment]
    table = toml(ROOT / "hatch.toml")["envs"][environment]
    expected = {f"packages/{distribution(name)}" for name in {package, *PACKAGES[package].packages}}
    assert set(table["workspace"]["members"]) == expected
    assert table["detached"] is True
    assert {Requirement(text).name for text in table["dependencies"]} == {"pytest", "pytest-xdist"}
    assert table["scripts"]["test"] == f"pytest {{args:tests/{environment}}}"


def test_the_default_environment_installs_all_and_the_build_script_builds_all() -> None:
    table = toml(ROOT / "hatch.toml")["envs"]["default"]
    everything = [folder(package).relative_to(ROOT).as_posix() for package in DISTRIBUTIONS]
    members = [m if isinstance(m, str) else m["path"] for m in table["workspace"]["members"]]
    assert sorted(members) == sorted(everything)
    built = [command.rpartition(" ")[2] for command in table["scripts"]["build"]]
    assert sorted(built) == sorted(everything)


def test_the_whole_suite_uses_all_cores_here_and_in_ci() -> None:
    script = toml(ROOT / "hatch.toml")["envs"]["default"]["scripts"]["test"]
    assert script.startswith("pytest -n auto --dist loadfile")
    assert script.endswith(" {args:tests}")
    steps = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert any(step.startswith('step "all other tests" hatch run test tests/') for step in steps)
