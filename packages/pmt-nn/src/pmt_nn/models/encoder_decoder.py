"""The whole Transformer: one sequence is read, another one written (Vaswani et al. 2017)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Tensor, no_grad, take_rows
from pmt_core import StateError
from pmt_nn.attention.kv_cache import DecoderCache
from pmt_nn.attention.positions import added_positions
from pmt_nn.generation.beam_search import Hypothesis, LengthPenalty, beam_search
from pmt_nn.generation.decoding import Decoding
from pmt_nn.generation.generate import token_stream
from pmt_nn.generation.sampling import next_token
from pmt_nn.layers.dropout import Dropout
from pmt_nn.layers.embedding import Embedding
from pmt_nn.layers.tied_linear import tied_linear
from pmt_nn.losses.tied_cross_entropy import tied_cross_entropy
from pmt_nn.masks import Mask
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter
from pmt_nn.transformer.config import TransformerConfig
from pmt_nn.transformer.decoder import TransformerDecoder
from pmt_nn.transformer.encoder import TransformerEncoder


@dataclass(frozen=True, kw_only=True)
class EncoderDecoderConfig(TransformerConfig):
    """Settings of an `EncoderDecoder`, added to those of its two stacks.

    Attributes:
        source_vocabulary, target_vocabulary: numbers of token ids.
        max_length: length of the longest sequence, for positions added to the embeddings.
        layers: number of encoder layers.
        decoder_layers: number of decoder layers.
        shared: whether source and target share one embedding table (equal vocabularies).
    """

    source_vocabulary: int
    target_vocabulary: int
    max_length: int = 128
    hidden: int = 512
    decoder_layers: int = 2
    activation: str = "relu"
    positions: str = "sinusoidal"
    shared: bool = False


class EncoderDecoder(Module):
    """Embeddings times sqrt(d) plus sinusoids, encoder, decoder, and an output layer whose weights
    are the target embedding's (section 3.4).
    """

    def __init__(
        self,
        config: EncoderDecoderConfig,
        rng: np.random.Generator,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        d, std = config.width, config.width**-0.5
        self.config = config
        self.target_words = Embedding(
            config.target_vocabulary, d, rng, std=std, sparse=False, dtype=dtype
        )
        self.source_words = (
            self.target_words
            if config.shared
            else Embedding(config.source_vocabulary, d, rng, std=std, dtype=dtype)
        )
        self.positions = added_positions(config.positions, config.max_length, d, rng, dtype)
        self.dropout = Dropout(config.dropout)
        self.encoder = TransformerEncoder(config, rng, dtype=dtype)
        self.decoder = TransformerDecoder(
            replace(config, layers=config.decoder_layers), rng, dtype=dtype
        )
        self.bias = Parameter(np.zeros(config.target_vocabulary, dtype))

    def forward(
        self,
        source: NDArray[np.integer],
        target: NDArray[np.integer],
        source_mask: Mask | None = None,
        target_mask: Mask | None = None,
        *,
        rng: np.random.Generator | None = None,
    ) -> Tensor:
        """source: (b, s), target: (b, t), masks of their shapes, True = a token.

        -> logits (b, t, v): at position i of the target token i + 1 is predicted.
        """
        memory = self.encode(source, source_mask, rng=rng)
        return self.decode(target, memory, target_mask, source_mask, rng=rng)

    def encode(
        self,
        source: NDArray[np.integer],
        mask: Mask | None = None,
        *,
        rng: np.random.Generator | None = None,
    ) -> Tensor:
        """source: (b, s) -> the memory (b, s, d)."""
        x = self.source_words(source) * self.config.width**0.5
        if self.positions is not None:
            x = self.positions(x)
        memory: Tensor = self.encoder(self.dropout(x, rng), mask, rng=rng)
        return memory

    def decode(
        self,
        target: NDArray[np.integer],
        memory: Tensor,
        mask: Mask | None = None,
        memory_mask: Mask | None = None,
        *,
        cache: DecoderCache | None = None,
        rng: np.random.Generator | None = None,
    ) -> Tensor:
        """target: (b, t), memory: (b, s, d) -> logits (b, t, v).

        cache: target is the t newest tokens.
        """
        x = self._decoded(target, memory, mask, memory_mask, cache, rng)
        return tied_linear(x, self.target_words.weight, self.bias)

    def loss(
        self,
        source: NDArray[np.integer],
        target: NDArray[np.integer],
        labels: NDArray[np.integer],
        source_mask: Mask | None = None,
        target_mask: Mask | None = None,
        *,
        smoothing: float = 0.0,
        rng: np.random.Generator | None = None,
    ) -> Tensor:
        """Sum of the cross-entropy of the labels (b, t) where target_mask is True.

        Equal to that of the logits of `forward`, but those of all tokens are never held at once,
        and none are made for padding: see `tied_cross_entropy`, which also tells of `smoothing`.
        """
        memory = self.encode(source, source_mask, rng=rng)
        x = self._decoded(target, memory, target_mask, source_mask, None, rng)
        x, labels = x.reshape(-1, x.shape[-1]), np.asarray(labels).reshape(-1)
        if target_mask is not None:
            counted = np.flatnonzero(target_mask)
            x, labels = take_rows(x, counted, sparse=False), labels[counted]
        loss: Tensor = tied_cross_entropy(
            x, self.target_words.weight, self.bias, labels, label_smoothing=smoothing
        )
        return loss

    def _decoded(
        self,
        target: NDArray[np.integer],
        memory: Tensor,
        mask: Mask | None,
        memory_mask: Mask | None,
        cache: DecoderCache | None,
        rng: np.random.Generator | None,
    ) -> Tensor:
        """What the decoder makes of target (b, t): (b, t, d)."""
        x = self.target_words(target) * self.config.width**0.5
        if self.positions is not None:
            x = self.positions(x, offset=0 if cache is None else cache.length)
        decoded: Tensor = self.decoder(
            self.dropout(x, rng), memory, mask=mask, memory_mask=memory_mask, cache=cache, rng=rng
        )
        return decoded

    def decoding(
        self, source: NDArray[np.integer], mask: Mask | None = None, *, cached: bool = True
    ) -> Decoding:
        """To write what belongs to source (b, s), step by step: see `Decoding`."""
        with no_grad():
            memory = self.encode(source, mask)

        def read(
            ids: NDArray[np.integer],
            memory: Tensor | None,
            memory_mask: Mask | None,
            cache: DecoderCache | None,
        ) -> Tensor:
            if memory is None:
                raise StateError("an encoder-decoder's decoding has a memory")
            return self.decode(ids, memory, None, memory_mask, cache=cache)

        return Decoding(
            read, self.config.decoder_layers, memory=memory, memory_mask=mask, cached=cached
        )

    def translate(
        self,
        source: NDArray[np.integer],
        mask: Mask | None = None,
        *,
        start: int,
        end: int,
        max_length: int,
        cached: bool = True,
    ) -> NDArray[np.int64]:
        """The likeliest token at every step, from `start` until every row has given `end`.

        source: (b, s) -> (b, n), n <= max_length, `start` left out; a row repeats `end`. Dropout
        does not act: call in evaluation mode.
        """
        first = np.full((len(source), 1), start, np.int64)
        if not len(source):
            return first[:, :0]
        decoding = self.decoding(source, mask, cached=cached)
        made = [*token_stream(decoding, first, next_token, length=max_length, end=end)]
        return np.stack(made, axis=1) if made else first[:, :0]

    def beam_search(
        self,
        source: NDArray[np.integer],
        mask: Mask | None = None,
        *,
        start: int,
        end: int,
        max_length: int | NDArray[np.integer],
        width: int = 4,
        penalty: LengthPenalty | None = None,
        n_best: int = 1,
        cached: bool = True,
    ) -> list[list[Hypothesis]]:
        """For each source (b, s) up to n_best hypotheses, the best first: see `beam_search`.

        The tokens of a hypothesis are without start and end. Call in evaluation mode.
        """
        return beam_search(
            self.decoding(source, mask, cached=cached),
            np.full((len(source), 1), start, np.int64),
            end=end,
            max_length=max_length,
            width=width,
            penalty=penalty,
            n_best=n_best,
        )
