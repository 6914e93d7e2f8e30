"""`Predictor`: a trained run in memory, for `--predict` and for `pmt_apps.load`."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np

from pmt_apps.kit.files import write_json
from pmt_apps.kit.options import options_of
from pmt_apps.kit.predict_jsonl import answer_pieces
from pmt_apps.kit.run_folder import RunFolder
from pmt_apps.kit.saved_model import saved_model, write_model
from pmt_apps.kit.settings import AppSettings, load_settings, save_settings
from pmt_autograd import Array
from pmt_core import DataError, SettingsError, read_json
from pmt_train import Workers, max_workers

S = TypeVar("S", bound=AppSettings)
X = TypeVar("X")
Y = TypeVar("Y")
T = TypeVar("T")

_FILES = ("pictures", "outputs")  # entries of metrics.json that name files of the run


class Predictor(ABC, Generic[S, X, Y]):
    """A trained run in memory: from a list of inputs to a list of answers, in the same order.

    The program of the task makes one for `--predict`, `pmt_apps.load` makes one for Python. The
    order of the inputs and their number in a call change no prediction, and probabilities in their
    last digits only.

    Args:
        settings: of the run.

    Attributes:
        task: name of the app.
        settings_type: its settings.
        key: the entry of a JSON answer that `predict` returns.
        classes_: labels of the columns of `predict_proba`; empty if there is none.
        settings: of the run.
        metrics: content of its metrics.json; empty if there is none.
        workers: threads that predict.

    Examples:
        >>> from pmt_apps import Predictor, TextClassifier, load
        >>> texts = ["a fine film", "a great cast", "dull and long", "a boring plot"] * 10
        >>> labels = ["good", "good", "bad", "bad"] * 10
        >>> TextClassifier(model="tfidf").fit(texts, labels).save("run")
        >>> predictor = load("run")
        >>> isinstance(predictor, Predictor), predictor.task, predictor.classes_
        (True, 'classify', ['bad', 'good'])
        >>> answers = predictor.predict_json(["a fine cast", "a dull plot"])
        >>> [answer[predictor.key] for answer in answers]  # as --predict writes them
        ['good', 'bad']
    """

    task: ClassVar[str]
    settings_type: ClassVar[type[AppSettings]]
    key: ClassVar[str]
    classes_: Sequence[Any] = ()

    def __init__(self, settings: S) -> None:
        self.settings = settings
        self.metrics: dict[str, Any] = {}
        self.workers = Workers(settings.workers)

    # --- what an app defines --------------------------------------------------------------------

    @classmethod
    @abstractmethod
    def from_weights(
        cls, settings: S, weights: Mapping[str, Array], meta: Mapping[str, Any]
    ) -> Self:
        """Return the predictor of the weights and the JSON of model.npz.

        Raises:
            PmtError: if they do not fit each other or the settings.
        """

    @abstractmethod
    def weights(self) -> Mapping[str, Array]:
        """Return the weights of the model by name."""

    @abstractmethod
    def model_meta(self) -> Mapping[str, Any]:
        """Return the JSON that `from_weights` needs beside the weights and the settings."""

    @abstractmethod
    def checked(self, value: Any) -> X:
        """Return an input as `answers` takes it. Raises DataError if it is not one."""

    @abstractmethod
    def answers(self, inputs: Sequence[X]) -> Iterator[Mapping[str, Any]]:
        """Return the JSON object that `--predict` writes for each input, one after the other.

        Raises:
            PmtError: on the input that has no answer.
        """

    # --- what all of them do --------------------------------------------------------------------

    def predict_json(self, inputs: Iterable[Any]) -> list[dict[str, Any]]:
        """Return the JSON object of each input, as `--predict` writes it.

        Raises:
            DataError: names the first input that is not valid, or has no finite answer.
        """
        return list(self._finite_answers(self.checked_inputs(inputs), _checked))

    def encoded_answers(self, examples: Sequence[X]) -> Iterator[bytes]:
        """Yield the JSON object of each example in UTF-8, each as soon as it is computed.

        Args:
            examples: from `checked_inputs`.

        Raises:
            DataError: names the first example that has no finite answer.
        """
        return self._finite_answers(examples, _encoded)

    def _finite_answers(
        self, examples: Sequence[X], convert: Callable[[Mapping[str, Any]], T]
    ) -> Iterator[T]:
        """Yield what `convert` makes of each answer; it raises DataError for one not finite."""
        answers: Iterator[Mapping[str, Any]] = iter(())
        for i in range(len(examples)):
            with np.errstate(all="ignore"):  # what is not finite is an error, not a warning
                if i == 0:
                    answers = iter(self.answers(examples))
                try:
                    result = convert(next(answers))
                except DataError as error:
                    raise DataError(f"input {i}: {error}") from error
            yield result

    def predict(self, inputs: Iterable[Any]) -> list[Y]:
        """Return the prediction for each input: what `key` names in its JSON object.

        Raises:
            DataError: as for `predict_json`.
        """
        return [answer[self.key] for answer in self.predict_json(inputs)]

    def checked_inputs(self, inputs: Iterable[Any]) -> list[X]:
        """Return a list of inputs as `answers` takes it.

        Raises:
            DataError: if there is no list of inputs, or one of them is not valid; names it.
        """
        if isinstance(inputs, str | bytes | Mapping) or not isinstance(inputs, Iterable):
            raise DataError(
                f"expected a list of inputs, got {type(inputs).__name__}; give a list even of one"
            )
        examples = []
        for i, value in enumerate(inputs):
            try:
                examples.append(self.checked(value))
            except DataError as error:
                raise DataError(f"input {i}: {error}") from error
        return examples

    def save(self, folder: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write a run that `load` and `--predict` read: config.json, model.npz, metrics.json.

        Args:
            folder: is created if it is missing.
            overwrite: whether to replace a run that is there.

        Raises:
            SettingsError: if there is a run and `overwrite` is False.
            FileProblem: if the folder cannot be written.
        """
        path = Path(folder)
        run = RunFolder(path)
        if run.is_run and not overwrite:
            raise SettingsError(
                f"there is a run in {str(path)!r} already; give another folder, or overwrite=True"
            )
        with run.claim(overwrite=overwrite):
            run.clear()
            save_settings(run.config, self.task, replace(self.settings, out=path))
            write_model(run.model, self.task, self.weights(), self.model_meta())
            if self.metrics:
                content = {name: v for name, v in self.metrics.items() if name not in _FILES}
                write_json(run.metrics, content)

    @classmethod
    def load(cls, folder: str | os.PathLike[str], **options: Any) -> Self:
        """Return the predictor of a run of this task.

        Args:
            folder: of the run.
            options: settings that need not be those of the training, e.g. `workers`.

        Raises:
            FileProblem: if there is no run, or a file cannot be read.
            PmtError: if the run is damaged or of another task, or an option is not allowed.
        """
        path = Path(folder)
        run = RunFolder(path)
        run.check_is_run("load", "train one first, or name another folder")
        saved = load_settings(run.config, cls.task, cls.settings_type)
        changes = _checked_options(cls.settings_type, cls.task, options)
        workers = min(saved.get("workers", max_workers()), max_workers())
        settings: Any = cls.settings_type(**{**saved, "workers": workers, **changes, "out": path})
        with saved_model(run.model) as (weights, meta):
            predictor = cls.from_weights(settings, weights, meta)
        predictor.metrics = dict(read_json(run.metrics)) if run.metrics.exists() else {}
        return predictor


def _checked(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer, without a copy of its JSON. Raises DataError if it is not finite."""
    result = dict(answer)
    for _ in answer_pieces(result):
        pass
    return result


def _encoded(answer: Mapping[str, Any]) -> bytes:
    return b"".join(answer_pieces(answer))


def _checked_options(
    kind: type[AppSettings], task: str, options: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return the options, if each may differ from the training. Raises SettingsError."""
    changeable = {item.name for item, info in options_of(kind) if info.changeable} - {"out"}
    unknown = sorted(options.keys() - changeable)
    if unknown:
        raise SettingsError(
            f"a run of {task} is loaded with the settings of its training; "
            f"{', '.join(sorted(changeable))} may be given, got {', '.join(unknown)}"
        )
    return options
