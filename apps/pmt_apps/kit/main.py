"""`run_app`: from the command line to the exit code."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pmt_apps.kit.command_line import parse_settings
from pmt_apps.kit.run import Run
from pmt_apps.kit.settings import AppSettings
from pmt_core import PmtError, SettingsError
from pmt_train import TrainingInterrupted, launched_process_group, say, stopped_by_signals, warn

S = TypeVar("S", bound=AppSettings)

BAD_INPUT = 2
_BROKEN_PIPE = 128 + 13
_PATIENCE = 1.0  # seconds


def run_app(
    settings: type[S],
    *,
    task: str,
    train: Callable[[S, Run[S]], None],
    predict: Callable[[S, Run[S]], None] | None = None,
    actions: Mapping[str, Callable[[S], None]] | None = None,
    title: str = "",
    description: str = "",
    argv: Sequence[str] | None = None,
) -> int:
    """Run an app; returns its exit code.

        if __name__ == "__main__":
            sys.exit(run_app(Settings, task="qqp", train=train, predict=predict))

    settings: the app's settings class. task: name its runs carry, e.g. "qqp". train: trains;
    predict: answers standard input with a trained run (`--predict`). actions: what else it can
    do, by the name of the setting that asks for it: done instead, without a run. title: of the
    report.
    description: for `--help`. argv: arguments without the program's name; None: of the process.

    0: done. 2: an error that has its cause outside of the program (a PmtError, no memory): one
    message on standard error that names the cure, no traceback. 130 (143): Ctrl-C (SIGTERM),
    with how to resume. 141: nobody reads the output any more. Other errors are mistakes of the
    program and keep their traceback.

    Started by mpiexec, rank 0 alone prints, writes, and answers; the others train with it.
    """
    _make_streams_usable()

    def work() -> None:
        parsed = parse_settings(settings, argv, task=task, description=description)
        # An action is asked for by any value, the empty text of `--generate ''` too.
        asked = [act for name, act in (actions or {}).items() if _is_given(getattr(parsed, name))]
        if (parsed.predict or asked) and launched_process_group().rank > 0:
            return
        if asked:
            asked[0](parsed)
            return
        with Run.open(parsed, task, title or task) as run:
            if parsed.predict:
                if predict is None:
                    raise SettingsError("this program does not have --predict")
                predict(parsed, run)
                return
            say(f"{task}: settings\n{parsed.table()}\n")
            with _telling_how_to_resume(run):
                train(parsed, run)

    with stopped_by_signals():
        return _exit_code_among_ranks(work)


def exit_code_of(work: Callable[[], None]) -> int:
    """Run `work`, and turn what it raises into a message and an exit code; see `run_app`."""
    try:
        work()
        sys.stdout.flush()
    except KeyboardInterrupt as stop:
        # A training without a place to save to (of a baseline) is a detail of the run.
        saved = isinstance(stop, TrainingInterrupted) and stop.checkpoint is not None
        warn(f"{stop}" if saved else "\nstopped")
        for note in getattr(stop, "__notes__", ()):
            warn(note)
        return 128 + int(getattr(stop, "signal", signal.SIGINT))
    except BrokenPipeError:
        # Python flushes standard output once more at exit; give it a place that takes it.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    except PmtError as error:
        warn(f"error: {error}")
        return BAD_INPUT
    except MemoryError as error:
        reason = f" ({error})" if str(error) else ""
        warn(
            f"error: there is not enough memory{reason}; "
            "try a smaller --batch-size, or --limit N for less data"
        )
        return BAD_INPUT
    except OSError as error:
        warn(f"error: {error}; check the path and the disk")
        return BAD_INPUT
    except SystemExit as leave:  # --help
        return leave.code if isinstance(leave.code, int) else 0
    return 0


def _is_given(value: object) -> bool:
    return value is not None and value is not False and value != ()


def _exit_code_among_ranks(work: Callable[[], None]) -> int:
    """`exit_code_of` for a program that mpiexec may have started; then no rank waits for one that
    failed.
    """
    try:
        ranks = launched_process_group()
    except PmtError as error:
        warn(f"error: {error}")
        return BAD_INPUT
    if ranks.size == 1:
        return exit_code_of(work)
    try:
        code = exit_code_of(work if ranks.rank == 0 else lambda: _in_silence(work))
    except BaseException:
        traceback.print_exc()
        code = 1
    if code not in (0, 128 + signal.SIGINT, 128 + signal.SIGTERM):
        sys.stderr.flush()
        ranks.abort(code)
    return code


def _in_silence(work: Callable[[], None]) -> None:
    """`work` of a rank that leaves the talking to rank 0, but for an error that rank 0 has not."""
    try:
        with (
            open(os.devnull, "w") as nowhere,
            contextlib.redirect_stdout(nowhere),
            contextlib.redirect_stderr(nowhere),
        ):
            work()
    except TrainingInterrupted as stop:
        raise SystemExit(128 + stop.signal) from None
    except Exception:
        time.sleep(_PATIENCE)  # an error of all ranks: rank 0 tells it, and ends this one
        raise


@contextlib.contextmanager
def _telling_how_to_resume(run: Run[Any]) -> Iterator[None]:
    """A signal, also one after the training, while scores and pictures are made, says so."""
    try:
        yield
    except KeyboardInterrupt as stop:
        if run.started:
            stop.add_note(f"go on with: {run.command('--resume')}")
        raise


def _make_streams_usable() -> None:
    """What a terminal's encoding cannot show is printed escaped, not an error; and a stream that
    is closed from the beginning (`>&-`) is one that has nothing to say and where nobody reads.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            with contextlib.suppress(ValueError, OSError):
                stream.reconfigure(errors="backslashreplace")
