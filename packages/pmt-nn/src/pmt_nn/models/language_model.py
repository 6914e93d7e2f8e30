"""A language model: each token is predicted from those before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Tensor
from pmt_nn.attention.kv_cache import DecoderCache
from pmt_nn.attention.position_bias import added_positions, inside_positions
from pmt_nn.generation.decoding import Decoding
from pmt_nn.generation.generate import token_stream
from pmt_nn.generation.sampling import next_token
from pmt_nn.layers.dropout import Dropout
from pmt_nn.layers.embedding import Embedding
from pmt_nn.layers.tied_linear import tied_linear
from pmt_nn.masks import Mask
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter
from pmt_nn.transformer.decoder import TransformerDecoder


@dataclass(frozen=True)
class LanguageModelConfig:
    """Size and form of a `LanguageModel`.

    Attributes:
        vocabulary: number of token ids.
        max_length: longest sequence where positions are learned or sinusoidal.
        width, heads, hidden, layers: d, h, f and number of layers.
        dropout: rate, everywhere.
        activation: "gelu" or "relu".
        norm_first: pre-norm (True) or post-norm.
        positions: "learned", "sinusoidal", "rotary", "alibi", "relative" or "none".
        bias: whether linear layers, norms and the output have a bias.
    """

    vocabulary: int
    max_length: int = 256
    width: int = 128
    heads: int = 4
    hidden: int = 512
    layers: int = 2
    dropout: float = 0.1
    activation: str = "gelu"
    norm_first: bool = True
    positions: str = "rotary"
    bias: bool = True


class LanguageModel(Module):
    """A decoder without memory; the output's weights are the embedding's (Press & Wolf 2016)."""

    def __init__(
        self,
        config: LanguageModelConfig,
        rng: np.random.Generator,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        d = config.width
        self.config = config
        # The embedding is the output's weight, too: its gradient is dense.
        self.words = Embedding(config.vocabulary, d, rng, sparse=False, dtype=dtype)
        self.positions = added_positions(config.positions, config.max_length, d, rng, dtype)
        self.dropout = Dropout(config.dropout)
        self.decoder = TransformerDecoder(
            d,
            config.heads,
            config.hidden,
            config.layers,
            rng,
            dropout=config.dropout,
            activation=config.activation,
            norm_first=config.norm_first,
            cross=False,
            positions=inside_positions(config.positions, config.heads, rng, dtype),
            bias=config.bias,
            dtype=dtype,
        )
        self.bias = Parameter(np.zeros(config.vocabulary, dtype)) if config.bias else None

    def forward(
        self,
        ids: NDArray[np.integer],
        mask: Mask | None = None,
        *,
        cache: DecoderCache | None = None,
        rng: np.random.Generator | None = None,
    ) -> Tensor:
        """ids: (b, t), mask: (b, t), True = a token -> logits of the next token, (b, t, v).

        cache: ids are the t newest tokens; mask, where given, counts those before, too.
        """
        x = self.words(ids)
        if self.positions is not None:
            x = self.positions(x, offset=0 if cache is None else cache.length)
        x = self.decoder(self.dropout(x, rng), mask=mask, cache=cache, rng=rng)
        return tied_linear(x, self.words.weight, self.bias)

    def new_cache(self) -> DecoderCache:
        """An empty cache for decoding step by step."""
        return DecoderCache(self.config.layers)

    def decoding(self, *, cached: bool = True, window: int | None = None) -> Decoding:
        """To write with this model, step by step: see `Decoding`.

        window: by default max_length where positions are added, as there are no others, else none.
        """
        if window is None and self.positions is not None:
            window = self.config.max_length
        return Decoding(
            lambda ids, memory, mask, cache: self(ids, cache=cache),
            self.config.layers,
            cached=cached,
            window=window,
        )

    def stream(
        self,
        ids: NDArray[np.integer],
        length: int,
        *,
        rng: np.random.Generator | None = None,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        end: int | None = None,
        cached: bool = True,
        window: int | None = None,
    ) -> Iterator[NDArray[np.int64]]:
        """Go on from ids (b, t) by up to `length` tokens, each given (b,) as soon as it is chosen.

        Without rng the likeliest token is taken, with rng one is drawn; see `next_token` for
        temperature, top_k and top_p, `token_stream` for end, `Decoding` for cached and window.
        Dropout does not act: call in evaluation mode.
        """
        choose = partial(next_token, rng=rng, temperature=temperature, top_k=top_k, top_p=top_p)
        decoding = self.decoding(cached=cached, window=window)
        return token_stream(decoding, ids, choose, length=length, end=end)

    def generate(self, ids: NDArray[np.integer], length: int, **settings: Any) -> NDArray[np.int64]:
        """ids (b, t) and up to `length` tokens more -> (b, t + n). settings: as for `stream`."""
        written = [np.asarray(ids, np.int64)]
        written += [new[:, np.newaxis] for new in self.stream(ids, length, **settings)]
        return np.concatenate(written, axis=1)
