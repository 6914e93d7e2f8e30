"""Fine-tuning of an encoder: what is frozen, rates of the layers, and the encoder as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from pmt_apps.encoder.encoder import Encoder
from pmt_apps.encoder.width import NARROW
from pmt_autograd import Tensor, concat
from pmt_core import RandomStream, SettingsError, decode_field, field, json_object
from pmt_nn import Bert, BertConfig, Mask, Parameter, masked_mean
from pmt_text import Tokenizer
from pmt_train import ParameterGroup

Rng = np.random.Generator | None

TABLE_RMS = 0.02
"""The root mean square of the tables of a new encoder."""


def freeze_lowest(model: Bert, count: int) -> None:
    """Freeze the lowest parts of an encoder: the embeddings (1), and `count` - 1 layers.

    Raises:
        SettingsError: the encoder has fewer layers.
    """
    layers = list(model.encoder.layers)
    if count > len(layers) + 1:
        raise SettingsError(
            f"--freeze {count} is more than the embeddings and the {len(layers)} layers of this "
            f"encoder, expected at most {len(layers) + 1}"
        )
    if count:
        for part in (model.words, model.token_types, model.positions, model.norm, model.project):
            if part is not None:
                part.freeze()
        for layer in layers[: count - 1]:
            layer.freeze()


def scale_tables(model: Bert) -> None:
    """Scale the tables of a narrow encoder, so that a classifier learns them as fast as new ones.

    The table of tokens then has the root mean square `TABLE_RMS`, and the others the same factor.
    A layer norm follows their sum, so no output changes. But the steps of AdamW have one size,
    whatever that of the weights.
    """
    words = model.words.weight.data
    rms = float(np.sqrt(np.mean(np.square(words, dtype=np.float64))))
    if model.config.width > NARROW or not np.isfinite(rms) or rms == 0:
        return
    for table in (model.words, model.token_types, model.positions):
        if table is not None:
            table.weight.data *= TABLE_RMS / rms


def without_unused(model: Bert) -> None:
    """Freeze the layer on top of the first token, which a head of another kind does not use."""
    if model.pool is not None:
        model.pool.freeze()


def layer_groups(model: Bert, prefix: str, decay: float) -> list[ParameterGroup]:
    """Return groups whose rate falls by the factor `decay` from each layer to the one below.

    The rate of the top layer is multiplied by `decay` once, that of the embeddings by
    decay^(layers + 1) (Howard and Ruder 2018). prefix: of the encoder's parameters, e.g.
    "encoder.". Frozen parts have no group.
    """
    if decay == 1:
        return []
    depth = len(list(model.encoder.layers))
    names = [name for name, p in model.named_parameters() if p.requires_grad]
    groups = []
    for i in range(depth):
        start = f"encoder.layers.{i}."
        if any(name.startswith(start) for name in names):
            groups.append(ParameterGroup(_Begins(prefix + start), decay ** (depth - i)))
    if any(not name.startswith(("encoder.", "pool.")) for name in names):
        embedded = _Begins(prefix, ("encoder.", "pool."))
        groups.append(ParameterGroup(embedded, decay ** (depth + 1)))
    return groups


class _Begins:
    """Chooses the parameters whose names begin so, but for some."""

    def __init__(self, start: str, but: tuple[str, ...] = ()) -> None:
        self.start = start
        self.but = tuple(start + name for name in but)

    def __call__(self, name: str, parameter: Parameter, /) -> bool:
        """Return whether the parameter is chosen."""
        return name.startswith(self.start) and not (self.but and name.startswith(self.but))


def hidden_of_vectors(
    model: Bert, vectors: Tensor, mask: Mask, token_types: np.ndarray[Any, Any] | None = None
) -> Tensor:
    """Return the vectors of the tokens (b, t, d) of their vectors in the table (b, t, e).

    It is what the encoder computes of ids, without dropout: gradients by the vectors of the table
    explain a prediction.
    """
    x = vectors
    if model.token_types is not None:
        types = np.zeros(vectors.shape[:2], np.int64) if token_types is None else token_types
        x = x + model.token_types(types)
    x = model.norm(model.positions(x))
    if model.project is not None:
        x = model.project(x)
    hidden: Tensor = model.encoder(x, mask)
    return hidden


def first_and_mean(hidden: Tensor, mask: Mask) -> Tensor:
    """Return the vectors of the first token and the means of all tokens side by side, (b, 2 d).

    hidden: (b, t, d). mask: True at tokens, (b, t).
    """
    return concat(hidden[:, 0], masked_mean(hidden, mask), axis=-1)


def encoder_to_json(encoder: Encoder) -> dict[str, Any]:
    """Return all of an encoder but its weights and its pooling, as JSON."""
    return {
        "config": encoder.model.config.to_hugging_face(),
        "pooled": encoder.model.pool is not None,
        "tokenizer": encoder.tokenizer.to_json(),
        "max_length": encoder.max_length,
        "lower": encoder.lower,
    }


def encoder_from_json(state: Mapping[str, Any]) -> Encoder:
    """Return the encoder that `encoder_to_json` described, with new weights. Raises DataError."""
    state = json_object(state, ("config", "pooled", "tokenizer", "max_length", "lower"))
    config = decode_field(state, "config", _config)
    if not field(state, "pooled", bool):
        config = replace(config, pooled=False)
    tokenizer = decode_field(state, "tokenizer", Tokenizer.from_json)
    model = Bert(config, RandomStream(0).generator())
    return Encoder(
        model,
        tokenizer,
        max_length=field(state, "max_length", int, minimum=1),
        lower=field(state, "lower", bool),
    )


def _config(state: object) -> BertConfig:
    return BertConfig.from_hugging_face(json_object(state))
