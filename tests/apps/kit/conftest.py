"""What the tests of the kit share: the example app, in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import signal_at

APP = Path(__file__).with_name("example_app.py")


class App:
    """The example app in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def start(
        self, *args: str, send: signal.Signals | None = None, at: str = ""
    ) -> subprocess.Popen[bytes]:
        """Start a process. send: a signal that it gets, at: the event; see `signal_at`."""
        command = [sys.executable, "-W", "error", str(APP)]
        if send is not None:
            command = signal_at.command(send, at, APP)
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [*command, *args], cwd=self.folder, stdin=pipe, stdout=pipe, stderr=pipe
        )

    def run(self, *args: str, stdin: bytes = b"") -> tuple[int, str, str]:
        """Exit code, standard output and standard error of a process."""
        process = self.start(*args)
        out, err = process.communicate(stdin, timeout=600)
        return process.returncode, out.decode(), err.decode()

    def start_until(self, name: str, *args: str) -> subprocess.Popen[bytes]:
        """Start a process, and wait until it has written a file."""
        process = self.start(*args)
        while not (self.folder / name).exists():
            assert process.poll() is None, process.communicate(timeout=600)
            time.sleep(0.02)
        return process


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    """The app in a folder where one run, runs/points, was trained."""
    app = App(tmp_path_factory.mktemp("app"))
    code, out, err = app.run("--workers", "2")
    assert (code, err) == (0, "")
    (app.folder / "out.txt").write_text(out)
    return app
