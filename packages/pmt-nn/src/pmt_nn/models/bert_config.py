"""`BertConfig`: settings of an encoder of the BERT family, from and to a config.json."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pmt_core import (
    DataError,
    JsonObject,
    SettingsError,
    field,
    json_object,
    read_json,
    value_text,
)
from pmt_nn.transformer.config import TransformerConfig

# How Hugging Face's configurations name the activations.
_ACTIVATIONS = {
    "gelu": "gelu_exact",
    "gelu_new": "gelu",
    "gelu_pytorch_tanh": "gelu",
    "relu": "relu",
}
# Model types, and the beginnings of the names of their classes, for configs without a type.
_MODEL_TYPES = {
    "bert": "Bert",
    "camembert": "Camembert",
    "distilbert": "DistilBert",
    "electra": "Electra",
    "roberta": "Roberta",
    "xlm-roberta": "XLMRoberta",
}
_SHIFTED = ("camembert", "roberta", "xlm-roberta")  # position tables start with rows for padding
_DISTILBERT = {
    "hidden_size": "dim",
    "num_hidden_layers": "n_layers",
    "num_attention_heads": "n_heads",
    "intermediate_size": "hidden_dim",
    "hidden_act": "activation",
    "hidden_dropout_prob": "dropout",
}
_DECODERS = ("is_decoder", "add_cross_attention", "is_encoder_decoder")
_LARGEST, _MOST_LAYERS = 1 << 24, 1 << 12

T = TypeVar("T")


class ConfigError(SettingsError, DataError):
    """The config.json of a model is no JSON object, or an entry has a wrong type or value."""


@dataclass(frozen=True, kw_only=True)
class BertConfig(TransformerConfig):
    """Settings of a `Bert`, added to those of its encoder; by default BERT base, uncased.

    Attributes:
        vocabulary: number of token ids.
        max_length: length of the longest sequence in tokens.
        token_types: number of token types ("segments"); 0 if the model has none.
        shift: rows at the start of a stored position table that hold no position (RoBERTa: 2).
        pooled: whether there is a layer on top of the first token.
        embedding: width of the embeddings, which a linear layer maps to the width of the encoder
            (ELECTRA); 0 if they are as wide as the encoder, without that layer.
        model_type: "bert", "camembert", "distilbert", "electra", "roberta" or "xlm-roberta".
        padding_id: id of the padding token.

    Examples:
        >>> from pmt_nn import BertConfig
        >>> BertConfig().width, BertConfig().layers, BertConfig().vocabulary  # BERT base, uncased
        (768, 12, 30522)
        >>> config = BertConfig.from_hugging_face({"model_type": "roberta", "hidden_size": 768})
        >>> config.model_type, config.width
        ('roberta', 768)
        >>> config.to_hugging_face()["hidden_size"]
        768
    """

    vocabulary: int = 30522
    max_length: int = 512
    width: int = 768
    heads: int = 12
    hidden: int = 3072
    layers: int = 12
    token_types: int = 2
    activation: str = "gelu_exact"
    norm_first: bool = False
    norm_eps: float = 1e-12
    positions: str = "learned"
    shift: int = 0
    pooled: bool = True
    embedding: int = 0
    model_type: str = "bert"
    padding_id: int = 0

    @staticmethod
    def from_hugging_face(config: Mapping[str, Any]) -> BertConfig:
        """Return the config for the content of a `config.json` of a model of the BERT family.

        The model types are bert, camembert, distilbert, electra, roberta and xlm-roberta. An entry
        that is missing has the value of BERT base, uncased. Raises SettingsError for an entry of a
        wrong type or value, another model type, a decoder, and settings that are not known here.
        """
        where = config.where if isinstance(config, JsonObject) else ""
        try:
            return _config(json_object(config))
        except (DataError, SettingsError) as error:
            prefix = f"{where}: " if where and where not in str(error) else ""
            raise ConfigError(f"{prefix}{error}") from error

    def to_hugging_face(self) -> dict[str, Any]:
        """Return the content of the `config.json` of this encoder, for `from_hugging_face`."""
        names = _DISTILBERT if self.model_type == "distilbert" else {}
        activations = {ours: theirs for theirs, ours in reversed(_ACTIVATIONS.items())}
        entries: dict[str, Any] = {
            "hidden_size": self.width,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "intermediate_size": self.hidden,
            "hidden_act": activations[self.activation],
            "hidden_dropout_prob": self.dropout,
        }
        entries = {names.get(key, key): value for key, value in entries.items()}
        if self.model_type == "distilbert":
            entries["attention_dropout"] = self.dropout
        else:
            entries["attention_probs_dropout_prob"] = self.dropout
            entries["type_vocab_size"] = self.token_types
            entries["layer_norm_eps"] = self.norm_eps
        if self.model_type == "electra":
            entries["embedding_size"] = self.embedding or self.width
        return {
            "architectures": [f"{_MODEL_TYPES[self.model_type]}Model"],
            "model_type": self.model_type,
            "vocab_size": self.vocabulary,
            "max_position_embeddings": self.max_length + self.shift,
            "pad_token_id": self.padding_id,
            "torch_dtype": "float32",
            **entries,
        }

    @staticmethod
    def read(path: str | os.PathLike[str]) -> BertConfig:
        """Return the config in a file `config.json`.

        Raises FileProblem, and SettingsError, which is also a DataError if the file is no JSON
        object or an entry has a wrong type.
        """
        try:
            content = read_json(path)
        except DataError as error:
            raise ConfigError(str(error)) from error
        return BertConfig.from_hugging_face(content)


def _config(config: JsonObject) -> BertConfig:
    kind = _model_type(config)
    names = _DISTILBERT if kind == "distilbert" else {}
    default = BertConfig()

    def size(key: str, otherwise: int, least: int = 1, most: int = _LARGEST) -> int:
        return field(config, names.get(key, key), int, otherwise, minimum=least, maximum=most)

    def rate(key: str, otherwise: float) -> float:
        return field(config, names.get(key, key), float, otherwise, minimum=0, maximum=1)

    activation = field(config, names.get("hidden_act", "hidden_act"), str, "gelu")
    if activation not in _ACTIVATIONS:
        raise SettingsError(
            f"hidden_act is one of {', '.join(_ACTIVATIONS)}, got {value_text(activation)}"
        )
    positions = _optional(config, "position_embedding_type", str)
    if positions not in (None, "absolute"):
        raise SettingsError(f"only absolute positions are known, got {value_text(positions)}")
    padding = _optional(config, "pad_token_id", int)
    if padding is not None and not 0 <= padding < _LARGEST:
        raise SettingsError(f"pad_token_id is the id of a token, got {padding}")
    shift = 1 + (1 if padding is None else padding) if kind in _SHIFTED else 0
    rows = size("max_position_embeddings", default.max_length)
    width = size("hidden_size", default.width)
    embedding = size("embedding_size", width) if kind == "electra" else width
    if rows <= shift:
        raise SettingsError(
            f"max_position_embeddings counts {shift} rows for padding and at least one position, "
            f"got {rows}; does pad_token_id fit it?"
        )
    return BertConfig(
        vocabulary=size("vocab_size", default.vocabulary),
        max_length=rows - shift,
        width=width,
        heads=size("num_attention_heads", default.heads),
        hidden=size("intermediate_size", default.hidden),
        layers=size("num_hidden_layers", default.layers, most=_MOST_LAYERS),
        token_types=0 if kind == "distilbert" else size("type_vocab_size", 2, least=0),
        activation=_ACTIVATIONS[activation],
        dropout=rate("hidden_dropout_prob", default.dropout),
        norm_eps=rate("layer_norm_eps", default.norm_eps),
        shift=shift,
        pooled=kind not in ("distilbert", "electra"),
        embedding=0 if embedding == width else embedding,
        model_type=kind,
        padding_id=(1 if kind in _SHIFTED else 0) if padding is None else padding,
    )


def _optional(config: JsonObject, key: str, kind: type[T]) -> T | None:
    """Return an entry that may be missing or null."""
    return None if config.get(key) is None else field(config, key, kind)


def _model_type(config: JsonObject) -> str:
    """Return the model type of an encoder that is known; by its class if no type is given."""
    decoding = [name for name in _DECODERS if _optional(config, name, bool)]
    if decoding:
        raise SettingsError(
            f"{', '.join(decoding)} is true: this model is a decoder, expected an encoder"
        )
    kind = _optional(config, "model_type", str)
    classes = _optional(config, "architectures", list[str]) or ["Bert"]
    if kind is None:
        named = [name for name, start in _MODEL_TYPES.items() if classes[0].startswith(start)]
        kind = named[0] if named else classes[0]
    if kind not in _MODEL_TYPES:
        raise SettingsError(
            f"a model type is one of {', '.join(_MODEL_TYPES)}, got {value_text(kind)}: another "
            "type may compute other numbers from the same weights"
        )
    return kind
