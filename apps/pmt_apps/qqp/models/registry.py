"""The models that `train_qqp.py` trains, by settings and by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from pmt_apps.qqp.data.settings import Settings
from pmt_apps.qqp.data.splits import Splits
from pmt_apps.qqp.models.baselines import BASELINES
from pmt_apps.qqp.models.cross_encoder import CrossEncoderPairModel
from pmt_apps.qqp.models.pair_model import PairModel
from pmt_apps.qqp.models.product import ProductPairModel
from pmt_apps.qqp.models.transformer import TransformerPairModel
from pmt_core import DataError, field, value_text
from pmt_text import Tokenize, tokenize

KINDS: dict[str, type[PairModel[Any]]] = {
    TransformerPairModel.kind: TransformerPairModel,
    CrossEncoderPairModel.kind: CrossEncoderPairModel,
    ProductPairModel.kind: ProductPairModel,
    **BASELINES,
}


def make_pair_model(
    settings: Settings, splits: Splits, tokenize: Tokenize = tokenize
) -> PairModel[Any]:
    """Return an untrained model. Its vocabulary is that of train and extra, never dev or test."""
    if settings.encoder is not None:
        return CrossEncoderPairModel.build(settings)
    pairs = [*splits["train"], *splits.get("extra", [])]
    if settings.baseline is not None:
        return BASELINES[settings.baseline].for_pairs(settings, pairs, tokenize)
    return TransformerPairModel.for_pairs(settings, pairs, tokenize)


def load_pair_model(
    settings: Settings, weights: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]
) -> PairModel[Any]:
    """Return the model of `model.npz`.

    Args:
        settings: of the run.
        weights: by name.
        meta: what `PairModel.model_meta` returned.

    Raises:
        DataError: if the model is of an unknown kind.
    """
    kind = field(meta, "kind", str, TransformerPairModel.kind)  # absent in runs of version 0.1
    if kind not in KINDS:
        raise DataError(
            f"the run's model is a {value_text(kind)}; this program knows {', '.join(KINDS)}"
        )
    model = KINDS[kind].from_json(settings, meta)
    model.module.load_state_dict(weights)
    model.module.eval()
    return model
