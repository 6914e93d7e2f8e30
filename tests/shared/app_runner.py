"""Run a program of apps/ within the process of the tests, and import the sample generators."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

GENERATORS = Path(__file__).resolve().parents[2] / "apps" / "samples" / "generators"


@dataclass(frozen=True)
class Result:
    """What a program returned and wrote."""

    code: int
    stdout: str
    stderr: str

    @property
    def answers(self) -> list[dict[str, Any]]:
        """The JSON objects on standard output, one per line."""
        return [json.loads(line) for line in self.stdout.splitlines()]


@dataclass(frozen=True)
class AppRunner:
    """Runs the program of `pmt_apps.<app>` in a folder.

    An exception that the program does not turn into an exit code ends the test.
    """

    app: str
    folder: Path

    def __call__(self, *arguments: object, stdin: str = "") -> Result:
        """Run with these arguments; return the exit code and the output."""
        main = importlib.import_module(f"pmt_apps.{self.app}.main").main
        streams = [
            io.TextIOWrapper(io.BytesIO(text), "utf-8") for text in (stdin.encode(), b"", b"")
        ]
        argv = [f"apps/train_{self.app}.py", *map(str, arguments)]
        with (
            contextlib.chdir(self.folder),
            mock.patch.multiple(
                sys, argv=argv, stdin=streams[0], stdout=streams[1], stderr=streams[2]
            ),
        ):
            code = main()
        texts = []
        for stream in streams[1:]:
            stream.flush()
            texts.append(stream.detach().getvalue().decode("utf-8"))
        return Result(code, *texts)

    def run(self, *arguments: object, stdin: str = "") -> Result:
        """Run, and check that the program succeeded."""
        result = self(*arguments, stdin=stdin)
        assert result.code == 0, result.stderr
        return result

    def refuse(self, *arguments: object, error: list[str], stdin: str = "") -> Result:
        """Run, and check that the program ended with an error that has these words."""
        result = self(*arguments, stdin=stdin)
        assert result.code == 2, (result.code, result.stdout, result.stderr)
        last = result.stderr.rstrip().splitlines()[-1]
        assert last.startswith("error: ")
        for word in error:
            assert word in last, last
        return result


def load_generator(name: str) -> ModuleType:
    """Import a program of apps/samples/generators."""
    with _importable(GENERATORS):
        return importlib.import_module(name)


@contextlib.contextmanager
def _importable(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
