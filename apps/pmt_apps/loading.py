"""`load`: the predictor of a run of any application."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pmt_apps.classification.predictor import TextPredictor
from pmt_apps.kit.predictor import Predictor
from pmt_apps.kit.run_folder import RunFolder
from pmt_apps.language_model.predictor import PromptPredictor
from pmt_apps.mnist.predictor import DigitPredictor
from pmt_apps.ner.predictor import EntityPredictor
from pmt_apps.pretraining.predictor import MaskedWordPredictor
from pmt_apps.qqp.predictor import PairPredictor
from pmt_apps.translation.predictor import TranslationPredictor
from pmt_apps.word2vec.predictor import WordPredictor
from pmt_core import DataError, FileProblem, read_json, value_text

_KINDS: tuple[type[Predictor[Any, Any, Any]], ...] = (
    PairPredictor,
    EntityPredictor,
    TextPredictor,
    WordPredictor,
    TranslationPredictor,
    PromptPredictor,
    MaskedWordPredictor,
    DigitPredictor,
)
PREDICTORS = {kind.task: kind for kind in _KINDS}
"""The kind of predictor of each task."""


def load(folder: str | os.PathLike[str], **options: Any) -> Predictor[Any, Any, Any]:
    """Return the predictor of a trained run.

    Nothing is executed, and no state of the process changes.

    Args:
        folder: of a run of any application.
        options: settings that need not be those of the training: `workers` of all, `beam`,
            `length_penalty`, `mbr` and `length_reward` of translation, `tokens`, `temperature`,
            `top_k` and `top_p` of lm.

    Raises:
        FileProblem: if there is no run, or a file cannot be read.
        PmtError: if the run is damaged or of an unknown application, or an option is not allowed.

    Examples:
        >>> import pmt_apps
        >>> texts = ["a fine film", "a great cast", "dull and long", "a boring plot"] * 10
        >>> labels = ["good", "good", "bad", "bad"] * 10
        >>> classifier = pmt_apps.TextClassifier(model="tfidf").fit(texts, labels)
        >>> classifier.save("run")
        >>> predictor = pmt_apps.load("run")
        >>> predictor.task, predictor.predict(["a great film"])
        ('classify', ['good'])
    """
    run = RunFolder(Path(folder))
    run.check_is_run("load", "train one first, or name another folder")
    config = read_json(run.config)
    task = config.get("task")
    kind = PREDICTORS.get(task) if isinstance(task, str) else None
    if kind is not None:
        return kind.load(folder, **options)
    if task is None and "model_type" in config:
        raise FileProblem(
            f"{str(folder)!r} holds a model of Hugging Face ({value_text(config['model_type'])}), "
            "expected a run of pmt; pmt_apps.Encoder.load reads it"
        )
    raise DataError(
        f"{run.config} belongs to a run of {value_text(task)}; expected {', '.join(PREDICTORS)}"
    )
