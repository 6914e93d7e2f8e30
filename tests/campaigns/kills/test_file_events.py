"""Events of files are counted, and a process is killed before one or within a write."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")

PROGRAM = """
import os, signal, subprocess, sys
sys.path.insert(0, sys.argv[1])
from campaigns.kills.file_events import FileEvents

events = FileEvents(int(sys.argv[2]), lambda: os.kill(os.getpid(), signal.SIGKILL))
os.mkdir("folder")                                  # 1
with open("folder/a.tmp", "w") as file:             # 2
    file.write("0123456789")
    file.flush()                                    # 3, a write
    os.fsync(file.fileno())                         # 4
os.replace("folder/a.tmp", "folder/a")              # 5
with open("folder/a") as file:
    file.read()
subprocess.run([sys.executable, "-c", ""])          # 6
os.unlink("folder/a")                               # 7
print(events.count, len(events.processes))
"""


def run(root: Path, folder: Path, number: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, str(root), str(number)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def test_events_are_counted(root: Path, tmp_path: Path) -> None:
    done = run(root, tmp_path, 0)
    assert done.stdout.split() == ["7", "1"], done.stderr


@pytest.mark.parametrize(
    ("number", "files"),
    [
        (1, {}),
        (2, {}),
        (3, {"a.tmp": "01234"}),  # half of the write
        (4, {"a.tmp": "0123456789"}),
        (5, {"a.tmp": "0123456789"}),
        (6, {"a": "0123456789"}),
        (7, {"a": "0123456789"}),
    ],
)
def test_a_kill_comes_before_the_event(
    root: Path, tmp_path: Path, number: int, files: dict[str, str]
) -> None:
    assert run(root, tmp_path, number).returncode == -signal.SIGKILL
    assert os.path.isdir(tmp_path / "folder") == (number > 1)
    assert {path.name: path.read_text() for path in tmp_path.glob("folder/*")} == files
