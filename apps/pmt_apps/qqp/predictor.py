"""`PairPredictor`: a trained model of question pairs that says which ask the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.predictor import Predictor
from pmt_apps.qqp.data.settings import Settings
from pmt_apps.qqp.models.pair_model import PairModel
from pmt_apps.qqp.models.registry import load_pair_model
from pmt_autograd import Array
from pmt_core import DataError, field, value_text

Pair = tuple[str, str]
_CLASSES = (0, 1)
_TYPES = ([int, int], [str, str])


class PairPredictor(Predictor[Settings, Pair, Any]):
    """A trained model of pairs: `predict` returns 1 for each pair that asks the same, else 0.

    An input is a pair of texts. A `TextPairClassifier` has two other classes.

    Attributes:
        classes_: 0 and 1, or the two classes of a `TextPairClassifier`.
        model: the model with its vocabulary.
    """

    task = "qqp"
    settings_type = Settings
    key = "label"

    def __init__(
        self, settings: Settings, model: PairModel[Any], classes: Sequence[Any] = _CLASSES
    ) -> None:
        super().__init__(settings)
        self.model = model
        self.classes_ = tuple(classes)

    @classmethod
    def from_weights(
        cls, settings: Settings, weights: Mapping[str, Array], meta: Mapping[str, Any]
    ) -> Self:
        """Return the model of a run."""
        classes = field(meta, "classes", list, list(_CLASSES))
        if [type(name) for name in classes] not in _TYPES or classes[0] == classes[1]:
            raise DataError(
                f"classes: expected two different strings or integers, got {value_text(classes)}"
            )
        return cls(settings, load_pair_model(settings, weights, meta), classes)

    def weights(self) -> Mapping[str, Array]:
        """Return the weights of the model."""
        return self.model.module.state_dict()

    def model_meta(self) -> Mapping[str, Any]:
        """Return the kind of the model, its vocabulary, and the classes unless they are 0, 1."""
        classes = {} if self.classes_ == _CLASSES else {"classes": list(self.classes_)}
        return {**self.model.model_meta(), **classes}

    def checked(self, value: Any) -> Pair:
        """Return a pair of texts as a tuple. Raises DataError."""
        if not isinstance(value, str) and isinstance(value, Iterable):
            parts = tuple(value)
            if len(parts) == 2 and all(isinstance(part, str) for part in parts):
                return str(parts[0]), str(parts[1])
        raise DataError(f"expected a pair of texts, got {value!r:.60}")

    def answers(self, inputs: Sequence[Pair]) -> Iterator[Mapping[str, Any]]:
        """Return questions, probability and label of each pair."""
        for pair, probability in zip(inputs, self._probabilities(inputs), strict=True):
            answer = rounded(float(probability))
            label = self.classes_[int(answer["label"])]
            yield {"question1": pair[0], "question2": pair[1], **answer, "label": label}

    def predict_proba(self, inputs: Iterable[Pair]) -> NDArray[np.float32]:
        """Return the probabilities of both classes for each pair, (n, 2).

        Raises:
            DataError: as for `predict_json`.
        """
        pairs = self.checked_inputs(inputs)
        if not pairs:
            return np.zeros((0, 2), np.float32)
        duplicate = self._probabilities(pairs)
        if not np.isfinite(duplicate).all():
            i = int(np.flatnonzero(~np.isfinite(duplicate))[0])
            raise DataError(
                f"input {i}: its probability is not finite: the weights of the run are too large "
                "for its numbers; train it anew with a lower --lr"
            )
        return np.stack([1 - duplicate, duplicate], axis=1)

    def _probabilities(self, pairs: Sequence[Pair]) -> NDArray[np.float32]:
        return self.model.predict(pairs, self.workers)


def rounded(probability: float) -> dict[str, float | int]:
    """Return a probability with six digits, and its label: 1 if it is 0.5 or more.

    A probability just below 0.5 stays below it.
    """
    is_duplicate = probability >= 0.5
    digits = round(probability, 6)
    return {
        "probability": digits if is_duplicate else min(digits, 0.499999),
        "label": int(is_duplicate),
    }
