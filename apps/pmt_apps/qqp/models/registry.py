"""The detectors that `train_qqp.py` can train, by the settings and by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from pmt_apps.qqp.data import Splits
from pmt_apps.qqp.models.baselines import BASELINES
from pmt_apps.qqp.models.pair_model import PairModel
from pmt_apps.qqp.models.transformer import TransformerPairModel
from pmt_apps.qqp.settings import Settings
from pmt_core import DataError

KINDS: dict[str, type[PairModel[Any]]] = {
    TransformerPairModel.kind: TransformerPairModel,
    **BASELINES,
}


def make_pair_model(settings: Settings, splits: Splits) -> PairModel[Any]:
    """A new detector; it sees what it may learn from, and nothing of dev or test."""
    known = [*splits["train"], *splits.get("extra", [])]
    if settings.baseline is not None:
        return BASELINES[settings.baseline].for_pairs(settings, known)
    return TransformerPairModel.for_pairs(settings, known)


def load_pair_model(
    settings: Settings, weights: Mapping[str, NDArray[Any]], state: Mapping[str, Any]
) -> PairModel[Any]:
    """The detector that `model.npz` holds: its weights, and what `to_json` gave."""
    name = state.get("kind", TransformerPairModel.kind)  # runs of 0.1 did not say
    if name not in KINDS:
        raise DataError(f"the run's model is a {name!r}; this program knows {', '.join(KINDS)}")
    detector = KINDS[name].from_json(settings, state)
    detector.module.load_state_dict(weights)
    detector.module.eval()
    return detector
