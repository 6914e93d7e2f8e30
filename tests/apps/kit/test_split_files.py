"""The files of the splits: given on the command line, or the samples."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from pmt_apps.kit.settings import AppSettings, split_files
from pmt_core import SettingsError

OPTIONS = {
    "train": ("source", "target"),
    "dev": ("dev_source", "dev_target"),
    "test": ("test_source", "test_target"),
}
SAMPLES = {"train": [Path("a"), Path("b")], "dev": [Path("c"), Path("d")]}


@dataclass(frozen=True)
class Files(AppSettings):
    source: Path | None = None
    target: Path | None = None
    dev_source: Path | None = None
    dev_target: Path | None = None
    test_source: Path | None = None
    test_target: Path | None = None


def files(*options: str) -> dict[str, tuple[Path, ...]]:
    return split_files(Files(**{name: Path(name) for name in options}), OPTIONS, SAMPLES, "; or x")


def test_without_options_the_samples_are_used() -> None:
    samples = {"train": (Path("a"), Path("b")), "dev": (Path("c"), Path("d"))}
    assert files() == samples
    test = (Path("test_source"), Path("test_target"))
    assert files("test_source", "test_target") == {**samples, "test": test}


def test_given_files_replace_the_samples() -> None:
    assert files("source", "target", "dev_source", "dev_target") == {
        "train": (Path("source"), Path("target")),
        "dev": (Path("dev_source"), Path("dev_target")),
    }


@pytest.mark.parametrize(
    "options",
    [
        ["source"],
        ["source", "target"],
        ["dev_source", "dev_target"],
        ["source", "target", "dev_source"],
        ["test_source"],
        ["source", "target", "dev_source", "dev_target", "test_target"],
    ],
)
def test_an_incomplete_split_is_an_error_that_names_the_options(options: list[str]) -> None:
    with pytest.raises(SettingsError, match="--source and --target and --dev-source") as error:
        files(*options)
    assert ("--test-target" in str(error.value)) == any("test" in option for option in options)
    assert str(error.value).endswith("; or x")
