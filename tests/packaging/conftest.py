"""Bare virtual environments, and the built distributions, as a user would make them."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


def clean_environment() -> dict[str, str]:
    """The caller's environment, less what would let the working tree leak into a bare one."""
    leaks = ("PYTHON", "VIRTUAL_ENV", "HATCH", "PIP_TARGET", "PIP_PREFIX", "PIP_USER")
    remaining = {name: value for name, value in os.environ.items() if not name.startswith(leaks)}
    return {**remaining, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}


def completed(
    *command: str | Path, cwd: Path | None = None, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, in a clean environment. stdin: what it reads."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=clean_environment(),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def run(*command: str | Path, cwd: Path, stdin: str = "") -> str:
    """Run a command; return what it printed, or fail the test with it. stdin: what it reads."""
    done = completed(*command, cwd=cwd, stdin=stdin)
    if done.returncode:
        said = f"{done.stdout}\n{done.stderr}"
        pytest.fail(f"exit code {done.returncode}: {' '.join(map(str, command))}\n{said}", False)
    return done.stdout


@dataclass(frozen=True)
class BareEnvironment:
    """A virtual environment that holds nothing but pip until something is installed."""

    folder: Path

    @property
    def python(self) -> Path:
        where = "Scripts/python.exe" if os.name == "nt" else "bin/python"
        return self.folder / where

    def install(self, *arguments: str | Path, cwd: Path) -> None:
        """`pip install ARGUMENTS`, run in `cwd`."""
        run(self.python, "-m", "pip", "install", "--quiet", *arguments, cwd=cwd)

    def installed(self) -> set[str]:
        """The names of the installed distributions."""
        command = (self.python, "-m", "pip", "list", "--format", "json")
        listed = json.loads(run(*command, cwd=self.folder))
        return {item["name"].lower().replace("_", "-") for item in listed}

    def run(self, code: str, warnings: str = "error") -> str:
        """Runs Python code in a folder of its own; returns what it printed. warnings: as for -W."""
        return run(self.python, "-W", warnings, "-c", code, cwd=self.folder).strip()

    def start(self, name: str, *words: str, cwd: Path, stdin: str = "") -> str:
        """Run a program that a distribution installed, e.g. "pmt"; return what it printed."""
        program = self.python.with_name(f"{name}.exe" if os.name == "nt" else name)
        return run(program, *words, cwd=cwd, stdin=stdin)

    def run_module(self, *arguments: str | Path, cwd: Path) -> str:
        """`python -m ARGUMENTS`, run in `cwd`; returns what it printed."""
        return run(self.python, "-m", *arguments, cwd=cwd)

    def check(self) -> None:
        """`pip check`: every requirement of every distribution is met."""
        run(self.python, "-m", "pip", "check", cwd=self.folder)


@pytest.fixture(scope="session")
def package_index(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skips where no package can be fetched; fails instead where CI says that one must be."""
    folder = tmp_path_factory.mktemp("index")
    command = ("-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), "hatchling")
    done = completed(sys.executable, *command)
    if done.returncode:
        reason = f"no package index within reach: {done.stderr.strip().splitlines()[-1:]}"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


@pytest.fixture
def bare_environment(package_index: None, tmp_path: Path) -> Callable[[], BareEnvironment]:
    """Makes a bare environment in the test's own folder, in a path with a space in it."""

    def make() -> BareEnvironment:
        folder = tmp_path / "bare environment"
        venv.create(folder, with_pip=True)
        return BareEnvironment(folder)

    return make


@pytest.fixture(scope="session")
def dist(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a wheel and an sdist of every package and the apps, as `hatch run build` makes.

    The build is not isolated: it needs no index, and hatchling from the environment of the tests.
    The processes of a parallel run share one: the first that needs it builds it.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ and fcntl is not None:
        shared = shared.parent
    folder = shared / "dist"
    with folder_lock(shared / "dist.lock"):
        if not folder.exists():
            built = tmp_path_factory.mktemp("built")
            for package in (*sorted((root / "packages").iterdir()), root / "apps"):
                build_distributions(package, built)
            built.rename(folder)
    return folder


@contextlib.contextmanager
def folder_lock(path: Path) -> Iterator[None]:
    """Let one process in at a time, where the system has locks; a process that dies gives it up."""
    with open(path, "wb") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def build_distributions(project: Path, out: Path) -> None:
    options = ("--no-isolation", "--outdir", out)
    run(sys.executable, "-m", "build", *options, project, cwd=project)


@pytest.fixture
def build() -> Callable[[Path, Path], None]:
    """Builds a wheel and an sdist of a project to a folder."""
    return build_distributions


@pytest.fixture(scope="session")
def apps_environment(
    dist: Path, package_index: None, tmp_path_factory: pytest.TempPathFactory
) -> BareEnvironment:
    """An environment with pmt-apps[parallel] and what it requires, from the wheels of `dist`."""
    folder = tmp_path_factory.mktemp("apps")
    venv.create(folder / "environment", with_pip=True)
    environment = BareEnvironment(folder / "environment")
    environment.install("--find-links", dist, "pmt-apps[parallel]", cwd=folder)
    return environment
