"""`Run`: one start of an app: its settings, its folder, and what came out."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar

from pmt_apps.kit.config_file import save_settings
from pmt_apps.kit.files import FileFingerprint, file_fingerprint
from pmt_apps.kit.html_report import Report, cell_text
from pmt_apps.kit.metrics_file import write_metrics
from pmt_apps.kit.predict_jsonl import Answer, predict_jsonl
from pmt_apps.kit.run_folder import RunFolder
from pmt_apps.kit.settings import AppSettings
from pmt_apps.kit.text_table import text_table
from pmt_autograd import Array
from pmt_core import FileProblem, StateError, load_archive, save_archive
from pmt_nn import Module
from pmt_train import (
    Callback,
    Callbacks,
    Epochs,
    EventName,
    FitOptions,
    History,
    Interval,
    Trainable,
    TrainingEvent,
    TrainingLoop,
    join_histories,
    launched_process_group,
    progress_bar,
    say,
)

S = TypeVar("S", bound=AppSettings)
P = ParamSpec("P")
B = TypeVar("B")


class Run(Generic[S]):
    """What an app's `train` and `predict` work with.

    `train` says which files it read (`log_file`), trains (`fit`), gives its scores
    (`log_metrics`) and figures (`add_figure`), and may add to `report`; config.json, history.csv,
    checkpoint.npz, model.npz, metrics.json and report.html are written by the run.

    settings: of this start. task: name that the app's runs carry. title: of the report.

    Attributes:
        folder: the run's folder and the names in it.
        history: of `fit`; empty before. After several stages, theirs one after the other.
        stages: the history of each stage by its name, where `fit` was told of stages.
        report: the part of report.html that is the app's own; the usual parts stand around it.
        files, splits, pictures: what was told so far.
        begun: whether there is something on disk that `--resume` could go on with.
        writes: whether this process writes the files: not where mpiexec started several and
            another one does. An app may leave out the scoring then; what it tells is not kept.
    """

    def __init__(self, settings: S, task: str, title: str) -> None:
        self.settings = settings
        self.task = task
        self.title = title
        self.folder = RunFolder(settings.out)
        self.history = History()
        self.stages: dict[str, History] = {}
        self.report = Report(title)
        self.files: dict[str, FileFingerprint] = {}
        self.splits: dict[str, dict[str, Any]] = {}
        self.pictures: dict[str, str] = {}
        self.parameters = 0
        self.is_writer = launched_process_group().rank == 0
        self.started = False

    @classmethod
    @contextmanager
    def open(cls, settings: S, task: str, title: str) -> Iterator[Self]:
        """A run whose folder belongs to this process; only read where it is to predict."""
        run = cls(settings, task, title)
        if settings.predict or not run.is_writer:
            yield run
            return
        with run.folder.claim(resume=settings.resume, overwrite=settings.overwrite):
            yield run

    # --- training ---------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """Print a line to standard output."""
        say(text)

    def log_file(self, role: str, path: Path, rows: int | None = None) -> None:
        """Note a file that was read, with its checksum. rows: examples in it; else its lines."""
        self.files[role] = file_fingerprint(path, rows)

    def start(self) -> None:
        """Write the settings: from here on there is a run, in the place of one to be overwritten.

        `fit` does it, so that nothing is touched while the data is still being read and checked.
        """
        if self.started:
            return
        if self.is_writer and not self.settings.resume:
            self.folder.clear()
            save_settings(self.folder.config, self.task, self.settings)
        self.started = True

    def fit(
        self,
        trainer: Trainable[B],
        train: Iterable[B] | Epochs[B],
        options: FitOptions | None = None,
        *,
        model_meta: Mapping[str, Any] | None = None,
        stage: str | None = None,
    ) -> History:
        """Train with the files of this run, and write history and metrics.

        Args:
            trainer: a `Trainer`, or any other `Trainable`.
            train: batches, as for `Trainer.fit`.
            options: settings of the training, by default those of a run of `settings.epochs`
                epochs. The run sets the paths, `resume` and the fingerprint (checksums of the
                data) itself.
            model_meta: JSON that the model needs beside its weights and the settings to be used
                again (the vocabulary). `load_model` returns it.
            stage: name of a part of the training that has a model of its own, e.g. "pretrain".
                Its checkpoint and best weights are <stage>.checkpoint.npz and <stage>.npz
                instead of checkpoint.npz and model.npz. A resumed run goes through all its
                stages again; those that are done take no time.
        """
        self.start()
        self.parameters = trainer.parameter_count
        folder = self.folder
        checkpoint, best = folder.of_stage(stage) if stage else (folder.checkpoint, folder.model)
        options = options or FitOptions(self.settings.epochs)
        options = replace(
            options,
            checkpoint_path=checkpoint,
            best_model_path=best,
            best_model_meta={"task": self.task, "model": dict(model_meta or {})},
            resume=self.settings.resume,
            fingerprint={role: file.sha256 for role, file in self.files.items()},
            callbacks=self._callbacks(options.callbacks, stage),
        )
        history = TrainingLoop(trainer, train, options).run()
        if stage:
            self.stages[stage] = history
        self.history = self._joined(history, stage)
        if self.is_writer:
            self.history.save(self.folder.history)
            self._write_metrics()
        return history

    def save_model(self, arrays: Mapping[str, Array], model_meta: Mapping[str, Any]) -> None:
        """Write the weights that the run is used with, where they are not those of one `fit`.

        arrays: by name. model_meta: as for `fit`. What `load_model` gives back.
        """
        self.start()
        if self.is_writer:
            meta = {"task": self.task, "model": dict(model_meta)}
            save_archive(self.folder.model, dict(arrays), meta)

    def log_metrics(self, name: str, metrics: Mapping[str, Any]) -> None:
        """Give the metrics of a split ("dev", "test"); they go to metrics.json at once.

        A metric may be an `Interval` (see `bootstrap_interval`).
        """
        self.splits[name] = {**self.splits.get(name, {}), **metrics}
        if self.started and self.is_writer:
            self._write_metrics()

    def add_figure(
        self,
        name: str,
        caption: str,
        draw: Callable[Concatenate[Path, P], object],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Path:
        """Make a picture by `draw(path, *args, **kwargs)`, and show it in the report.

        name: of the PNG file, e.g. "confusion.png".
        """
        path = self.folder.path / name
        if not self.is_writer:
            return path
        with progress_bar(1, f"drawing {name}", "picture", delay=0):
            draw(path, *args, **kwargs)
        self.pictures[name] = caption
        return path

    # --- using a trained run ------------------------------------------------------------------

    def load_model(self, model: Module | None = None) -> tuple[dict[str, Array], dict[str, Any]]:
        """The best weights by name, and `model_meta`; loaded into `model` if one is given."""
        if not self.folder.model.is_file():
            raise FileProblem(
                f"the run in {str(self.folder.path)!r} has no {self.folder.model.name} yet: it was "
                "stopped before its first evaluation; go on with it by --resume"
            )
        arrays, meta = load_archive(self.folder.model)
        found: dict[str, Any] = meta.get("model", {})
        if model is not None:
            model.load_state_dict(arrays)
            model.eval()
        return arrays, found

    def predict_jsonl(
        self, answer: Answer, fields: Sequence[str] = ("text",), *, empty: bool = False
    ) -> int:
        """See `predict_jsonl`; in batches of the settings' size."""
        return predict_jsonl(answer, fields, batch_size=self.settings.batch_size, empty=empty)

    # --- the end ------------------------------------------------------------------------------

    def finish(self) -> None:
        """Write metrics.json and report.html, and print the scores and where all is."""
        if not self.started:
            raise StateError("there is nothing to report before begin() or fit()")
        if not self.is_writer:
            return
        metrics = self._write_metrics()
        report = Report(self.title, self._lead())
        self._report_scores(report)
        for name, caption in self.pictures.items():
            report.picture(self.folder.path / name, caption)
        report.html(self.report.body())
        self._report_details(report, metrics)
        report.save(self.folder.report)
        say(self._scores_text())
        say(f"\nreport: {self.folder.report}")

    def command(self, *options: str) -> str:
        """The command line that starts this app on this run's folder with the given options."""
        words = ["python", sys.argv[0], "--out", str(self.settings.out), *options]
        return shlex.join(words)

    def _callbacks(
        self, callbacks: Callbacks | None, stage: str | None
    ) -> dict[EventName, list[Callback]]:
        """The app's, and one that keeps history.csv up to date."""

        def save_history(event: TrainingEvent) -> None:
            if self.is_writer:
                rows = History(list(event.rows))
                self._joined(rows, stage).save(self.folder.history)

        found: dict[EventName, list[Callback]] = {
            name: [given] if callable(given) else list(given)
            for name, given in (callbacks or {}).items()
        }
        return {**found, "epoch": [save_history, *found.get("epoch", [])]}

    def _joined(self, history: History, stage: str | None) -> History:
        """The history of a stage, or of what comes after all stages, behind those before it."""
        if stage is None and not self.stages:
            return history
        return join_histories({**self.stages, stage or "": history})

    def _write_metrics(self) -> dict[str, Any]:
        return write_metrics(
            self.folder.metrics,
            task=self.task,
            history=self.history,
            parameters=self.parameters,
            seed=self.settings.seed,
            workers=self.settings.workers,
            data=self.files,
            splits=self.splits,
            pictures=list(self.pictures),
        )

    def _lead(self) -> str:
        seconds = self.history.seconds
        time = f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} min"
        return (
            f"{self.parameters:,} parameters, {len(self.history.rows)} epochs in {time}, "
            f"{self.history.examples_per_second:,.0f} examples per second"
        )

    def _score_rows(self) -> tuple[list[str], list[list[Any]]]:
        names = list(dict.fromkeys(name for split in self.splits.values() for name in split))
        rows = [[name, *(s.get(m) for m in names)] for name, s in self.splits.items()]
        return ["split", *names], rows

    def _report_scores(self, report: Report) -> None:
        if not self.splits:
            return
        split, metrics = next(iter(self.splits.items()))
        report.cards(
            {
                f"{split} {name}": value.value if isinstance(value, Interval) else value
                for name, value in list(metrics.items())[:5]
            }
        )
        report.section("Scores")
        report.table(*self._score_rows())

    def _report_details(self, report: Report, metrics: Mapping[str, Any]) -> None:
        if self.history.rows:
            report.section("Epochs")
            columns = self.history.columns
            report.table(columns, [[row.get(c) for c in columns] for row in self.history.rows])
        report.section("Settings")
        report.table(
            ["setting", "value"], [[k, _flat(v)] for k, v in self.settings.to_json().items()]
        )
        if self.files:
            report.section("Data")
            report.table(
                ["role", "file", "rows", "SHA-256"],
                [[role, f.path, f.rows, f.sha256] for role, f in self.files.items()],
            )
        report.section("Made with")
        report.table(["what", "version"], [[k, v] for k, v in metrics["versions"].items()])

    def _scores_text(self) -> str:
        columns, rows = self._score_rows()
        cells = [[cell_text(cell) for cell in row] for row in rows]
        return "\n" + text_table([columns, *cells], header=True) if rows else ""


def _flat(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value)) or "–"
    return "–" if value is None else str(value)
