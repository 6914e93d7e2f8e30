"""`Bert`: the encoder of BERT, RoBERTa, MiniLM and DistilBERT (Devlin et al. 2018)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from pmt_autograd import Tensor, tanh
from pmt_core import SettingsError, StateError, read_json
from pmt_nn.attention.positions import LearnedPositions
from pmt_nn.layers.dropout import Dropout
from pmt_nn.layers.embedding import Embedding
from pmt_nn.layers.linear import Linear
from pmt_nn.layers.normalization import LayerNorm
from pmt_nn.masks import Ids, Mask, Rng
from pmt_nn.module.module import Module
from pmt_nn.transformer.config import TransformerConfig
from pmt_nn.transformer.encoder import TransformerEncoder

# How Hugging Face's configurations name the activations.
_ACTIVATIONS = {
    "gelu": "gelu_exact",
    "gelu_new": "gelu",
    "gelu_pytorch_tanh": "gelu",
    "relu": "relu",
}
# Kinds whose position table starts with rows for the padding, and DistilBERT's other names.
_SHIFTED = ("roberta", "xlm-roberta", "camembert")
_DISTILBERT = {
    "dim": "hidden_size",
    "n_layers": "num_hidden_layers",
    "n_heads": "num_attention_heads",
    "hidden_dim": "intermediate_size",
    "activation": "hidden_act",
    "dropout": "hidden_dropout_prob",
}


@dataclass(frozen=True, kw_only=True)
class BertConfig(TransformerConfig):
    """Settings of a `Bert`, added to those of its encoder; by default BERT base, uncased.

    Attributes:
        vocabulary: number of token ids.
        max_length: length of the longest sequence in tokens.
        token_types: number of token types ("segments"); 0 if the model has none.
        shift: rows at the start of a stored position table that hold no position (RoBERTa: 2).
        pooled: whether there is a layer on top of the first token.
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

    @staticmethod
    def from_hugging_face(config: Mapping[str, Any]) -> BertConfig:
        """Return the config for the content of a `config.json` of a model of the BERT family.

        Raises SettingsError for settings that this encoder does not have.
        """
        kind = config.get("model_type", "bert")
        names = _DISTILBERT if kind == "distilbert" else {}
        values = {names.get(key, key): value for key, value in config.items()}
        activation = values.get("hidden_act", "gelu")
        if activation not in _ACTIVATIONS:
            raise SettingsError(
                f"hidden_act is one of {', '.join(_ACTIVATIONS)}, got {activation!r}"
            )
        if values.get("position_embedding_type", "absolute") != "absolute":
            raise SettingsError(
                f"only absolute positions are known, got {values['position_embedding_type']!r}"
            )
        padding = values.get("pad_token_id")
        shift = 1 + int(1 if padding is None else padding) if kind in _SHIFTED else 0
        default = BertConfig()
        return BertConfig(
            vocabulary=int(values.get("vocab_size", default.vocabulary)),
            max_length=int(values.get("max_position_embeddings", default.max_length)) - shift,
            width=int(values.get("hidden_size", default.width)),
            heads=int(values.get("num_attention_heads", default.heads)),
            hidden=int(values.get("intermediate_size", default.hidden)),
            layers=int(values.get("num_hidden_layers", default.layers)),
            token_types=0 if kind == "distilbert" else int(values.get("type_vocab_size", 2)),
            activation=_ACTIVATIONS[activation],
            dropout=float(values.get("hidden_dropout_prob", default.dropout)),
            norm_eps=float(values.get("layer_norm_eps", default.norm_eps)),
            shift=shift,
            pooled=kind != "distilbert",
        )

    @staticmethod
    def read(path: str | os.PathLike[str]) -> BertConfig:
        """Return the config in a file `config.json`.

        Raises FileProblem, DataError, SettingsError.
        """
        return BertConfig.from_hugging_face(read_json(path))


class Bert(Module):
    """Encode tokens: word, token type and position embeddings, a norm, a post-norm encoder."""

    def __init__(
        self, config: BertConfig, rng: np.random.Generator, *, dtype: DTypeLike = np.float32
    ) -> None:
        d = config.width
        self.config = config
        self.words = Embedding(config.vocabulary, d, rng, dtype=dtype)
        n = config.token_types
        self.token_types = Embedding(n, d, rng, sparse=False, dtype=dtype) if n else None
        self.positions = LearnedPositions(config.max_length, d, rng, dtype=dtype)
        self.norm = LayerNorm(d, eps=config.norm_eps, dtype=dtype)
        self.dropout = Dropout(config.dropout)
        self.encoder = TransformerEncoder(config, rng, dtype=dtype)
        self.pool = Linear(d, d, rng, dtype=dtype) if config.pooled else None

    def forward(
        self, ids: Ids, mask: Mask | None = None, token_types: Ids | None = None, *, rng: Rng = None
    ) -> Tensor:
        """Return the vectors of the tokens, (b, t, d).

        ids, mask (True at tokens), token_types (0 or 1; all 0 by default): (b, t).
        """
        x = self.words(ids)
        if self.token_types is not None:
            x = x + self.token_types(np.zeros_like(ids) if token_types is None else token_types)
        x = self.dropout(self.norm(self.positions(x)), rng)
        hidden: Tensor = self.encoder(x, mask, rng=rng)
        return hidden

    def pooled(self, hidden: Tensor) -> Tensor:
        """Return tanh of a linear layer on the first token (b, d), for classification.

        Raises StateError if the model was stored without this layer.
        """
        if self.pool is None:
            raise StateError(
                "this encoder has no pooling layer; take hidden[:, 0], or masked_mean(hidden, mask)"
            )
        return tanh(self.pool(hidden[:, 0]))
