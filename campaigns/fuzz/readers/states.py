"""JSON that objects are built from: settings, `from_json` and `from_dict` of every class."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from app_json_states import app_states, settings_states
from json_states import core_states, text_states, train_states

from campaigns.fuzz.mutations.files import Files
from campaigns.fuzz.readers.arrays import archive_bytes
from campaigns.fuzz.readers.reader import Reader, json_file
from pmt_core import DataError, RandomStream, parse_json, read_json
from pmt_nn import Bert, BertConfig, load_bert


def _reader(state: Any) -> Reader:
    """Return the reader of a `JsonState`, which the tests of each package share."""

    def read(folder: Path) -> None:
        try:
            content = json.loads((folder / "state.json").read_bytes())
        except (ValueError, RecursionError) as error:
            raise DataError("no JSON") from error
        state.use(state.read(content))

    name = "state-" + state.name.replace(",", "").replace(" ", "-")
    return Reader(name, read, lambda: [{"state.json": json_file(state.state)}], [_public(state)])


def _public(state: Any) -> str:
    """Return the public name of the function that reads a state."""
    kind = getattr(state.read, "__self__", None)  # of a class method
    if kind is not None:
        return f"{kind.__module__.partition('.')[0]}.{kind.__name__}.{state.read.__name__}"
    return {
        "model": "pmt_apps.qqp.models.registry.load_pair_model",
        "tagger": "pmt_apps.ner.tagger.Tagger.from_json",
        "settings": "pmt_apps.kit.settings.settings_from_json",
    }[state.name.split()[0]]


_STATES = [
    _reader(state)
    for states in (core_states, text_states, train_states, app_states, settings_states)
    for state in states()
]

# --- files of JSON, BERT -------------------------------------------------------------------------

_VALUES = {"a": [1, 2.5, None, True], "b": {"größe": "x"}, "words": ["the", "cat"] * 10}
_BERT: dict[str, Any] = {
    "model_type": "bert",
    "vocab_size": 11,
    "hidden_size": 4,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 6,
    "max_position_embeddings": 8,
    "type_vocab_size": 2,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "layer_norm_eps": 1e-12,
    "pad_token_id": 0,
}
_ROBERTA = _BERT | {"model_type": "roberta", "max_position_embeddings": 10, "pad_token_id": 1}
_DISTILBERT = {
    "model_type": "distilbert",
    "vocab_size": 11,
    "dim": 4,
    "n_layers": 1,
    "n_heads": 2,
    "hidden_dim": 6,
    "max_position_embeddings": 8,
    "activation": "gelu",
}


def _json_samples() -> Iterator[Files]:
    yield {"a.json": json_file(_VALUES)}
    yield {"a.json": b"\xef\xbb\xbf" + json.dumps(_VALUES, indent=1).encode()}


def _json_hostile() -> Iterator[Files]:
    yield {"a.json": b'{"a": ' + b"[" * 100_000}
    yield {"a.json": b'{"a": [' + b"[]," * 1_000_000 + b"0]}"}
    keys = ", ".join(f'"{i}": {i}' for i in range(60_000))
    yield {"a.json": f'{{{keys}, "7": 0}}'.encode()}
    yield {"a.json": b'{"a": "' + b"\\u0061" * 1_000_000 + b'"}'}


def _read_json(folder: Path) -> None:
    read_json(folder / "a.json")
    parse_json((folder / "a.json").read_bytes(), "a.json")


def _config_samples() -> Iterator[Files]:
    for config in (_BERT, _ROBERTA, _DISTILBERT):
        yield {"config.json": json_file(config)}


def _bert_samples() -> Iterator[Files]:
    """Yield folders with the weights of BERT under the names of Hugging Face."""
    for suffix in (".safetensors", ".npz"):
        arrays = _bert_weights()
        weights = archive_bytes(suffix, arrays, {"format": "pt"})
        yield {"config.json": json_file(_BERT), f"model{suffix}": weights}


def _bert_weights() -> dict[str, Any]:
    rng = RandomStream(1).generator()
    width, hidden = _BERT["hidden_size"], _BERT["intermediate_size"]
    layer = "encoder.layer.0"
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (_BERT["vocab_size"], width),
        "embeddings.position_embeddings.weight": (_BERT["max_position_embeddings"], width),
        "embeddings.token_type_embeddings.weight": (2, width),
    }
    for name, (rows, columns) in {
        "pooler.dense": (width, width),
        **{f"{layer}.attention.self.{part}": (width, width) for part in ("query", "key", "value")},
        f"{layer}.attention.output.dense": (width, width),
        f"{layer}.intermediate.dense": (hidden, width),
        f"{layer}.output.dense": (width, hidden),
    }.items():
        shapes |= {f"{name}.weight": (rows, columns), f"{name}.bias": (rows,)}
    for name in ("embeddings", f"{layer}.attention.output", f"{layer}.output"):
        shapes |= {f"{name}.LayerNorm.{part}": (width,) for part in ("weight", "bias")}
    return {name: rng.normal(size=shape).astype("f4") for name, shape in shapes.items()}


def _bert_hostile() -> Iterator[Files]:
    for config in (_BERT | {"vocab_size": 1_000_000}, _BERT | {"num_hidden_layers": 10**6}):
        yield {"config.json": json_file(config), "model.safetensors": bytes(10)}
        yield {
            "config.json": json_file(config),
            "model.npz": archive_bytes(".npz", _bert_weights()),
        }


def _read_bert(folder: Path) -> None:
    model: Bert = load_bert(folder)
    hidden = model([[1, 5, 7, 2], [1, 3, 0, 0]])
    if model.config.pooled:
        model.pooled(hidden)


STATE_READERS: Sequence[Reader] = (
    *_STATES,
    Reader(
        "json",
        _read_json,
        _json_samples,
        ["pmt_core.read_json", "pmt_core.parse_json"],
        _json_hostile,
    ),
    Reader(
        "bert-config",
        lambda folder: BertConfig.read(folder / "config.json"),
        _config_samples,
        ["pmt_nn.BertConfig.read", "pmt_nn.BertConfig.from_hugging_face"],
    ),
    Reader("bert", _read_bert, _bert_samples, ["pmt_nn.load_bert"], _bert_hostile, computes=True),
)
