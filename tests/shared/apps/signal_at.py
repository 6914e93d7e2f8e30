"""Run a program that sends a signal to itself at an event, so that no test waits for a clock.

usage: python signal_at.py SIGNAL TO EVENT SCRIPT ARGUMENTS...

SIGNAL: a number. TO: "process", or "group" for all processes of its group, as Ctrl-C in a terminal.
EVENT: "import MODULE": it begins to be imported; "write NAME": a file of this name was written for
the first time (`os.replace` by `atomic_file`); "step N": N steps of a training are done.
"""

from __future__ import annotations

import itertools
import os
import runpy
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__)


def command(number: signal.Signals, event: str, script: Path, *, to: str = "process") -> list[str]:
    """The beginning of the command line that runs a script so."""
    return [sys.executable, str(PROGRAM), str(int(number)), to, event, str(script)]


def send_after_step(number: int, send: Callable[[], None]) -> None:
    from pmt_train.trainer.checkpoint import TrainingState

    add_step, steps = TrainingState.add_step, itertools.count(1)

    def add_step_and_send(*arguments: Any) -> None:
        add_step(*arguments)
        if next(steps) == number:
            send()

    TrainingState.add_step = add_step_and_send


def main() -> None:
    number, to, event, script, *arguments = sys.argv[1:]
    kind, _, name = event.partition(" ")
    replace, done = os.replace, []

    def send() -> None:
        if not done:
            done.append(True)
            if to == "group":
                os.killpg(0, int(number))
            else:
                os.kill(os.getpid(), int(number))

    def replace_and_send(source: Any, target: Any, **options: Any) -> None:
        replace(source, target, **options)
        if os.path.basename(os.fspath(target)) == name:
            send()

    def send_at_import(audited: str, values: tuple[Any, ...]) -> None:
        if audited == "import" and values[0] == name:
            send()

    if kind == "write":
        os.replace = replace_and_send
    elif kind == "step":
        send_after_step(int(name), send)
    else:
        sys.addaudithook(send_at_import)
    sys.argv = [script, *arguments]
    sys.path[0] = os.path.dirname(script)
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main()
