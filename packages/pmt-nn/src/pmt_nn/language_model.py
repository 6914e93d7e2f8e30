"""A language model: each token is predicted from those before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Tensor, no_grad
from pmt_nn.attention import Mask
from pmt_nn.dropout import Dropout
from pmt_nn.embedding import Embedding
from pmt_nn.key_value_cache import DecoderCache
from pmt_nn.module import Module
from pmt_nn.next_token import next_token
from pmt_nn.parameter import Parameter
from pmt_nn.token_positions import added_positions, inside_positions
from pmt_nn.transformer_decoder import TransformerDecoder


@dataclass(frozen=True)
class LanguageModelConfig:
    """Size and form of a `LanguageModel`.

    Attributes:
        vocabulary: number of token ids.
        max_length: longest sequence where positions are learnt or sinusoidal.
        width, heads, hidden, layers: d, h, f and number of layers.
        dropout: rate, everywhere.
        activation: "gelu" or "relu".
        norm_first: pre-norm (True) or post-norm.
        positions: "learned", "sinusoidal", "rotary", "alibi", "relative" or "none".
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
            dtype=dtype,
        )
        self.bias = Parameter(np.zeros(config.vocabulary, dtype))

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
        logits: Tensor = x @ self.words.weight.swapaxes(0, 1) + self.bias
        return logits

    def new_cache(self) -> DecoderCache:
        """An empty cache for decoding step by step."""
        return DecoderCache(self.config.layers)

    def generate(
        self,
        ids: NDArray[np.integer],
        length: int,
        *,
        rng: np.random.Generator | None = None,
        temperature: float = 1.0,
        top_k: int | None = None,
        end: int | None = None,
    ) -> NDArray[np.int64]:
        """Go on from ids (b, t), all of one length, by up to `length` tokens -> (b, t + n).

        Without rng the likeliest token is taken, with rng one is drawn from softmax(logits /
        temperature), of the top_k likeliest where given. end: a row that gave this id repeats it;
        generation stops when all rows have. Dropout does not act: call in evaluation mode.
        """
        cache, made = self.new_cache(), np.asarray(ids, np.int64)
        new = made
        with no_grad():
            for _ in range(length):
                logits = self(new, cache=cache).data[:, -1]
                chosen = next_token(logits, rng=rng, temperature=temperature, top_k=top_k)
                if end is not None:
                    ended = (made[:, ids.shape[1] :] == end).any(axis=1)
                    chosen = np.where(ended, end, chosen)
                new = chosen[:, np.newaxis]
                made = np.concatenate([made, new], axis=1)
                if end is not None and (ended | (chosen == end)).all():
                    break
        return made
