"""Programs of apps/ and generators of the samples, run in the process of the tests or alone."""

from __future__ import annotations

import io
import json
import os
import pkgutil
import runpy
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import signal_at

ROOT = Path(__file__).resolve().parents[3]
SCRIPTS = {"classify": "train_classifier", "pretrain": "pretrain"}
"""Names of programs that are not "train_" and the task."""

GENERATORS = ROOT / "apps" / "generators"


class Completed(subprocess.CompletedProcess[str]):
    """What a program returned and wrote."""

    @property
    def answers(self) -> list[dict[str, Any]]:
        """The JSON objects on standard output, one per line."""
        return [json.loads(line) for line in self.stdout.splitlines()]


class Program:
    """A program of apps/, started in a folder.

    Calling it runs it in this process, which saves the second that its imports take. Use `start`
    for what needs a process of its own: signals, open pipes, environment variables.

    Args:
        task: "qqp" for apps/train_qqp.py.
        folder: the working directory.
        options: that every call gets.
    """

    def __init__(self, task: str, folder: Path, *options: object) -> None:
        self.script = ROOT / "apps" / f"{SCRIPTS.get(task, f'train_{task}')}.py"
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

    def start(
        self, *options: object, interrupt: str | None = None, to: str = "process"
    ) -> subprocess.Popen[str]:
        """Start a process. interrupt: an event at which it gets Ctrl-C; see `signal_at`."""
        command = [sys.executable, str(self.script)]
        if interrupt is not None:
            command = signal_at.command(signal.SIGINT, interrupt, self.script, to=to)
        return subprocess.Popen(
            [*command, *map(str, (*options, *self.options))],
            cwd=self.folder,
            start_new_session=to == "group",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONUTF8": "1"},
        )

    def run(self, *options: object, stdin: str | bytes = "") -> Completed:
        """Run the program in this process and check that it succeeds."""
        done = self(*options, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done

    def refuse(
        self, *options: object, error: Sequence[str] = (), stdin: str | bytes = ""
    ) -> Completed:
        """Run the program and check that it ends with code 2 and an error of these words."""
        done = self(*options, stdin=stdin)
        assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
        _, start, message = f"\n{done.stderr}".rpartition("\nerror: ")
        assert start, done.stderr
        for word in error:
            assert word in message, message
        return done


def load_generator(name: str) -> ModuleType:
    """Import a program of apps/generators."""
    with mock.patch.object(sys, "path", [str(GENERATORS), *sys.path]):
        module: ModuleType = pkgutil.resolve_name(name)
        return module


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
