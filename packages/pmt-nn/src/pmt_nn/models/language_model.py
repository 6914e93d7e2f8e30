"""A language model: a Transformer decoder that predicts each token from those before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Tensor
from pmt_nn.attention.kv_cache import DecoderCache
from pmt_nn.attention.positions import added_positions
from pmt_nn.generation.decoding import Decoding
from pmt_nn.generation.sampling import next_token, token_stream
from pmt_nn.layers.dropout import Dropout
from pmt_nn.layers.embedding import Embedding
from pmt_nn.layers.linear import tied_linear
from pmt_nn.masks import Ids, Mask, Rng
from pmt_nn.module.initializers import constant
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter
from pmt_nn.transformer.config import TransformerConfig
from pmt_nn.transformer.decoder import TransformerDecoder


@dataclass(frozen=True, kw_only=True)
class LanguageModelConfig(TransformerConfig):
    """Settings of a `LanguageModel`, added to those of its decoder.

    Attributes:
        vocabulary: number of token ids.
        max_length: length of the longest sequence, for positions added to the embeddings.

    Examples:
        >>> from dataclasses import replace
        >>> from pmt_nn import LanguageModelConfig
        >>> config = LanguageModelConfig(vocabulary=5000, width=64, layers=4)
        >>> config.positions, config.max_length
        ('rotary', 256)
        >>> replace(config, dropout=0.0).dropout
        0.0
    """

    vocabulary: int
    max_length: int = 256
    hidden: int = 512
    positions: str = "rotary"


class LanguageModel(Module):
    """A decoder without memory; the output layer is tied to the embedding (Press & Wolf 2016).

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import LanguageModel, LanguageModelConfig, cross_entropy
        >>> rng = np.random.default_rng(0)
        >>> config = LanguageModelConfig(vocabulary=50, width=16, heads=2, hidden=32, layers=1)
        >>> model = LanguageModel(config, rng).eval()
        >>> ids = np.array([[4, 8, 15, 16, 23]])
        >>> logits = model(ids)
        >>> logits.shape
        (1, 5, 50)
        >>> loss = cross_entropy(logits[:, :-1], ids[:, 1:])  # each token predicts the next one
        >>> model.generate(ids, 3, rng=rng, temperature=0.8, top_k=10).shape
        (1, 8)
    """

    def __init__(
        self,
        config: LanguageModelConfig,
        rng: np.random.Generator,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        d = config.width
        self.config = config
        # The embedding is the output layer's weight, too, so its gradient is dense.
        self.words = Embedding(config.vocabulary, d, rng, sparse=False, dtype=dtype)
        self.positions = added_positions(config.positions, config.max_length, d, rng, dtype)
        self.dropout = Dropout(config.dropout)
        self.decoder = TransformerDecoder(config, rng, cross=False, dtype=dtype)
        self.bias = Parameter(constant((config.vocabulary,), dtype=dtype)) if config.bias else None

    def forward(
        self,
        ids: Ids,
        mask: Mask | None = None,
        *,
        cache: DecoderCache | None = None,
        rng: Rng = None,
    ) -> Tensor:
        """Return the logits of the next token at each position, (b, t, v).

        ids: (b, t), with a cache the t newest tokens; mask: (b, t), those in the cache included.
        """
        x = self.words(ids)
        if self.positions is not None:
            x = self.positions(x, offset=0 if cache is None else cache.length)
        x = self.decoder(self.dropout(x, rng), mask=mask, cache=cache, rng=rng)
        return tied_linear(x, self.words.weight, self.bias)

    def new_cache(self) -> DecoderCache:
        """Return an empty cache for decoding step by step."""
        return DecoderCache(self.config.layers)

    def decoding(self, *, cached: bool = True, max_length: int | None = None) -> Decoding:
        """Return a step-by-step decoding with this model; see `Decoding`.

        max_length: by default that of the config if positions are added to the embeddings, as
        there are no others; otherwise no limit.
        """
        if max_length is None and self.positions is not None:
            max_length = self.config.max_length
        return Decoding(
            lambda ids, memory, mask, cache: self(ids, cache=cache),
            self.config.layers,
            cached=cached,
            max_length=max_length,
        )

    def stream(
        self,
        ids: Ids,
        length: int,
        *,
        rng: Rng = None,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        end: int | None = None,
        cached: bool = True,
        max_length: int | None = None,
    ) -> Iterator[NDArray[np.int64]]:
        """Continue ids (b, t) by up to `length` tokens; yield each (b,) as soon as it is chosen.

        Call in evaluation mode. Without `rng` decoding is greedy, with `rng` it samples; for
        temperature, top_k and top_p see `next_token`, for end `token_stream`, for cached and
        max_length `Decoding`.
        """
        choose = partial(next_token, rng=rng, temperature=temperature, top_k=top_k, top_p=top_p)
        decoding = self.decoding(cached=cached, max_length=max_length)
        return token_stream(decoding, ids, choose, length=length, end=end)

    def generate(self, ids: Ids, length: int, **settings: Any) -> NDArray[np.int64]:
        """Return ids (b, t) and up to `length` more tokens; the settings are those of `stream`."""
        tokens = [np.asarray(ids, np.int64)]
        tokens += [new[:, np.newaxis] for new in self.stream(ids, length, **settings)]
        return np.concatenate(tokens, axis=1)
