"""`TextPredictor`: a trained classifier of texts, of a run or of an estimator."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pmt_apps.classification.attribution import WordScores, word_scores
from pmt_apps.classification.labels import LabelSet
from pmt_apps.classification.settings import Settings
from pmt_apps.classification.text_model import TextModel
from pmt_apps.classification.training import text_model
from pmt_apps.kit.predictor import Predictor
from pmt_autograd import Array
from pmt_core import DataError, decode_field, field, json_object

TASK = "classify"


def model_meta(model: TextModel) -> dict[str, Any]:
    """Return the JSON that restores a model, together with its settings and weights."""
    return {"kind": model.kind, "labels": model.labels.to_json(), model.kind: model.to_json()}


def model_of(
    settings: Settings, weights: Mapping[str, Array], meta: Mapping[str, Any]
) -> TextModel:
    """Return the model that `model_meta` described, with its weights. Raises DataError."""
    state = json_object(meta)
    kind = field(state, "kind", str)
    labels = decode_field(state, "labels", LabelSet.from_json)
    model = text_model(kind).from_json(settings, labels, json_object(field(state, kind, dict)))
    model.network.load_state_dict(weights)
    model.network.eval()
    return model


class TextPredictor(Predictor[Settings, str, Any]):
    """A trained classifier: `predict` returns the label of each text, or the list of its labels.

    Attributes:
        classes_: labels, the columns of `predict_proba`.
        model: encodes and classifies texts.
    """

    task = TASK
    settings_type = Settings
    key = "label"

    def __init__(self, settings: Settings, model: TextModel) -> None:
        super().__init__(settings)
        self.model = model
        self.classes_ = list(model.labels.names)

    @classmethod
    def from_weights(
        cls, settings: Settings, weights: Mapping[str, Array], meta: Mapping[str, Any]
    ) -> Self:
        """Return the classifier of a run."""
        return cls(settings, model_of(settings, weights, meta))

    def weights(self) -> Mapping[str, Array]:
        """Return the weights of the network."""
        return self.model.network.state_dict()

    def model_meta(self) -> Mapping[str, Any]:
        """Return the kind of the model, its classes, and what encodes texts."""
        return model_meta(self.model)

    def checked(self, value: Any) -> str:
        """Return a text. Raises DataError if it is none."""
        if not isinstance(value, str):
            raise DataError(f"expected a text, got {type(value).__name__}")
        return str(value)

    def answers(self, inputs: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        """Return text, label (or labels) and probabilities of each text, one after the other."""
        labels = self.model.labels
        key = "labels" if labels.several else "label"
        probabilities = self.probabilities(inputs)
        for text, row in zip(inputs, probabilities, strict=True):
            predicted = labels.predicted(row[np.newaxis])[0]
            rounded = (round(p, 6) for p in row.tolist())
            yield {
                "text": text,
                key: list(predicted) if labels.several else predicted[0],
                "probabilities": dict(zip(labels.names, rounded, strict=True)),
            }

    def predict(self, inputs: Iterable[Any]) -> list[Any]:
        """Return the label of each text, or the list of its labels if it may have several."""
        key = "labels" if self.model.labels.several else "label"
        return [answer[key] for answer in self.predict_json(inputs)]

    def predict_proba(self, inputs: Iterable[str]) -> NDArray[np.float32]:
        """Return the probabilities (n, k) of the classes, in the order of `classes_`.

        Raises:
            DataError: names the first input that is no text, or has no finite probabilities.
        """
        probabilities = self.probabilities(self.checked_inputs(inputs))
        finite = np.isfinite(probabilities).all(axis=1)
        if not finite.all():
            raise DataError(
                f"input {int(finite.argmin())}: its probabilities are not finite: the weights of "
                "the run are too large for its numbers; train it anew with a lower --lr"
            )
        return probabilities.astype(np.float32)

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the probabilities (n, k) of texts, whether they are finite or not."""
        if not texts:
            return np.zeros((0, len(self.classes_)))
        return self.model.probabilities(self.model.logits(self.model.encode(texts), self.workers))

    def explain(self, inputs: Iterable[str]) -> list[WordScores]:
        """Return what each word adds to the log-odds of the most likely class of each text."""
        texts = self.checked_inputs(inputs)
        best = self.predict_proba(texts).argmax(axis=1)
        return word_scores(self.model, texts, best.tolist())
