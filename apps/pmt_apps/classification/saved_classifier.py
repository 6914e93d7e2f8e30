"""A classifier of texts with its settings: trained, saved as a run, loaded, asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pmt_apps.classification.labels import LabelSet
from pmt_apps.classification.settings import Settings
from pmt_apps.classification.text_model import TextModel
from pmt_apps.classification.training import text_model
from pmt_apps.kit.run_folder import RunFolder
from pmt_apps.kit.saved_model import saved_model
from pmt_apps.kit.settings import load_settings, save_settings
from pmt_autograd import Array
from pmt_core import decode_field, field, json_object, save_archive
from pmt_train import Workers

TASK = "classify"


def model_meta(model: TextModel) -> dict[str, Any]:
    """Return the JSON that restores a model, together with its settings and weights."""
    return {"kind": model.kind, "labels": model.labels.to_json(), model.kind: model.to_json()}


def model_of(
    settings: Settings, weights: Mapping[str, Array], meta: Mapping[str, Any]
) -> TextModel:
    """Return the model that `model_meta` described, with its weights. Raises DataError."""
    kind = field(json_object(meta), "kind", str)
    labels = decode_field(meta, "labels", LabelSet.from_json)
    state = json_object(field(json_object(meta), kind, dict))
    model = text_model(kind).from_json(settings, labels, state)
    model.network.load_state_dict(weights)
    model.network.eval()
    return model


@dataclass(frozen=True, slots=True, eq=False)
class SavedClassifier:
    """A trained classifier of texts, as a run or an estimator keeps it.

    Attributes:
        settings: of its training.
        model: with its weights.
    """

    settings: Settings
    model: TextModel

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Load the run in a folder.

        Raises:
            FileProblem, ArchiveError, DataError: a file is missing or damaged.
        """
        run = RunFolder(folder)
        run.check_is_run("load")
        settings = Settings(**{**load_settings(run.config, TASK, Settings), "out": folder})
        with saved_model(run.model) as (weights, meta):
            return cls(settings, model_of(settings, weights, meta))

    def save(self, folder: Path) -> None:
        """Write config.json and model.npz, which `load` and `--predict` read."""
        folder.mkdir(parents=True, exist_ok=True)
        run = RunFolder(folder)
        save_settings(run.config, TASK, self.settings)
        meta = {"task": TASK, "model": model_meta(self.model)}
        save_archive(run.model, self.model.network.state_dict(), meta)

    def probabilities(
        self, texts: Sequence[str], workers: Workers | None = None
    ) -> NDArray[np.float64]:
        """Return the probabilities of the classes, (n, k)."""
        if not len(texts):
            return np.zeros((0, len(self.model.labels)))
        logits = self.model.logits(self.model.encode(texts), workers or Workers(1))
        return self.model.probabilities(logits)
