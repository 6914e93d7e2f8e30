"""`RunFolder`: the paths of the files of a run. `RunLock`: one process writes to a run."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from pmt_apps.kit.removal import finish_removal, is_unfinished, remove_all
from pmt_core import FileProblem, PmtError, SettingsError, StateError, read_json

_STAGE = ".checkpoint.npz"
_RECORDING = "recording.jsonl"
_CURE = "train one first, without --resume or --predict, or name its folder by --out"
_NAMED = {"pictures": (".png",), "outputs": (".bin", ".conll", ".txt", "_mistakes.json")}
"""Kinds of files that metrics.json names, and how these names end."""
_UNFINISHED = re.compile(r"\.(.+)\.\d+-\d+\.tmp")  # of an `atomic_file` whose process was killed


class RunFolder:
    """The folder of a run and the paths of its files.

    Attributes:
        path: the folder.
        outputs: names of further files of the run, which only its app knows.
        config, history, metrics, checkpoint, model, report: config.json and so on.
        recording: recording.jsonl, of a run with --record.
        folds: folds.json, of a run with --folds.
    """

    def __init__(self, path: Path, outputs: Sequence[str] = ()) -> None:
        self.path = path
        self.outputs = outputs
        self.config = path / "config.json"
        self.history = path / "history.csv"
        self.metrics = path / "metrics.json"
        self.checkpoint = path / "checkpoint.npz"
        self.model = path / "model.npz"
        self.report = path / "report.html"
        self.recording = path / _RECORDING
        self.folds = path / "folds.json"
        files = (self.config, self.history, self.metrics, self.checkpoint, self.model, self.report)
        self._files = (*files, self.recording, self.folds)

    def of_stage(self, name: str | None) -> tuple[Path, Path]:
        """Return the paths of the checkpoint and of the best weights; None: of the only stage."""
        if name is None:
            return self.checkpoint, self.model
        return self.path / f"{name}{_STAGE}", self.path / f"{name}.npz"

    def recording_of_stage(self, name: str | None) -> Path:
        """Return the path of the recording of a stage; None: of the only stage."""
        return self.recording if name is None else self.path / f"{name}.{_RECORDING}"

    def recordings(self) -> dict[str, Path]:
        """Return the recordings that exist by the name of their stage, "" for the only one."""
        paths = [*self.path.glob(f"*.{_RECORDING}"), self.recording]
        return {
            path.name.removesuffix(_RECORDING).removesuffix("."): path
            for path in sorted(paths)
            if path.is_file()
        }

    @property
    def is_run(self) -> bool:
        """Whether there is a file of a run."""
        return any(file.exists() for file in self._files)

    def check_is_run(self, what_for: str, cure: str = _CURE) -> None:
        """Raise FileProblem if there is no run to resume or to predict with. cure: what to do."""
        if is_unfinished(self.path):
            with suppress(PmtError), RunLock(self.path / ".lock"):  # another process may write
                finish_removal(self.path)
        if not self.config.is_file():
            raise FileProblem(
                f"there is no run to {what_for} in {str(self.path)!r}: expected the file "
                f"{self.config.name} of an earlier run there; {cure}"
            )

    @contextmanager
    def claim(self, *, resume: bool = False, overwrite: bool = False) -> Iterator[None]:
        """Lock the folder for this process within this context.

        A missing folder is created, and removed at the end if nothing was written to it. The
        files of a run in it are not changed. A `clear` that was killed is undone or completed.

        Raises:
            SettingsError: if there is a run and neither `resume` nor `overwrite` is given.
            FileProblem: if the folder cannot be written.
            StateError: if another process has locked it.
        """
        keep = not (resume or overwrite)
        if keep and not is_unfinished(self.path):  # do not touch the folder in vain
            self._check_is_no_run()
        made = self._make()
        try:
            with RunLock(self.path / ".lock"):
                finish_removal(self.path)
                if keep:
                    self._check_is_no_run()
                yield
        finally:
            for folder in made:
                with suppress(OSError):  # not empty: there is a run in it now
                    folder.rmdir()

    def clear(self) -> None:
        """Remove the files of a run, if there is one, all of them or none.

        These are known names, its stages, its figures, and what killed processes left of them.
        Raises FileProblem if a file cannot be removed.
        """
        if self.is_run:
            remove_all(self.path, dict.fromkeys(self._names()))

    def _names(self) -> Iterator[str]:
        """Iterate over the names of the files of the run, including some that do not exist."""
        yield from (file.name for file in (*self._files, *self.recordings().values()))
        yield from self.outputs
        for checkpoint in self.path.glob(f"*{_STAGE}"):
            yield from (file.name for file in self.of_stage(checkpoint.name.removesuffix(_STAGE)))
        with suppress(PmtError):
            metrics = read_json(self.metrics)
            for kind, suffixes in _NAMED.items():
                names = metrics.get(kind)
                for name in names if isinstance(names, list) else []:
                    if isinstance(name, str) and Path(name).name == name:
                        yield from [name] if name.endswith(suffixes) else []
        known = {*(file.name for file in self._files), *self.outputs}
        for path in self.path.glob(".*.tmp"):
            unfinished = _UNFINISHED.fullmatch(path.name)
            if unfinished and (unfinished[1] in known or unfinished[1].endswith((".npz", ".png"))):
                yield path.name

    def _check_is_no_run(self) -> None:
        if self.is_run:
            raise SettingsError(
                f"there is a run in {str(self.path)!r} already, which is not overwritten: add "
                "--resume to continue it, --out DIR for another folder, --overwrite to replace it"
            )

    def _make(self) -> list[Path]:
        """Create the folder; return the folders that were missing, the innermost first."""
        missing = [p for p in (self.path, *self.path.parents) if not p.exists()]
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:
            raise FileProblem(
                f"{str(self.path)!r} is a file, expected a folder for the run; "
                "name another by --out"
            ) from error
        except NotADirectoryError as error:
            raise FileProblem(
                f"cannot make the folder {str(self.path)!r}: a part of that path is a file; "
                "name another by --out"
            ) from error
        except OSError as error:
            raise FileProblem.from_os_error("make the folder", self.path, error) from error
        return missing


if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class RunLock:
    """An exclusive lock on the file `path` within a context.

    The operating system releases it when the process ends, even if it is killed.

    Raises:
        StateError: if another process has the lock.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = -1

    def __enter__(self) -> Self:
        while True:
            try:
                self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
            except OSError as error:
                raise FileProblem.from_os_error("write", self.path, error) from error
            if not _lock(self._file):
                os.close(self._file)
                raise StateError(
                    f"another process is writing to {self.path.parent} just now; "
                    "wait for it to end, or name another folder by --out"
                )
            if self._still_there():
                return self
            os.close(self._file)  # its last holder removed it before we had it: make a new one

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if sys.platform == "win32":
            os.close(self._file)  # Windows removes no open file
        with suppress(OSError):
            os.unlink(self.path)
        if sys.platform != "win32":
            os.close(self._file)

    def _still_there(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._file), os.stat(self.path))
        except FileNotFoundError:
            return False


def _lock(file: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        # Windows reports a lock held by another as "permission denied"; elsewhere any other
        # error means a file system without locks, where there is nothing to go by.
        return sys.platform != "win32" and not isinstance(error, PermissionError)
    return True
