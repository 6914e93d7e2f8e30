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
from pmt_nn.attention.positions import added_positions
from pmt_nn.generation.decoding import Decoding
from pmt_nn.generation.generate import token_stream
from pmt_nn.generation.sampling import next_token
from pmt_nn.layers.dropout import Dropout
from pmt_nn.layers.embedding import Embedding
from pmt_nn.layers.tied_linear import tied_linear
from pmt_nn.masks import Mask
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
    """

    vocabulary: int
    max_length: int = 256
    hidden: int = 512
    positions: str = "rotary"


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
        self.decoder = TransformerDecoder(config, rng, cross=False, dtype=dtype)
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
