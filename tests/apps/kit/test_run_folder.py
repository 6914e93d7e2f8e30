from __future__ import annotations

import json
import subprocess
import sys

import pytest

from pmt_apps.kit import run_folder as run_lock
from pmt_apps.kit.run_folder import RunFolder
from pmt_core import FileProblem, SettingsError, StateError


def test_a_new_folder_is_made_and_taken_away_again_if_nothing_was_written(tmp_path):
    folder = RunFolder(tmp_path / "runs" / "deep" / "x")
    with folder.claim():
        assert folder.path.is_dir()
    assert list(tmp_path.iterdir()) == []
    with folder.claim():
        folder.config.write_text("{}")
    assert [p.name for p in folder.path.iterdir()] == ["config.json"]


def test_a_folder_that_was_there_stays(tmp_path):
    (tmp_path / "x").mkdir()
    with RunFolder(tmp_path / "x").claim():
        pass
    assert (tmp_path / "x").is_dir()


@pytest.mark.parametrize("name", ["config.json", "model.npz", "checkpoint.npz", "metrics.json"])
def test_an_existing_run_is_not_claimed_unasked(tmp_path, name):
    (tmp_path / name).write_text("x")
    folder = RunFolder(tmp_path)
    with pytest.raises(SettingsError, match=r"--resume .* --out .* --overwrite"), folder.claim():
        pass
    for how in ({"resume": True}, {"overwrite": True}):
        with folder.claim(**how):
            assert (tmp_path / name).read_text() == "x"  # not touched yet
    assert not (tmp_path / ".lock").exists()


def test_clearing_takes_the_run_and_nothing_else(tmp_path):
    pictures = ["mine.png", "../outside.png", "config.txt", 3]
    for name in ("config.json", "model.npz", "mine.png", "other.png", "notes.txt", "config.txt"):
        (tmp_path / name).write_text("x")
    (tmp_path / "metrics.json").write_text(json.dumps({"pictures": pictures}))
    (tmp_path.parent / "outside.png").write_text("x")
    RunFolder(tmp_path).clear()
    assert {p.name for p in tmp_path.iterdir()} == {"other.png", "notes.txt", "config.txt"}
    assert (tmp_path.parent / "outside.png").exists()


def test_a_lock_of_a_killed_process_locks_nothing(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from pmt_apps.kit.run_folder import RunFolder\n"
        f"with RunFolder(Path({str(tmp_path)!r})).claim():\n"
        "    print('claimed', flush=True); sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"claimed\n"
    with pytest.raises(StateError, match="another process"), RunFolder(tmp_path).claim():
        pass
    process.kill()
    process.communicate()
    assert (tmp_path / ".lock").exists()  # left behind, and nobody holds it
    with RunFolder(tmp_path).claim():
        pass
    assert not (tmp_path / ".lock").exists()


def test_a_lock_file_that_its_last_holder_removed_is_made_anew(tmp_path, monkeypatch):
    """Opened before the removal and locked after it, it would keep nobody else out."""
    real, calls = run_lock._lock, []

    def lock(file):
        calls.append(file)
        if len(calls) == 1:
            (tmp_path / ".lock").unlink()
        return real(file)

    monkeypatch.setattr(run_lock, "_lock", lock)
    with RunFolder(tmp_path).claim():
        assert len(calls) == 2
        assert (tmp_path / ".lock").exists()


def test_what_cannot_be_a_folder(tmp_path):
    file = tmp_path / "file"
    file.write_text("x")
    for path in (file, file / "deeper"):
        with pytest.raises(FileProblem, match="--out"), RunFolder(path).claim():
            pass
    assert file.read_text() == "x"


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    def refuse(path, *args):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(run_lock.os, "open", refuse)
    folder = RunFolder(tmp_path / "new" / "x")
    with pytest.raises(FileProblem, match="Permission denied"), folder.claim():
        pass
    assert not (tmp_path / "new").exists()


def test_no_run_to_go_on_with(tmp_path):
    with pytest.raises(FileProblem, match="no run to resume"):
        RunFolder(tmp_path).check_is_run("resume")
