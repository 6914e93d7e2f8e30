"""`Estimator`: hyperparameters as scikit-learn's tools expect them, without importing it."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterable, Sequence, Sized
from dataclasses import dataclass, fields
from typing import Any, Generic, Self, TypeVar

from pmt_apps.kit.predictor import Predictor
from pmt_core import SettingsError, ShapeError, StateError, value_text


@dataclass(frozen=True)
class TrainingOptions:
    """How an estimator is trained; None: the default of the kind of its model.

    Attributes:
        epochs: passes over the training data.
        batch_size: examples per step.
        lr: highest learning rate.
        patience: epochs without a better score on the part held out before training stops.
        dev_fraction: part of the examples that is held out to choose the best weights.
        weight_decay: of matrices and tables.
        warmup: fraction of the steps in which the rate rises.
        dropout: dropout rate.
        accumulate: batches per step.
        layer_decay: of an encoder: factor on the rate of each layer below the top.
        freeze: of an encoder: number of its lowest parts that stay as they are.
        max_length: most tokens of a text that are read.
        c: of tf-idf: inverse strength of the L2 penalty.
        workers: threads.
        progress: show a line per epoch.

    Examples:
        >>> from pmt_apps import TextClassifier, TrainingOptions
        >>> options = TrainingOptions(epochs=3, lr=0.01)
        >>> options.given()
        {'epochs': 3, 'lr': 0.01}
        >>> TextClassifier(model="tfidf", training=options).settings().epochs
        3
    """

    epochs: int | None = None
    batch_size: int | None = None
    lr: float | None = None
    patience: int | None = None
    dev_fraction: float | None = None
    weight_decay: float | None = None
    warmup: float | None = None
    dropout: float | None = None
    accumulate: int | None = None
    layer_decay: float | None = None
    freeze: int | None = None
    max_length: int | None = None
    c: float | None = None
    workers: int | None = None
    progress: bool = False

    def given(self) -> dict[str, Any]:
        """Return the options that are not None, but for `progress`."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        del values["progress"]
        return {name: value for name, value in values.items() if value is not None}

    def given_of(self, names: Iterable[str], estimator: str) -> dict[str, Any]:
        """Return the options that are given. names: those that the estimator has.

        Raises:
            SettingsError: an option is given that the estimator does not have.
        """
        given, allowed = self.given(), set(names)
        unknown = [name for name in given if name not in allowed]
        if unknown:
            raise SettingsError(
                f"training: {estimator} has no {', '.join(unknown)}, expected only "
                f"{', '.join(item.name for item in fields(self) if item.name in allowed)}"
            )
        return given


P = TypeVar("P", bound=Predictor[Any, Any, Any])


class Estimator(Generic[P]):
    """Base of the estimators.

    Hyperparameters are keyword arguments of the constructor, stored unchanged under their names.
    What `fit` learns has names that end with "_"; its predictor is `_fitted`.
    """

    _fitted: P

    def __init__(self) -> None:
        """Take no hyperparameters."""

    @classmethod
    def _parameter_names(cls) -> list[str]:
        names = list(inspect.signature(cls.__init__).parameters)
        return sorted(name for name in names if name != "self")

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the hyperparameters by name. deep: has no effect."""
        return {name: getattr(self, name) for name in self._parameter_names()}

    def set_params(self, **params: Any) -> Self:
        """Change hyperparameters and return the estimator.

        Raises:
            SettingsError: there is no such hyperparameter.
        """
        names = self._parameter_names()
        for name, value in params.items():
            if name not in names:
                raise SettingsError(
                    f"{type(self).__name__} has no parameter {value_text(name)}; it has "
                    f"{', '.join(names)}"
                )
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        signature = inspect.signature(type(self).__init__)
        changed = [
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if value != signature.parameters[name].default
        ]
        return f"{type(self).__name__}({', '.join(changed)})"

    def save(self, folder: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write a run that `load`, `pmt_apps.load` and `--predict` of its app read.

        Args:
            folder: is created if it is missing.
            overwrite: whether to replace a run that is there.

        Raises:
            StateError: `fit` has not been called.
            SettingsError: if there is a run and `overwrite` is False.
            FileProblem: if the folder cannot be written.
        """
        self._check_fitted()
        self._fitted.save(folder, overwrite=overwrite)

    def _check_fitted(self) -> None:
        """Raise StateError if `fit` has not been called."""
        if not hasattr(self, "_fitted"):
            raise StateError(
                f"this {type(self).__name__} has not learned yet; call fit(X, y) first"
            )


class EstimatorTags:
    """What scikit-learn asks an estimator of texts for.

    Its tools ask for `_estimator_type`, and newer ones for `__sklearn_tags__`. Only they call the
    latter, so that scikit-learn is imported already.
    """

    _estimator_type: str | None = None

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's description of the estimator."""
        utils = sys.modules.get("sklearn.utils")
        if utils is None:
            raise StateError("scikit-learn is not loaded; only its tools need these tags")
        return utils.Tags(
            estimator_type=self._estimator_type,
            target_tags=utils.TargetTags(required=True),
            classifier_tags=utils.ClassifierTags() if self._estimator_type else None,
            input_tags=utils.InputTags(two_d_array=False, string=True),
        )

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether `fit` has been called."""
        return hasattr(self, "classes_")


class ClassifierTags(EstimatorTags):
    """What scikit-learn asks a classifier of texts for."""

    _estimator_type = "classifier"


def check_lengths(examples: Sized, labels: Sequence[Any], name: str) -> None:
    """Raise ShapeError if X and y differ in length. name: of an example."""
    if len(examples) != len(labels):
        raise ShapeError(f"expected a label for each of {len(examples)} {name}s, got {len(labels)}")


SMALL = 4000
"""With fewer examples the smaller models of the shipped samples are trained from scratch."""
