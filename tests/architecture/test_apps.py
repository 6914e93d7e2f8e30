"""Every app tells how to use it, quickly and without reading any data."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from picture import ROOT

APPS = [
    path
    for path in sorted((ROOT / "apps").glob("*.py"))
    if "__main__" in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("app", APPS, ids=lambda path: path.stem)
def test_help(app: Path, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", str(app), "--help"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("usage:")
    assert not run.stderr
    assert not list(tmp_path.iterdir()), "--help writes nothing"
