"""The command that started this program, for help and hints: `pmt ner`, `hatch run ner`, ..."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from pmt_apps.kit.path_text import shell_join

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
