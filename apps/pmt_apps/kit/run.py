"""`Run`: the settings, the folder and the results of one start of an app."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar

from pmt_apps.kit.files import FileFingerprint, file_fingerprint
from pmt_apps.kit.html_report import Report
from pmt_apps.kit.metrics_file import write_metrics
from pmt_apps.kit.predict_jsonl import Answer, predict_jsonl
from pmt_apps.kit.predictor import Predictor
from pmt_apps.kit.program import command
from pmt_apps.kit.run_folder import RunFolder
from pmt_apps.kit.run_report import add_details, add_scores, score_text, summary_line
from pmt_apps.kit.saved_model import check_has_best, no_larger_than, saved_model, write_model
from pmt_apps.kit.settings import AppSettings, save_settings
from pmt_autograd import Array
from pmt_core import StateError
from pmt_nn import Module
from pmt_train import (
    Callback,
    Callbacks,
    Epochs,
    EventName,
    FitOptions,
    History,
    Trainable,
    TrainingEvent,
    TrainingLoop,
    TrainingRecorder,
    join_histories,
    launched_process_group,
    progress_bar,
    say,
)

S = TypeVar("S", bound=AppSettings)
P = ParamSpec("P")
B = TypeVar("B")
R = TypeVar("R", bound=Predictor[Any, Any, Any])


class Run(Generic[S]):
    """The settings, the folder and the results of one start of an app.

    The `train` of an app logs the files it read (`log_file`), trains (`fit`), logs its scores and
    figures (`log_metrics`, `add_figure`), and may add to `report`. The files are those of `folder`.

    Args:
        settings: of this start.
        task: name of the app, saved with its runs.
        title: of the report.
        outputs: names of files that the app writes beside those of every run, to remove with them.

    Attributes:
        folder: paths of the files of the run.
        history: of `fit`; of several stages, joined.
        stages: the history of each named stage.
        report: the part of report.html that the app fills.
        files: fingerprints of the files that were read, by role.
        splits: metrics by the name of the split.
        figures: captions by the name of the PNG file.
        parameters: number of trained numbers.
        started: whether there is a run on disk that `--resume` could continue.
        is_writer: True on rank 0. Other ranks of `mpiexec` train but neither score nor write.
    """

    def __init__(self, settings: S, task: str, title: str, outputs: Sequence[str] = ()) -> None:
        self.settings = settings
        self.task = task
        self.title = title
        self.folder = RunFolder(settings.out, outputs)
        self.history = History()
        self.stages: dict[str, History] = {}
        self.report = Report(title)
        self.files: dict[str, FileFingerprint] = {}
        self.splits: dict[str, dict[str, Any]] = {}
        self.figures: dict[str, str] = {}
        self.parameters = 0
        self.is_writer = launched_process_group().rank == 0
        self.started = False

    @classmethod
    @contextmanager
    def open(
        cls, settings: S, task: str, title: str, outputs: Sequence[str] = ()
    ) -> Iterator[Self]:
        """Open a run, and lock its folder unless it is only read (`--predict`)."""
        run = cls(settings, task, title, outputs)
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
        """Record a file and its checksum. rows: number of examples; default: number of lines."""
        self.files[role] = file_fingerprint(path, rows)

    def start(self) -> None:
        """Write the settings, after removing the run that is overwritten, if any.

        `fit` calls this, so that nothing is written while the data is being read and checked.
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
            trainer, train: as for `TrainingLoop`.
            options: by default those of `settings.epochs` epochs. The run itself sets the paths,
                `resume` and the fingerprint (checksums of the data).
            model_meta: JSON that the model needs beside its weights and the settings, e.g. the
                vocabulary. `load_model` returns it.
            stage: name of a part of the training with a model of its own, e.g. "pretrain". Its
                files are <stage>.checkpoint.npz and <stage>.npz. A resumed run repeats all its
                stages; those that are complete take no time.

        Raises:
            GradientError: if no epoch had a finite score, besides the errors of `TrainingLoop`.
        """
        self.start()
        self.parameters = trainer.parameter_count
        folder = self.folder
        checkpoint, best = folder.of_stage(stage)
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
        if options.evaluate is not None:
            check_has_best(history, options.monitor, best)
        return history

    def save_model(self, arrays: Mapping[str, Array], model_meta: Mapping[str, Any]) -> None:
        """Write the weights of the run, if they are not those of one `fit`.

        Args:
            arrays: weights by name.
            model_meta: as for `fit`.
        """
        self.start()
        if self.is_writer:
            write_model(self.folder.model, self.task, arrays, model_meta)

    def log_metrics(self, name: str, metrics: Mapping[str, Any]) -> None:
        """Add metrics of a split ("dev", "test") and write metrics.json.

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
        """Draw a figure by `draw(path, *args, **kwargs)`, and add it to the report.

        name: of the PNG file, e.g. "confusion.png". Returns its path.
        """
        path = self.folder.path / name
        if self.is_writer:
            with progress_bar(1, f"drawing {name}", "picture", delay=0):
                draw(path, *args, **kwargs)
            self.figures[name] = caption
        return path

    # --- using a trained run ------------------------------------------------------------------

    def loaded_model(self) -> AbstractContextManager[tuple[dict[str, Array], dict[str, Any]]]:
        """Give the best weights by name, and `model_meta`, to a block; see `saved_model`."""
        return saved_model(self.folder.model)

    def predictor(self, kind: type[R]) -> R:
        """Return the predictor of this run."""
        with self.loaded_model() as (weights, meta):
            return kind.from_weights(self.settings, weights, meta)

    def load_model(self, model: Module | None = None) -> tuple[dict[str, Array], dict[str, Any]]:
        """Return what `loaded_model` gives. model: loads the weights, if given."""
        with self.loaded_model() as (weights, meta):
            if model is not None:
                model.load_state_dict(weights)
                model.eval()
        return weights, meta

    def model_limit(self, *stages: str | None) -> AbstractContextManager[None]:
        """Let a resumed run build no model in this block that is larger than its checkpoint.

        stages: that train it; the first with a checkpoint counts. None: the only stage of the run.
        """
        paths = [self.folder.of_stage(name)[0] for name in stages]
        return no_larger_than(paths if self.settings.resume else [])

    def predict_jsonl(
        self, answer: Answer, fields: Sequence[str] = ("text",), *, empty: bool = False
    ) -> int:
        """Answer standard input, see `predict_jsonl`, in batches of `settings.batch_size`."""
        return predict_jsonl(answer, fields, batch_size=self.settings.batch_size, empty=empty)

    # --- the end ------------------------------------------------------------------------------

    def finish(self) -> None:
        """Write metrics.json and report.html, and print the scores and the path of the report."""
        if not self.started:
            raise StateError("there is nothing to report; call fit() or start() before finish()")
        if not self.is_writer:
            return
        metrics = self._write_metrics()
        report = Report(self.title, summary_line(self.history, self.parameters))
        add_scores(report, self.splits)
        for name, caption in self.figures.items():
            report.picture(self.folder.path / name, caption)
        report.html(self.report.body())
        versions = metrics["versions"]
        add_details(report, self.history, self.settings.to_json(), self.files, versions)
        report.save(self.folder.report)
        say(score_text(self.splits))
        say(f"\nreport: {self.folder.report}")

    def command(self, *options: str) -> str:
        """Return the command line that starts this app on this run with further options."""
        return command("--out", str(self.settings.out), *options)

    def _callbacks(
        self, callbacks: Callbacks | None, stage: str | None
    ) -> dict[EventName, list[Callback]]:
        """Return the callbacks of the app, one that updates history.csv, and the recorder's."""

        def save_history(event: TrainingEvent) -> None:
            if self.is_writer:
                self._joined(History(list(event.rows)), stage).save(self.folder.history)

        functions: dict[EventName, list[Callback]] = {"epoch": [save_history]}
        recorder = TrainingRecorder(self.folder.recording_of_stage(stage))
        for given in (callbacks or {}, recorder.callbacks if self.settings.record else {}):
            for name, items in given.items():
                functions.setdefault(name, []).extend([items] if callable(items) else items)
        return functions

    def _joined(self, history: History, stage: str | None) -> History:
        """Append the history of a stage to those of the stages before it."""
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
            files={"pictures": list(self.figures), "outputs": self.folder.outputs},
        )
