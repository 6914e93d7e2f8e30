"""The files of sentence-transformers beside a model: modules, pooling, dense layers, lengths."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pmt_apps.encoder.pooling import DenseLayer, Normalize, Pooling, SentenceHead
from pmt_core import (
    ArchiveError,
    DataError,
    FileProblem,
    InputFile,
    RandomStream,
    atomic_file,
    field,
    json_errors,
    load_archive,
    parse_json,
    read_json,
    save_archive,
    value_text,
)

_LARGEST = 1 << 24
_MOST_BYTES = 1 << 20
# Their keys of the modes in files before version 6.
_MODE_KEYS = {
    "cls": "pooling_mode_cls_token",
    "max": "pooling_mode_max_tokens",
    "mean": "pooling_mode_mean_tokens",
    "mean_sqrt_len_tokens": "pooling_mode_mean_sqrt_len_tokens",
    "weightedmean": "pooling_mode_weightedmean_tokens",
    "lasttoken": "pooling_mode_lasttoken",
}


@dataclass(frozen=True, slots=True, eq=False)
class SentenceSettings:
    """What the files say beside the model and the tokenizer.

    Attributes:
        model_folder: the folder of config.json and the weights.
        head: pooling and what follows.
        max_length: ids of the longest text, None if the files do not say.
        lower: whether texts are converted to lower case first.
    """

    model_folder: Path
    head: SentenceHead
    max_length: int | None = None
    lower: bool = False


def find_model_folder(folder: Path) -> Path:
    """Return the folder of config.json and the weights. Raises FileProblem or DataError."""
    where = folder / "modules.json"
    return _model_folder(folder, _read_modules(where), where) if where.exists() else folder


def _model_folder(folder: Path, entries: Sequence[tuple[str, str]], where: Path) -> Path:
    kinds = [kind for kind, _ in entries]
    if kinds[:1] != ["Transformer"] or "Transformer" in kinds[1:]:
        raise DataError(f"{where}: the first module is a Transformer, the only one; got {kinds}")
    return _inside(folder, entries[0][1], where)


def read_sentence_files(folder: Path, width: int | None = None) -> SentenceSettings:
    """Return the settings of a folder; mean pooling if it has no modules.json.

    Raises FileProblem, DataError or SettingsError, for unknown modules too.
    """
    if not (folder / "modules.json").exists():
        return SentenceSettings(folder, SentenceHead(Pooling()))
    where = folder / "modules.json"
    entries = _read_modules(where)
    model_folder = _model_folder(folder, entries, where)
    pooling: Pooling | None = None
    layers: list[DenseLayer | Normalize] = []
    for kind, path in entries[1:]:
        part = _inside(folder, path, where)
        if kind == "Pooling" and pooling is None and not layers:
            pooling = _read_pooling(part / "config.json")
        elif kind == "Dense" and pooling is not None:
            layers.append(_read_dense(part))
        elif kind == "Normalize" and pooling is not None:
            layers.append(Normalize())
        else:
            raise DataError(
                f"{where}: module {value_text(kind)} at {value_text(path)} is not known there; "
                "known are Transformer, then Pooling, then Dense and Normalize"
            )
    if pooling is None:
        raise DataError(f"{where}: there is no Pooling")
    max_length, lower = _read_lengths(model_folder)
    return SentenceSettings(model_folder, SentenceHead(pooling, layers), max_length, lower)


def _read_modules(path: Path) -> list[tuple[str, str]]:
    """Return the kind (the last part of the type) and the folder of each module."""
    with InputFile(path, unpack=False) as file:
        data = file.stream.read(_MOST_BYTES + 1).removeprefix(b"\xef\xbb\xbf")
    if len(data) > _MOST_BYTES:
        raise DataError(f"{path} has more than {_MOST_BYTES:,} bytes; it is no list of modules")
    content = parse_json(b'{"modules":' + data + b"}", str(path))
    entries = field(content, "modules", list[dict[str, Any]], minimum=1)
    return [
        (field(entry, "type", str).rpartition(".")[2], field(entry, "path", str, ""))
        for entry in entries
    ]


def _inside(folder: Path, path: str, where: Path) -> Path:
    """Return a folder within the model's. Raises DataError for a path that leads out of it."""
    parts = Path(path).parts
    if Path(path).is_absolute() or ".." in parts or "\\" in path or "\0" in path:
        raise DataError(f"{where}: {value_text(path)} leads out of the folder")
    return folder / path


def _read_pooling(path: Path) -> Pooling:
    config = read_json(path)
    if not field(config, "include_prompt", bool, True):
        raise DataError(f"{path}: include_prompt is false, which is not known")
    named = config.get("pooling_mode")
    if isinstance(named, str):
        modes = [named]
    elif named is not None:
        modes = field(config, "pooling_mode", list[str])
    else:
        modes = [mode for mode, key in _MODE_KEYS.items() if field(config, key, bool, False)]
    with json_errors(str(path)):
        return Pooling(modes or ["mean"])


def _read_dense(folder: Path) -> DenseLayer:
    config = read_json(folder / "config.json")
    n_in, n_out = (
        field(config, key, int, minimum=1, maximum=_LARGEST)
        for key in ("in_features", "out_features")
    )
    activation = field(config, "activation_function", str, "Tanh").rpartition(".")[2]
    bias = field(config, "bias", bool, True)
    file = folder / "model.safetensors"
    if not file.exists() and (folder / "pytorch_model.bin").exists():
        raise ArchiveError(
            f"{folder / 'pytorch_model.bin'} is a pickle, which can run code when it is read; save "
            "the model as .safetensors"
        )
    arrays, _ = load_archive(file)
    expected = {"linear.weight": (n_out, n_in)} | ({"linear.bias": (n_out,)} if bias else {})
    shapes = {name: array.shape for name, array in arrays.items()}
    if shapes != expected:
        raise ArchiveError(f"{file}: expected arrays {expected}, got {shapes}")
    with json_errors(str(folder / "config.json")):
        layer = DenseLayer(
            n_in, n_out, RandomStream(0).generator(), bias=bias, activation=activation
        )
    state = {"linear.weight": arrays["linear.weight"].T}
    if bias:
        state["linear.bias"] = arrays["linear.bias"]
    layer.load_state_dict(state)
    layer.eval()
    return layer


def _read_lengths(folder: Path) -> tuple[int | None, bool]:
    path = folder / "sentence_bert_config.json"
    if not path.exists():
        return None, False
    config = read_json(path)
    max_length = field(config, "max_seq_length", int | None, None)
    if max_length is not None and max_length < 1:
        raise DataError(f"{path}['max_seq_length']: expected 1 or more, got {max_length}")
    return max_length, field(config, "do_lower_case", bool, False)


def write_sentence_files(
    folder: Path, head: SentenceHead, width: int, *, max_length: int, lower: bool
) -> None:
    """Write the files that `read_sentence_files` and sentence-transformers read."""
    modules = [("", "Transformer"), ("1_Pooling", "Pooling")]
    pooling = {key: mode in head.pooling.modes for mode, key in _MODE_KEYS.items()}
    _write(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": width, **pooling})
    for layer in head.layers:
        name = f"{len(modules)}_{'Dense' if isinstance(layer, DenseLayer) else 'Normalize'}"
        modules.append((name, name.rpartition("_")[2]))
        if isinstance(layer, DenseLayer):
            _write_dense(folder / name, layer)
        else:
            _make(folder / name)
    entries = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(modules)
    ]
    _write(folder / "modules.json", entries)
    lengths = {"max_seq_length": max_length, "do_lower_case": lower}
    _write(folder / "sentence_bert_config.json", lengths)


def _write_dense(folder: Path, layer: DenseLayer) -> None:
    weight, bias = layer.linear.weight, layer.linear.bias
    n_in, n_out = weight.shape
    kind = "linear" if layer.activation == "Identity" else "activation"
    _write(
        folder / "config.json",
        {
            "in_features": n_in,
            "out_features": n_out,
            "bias": bias is not None,
            "activation_function": f"torch.nn.modules.{kind}.{layer.activation}",
        },
    )
    arrays = {"linear.weight": np.ascontiguousarray(weight.data.T)}
    if bias is not None:
        arrays["linear.bias"] = bias.data
    save_archive(folder / "model.safetensors", arrays, {"format": "pt"})


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileProblem.from_os_error("write", folder, error) from error


def _write(path: Path, content: Any) -> None:
    _make(path.parent)
    with atomic_file(path, "w") as file:
        file.write(json.dumps(content, indent=2) + "\n")
