"""The applications of pmt: trained runs and encoders for Python, and the console command `pmt`.

Names are imported when they are first used, so that `import pmt_apps` and `pmt --help` are fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pmt_apps.encoder.encoder import Encoder
    from pmt_apps.estimators.base import TrainingOptions
    from pmt_apps.estimators.named_entity_tagger import NamedEntityTagger
    from pmt_apps.estimators.text_classifier import TextClassifier
    from pmt_apps.estimators.text_pair_classifier import TextPairClassifier
    from pmt_apps.kit.predictor import Predictor
    from pmt_apps.loading import load

__all__ = [
    "Encoder",
    "NamedEntityTagger",
    "Predictor",
    "TextClassifier",
    "TextPairClassifier",
    "TrainingOptions",
    "load",
]


def __getattr__(name: str) -> object:
    if name == "Encoder":
        from pmt_apps.encoder.encoder import Encoder

        return Encoder
    if name == "NamedEntityTagger":
        from pmt_apps.estimators.named_entity_tagger import NamedEntityTagger

        return NamedEntityTagger
    if name == "Predictor":
        from pmt_apps.kit.predictor import Predictor

        return Predictor
    if name == "load":
        from pmt_apps.loading import load

        return load
    if name == "TextClassifier":
        from pmt_apps.estimators.text_classifier import TextClassifier

        return TextClassifier
    if name == "TextPairClassifier":
        from pmt_apps.estimators.text_pair_classifier import TextPairClassifier

        return TextPairClassifier
    if name == "TrainingOptions":
        from pmt_apps.estimators.base import TrainingOptions

        return TrainingOptions
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
