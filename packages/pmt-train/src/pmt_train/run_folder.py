"""`RunFolder`: the folder of one run, and the names of the files in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pmt_core import FileProblem, PmtError, SettingsError
from pmt_train.json_file import read_json
from pmt_train.run_lock import RunLock

_STAGE = ".checkpoint.npz"


class RunFolder:
    """What stands where in the folder of a run.

    Attributes:
        path: the folder.
        config: the settings. history: a row per epoch. metrics: the results.
        checkpoint: to go on from. model: the best weights. report: for people.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.json"
        self.history = path / "history.csv"
        self.metrics = path / "metrics.json"
        self.checkpoint = path / "checkpoint.npz"
        self.model = path / "model.npz"
        self.report = path / "report.html"
        self._files = (
            self.config,
            self.history,
            self.metrics,
            self.checkpoint,
            self.model,
            self.report,
        )

    def of_stage(self, name: str) -> tuple[Path, Path]:
        """The checkpoint and the best weights of a part of the training."""
        return self.path / f"{name}{_STAGE}", self.path / f"{name}.npz"

    @property
    def is_run(self) -> bool:
        """Whether there is a run, or a part of one."""
        return any(file.exists() for file in self._files)

    def check_is_run(self, what_for: str) -> None:
        """Raises FileProblem where there is no run to resume or to predict with."""
        if not self.config.is_file():
            raise FileProblem(
                f"there is no run to {what_for} in {str(self.path)!r}: expected the file "
                f"{self.config.name} of an earlier run there; train one first, without --resume "
                "or --predict, or name its folder by --out"
            )

    @contextmanager
    def claim(self, *, resume: bool = False, overwrite: bool = False) -> Iterator[None]:
        """Within this context the folder belongs to this process alone.

        It is made where it does not exist, and taken away again if nothing was written to it.
        A run that is there already is not touched here. Raises SettingsError where there is one
        and neither `resume` nor `overwrite` says what to do with it, FileProblem where nothing
        can be written, StateError where another process is at work.
        """
        if self.is_run and not (resume or overwrite):
            raise SettingsError(
                f"there is a run in {str(self.path)!r} already and it is not overwritten: add "
                "--resume to go on with it, --out DIR to start another beside it, or --overwrite "
                "to put a new run in its place"
            )
        made = self._make()
        try:
            with RunLock(self.path / ".lock"):
                yield
        finally:
            for folder in made:
                with suppress(OSError):  # not empty: there is a run in it now
                    folder.rmdir()

    def clear(self) -> None:
        """Remove the files of the run that is here: known names, its stages and its pictures."""
        files = list(self._files)
        for checkpoint in self.path.glob(f"*{_STAGE}"):
            files += self.of_stage(checkpoint.name.removesuffix(_STAGE))
        with suppress(PmtError):
            names = read_json(self.metrics).get("pictures")
            for name in names if isinstance(names, list) else []:
                if isinstance(name, str) and Path(name).name == name and name.endswith(".png"):
                    files.append(self.path / name)
        for file in files:
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                raise FileProblem.from_os_error("remove", file, error) from error

    def _make(self) -> list[Path]:
        """Make the folder; those that were missing, the innermost first."""
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
