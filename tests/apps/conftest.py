"""What the tests of the apps share: running programs, small trained runs, files of pairs."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest
from programs import Program
from small_apps import SmallApp, write_pairs


@pytest.fixture(scope="session", autouse=True)
def _environment(root: Path) -> Iterator[None]:
    """Processes that the tests start import `pmt_apps`, and two workers are two threads."""
    path = os.pathsep.join(filter(None, [str(root / "apps"), os.environ.get("PYTHONPATH")]))
    with mock.patch.dict(os.environ, PYTHONPATH=path, OPENBLAS_NUM_THREADS="1"):
        yield


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., Program]:
    """Makes the program of a task, started in an empty folder: `program("lm")`."""
    return lambda task, *options: Program(task, tmp_path, *options)


@dataclass(frozen=True)
class Trained:
    """A program in a folder with its data and the run "run".

    Attributes:
        data: options that name the data.
        output: what the training printed.
    """

    app: SmallApp
    program: Program
    data: list[object]
    output: str

    @property
    def folder(self) -> Path:
        return self.program.folder

    @property
    def run(self) -> Path:
        return self.folder / "run"


@pytest.fixture(scope="session")
def train(tmp_path_factory: pytest.TempPathFactory) -> Callable[[SmallApp], Trained]:
    """Trains an app on its small data, once in a session."""

    @functools.cache
    def once(app: SmallApp) -> Trained:
        folder = tmp_path_factory.mktemp(app.name)
        program, data = Program(app.task, folder), app.data(folder)
        return Trained(app, program, data, program.run(*data, *app.settings, "--out", "run").stdout)

    return once


@pytest.fixture
def pairs_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file of question pairs; see `write_pairs`."""

    def write(name: str = "pairs.tsv", rows: int = 120, broken: str | None = None) -> Path:
        return write_pairs(tmp_path / name, rows, broken)

    return write
