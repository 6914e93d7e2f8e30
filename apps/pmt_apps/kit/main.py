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
from pmt_apps.kit.early_interrupt import discard_output
from pmt_apps.kit.path_text import VISIBLE
from pmt_apps.kit.run import Run
from pmt_apps.kit.settings import AppSettings
from pmt_core import PmtError, SettingsError
from pmt_train import TrainingInterrupted, launched_process_group, say, stopped_by_signals, warn

S = TypeVar("S", bound=AppSettings)

BAD_INPUT = 2
_ABORT_DELAY = 1.0  # seconds


def run_app(
    settings: type[S],
    *,
    task: str,
    train: Callable[[S, Run[S]], None],
    predict: Callable[[S, Run[S]], None] | None = None,
    actions: Mapping[str, Callable[[S], None]] | None = None,
    outputs: Sequence[str] = (),
    title: str = "",
    description: str | None = None,
    argv: Sequence[str] | None = None,
) -> int:
    """Run an app and return its exit code.

        if __name__ == "__main__":
            sys.exit(run_app(Settings, task="qqp", train=train, predict=predict))

    Exit codes: 0, done. 2, an error with a cause outside of the program (a PmtError, no memory):
    one message on standard error that names the cure, no traceback. 130 (143), Ctrl-C (SIGTERM),
    with the command that resumes. 141, standard output was closed. Other errors are bugs and keep
    their traceback.

    With mpiexec, rank 0 alone prints, writes and predicts; the other ranks train with it.

    Args:
        settings: the settings class of the app.
        task: name of the app, saved with its runs, e.g. "qqp".
        train: trains a run.
        predict: answers standard input with a trained run (`--predict`).
        actions: functions to call instead, without a run, by the setting that asks for them.
        outputs: names of files that `train` writes beside those of every run; --overwrite removes
            them.
        title: of the report.
        description: for `--help`; by default the docstring of the module of `train`.
        argv: arguments without the program's name; None: those of the process.
    """
    make_streams_usable()

    def work() -> None:
        text = sys.modules[train.__module__].__doc__ if description is None else description
        parsed = parse_settings(settings, argv, task=task, description=text or "")
        # Any value asks for an action, also the empty text of `--generate ''`.
        asked = [act for name, act in (actions or {}).items() if _is_given(getattr(parsed, name))]
        if (parsed.predict or asked) and launched_process_group().rank > 0:
            return
        if asked:
            asked[0](parsed)
            return
        with Run.open(parsed, task, title or task, outputs) as run:
            if parsed.predict:
                if predict is None:
                    raise SettingsError("this program does not have --predict")
                predict(parsed, run)
                return
            say(f"{task}: settings\n{parsed.table()}\n")
            with _resume_hint(run):
                train(parsed, run)

    with stopped_by_signals():
        return _exit_code_among_ranks(work)


def exit_code_of(work: Callable[[], None]) -> int:
    """Call `work`; print the message of what it raises and return the exit code, see `run_app`."""
    try:
        work()
        sys.stdout.flush()
    except KeyboardInterrupt as stop:
        # A training without a checkpoint path (of a baseline) is a detail of the run.
        saved = isinstance(stop, TrainingInterrupted) and stop.checkpoint is not None
        warn(f"{stop}" if saved else "\nstopped")
        for note in getattr(stop, "__notes__", ()):
            warn(note)
        return 128 + int(getattr(stop, "signal", signal.SIGINT))
    except BrokenPipeError:
        return discard_output()
    except (PmtError, MemoryError, OSError) as error:
        warn(f"error: {_message(error)}")
        return BAD_INPUT
    except SystemExit as end:  # --help
        return end.code if isinstance(end.code, int) else 0
    return 0


def _message(error: Exception) -> str:
    if isinstance(error, MemoryError):
        reason = f" ({error})" if str(error) else ""
        cure = "try a smaller --batch-size, or --limit N for less data"
        return f"there is not enough memory{reason}; {cure}"
    if isinstance(error, PmtError):
        return str(error)
    return f"{error}; check the path and the disk"


def _is_given(value: object) -> bool:
    return value is not None and value is not False and value != ()


def _exit_code_among_ranks(work: Callable[[], None]) -> int:
    """`exit_code_of`, if mpiexec may have started several ranks: one that fails ends all."""
    try:
        ranks = launched_process_group()
    except PmtError as error:
        warn(f"error: {error}")
        return BAD_INPUT
    if ranks.size == 1:
        return exit_code_of(work)
    try:
        code = exit_code_of(work if ranks.rank == 0 else lambda: _silently(work))
    except BaseException:
        traceback.print_exc()
        code = 1
    if code not in (0, 128 + signal.SIGINT, 128 + signal.SIGTERM):
        sys.stderr.flush()
        ranks.abort(code)
    return code


def _silently(work: Callable[[], None]) -> None:
    """Call `work` on a rank other than 0, whose output is dropped but for its own errors."""
    try:
        with (
            open(os.devnull, "w") as devnull,
            contextlib.redirect_stdout(devnull),
            contextlib.redirect_stderr(devnull),
        ):
            work()
    except TrainingInterrupted as stop:
        raise SystemExit(128 + stop.signal) from None
    except Exception:
        time.sleep(_ABORT_DELAY)  # an error of all ranks is printed by rank 0, which ends this one
        raise


@contextlib.contextmanager
def _resume_hint(run: Run[Any]) -> Iterator[None]:
    """Add the command that resumes to a signal, also to one after the training."""
    try:
        yield
    except KeyboardInterrupt as stop:
        if run.started:
            stop.add_note(f"resume with: {run.command('--resume')}")
        raise


def make_streams_usable() -> None:
    """Escape what the encoding of a terminal cannot show; open streams that are closed (`>&-`)."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            with contextlib.suppress(ValueError, OSError):
                stream.reconfigure(errors=VISIBLE)
