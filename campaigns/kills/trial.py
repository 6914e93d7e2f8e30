"""A trial: a run that is killed once or several times, resumed until it ends, and compared."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from campaigns.kills.cases import CASES, Case
from campaigns.kills.compare import damaged_files, differences, incomplete, unfinished_files
from campaigns.kills.process import Ended, Kind, Moment, Start, run

_KILLS = (1, 1, 2, 3)  # of a trial
_OVERWRITING = 0.2  # share of the trials that begin with the run of another case
_MAX_TRIES = 20  # of a moment that comes before the end
_SHARED_MEMORY = Path("/dev/shm")


@dataclass(frozen=True)
class Expected:
    """An uninterrupted run. folder: its folder; ended: how its process ended."""

    folder: Path
    ended: Ended


@dataclass
class Trial:
    """The results of a trial.

    Attributes:
        number: of the trial; with the seed of the campaign, it decides everything about it.
        case: name of the case.
        moments: when the run was killed.
        in_a_save: number of kills that left an unfinished file in the folder of the run.
        in_temporary: highest number of files that a kill left in the folder for temporary files.
        problems: what is wrong; empty if the run equals the uninterrupted one.
        folder: of the trial, if there are problems.
    """

    number: int
    case: str
    moments: list[Moment] = field(default_factory=list)
    in_a_save: int = 0
    in_temporary: int = 0
    problems: list[str] = field(default_factory=list)
    folder: Path | None = None


class Trials:
    """Runs the trials of one campaign in a folder, which holds the data and the expected runs."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._seed = seed
        self._expected: dict[tuple[str, bool], Expected] = {}

    def run(self, number: int, case: Case) -> Trial:
        """Run a trial. Its folder stays if there are problems."""
        folder = self._folder / f"trial-{number}"
        trial = _OneTrial(self, number, case, folder, np.random.default_rng([self._seed, number]))
        result = trial.run()
        if result.problems:
            shutil.copytree(trial.expected.folder, folder / "expected")
            shutil.copytree(self._data_folder(case), folder / "data")
            result.folder = folder
        else:
            shutil.rmtree(folder)
        return result

    def data(self, case: Case) -> list[str]:
        """Return the options of a new run of a case, after writing its data once."""
        folder = self._data_folder(case)
        folder.mkdir(parents=True, exist_ok=True)
        return case.arguments(folder)

    def _data_folder(self, case: Case) -> Path:
        return self._folder / f"data-{os.getpid()}" / case.name

    def expected(self, case: Case, save_each_step: bool) -> Expected:
        """Return the uninterrupted run of a case."""
        key = (case.name, save_each_step)
        if key not in self._expected:
            folder = self._folder / f"expected-{os.getpid()}-{len(self._expected)}"
            arguments = [*self.data(case), "--out", "run"]
            ended = run(Start(case.task, arguments, folder, save_each_step), Moment())
            if ended.code != 0 or ended.problems:
                output = (folder / "output.txt").read_text(encoding="utf-8")
                raise RuntimeError(f"{case.name}: exit code {ended.code}, not killed\n{output}")
            self._expected[key] = Expected(folder / "run", ended)
        return self._expected[key]


class _OneTrial:
    def __init__(
        self, trials: Trials, number: int, case: Case, folder: Path, rng: np.random.Generator
    ) -> None:
        self.case, self.folder, self.rng = case, folder, rng
        self.run_folder = folder / "run"
        self.save_each_step = rng.random() < 0.5
        self.expected = trials.expected(case, self.save_each_step)
        self.arguments = trials.data(case)
        self.result = Trial(number, case.name)
        self.overwrites = rng.random() < _OVERWRITING
        if self.overwrites:
            others = [other for other in CASES if other is not case]
            other = others[rng.integers(len(others))]
            shutil.copytree(trials.expected(other, False).folder, self.run_folder)

    def run(self) -> Trial:
        """Kill and resume until the run ends, and collect what is wrong."""
        memory = _shared_memory()
        for _ in range(int(self.rng.choice(_KILLS))):
            if not self._kill():
                break
        ended = self._start(Moment())
        problems = self.result.problems
        if ended.code != 0:
            problems.append(f"exit code {ended.code}")
        if "Traceback" in (self.folder / "output.txt").read_text(encoding="utf-8"):
            problems.append("output.txt has a traceback")
        compare = differences if self.case.exact else incomplete
        problems += compare(self.run_folder, self.expected.folder)
        problems += (f"temporary/{path.name} is left" for path in self._temporary())
        problems += (f"{path} is left" for path in _shared_memory() - memory)
        return self.result

    def _kill(self) -> bool:
        """Kill the run at one moment; return False if it failed, or always ended before."""
        before = self.folder / "before"
        for moment in self._moments():
            _copy(self.run_folder, before)
            ended = self._start(moment)
            if ended.was_killed or (moment.kind == "worker" and ended.code != 0):
                self.result.moments.append(moment)
                self.result.in_a_save += bool(
                    [name for name in unfinished_files(self.run_folder) if name != ".lock"]
                )
                left = len(self._temporary())
                self.result.in_temporary = max(self.result.in_temporary, left)
                self.result.problems += damaged_files(self.run_folder)
                return True
            if ended.code != 0:
                return False
            _copy(before, self.run_folder)  # it ended before the moment came
        return False

    def _moments(self) -> Iterator[Moment]:
        """Iterate over random moments, earlier and earlier."""
        rng, ended, share = self.rng, self.expected.ended, 1.0
        kinds: list[Kind] = ["file event", "time"]
        if not self.case.exact:
            kinds.append("worker")
        for _ in range(_MAX_TRIES):
            kind = kinds[rng.integers(len(kinds))]
            if kind != "time":
                last = max(int(ended.events * share), 1)
                yield Moment(kind, int(rng.integers(1, last, endpoint=True)))
            elif self.case.exact:
                yield Moment(kind, rng.uniform(0, ended.processor_seconds * share))
            else:  # its workers do the work
                yield Moment(kind, rng.uniform(0, ended.wall_seconds * share), "wall")
            share *= 0.7

    def _start(self, moment: Moment) -> Ended:
        """Start the run anew, or resume it."""
        arguments = [*self.arguments, "--out", "run"]
        if self._is_started():
            arguments = ["--out", "run", "--resume"]
        elif self.overwrites:
            arguments.append("--overwrite")
        start = Start(self.case.task, arguments, self.folder, self.save_each_step)
        ended = run(start, moment)
        self.result.problems += ended.problems
        return ended

    def _is_started(self) -> bool:
        """Whether the folder has the settings of this run, not those of one to overwrite."""
        configs = []
        for folder in (self.run_folder, self.expected.folder):
            try:
                configs.append(json.loads((folder / "config.json").read_bytes()))
            except FileNotFoundError:
                return False
        return bool(configs[0] == configs[1])

    def _temporary(self) -> list[Path]:
        folder = self.folder / "temporary"
        return sorted(folder.iterdir()) if folder.is_dir() else []


def _copy(source: Path, target: Path) -> None:
    """Make a folder equal to another, which may not exist."""
    if target.exists():
        shutil.rmtree(target)
    if source.exists():
        shutil.copytree(source, target, symlinks=True)


def _shared_memory() -> set[Path]:
    """Return the files in shared memory that belong to this user and to pmt."""
    if not _SHARED_MEMORY.is_dir():
        return set()
    return {path for path in _SHARED_MEMORY.iterdir() if "pmt" in path.name}
