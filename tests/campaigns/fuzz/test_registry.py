"""Every public function that reads from elsewhere is tried by the campaign."""

from __future__ import annotations

import inspect
import os
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import pmt_apps
from campaigns.fuzz.readers.reader import Reader, all_samples, write_files
from campaigns.fuzz.readers.registry import READERS
from pmt_core import PmtError

PACKAGES = ("pmt_core", "pmt_autograd", "pmt_nn", "pmt_text", "pmt_train")
READING = re.compile(r"(load|read|parse)(_\w+)?$|([a-z]\w*_)?from_(json|dict|state|hugging_face)$")

# Names that look like readers.
NO_READERS = {
    "pmt_core.InputFile": "opens files for the others",
    "pmt_apps.qqp.models.pair_model.PairModel.from_json": "an interface",
    "pmt_text.ChunkSampler.from_state": "a message between processes of one run",
    "pmt_train.Word2VecSampler.from_state": "a protocol",
    "pmt_train.Trainable.load_state": "a protocol",
    "pmt_train.Trainable.load_weights": "a protocol",
    "pmt_train.Word2Vec.load_weights": "by Word2VecTrainer, tests/train/word2vec",
    "pmt_train.Word2VecTrainer.load_state": "needs processes, tests/train/word2vec",
    "pmt_train.Word2VecTrainer.load_weights": "needs processes, tests/train/word2vec",
}

# Samples that the campaign itself reads; and files that may be absent.
UNREADABLE = "cannot read|not exist|folder|has no|neither|no run"
NO_FILES = {
    "state.json",
    "answer.http",
    "requests.http",
    "data.part",
    "a.lines",
    "stdin.txt",
    "metrics.json",
    "history.csv",
    "digit.npy",
    "dev_mistakes.json",
}


def public_readers() -> Iterator[str]:
    """Yield the public functions and methods whose names say that they read."""
    for package in PACKAGES:
        module = pkgutil.resolve_name(package)
        for name in module.__all__:
            yield from reading_names(f"{package}.{name}", getattr(module, name))
    for info in pkgutil.walk_packages(pmt_apps.__path__, "pmt_apps."):
        module = pkgutil.resolve_name(info.name)
        for name, value in vars(module).items():
            if getattr(value, "__module__", None) == info.name and not name.startswith("_"):
                yield from reading_names(f"{info.name}.{name}", value)


def reading_names(full_name: str, value: object) -> Iterator[str]:
    if inspect.isclass(value):
        yield from (
            f"{full_name}.{name}"
            for name, member in vars(value).items()
            if READING.match(name) and (callable(member) or isinstance(member, classmethod))
        )
    elif inspect.isfunction(value) and READING.match(full_name.rpartition(".")[2]):
        yield full_name


COVERED = {name for reader in READERS.values() for name in reader.covers}


def test_every_public_reader_is_in_the_registry() -> None:
    missing = sorted({*public_readers()} - COVERED - NO_READERS.keys())
    assert not missing, f"make them entries of campaigns/fuzz/readers: {missing}"


def test_names_of_the_registry_exist() -> None:
    for name in {*COVERED, *NO_READERS}:
        pkgutil.resolve_name(name)
    assert not COVERED & NO_READERS.keys()


@pytest.mark.parametrize("reader", READERS.values(), ids=lambda reader: reader.name)
def test_every_sample_is_read(reader: Reader, tmp_path: Path) -> None:
    for files in all_samples(reader)[0]:
        write_files(tmp_path, files)
        reader.read(tmp_path)


@pytest.mark.parametrize("reader", READERS.values(), ids=lambda reader: reader.name)
def test_devices_pipes_folders_and_missing_files_are_refused(
    reader: Reader, tmp_path: Path
) -> None:
    """Whatever file is none, nothing waits for it or reads it without end."""
    files = all_samples(reader)[0][0]
    for name in files.keys() - NO_FILES if reader.name != "overwritten-run" else ():
        for replace in (Path.mkdir, os.mkfifo, link_to_zeros, lambda path: None):
            write_files(tmp_path, files)
            (tmp_path / name).unlink()
            replace(tmp_path / name)
            with pytest.raises(PmtError, match=UNREADABLE):
                reader.read(tmp_path)


def link_to_zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")
