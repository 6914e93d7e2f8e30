"""The programs of apps/ as tests run them: in the test's process, or in one of their own."""

from __future__ import annotations

import io
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

Completed = subprocess.CompletedProcess[str]


class Program:
    """A program of apps/, started in a folder.

    Calling it runs it in this process, which saves the second that its imports take. Use `start`
    for what needs a process of its own: signals, open pipes, environment variables.

    Args:
        root: of the repository.
        task: "qqp" for apps/train_qqp.py.
        folder: the working directory.
        options: that every call gets.
    """

    def __init__(self, root: Path, task: str, folder: Path, *options: object) -> None:
        self.script = root / "apps" / f"train_{task}.py"
        self.folder = folder
        self.options = options

    def __call__(self, *options: object, stdin: str | bytes = "") -> Completed:
        """Run the program in this process."""
        argv = [str(self.script), *map(str, (*options, *self.options))]
        content = stdin.encode() if isinstance(stdin, str) else stdin
        streams = {
            name: io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="")
            for name, data in (("stdin", content), ("stdout", b""), ("stderr", b""))
        }
        with (
            _in_folder(self.folder),
            _same_ctrl_c(),
            mock.patch.multiple(sys, argv=argv, **streams),
        ):
            try:
                runpy.run_path(str(self.script), run_name="__main__")
            except SystemExit as end:
                code = end.code
        for stream in streams.values():
            stream.flush()
        out, err = (streams[name].buffer.getvalue().decode() for name in ("stdout", "stderr"))
        assert isinstance(code, int)
        return Completed(argv, code, out, err)

    def start(self, *options: object) -> subprocess.Popen[str]:
        """Start a process."""
        return subprocess.Popen(
            [sys.executable, str(self.script), *map(str, (*options, *self.options))],
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONUTF8": "1"},
        )

    def train(self, *options: object) -> str:
        """Run the program, which succeeds; what it printed."""
        done = self(*options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refuse(self, *options: object, words: Sequence[str] = (), stdin: str = "") -> str:
        """Run the program, which ends with code 2 and a message that has these words."""
        done = self(*options, stdin=stdin)
        message = done.stderr
        assert done.returncode == 2, (done.returncode, done.stdout, message)
        assert "\nerror: " in f"\n{message}"
        assert "Traceback" not in message
        for word in words:
            assert word in message
        return message


@contextmanager
def _in_folder(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextmanager
def _same_ctrl_c() -> Iterator[None]:
    """A program takes over Ctrl-C for the rest of its process; this one goes on."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
