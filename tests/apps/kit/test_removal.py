"""--overwrite removes the files of a run together: all of them, or none if one must stay."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pmt_apps.kit import removal
from pmt_apps.kit.run_folder import RunFolder
from pmt_core import FileProblem

NAMES = (
    "config.json", "history.csv", "metrics.json", "checkpoint.npz", "model.npz", "report.html",
    "teacher.npz", "teacher.checkpoint.npz", "curves.png", "vectors.txt",
    "tagged.conll",
)  # fmt: skip
NOTES = "notes.txt"

CLEAR_AND_DIE = """
import itertools, os, shutil, signal, sys
from pathlib import Path
from pmt_apps.kit.run_folder import RunFolder

def clear(path, last):
    '''Clear a folder, and die at the access to a file that has the number `last`.'''
    events = itertools.count(1)

    def die_at_the_last(event, args):
        if event in ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.listdir", "open"):
            if next(events) == last:
                os.kill(os.getpid(), signal.SIGKILL)

    folder = RunFolder(path, ["vectors.txt"])
    with folder.claim(overwrite=True):
        sys.addaudithook(die_at_the_last)
        folder.clear()
        os._exit(0)

for last in itertools.count(1):
    copy = Path(f"{sys.argv[1]}-{last}")
    shutil.copytree(sys.argv[1], copy)
    child = os.fork()
    if child == 0:
        clear(copy, last)
    if os.waitpid(child, 0)[1] != signal.SIGKILL:
        print(last)
        break
"""


def run_folder(path: Path) -> RunFolder:
    """A folder with the files of a run, and one that is not of it."""
    path.mkdir()
    for name in (*NAMES, NOTES):
        (path / name).write_text(name)
    named = {"pictures": ["curves.png"], "outputs": ["tagged.conll", "report.html/../notes.md", 3]}
    (path / "metrics.json").write_text(json.dumps(named))
    return RunFolder(path, ["vectors.txt"])


def contents(path: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in path.iterdir()}


def test_all_files_are_removed(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run")
    for name in (".model.npz.12-0.tmp", ".student.npz.12-3.tmp", ".notes.txt.12-3.tmp"):
        (folder.path / name).write_text("half")
    folder.clear()
    assert set(contents(folder.path)) == {NOTES, ".notes.txt.12-3.tmp"}


def test_without_a_run_nothing_is_removed(tmp_path: Path) -> None:
    (tmp_path / "vectors.txt").write_text("mine")
    RunFolder(tmp_path, ["vectors.txt"]).clear()
    assert contents(tmp_path) == {"vectors.txt": "mine"}


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_in_the_way_is_named_and_nothing_is_removed(tmp_path: Path, name: str) -> None:
    folder = run_folder(tmp_path / "run")
    (folder.path / name).unlink()
    (folder.path / name).mkdir()
    before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
    with pytest.raises(FileProblem, match=rf"{name}.*it is a folder; nothing was removed"):
        folder.clear()
    assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*")) == before


@pytest.mark.parametrize("stuck", range(len(NAMES) + 1))
def test_a_file_that_cannot_be_moved_leaves_all_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stuck: int
) -> None:
    folder = run_folder(tmp_path / "run")
    before, calls = contents(folder.path), []
    rename = os.rename

    def refuse_one(source: Path, target: Path) -> None:
        calls.append(source)
        if len(calls) == stuck + 1:
            raise PermissionError(1, "Operation not permitted")
        rename(source, target)

    monkeypatch.setattr(removal.os, "rename", refuse_one)
    with pytest.raises(FileProblem, match=r"not permitted; nothing was removed: .* --out"):
        folder.clear()
    assert contents(folder.path) == before
    folder.clear()
    assert set(contents(folder.path)) == {NOTES}


def test_what_cannot_be_deleted_is_aside_and_deleted_by_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = run_folder(tmp_path / "run")

    def refuse(file: Path) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(removal, "_unlink", refuse)
        folder.clear()
    assert "cannot be deleted: Input/output error" in capsys.readouterr().err
    assert not folder.is_run
    with folder.claim():
        assert set(contents(folder.path)) == {NOTES, ".lock"}


def test_read_only_files_and_links_are_removed_and_not_what_links_point_to(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run")
    (tmp_path / "weights").write_text("weights")
    folder.model.unlink()
    folder.model.symlink_to(tmp_path / "weights")
    folder.checkpoint.unlink()
    folder.checkpoint.symlink_to(tmp_path / "gone")
    folder.config.chmod(0o400)
    folder.clear()
    assert set(contents(folder.path)) == {NOTES}
    assert (tmp_path / "weights").read_text() == "weights"


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_killed_at_any_moment_the_next_start_finds_all_files_or_none(tmp_path: Path) -> None:
    """The moments are all accesses to files that the removal makes."""
    folder = run_folder(tmp_path / "run")
    before = contents(folder.path)
    command = [sys.executable, "-c", CLEAR_AND_DIE, str(folder.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    last, kept = int(done.stdout), 0
    for number in range(1, last + 1):
        folder = RunFolder(tmp_path / f"run-{number}")
        if number % 2 and folder.config.exists():
            folder.check_is_run("predict with")
        else:
            with folder.claim(overwrite=True):
                pass
        (folder.path / ".lock").unlink(missing_ok=True)
        assert contents(folder.path) in (before, {NOTES: NOTES}), number
        kept += folder.is_run
    assert len(NAMES) < kept < last - len(NAMES)
