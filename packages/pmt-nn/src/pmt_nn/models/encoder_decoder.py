"""The Transformer encoder-decoder (Vaswani et al. 2017), for translation and the like."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pmt_autograd import Tensor, no_grad, take_rows
from pmt_core import StateError
from pmt_nn.attention.kv_cache import DecoderCache
from pmt_nn.attention.positions import added_positions
from pmt_nn.generation.beam_search import Hypothesis, beam_search
from pmt_nn.generation.decoding import Decoding
from pmt_nn.generation.sampling import next_token, token_stream
from pmt_nn.layers.dropout import Dropout
from pmt_nn.layers.embedding import Embedding
from pmt_nn.layers.linear import tied_linear
from pmt_nn.losses.r_drop import tied_r_drop_loss
from pmt_nn.losses.tied_cross_entropy import tied_cross_entropy
from pmt_nn.masks import Ids, Mask, Rng
from pmt_nn.module.initializers import constant
from pmt_nn.module.module import Module
from pmt_nn.module.parameter import Parameter
from pmt_nn.transformer.config import TransformerConfig
from pmt_nn.transformer.decoder import TransformerDecoder
from pmt_nn.transformer.encoder import TransformerEncoder


class TranslationInputs(Protocol):
    """A batch of sequence pairs, any object with these arrays."""

    @property
    def source(self) -> Ids:
        """Source ids (b, s)."""

    @property
    def source_mask(self) -> Mask:
        """True at source tokens, (b, s)."""

    @property
    def target(self) -> Ids:
        """Target ids that the decoder reads, (b, t)."""

    @property
    def target_mask(self) -> Mask:
        """True at target tokens, (b, t)."""

    @property
    def labels(self) -> Ids:
        """The next target id at each position, (b, t)."""


@dataclass(frozen=True, kw_only=True)
class EncoderDecoderConfig(TransformerConfig):
    """Settings of an `EncoderDecoder`, added to those of its two stacks.

    Attributes:
        source_vocabulary: number of token ids of the source.
        target_vocabulary: number of token ids of the target.
        max_length: length of the longest sequence, for positions added to the embeddings.
        layers: number of encoder layers.
        decoder_layers: number of decoder layers.
        shared: whether source and target share one embedding table (equal vocabularies).

    Examples:
        >>> from pmt_nn import EncoderDecoderConfig
        >>> config = EncoderDecoderConfig(source_vocabulary=8000, target_vocabulary=6000, width=64)
        >>> config.layers, config.decoder_layers, config.positions
        (2, 2, 'sinusoidal')
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
    """A Transformer encoder and decoder with embeddings and a tied output layer (section 3.4).

    Embeddings are multiplied by sqrt(d); the output layer's weights are the target embedding's.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import EncoderDecoder, EncoderDecoderConfig
        >>> config = EncoderDecoderConfig(source_vocabulary=20, target_vocabulary=30, width=16)
        >>> model = EncoderDecoder(config, np.random.default_rng(0)).eval()
        >>> source, target = np.array([[5, 6, 7, 8]]), np.array([[1, 9, 10]])
        >>> model(source, target).shape  # (b, t, v): position i predicts target token i + 1
        (1, 3, 30)
        >>> ids = model.translate(source, start=1, end=2, max_length=6)
        >>> beams = model.beam_search(source, start=1, end=2, max_length=6, width=3, n_best=2)
        >>> len(beams[0])
        2
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
        decoder = replace(config, layers=config.decoder_layers)
        self.decoder = TransformerDecoder(decoder, rng, dtype=dtype)
        self.bias = Parameter(constant((config.target_vocabulary,), dtype=dtype))

    def forward(
        self,
        source: Ids,
        target: Ids,
        source_mask: Mask | None = None,
        target_mask: Mask | None = None,
        *,
        rng: Rng = None,
    ) -> Tensor:
        """Return logits (b, t, v): those at position i predict target token i + 1.

        source: (b, s) ids; target: (b, t) ids; masks of their shapes, True at tokens.
        """
        memory = self.encode(source, source_mask, rng=rng)
        return self.decode(target, memory, target_mask, source_mask, rng=rng)

    def encode(self, source: Ids, mask: Mask | None = None, *, rng: Rng = None) -> Tensor:
        """Return the memory (b, s, d) of source ids (b, s)."""
        x = self._embedded(self.source_words, source, 0, rng)
        memory: Tensor = self.encoder(x, mask, rng=rng)
        return memory

    def decode(
        self,
        target: Ids,
        memory: Tensor,
        mask: Mask | None = None,
        memory_mask: Mask | None = None,
        *,
        cache: DecoderCache | None = None,
        rng: Rng = None,
    ) -> Tensor:
        """Return logits (b, t, v) for target ids (b, t) and a memory (b, s, d).

        With a cache, the ids are the t newest tokens.
        """
        x = self._embedded(self.target_words, target, 0 if cache is None else cache.length, rng)
        x = self.decoder(x, memory, mask=mask, memory_mask=memory_mask, cache=cache, rng=rng)
        return tied_linear(x, self.target_words.weight, self.bias)

    def loss(
        self,
        batch: TranslationInputs,
        *,
        label_smoothing: float = 0.0,
        r_drop: float = 0.0,
        rng: Rng = None,
    ) -> Tensor:
        """Return the summed cross-entropy of the labels at the target's tokens.

        Equal to that of the logits of `forward`, but the logits of all tokens are never held at
        once, and none are computed for padding; see `tied_cross_entropy`. With `r_drop` alpha > 0
        it is that of two passes with different dropout, and alpha times their divergence is added;
        see `tied_r_drop_loss`.
        """
        source, source_mask = batch.source, batch.source_mask
        target, target_mask = batch.target, batch.target_mask
        if r_drop:
            source, source_mask = np.tile(source, (2, 1)), np.tile(source_mask, (2, 1))
            target, target_mask = np.tile(target, (2, 1)), np.tile(target_mask, (2, 1))
        memory = self.encode(source, source_mask, rng=rng)
        x = self._embedded(self.target_words, target, 0, rng)
        x = self.decoder(x, memory, mask=target_mask, memory_mask=source_mask, rng=rng)
        rows = take_rows(x.reshape(-1, x.shape[-1]), np.flatnonzero(target_mask), sparse=False)
        output = self.target_words.weight, self.bias, batch.labels[batch.target_mask]
        loss: Tensor = (
            tied_r_drop_loss(rows, *output, alpha=r_drop, label_smoothing=label_smoothing)
            if r_drop
            else tied_cross_entropy(rows, *output, label_smoothing=label_smoothing)
        )
        return loss

    def _embedded(self, words: Embedding, ids: Ids, offset: int, rng: Rng) -> Tensor:
        """Return the embeddings of ids (b, t), with positions and dropout: (b, t, d)."""
        x = words(ids) * self.config.width**0.5
        if self.positions is not None:
            x = self.positions(x, offset=offset)
        embedded: Tensor = self.dropout(x, rng)
        return embedded

    def decoding(self, source: Ids, mask: Mask | None = None, *, cached: bool = True) -> Decoding:
        """Return the step-by-step decoding of source ids (b, s); see `Decoding`."""
        with no_grad():
            memory = self.encode(source, mask)

        def read(
            ids: Ids, memory: Tensor | None, memory_mask: Mask | None, cache: DecoderCache | None
        ) -> Tensor:
            if memory is None:
                raise StateError(
                    "expected a memory; make the decoding with EncoderDecoder.decoding"
                )
            return self.decode(ids, memory, None, memory_mask, cache=cache)

        layers = self.config.decoder_layers
        return Decoding(read, layers, memory=memory, memory_mask=mask, cached=cached)

    def translate(
        self,
        source: Ids,
        mask: Mask | None = None,
        *,
        start: int,
        end: int,
        max_length: int,
        cached: bool = True,
    ) -> NDArray[np.int64]:
        """Decode greedily from `start` until every row has produced `end`.

        Call in evaluation mode. Returns ids (b, n), n <= max_length, without `start`; a row that
        has ended repeats `end`.
        """
        first = np.full((len(source), 1), start, np.int64)
        if not len(source):
            return first[:, :0]
        decoding = self.decoding(source, mask, cached=cached)
        tokens = [*token_stream(decoding, first, next_token, length=max_length, end=end)]
        return np.stack(tokens, axis=1) if tokens else first[:, :0]

    def beam_search(
        self,
        source: Ids,
        mask: Mask | None = None,
        *,
        start: int,
        end: int,
        max_length: int | Ids,
        cached: bool = True,
        **settings: Any,
    ) -> list[list[Hypothesis]]:
        """Return the best hypotheses of each source (b, s), without start and end tokens.

        Call in evaluation mode. The settings (width, penalty, n_best) are those of the function
        `beam_search`.
        """
        decoding = self.decoding(source, mask, cached=cached)
        first = np.full((len(source), 1), start, np.int64)
        return beam_search(decoding, first, end=end, max_length=max_length, **settings)
