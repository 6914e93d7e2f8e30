"""Wheels and sdists hold what they should and no more, and pip installs from their folder."""

from __future__ import annotations

import shutil
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

pytestmark = [pytest.mark.packaging, pytest.mark.slow]

NAMES = ["pmt-core", "pmt-autograd", "pmt-nn", "pmt-text", "pmt-train", "pmt-apps"]


def project_folder(root: Path, name: str) -> Path:
    return root / "apps" if name == "pmt-apps" else root / "packages" / name


def import_folder(root: Path, name: str) -> Path:
    """The folder of the import package."""
    base = project_folder(root, name)
    return (base if name == "pmt-apps" else base / "src") / name.replace("-", "_")


def version(root: Path, name: str) -> str:
    text = (project_folder(root, name) / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(text)["project"]["version"])


def stem(root: Path, name: str) -> str:
    return f"{name.replace('-', '_')}-{version(root, name)}"


def sources(root: Path, name: str) -> set[str]:
    """Every file of the package, as a path in its wheel."""
    base = import_folder(root, name)
    return {
        path.relative_to(base.parent).as_posix()
        for path in base.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_there_is_a_wheel_and_an_sdist_of_every_package(dist: Path, root: Path) -> None:
    expected = {f"{stem(root, name)}-py3-none-any.whl" for name in NAMES}
    expected |= {f"{stem(root, name)}.tar.gz" for name in NAMES}
    assert {path.name for path in dist.iterdir()} == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_wheel_holds_the_package_and_its_license(dist: Path, root: Path, name: str) -> None:
    with zipfile.ZipFile(dist / f"{stem(root, name)}-py3-none-any.whl") as wheel:
        files = set(wheel.namelist())
        metadata: Message = Parser().parsestr(
            wheel.read(f"{stem(root, name)}.dist-info/METADATA").decode()
        )
    module = name.replace("-", "_")
    information = f"{stem(root, name)}.dist-info/"
    assert f"{module}/py.typed" in files
    assert f"{information}licenses/LICENSE" in files
    assert {file for file in files if not file.startswith(information)} == sources(root, name)
    assert metadata["Name"] == name
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "MIT"
    assert name in metadata.get_payload()


@pytest.mark.parametrize("name", NAMES)
def test_an_sdist_holds_all_that_a_build_needs(dist: Path, root: Path, name: str) -> None:
    with tarfile.open(dist / f"{stem(root, name)}.tar.gz") as sdist:
        files = {member.name for member in sdist.getmembers() if member.isfile()}
    top = {"README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", "PKG-INFO", ".gitignore"}
    inside = {file.removeprefix(f"{stem(root, name)}/") for file in files}
    base = import_folder(root, name).parent.relative_to(project_folder(root, name))
    expected = {(base / file).as_posix() for file in sources(root, name)}
    assert expected <= inside
    assert inside - expected - shipped(root, name) <= top
    assert shipped(root, name) | (top - {".gitignore"}) <= inside


def shipped(root: Path, name: str) -> set[str]:
    """What an sdist holds of the clone around it: tests, and the pages that they read."""
    toml = tomllib.loads((project_folder(root, name) / "pyproject.toml").read_text("utf-8"))
    included = toml["tool"]["hatch"]["build"]["targets"]["sdist"].get("force-include", {})
    files: set[str] = set()
    for source, target in included.items():
        path = (project_folder(root, name) / source).resolve()
        inside = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
        names = [file.relative_to(path) for file in inside if "__pycache__" not in file.parts]
        files |= {(Path(target) / file).as_posix() for file in names}
    return files


@pytest.mark.parametrize("name", NAMES[:-1])
def test_the_sdist_of_a_package_holds_its_tests(root: Path, name: str) -> None:
    files = shipped(root, name)
    folder = f"tests/{name.removeprefix('pmt-')}"
    tests = {path.relative_to(root).as_posix() for path in (root / folder).rglob("*.py")}
    assert tests | {"pytest.ini", "tests/conftest.py"} <= files


def test_the_tests_of_an_sdist_run_where_it_is_unpacked(
    bare_environment: Callable, dist: Path, root: Path, tmp_path: Path
) -> None:
    """A few of them; `hatch run build:sdists` runs those of every sdist."""
    environment = bare_environment()
    path = dist / f"{stem(root, 'pmt-core')}.tar.gz"
    with tarfile.open(path) as sdist:
        sdist.extractall(tmp_path, filter="data")
    environment.install(path, "pytest", cwd=tmp_path)
    unpacked = tmp_path / stem(root, "pmt-core")
    collected = environment.run_module("pytest", "-q", "--collect-only", cwd=unpacked)
    assert "test_row_sparse.py" in collected
    few = ("tests/core/test_padding.py", "tests/core/test_row_sparse.py")
    assert " passed" in environment.run_module("pytest", "-q", *few, cwd=unpacked)


def test_the_same_sources_give_the_same_bytes(
    build: Callable, dist: Path, root: Path, tmp_path: Path
) -> None:
    """Built again from a copy with other times of its files."""
    clone, again = tmp_path / "clone", tmp_path / "again"
    for name in ("packages/pmt-core", "tests"):
        skipped = shutil.ignore_patterns("__pycache__", "*.npz", "*.safetensors")
        shutil.copytree(root / name, clone / name, ignore=skipped, copy_function=shutil.copy)
    shutil.copy(root / ".gitignore", clone)
    build(clone / "packages/pmt-core", again)
    built = sorted(again.iterdir())
    assert len(built) == 2
    for path in built:
        assert path.read_bytes() == (dist / path.name).read_bytes(), path.name


WHERE = """
import importlib.resources
import pmt_nn
print(pmt_nn.__file__)
if not importlib.resources.files("pmt_nn").joinpath("py.typed").is_file():
    raise SystemExit("no py.typed")
"""


def test_pip_installs_a_package_and_its_arrows_from_the_folder(
    bare_environment: Callable, dist: Path, tmp_path: Path
) -> None:
    environment = bare_environment()
    before = environment.installed()
    environment.install("--find-links", dist, "pmt-nn", cwd=tmp_path)
    arrows = {"pmt-core", "pmt-autograd", "pmt-nn"}
    assert environment.installed() - before == {"numpy", *arrows}
    assert Path(environment.run(WHERE)).is_relative_to(environment.folder)
    environment.check()
