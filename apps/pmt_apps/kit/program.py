"""The command that started this program, for help and hints: `pmt ner`, `hatch run ner`, ..."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from pmt_apps.kit.path_text import shell_join

_EXAMPLE = re.compile(r"\bpython apps/(\w+)\.py")
_OTHER_PROGRAMS = {"train_ner": "ner", "train_classifier": "classify"}
"""Names of the programs that the help of another one has examples of."""

_WORDS: ContextVar[tuple[str, ...]] = ContextVar("words of the command", default=())


@contextmanager
def started_as(*words: str) -> Iterator[None]:
    """Let `command` begin with these words within a context, e.g. "pmt", "ner"."""
    token = _WORDS.set(words)
    try:
        yield
    finally:
        _WORDS.reset(token)


def command(*options: str) -> str:
    """Return the command that started this program, with other options.

    The scripts of hatch.toml start Python with `-X hatch=NAME`: then it is `hatch run NAME`. Of a
    subcommand it is `pmt NAME` (see `started_as`), else `python PATH`.
    """
    script = sys._xoptions.get("hatch")
    if isinstance(script, str):
        start: tuple[str, ...] = ("hatch", "run", script)
    else:
        start = _WORDS.get() or ("python", sys.argv[0])
    return shell_join([*start, *options])


def with_commands(description: str) -> str:
    """Return a description whose examples begin as this program was started.

    description: its examples begin with `python apps/NAME.py`, the first with that of this program.
    """
    first = _EXAMPLE.search(description)

    def started(example: re.Match[str]) -> str:
        is_own = first is not None and example[1] == first[1]
        return command() if is_own else _other_command(example[1])

    return _EXAMPLE.sub(started, description)


def _other_command(script: str) -> str:
    """Return the command of another program. script: as "train_ner"."""
    name = _OTHER_PROGRAMS[script]
    if isinstance(sys._xoptions.get("hatch"), str):
        return f"hatch run {name}"
    words = _WORDS.get()
    if words:
        return shell_join([*words[:-1], name])
    return shell_join(["python", str(Path(sys.argv[0]).with_name(f"{script}.py"))])
