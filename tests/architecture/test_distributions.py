"""What pyproject.toml of every package and hatch.toml say is what the picture says."""

from __future__ import annotations

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
    assert extras == {name: [f"pmt-train[{name}]>=0.1,<0.2"] for name in names}


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
    texts += [text for table in environments for text in table["dependencies"]]
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
    assert 'step "all tests" hatch run test' in steps
