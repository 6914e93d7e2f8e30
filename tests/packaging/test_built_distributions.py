"""Wheels and sdists hold what they should and no more, and pip installs from their folder."""

from __future__ import annotations

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
    assert inside - expected <= top
    assert top - {".gitignore"} <= inside


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
