"""The arrays of a BERT-family encoder in the files of Hugging Face, and in a `Bert`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pmt_nn.models.bert_config import BertConfig

Arrays = Mapping[str, NDArray[Any]]

# Names of DistilBERT, and those that the other models have for the same arrays.
_DISTILBERT = [
    (r"^transformer\.layer\.", "encoder.layer."),
    (r"\.attention\.([qkv])_lin\.", r".attention.self.\1."),
    (r"\.attention\.out_lin\.", ".attention.output.dense."),
    (r"\.sa_layer_norm\.", ".attention.output.LayerNorm."),
    (r"\.ffn\.lin1\.", ".intermediate.dense."),
    (r"\.ffn\.lin2\.", ".output.dense."),
    (r"\.output_layer_norm\.", ".output.LayerNorm."),
    (r"\.self\.q\.", ".self.query."),
    (r"\.self\.k\.", ".self.key."),
    (r"\.self\.v\.", ".self.value."),
]
_RENAMED = [  # older names, and DistilBERT's
    (r"LayerNorm\.gamma$", "LayerNorm.weight"),
    (r"LayerNorm\.beta$", "LayerNorm.bias"),
    *_DISTILBERT,
]
_TO_DISTILBERT = [
    (r"^encoder\.layer\.", "transformer.layer."),
    (r"\.attention\.self\.([qkv])\w+\.", r".attention.\1_lin."),
    (r"\.attention\.output\.dense\.", ".attention.out_lin."),
    (r"\.attention\.output\.LayerNorm\.", ".sa_layer_norm."),
    (r"\.intermediate\.dense\.", ".ffn.lin1."),
    (r"\.output\.dense\.", ".ffn.lin2."),
    (r"\.output\.LayerNorm\.", ".output_layer_norm."),
]


def current_name(name: str) -> str:
    """Return BERT's current name of an array of the family."""
    for pattern, new in _RENAMED:
        name = re.sub(pattern, new, name)
    return name


class BertArray(NamedTuple):
    """An array of the file, and the part of the state of a `Bert` that it is.

    Linear weights are (out, in) in the file and (in, out) here.
    """

    theirs: str
    ours: str
    shape: tuple[int, ...]
    transposed: bool = False


def bert_arrays(config: BertConfig) -> list[BertArray]:
    """Return the arrays of an encoder; those of the same place here are joined, in this order."""
    d, f = config.width, config.hidden
    e = config.embedding or d

    def dense(theirs: str, ours: str, n_in: int, n_out: int) -> list[BertArray]:
        weight = BertArray(f"{theirs}.weight", f"{ours}.weight", (n_out, n_in), True)
        return [weight, BertArray(f"{theirs}.bias", f"{ours}.bias", (n_out,))]

    def norm(theirs: str, ours: str, width: int = d) -> list[BertArray]:
        names = ((f"{theirs}.LayerNorm.{part}", f"{ours}.{part}") for part in ("weight", "bias"))
        return [BertArray(name, our_name, (width,)) for name, our_name in names]

    positions = config.max_length + config.shift
    rows = [
        BertArray("embeddings.word_embeddings.weight", "words.weight", (config.vocabulary, e)),
        BertArray("embeddings.position_embeddings.weight", "positions.weight", (positions, e)),
        *norm("embeddings", "norm", e),
    ]
    if n := config.token_types:
        theirs = "embeddings.token_type_embeddings.weight"
        rows.append(BertArray(theirs, "token_types.weight", (n, e)))
    if config.embedding:
        rows += dense("embeddings_project", "project", e, d)
    for i in range(config.layers):
        ours, theirs = f"encoder.layers.{i}", f"encoder.layer.{i}"
        for part in ("query", "key", "value"):
            rows += dense(f"{theirs}.attention.self.{part}", f"{ours}.attention.qkv", d, d)
        rows += dense(f"{theirs}.attention.output.dense", f"{ours}.attention.project", d, d)
        rows += norm(f"{theirs}.attention.output", f"{ours}.attention_norm")
        rows += dense(f"{theirs}.intermediate.dense", f"{ours}.feed_forward.up", d, f)
        rows += dense(f"{theirs}.output.dense", f"{ours}.feed_forward.down", f, d)
        rows += norm(f"{theirs}.output", f"{ours}.feed_forward_norm")
    if config.pooled:
        rows += dense("pooler.dense", "pool", d, d)
    return rows


def our_state(named: Arrays, rows: Iterable[BertArray], shift: int) -> dict[str, NDArray[Any]]:
    """Return the state of a `Bert`. The first `shift` rows of the positions are of no position."""
    parts: dict[str, list[NDArray[Any]]] = {}
    for row in rows:
        array = named[row.theirs]
        parts.setdefault(row.ours, []).append(array.T if row.transposed else array)
    state = {
        name: arrays[0] if len(arrays) == 1 else np.concatenate(arrays, axis=-1)
        for name, arrays in parts.items()
    }
    state["positions.weight"] = state["positions.weight"][shift:]
    return state


def their_state(state: Arrays, config: BertConfig) -> dict[str, NDArray[Any]]:
    """Return the arrays of the file of a `Bert`, by the names of its model type."""
    state = dict(state)
    positions = state["positions.weight"]
    padding = np.zeros((config.shift, positions.shape[1]), positions.dtype)
    state["positions.weight"] = np.concatenate([padding, positions])
    offsets: dict[str, int] = {}
    arrays: dict[str, NDArray[Any]] = {}
    for row in bert_arrays(config):
        start = offsets.get(row.ours, 0)
        width = row.shape[0] if row.transposed or len(row.shape) == 1 else row.shape[1]
        offsets[row.ours] = start + width
        part = state[row.ours][..., start : start + width]
        name = row.theirs
        if config.model_type == "distilbert":
            for pattern, new in _TO_DISTILBERT:
                name = re.sub(pattern, new, name)
        arrays[name] = np.ascontiguousarray(part.T if row.transposed else part)
    return arrays
