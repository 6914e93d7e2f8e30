"""Loading the weights of BERT-family encoders in the format of Hugging Face."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_core import ArchiveError, FileProblem, RandomStream, ShapeError, load_archive
from pmt_nn.models.bert import Bert, BertConfig

Arrays = Mapping[str, NDArray[Any]]

_FILES = ("model.safetensors", "model.npz")
_PREFIX = re.compile(
    r"^(bert|roberta|distilbert|encoder\.bert|model)\.(?=embeddings|encoder|trans|pool)"
)
# Heads and buffers that are stored beside the encoder and not used here.
_BESIDE = re.compile(
    r"^(cls|classifier|lm_head|qa_outputs|vocab_\w+|pre_classifier)\."
    r"|(^|\.)(position_ids|token_type_ids)$"
)
_RENAMED = [  # older names, and DistilBERT's
    (r"LayerNorm\.gamma$", "LayerNorm.weight"),
    (r"LayerNorm\.beta$", "LayerNorm.bias"),
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


def load_bert(
    path: str | os.PathLike[str], config: BertConfig | None = None, *, dtype: DTypeLike = np.float32
) -> Bert:
    """Return an encoder with the weights of a file, in evaluation mode.

    Reads BERT, RoBERTa, MiniLM, DistilBERT and models of the same structure; heads that are stored
    beside the encoder are left out.

    path: a folder with `config.json` and `model.safetensors` (or `model.npz`), as Hugging Face
    models come, or a weights file; the config is by default the `config.json` beside it. Raises
    FileProblem, ArchiveError if weights and config do not fit, SettingsError for settings that
    this encoder does not have.
    """
    file = _weights_file(Path(path))
    if config is None:
        config = BertConfig.read(file.parent / "config.json")
    arrays, _ = load_archive(file)
    named = _hugging_face_names(arrays)
    if "pooler.dense.weight" not in named:
        config = dataclasses.replace(config, pooled=False)
    model = Bert(config, RandomStream(0).generator(), dtype=dtype)
    try:
        model.load_state_dict(_our_names(named, config, file))
    except ShapeError as error:
        raise ArchiveError(f"{file}: {error}") from error
    return model.eval()


def _weights_file(path: Path) -> Path:
    if not path.exists():
        raise FileProblem(f"{path} does not exist; give a model's folder or weights file")
    if path.is_file():
        if path.suffix in (".bin", ".pt", ".pth", ".ckpt"):
            raise ArchiveError(
                f"{path} is a pickle, which can run code when it is read; save the weights as "
                ".safetensors, e.g. model.save_pretrained(folder, safe_serialization=True)"
            )
        return path
    for name in _FILES:
        if (path / name).is_file():
            return path / name
    raise FileProblem(
        f"{path} holds neither {' nor '.join(_FILES)}; weights in a .bin file are a pickle: save "
        "them as .safetensors"
    )


def _hugging_face_names(arrays: Arrays) -> dict[str, NDArray[Any]]:
    """Return the arrays by BERT's current names, without the prefix of the whole model."""
    named = {}
    for name, array in arrays.items():
        plain = _PREFIX.sub("", name)
        for pattern, new in _RENAMED:
            plain = re.sub(pattern, new, plain)
        named[plain] = array
    return named


def _our_names(named: Arrays, config: BertConfig, file: Path) -> dict[str, NDArray[Any]]:
    """Return the state of a `Bert`. Linear weights are (out, in) in the file and (in, out) here.

    Raises ArchiveError, which names every missing and every unknown array.
    """
    left = {name: array for name, array in named.items() if not _BESIDE.search(name)}
    missing: list[str] = []

    def take(name: str) -> NDArray[Any]:
        if name not in left:
            missing.append(name)
            return np.zeros(0)
        return left.pop(name)

    def pair(ours: str, theirs: str, *, transposed: bool = True) -> dict[str, NDArray[Any]]:
        weight, bias = take(f"{theirs}.weight"), take(f"{theirs}.bias")
        return {f"{ours}.weight": weight.T if transposed else weight, f"{ours}.bias": bias}

    state = {"words.weight": take("embeddings.word_embeddings.weight")}
    if config.token_types:
        state["token_types.weight"] = take("embeddings.token_type_embeddings.weight")
    state["positions.weight"] = take("embeddings.position_embeddings.weight")[config.shift :]
    state |= pair("norm", "embeddings.LayerNorm", transposed=False)
    for i in range(config.layers):
        ours, theirs = f"encoder.layers.{i}", f"encoder.layer.{i}"
        parts = [f"{theirs}.attention.self.{part}" for part in ("query", "key", "value")]
        weights, biases = [take(f"{p}.weight") for p in parts], [take(f"{p}.bias") for p in parts]
        if not missing:
            state[f"{ours}.attention.qkv.weight"] = np.concatenate(weights).T
            state[f"{ours}.attention.qkv.bias"] = np.concatenate(biases)
        state |= pair(f"{ours}.attention.project", f"{theirs}.attention.output.dense")
        state |= pair(
            f"{ours}.attention_norm", f"{theirs}.attention.output.LayerNorm", transposed=False
        )
        state |= pair(f"{ours}.feed_forward.up", f"{theirs}.intermediate.dense")
        state |= pair(f"{ours}.feed_forward.down", f"{theirs}.output.dense")
        state |= pair(f"{ours}.feed_forward_norm", f"{theirs}.output.LayerNorm", transposed=False)
    if config.pooled:
        state |= pair("pool", "pooler.dense")
    if missing or left:
        problems = [f"missing {', '.join(missing)}"] if missing else []
        problems += [f"unknown {', '.join(left)}"] if left else []
        raise ArchiveError(
            f"{file} does not hold this encoder: {'; '.join(problems)}; does the config fit it?"
        )
    return state
